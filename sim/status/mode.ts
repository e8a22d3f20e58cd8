// What `npm run sim:status` can run: many seeds of one thing, each in some process, and what is told
// of all of them.

/** `Result` is plain values: it crosses processes. */
export interface Mode<Result> {
  /** For `--help`. */
  readonly does: string
  readonly seedsByDefault: number
  run(request: SeedRequest): Promise<Result>
  /** Of one seed: nothing, or why it failed and how to see it again. */
  show(result: Result): string
  open(): ModeSummary<Result>
}

export interface SeedRequest {
  readonly seed: number
  /** Null: drawn from the seed. */
  readonly kind: string | null
  readonly hours: number
}

export interface ModeSummary<Result> {
  add(result: Result): void
  /** Whether the seeds together are good enough. */
  readonly isEnough: boolean
  /** Figures; the last line is `N passed, N failed`. */
  show(seconds: number): string
}
