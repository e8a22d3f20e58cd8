// The one source of randomness. The real one stands in platform/, a seeded one in sim/.

export interface Random {
  /** `count` fresh bytes that nobody can guess (platform) or that the seed fixes (sim). */
  bytes(count: number): Uint8Array
  /** A number in [0, 1). For jitter and sampling, never for ids. */
  fraction(): number
}
