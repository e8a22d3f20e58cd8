// Signing keys: four HMACs from a secret, the same for a day, so they are kept.
// Source: S3 API, Signature Version 4, Task 3.

import { createHmac } from 'node:crypto'
import { S3_LIMITS } from '../s3-limits.ts'

/** The key for one scope `20130524/us-east-1/s3/aws4_request`. */
export function deriveSigningKey(secret: string, scope: string): Buffer {
  let key = Buffer.from(`AWS4${secret}`)
  for (const piece of scope.split('/')) key = createHmac('sha256', key).update(piece).digest()
  return key
}

/** Signing keys of one process, at most `signingKeysMax` secrets with two scopes each. */
export class SigningKeys {
  readonly #bySecret: Map<string, Scopes> = new Map()

  /** The key of a secret for a scope. Pure but for what it remembers. */
  get(secret: string, scope: string): Buffer {
    const scopes = this.#bySecret.get(secret)
    if (scopes?.scope === scope) return scopes.key
    if (scopes?.before?.scope === scope) return scopes.before.key
    const key = deriveSigningKey(secret, scope)
    if (scopes === undefined && this.#bySecret.size >= S3_LIMITS.signingKeysMax) {
      const oldest = this.#bySecret.keys().next()
      if (oldest.done !== true) this.#bySecret.delete(oldest.value)
    }
    // Around midnight two days are in use at once.
    const before = scopes === undefined ? null : { scope: scopes.scope, key: scopes.key }
    this.#bySecret.set(secret, { scope, key, before })
    return key
  }
}

interface ScopeKey {
  readonly scope: string
  readonly key: Buffer
}
interface Scopes extends ScopeKey {
  readonly before: ScopeKey | null
}
