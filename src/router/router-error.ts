// The router's own operating errors. What a client is told is an S3Error; these end a request that
// nobody waits for any more.

/** Why a request ended without an answer, or in the middle of one. */
export type RouterErrorCode =
  | 'client-gone' // the connection ended before the answer did
  | 'slow-client' // it took no byte for too long
  | 'deadline' // the request took longer than any may

export class RouterError extends Error {
  override readonly name = 'RouterError'
  readonly code: RouterErrorCode
  constructor(code: RouterErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}
