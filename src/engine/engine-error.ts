// How the engine fails; what each code means for who asked.

export type EngineErrorCode =
  | 'deposed' // another holder has the epoch; this one never commits again
  | 'unsure' // the commit's fate is unknown: ask `fate`, never assume
  | 'unavailable' // nothing was done; may be tried again
  | 'full' // no space; nothing was done
  | 'failed' // a commit or sync failed; the engine must be reopened (embedded: the process exits)
  | 'corrupt' // what was read does not carry its checksum
  | 'closed'

export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: EngineErrorCode
  constructor(code: EngineErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
