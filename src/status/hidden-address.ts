// A URL of the configuration may hold a secret in its path or query, and a network names in its errors the URL
// that it asked: what is told of such an error goes through here.

import { NetworkError } from '../base/network.ts'

/** The same error, with `shown` in place of the address. What is no network's stays as it is. */
export function withAddress(error: unknown, asked: string, shown: string): unknown {
  if (!(error instanceof NetworkError)) return error
  return new NetworkError(error.code, error.message.replaceAll(asked, shown), error.cause)
}
