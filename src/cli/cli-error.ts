// What ends a command with one clear line and an exit code. Everything else that is thrown is a
// defect and is shown with its stack.

/** 0 done, 1 found something wrong or failed on the way, 2 bad input or a refused start. */
export type ExitCode = 0 | 1 | 2

export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode
  constructor(message: string, exitCode: ExitCode = 2) {
    super(message)
    this.exitCode = exitCode
  }
}
