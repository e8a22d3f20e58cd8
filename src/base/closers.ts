// Closes what was opened, in reverse order, once; what the language's own stack will do when every
// supported Node.js has it.

export class Closers implements AsyncDisposable {
  #closers: (() => Promise<void>)[] = []

  /** Closes `opened` when this closes, before all that was used earlier. */
  use<T extends AsyncDisposable>(opened: T): T {
    this.defer(async () => await opened[Symbol.asyncDispose]())
    return opened
  }

  /** Calls `close` when this closes. */
  defer(close: () => Promise<void>): void {
    this.#closers.push(close)
  }

  /** Closes all, also after one failed; throws the first failure. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closers = this.#closers.toReversed()
    this.#closers = []
    const failures: unknown[] = []
    for (const close of closers) await close().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
}
