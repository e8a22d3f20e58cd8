// The cryptographic digests of S3: MD5 for ETags, SHA-1 and SHA-256 as checksums and in signatures.
// node:crypto computes; it reads its arguments alone, so this stays pure.

import { createHash, hash } from 'node:crypto'

export type DigestAlgorithm = 'md5' | 'sha1' | 'sha256'

/** Raw bytes of each digest. */
export const DIGEST_SIZE_BYTES: Readonly<Record<DigestAlgorithm, number>> = {
  md5: 16,
  sha1: 20,
  sha256: 32,
}

/** The raw digest of a whole body; about half the cost of `openDigest` for 4 KiB. */
export function digest(algorithm: DigestAlgorithm, bytes: Uint8Array): Buffer {
  return hash(algorithm, bytes, 'buffer')
}

/** The digest of a whole body or text (as UTF-8) in lower-case hex. */
export function digestHex(algorithm: DigestAlgorithm, bytes: Uint8Array | string): string {
  return hash(algorithm, bytes, 'hex')
}

/** A digest of a body that comes in pieces. */
export interface Digest {
  update(bytes: Uint8Array): void
  /** The raw digest. Called once, last. */
  finish(): Buffer
}

/** Begins a digest. It holds no resource that needs closing. */
export function openDigest(algorithm: DigestAlgorithm): Digest {
  const state = createHash(algorithm)
  return {
    update: (bytes) => {
      state.update(bytes)
    },
    finish: () => state.digest(),
  }
}
