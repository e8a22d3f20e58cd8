// What a commit changes, and the stamp it gets: what the change log consists of.

/** (incarnation, sequence): dense and visible in order; a restore raises the incarnation. */
export interface Versionstamp {
  readonly incarnation: number
  readonly sequence: number
}

/** A sum record holds eight signed 64-bit numbers; a delta adds to each. See docs/formats/sums.md. */
export const SUM_FIELDS = 8
export interface SumDelta {
  readonly key: Uint8Array
  /** SUM_FIELDS numbers, added modulo 2^64. */
  readonly deltas: readonly bigint[]
}

export type Mutation =
  | { readonly kind: 'set'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly kind: 'delete'; readonly key: Uint8Array }
  | ({ readonly kind: 'sum' } & SumDelta)
