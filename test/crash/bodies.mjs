// Bodies of random sizes that are all different, and what proves them: SHA-256 and the ETag that S3
// gives them.

import { createHash } from 'node:crypto'

const POOL_BYTES = 8 * 2 ** 20
const STAMP_BYTES = 16

const digest = (algorithm, bytes) => createHash(algorithm).update(bytes).digest()
export const sha256Of = (bytes) => digest('sha256', bytes).toString('hex')

/** Answers a function from a size to a body; no two bodies of 16 bytes or more are alike. */
export function createBodies(random) {
  const pool = random.bytes(POOL_BYTES)
  let count = 0
  return (sizeBytes) => {
    const from = random.between(0, POOL_BYTES - sizeBytes)
    const bytes = Buffer.from(pool.subarray(from, from + sizeBytes))
    bytes.write(String(count++).padStart(STAMP_BYTES, '0'), 0, 'latin1')
    return bytes
  }
}

/** What an object of these bytes, written in one request, must look like. */
export function whole(bytes) {
  return {
    sha256: sha256Of(bytes),
    sizeBytes: bytes.length,
    etag: `"${digest('md5', bytes).toString('hex')}"`,
  }
}

/** The same for an object completed from these parts. */
export function assembled(parts) {
  const bytes = Buffer.concat(parts)
  const md5 = digest('md5', Buffer.concat(parts.map((part) => digest('md5', part))))
  return {
    sha256: sha256Of(bytes),
    sizeBytes: bytes.length,
    etag: `"${md5.toString('hex')}-${parts.length}"`,
  }
}
