// A request's small body, whole in memory: the XML of settings, deletes and completions. What the
// client claims of it is compared before it is looked at.

import { digest } from '../base/digest.ts'
import { rawChecksum } from '../base/raw-checksum.ts'
import type { Body, BodyClaims } from '../gateway/gateway.ts'
import { badDigest, requireIntegrity } from '../s3/checksum-header.ts'
import { S3Error } from '../s3/s3-error.ts'
import { S3_LIMITS } from '../s3/s3-limits.ts'
import { openBody } from './body-shape.ts'
import type { Call } from './operation.ts'
import { WHOLE_BODIES } from './whole-bodies.ts'

/** required: Content-MD5 or a checksum must vouch for the body. Source: S3.md 32. */
export interface ReadBodyOptions {
  readonly integrity: 'optional' | 'required'
  /** `S3_LIMITS.xmlSizeBytesMax` by default. */
  readonly sizeBytesMax?: number
}

/**
 * The body, verified; empty where there is none.
 * @throws S3Error `InvalidRequest`, `MalformedXML` (too long), `BadDigest`,
 *   `XAmzContentSHA256Mismatch`, `SlowDown` (too much is being read at once), and what the body itself fails with
 */
export async function readBody(call: Call, options: ReadBodyOptions): Promise<Buffer> {
  const { integrity, sizeBytesMax = S3_LIMITS.xmlSizeBytesMax } = options
  if (integrity === 'required') requireIntegrity(call.headers)
  if (!call.headers.has('content-length') && !call.headers.has('transfer-encoding')) {
    return Buffer.alloc(0)
  }
  const body = openBody(call)
  if (body.sizeBytes > sizeBytesMax) throw new S3Error('MalformedXML')
  if (!WHOLE_BODIES.acquire(body.sizeBytes)) throw new S3Error('SlowDown')
  try {
    return await readWhole(body, sizeBytesMax)
  } finally {
    WHOLE_BODIES.release(body.sizeBytes)
  }
}

async function readWhole(body: Body, sizeBytesMax: number): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  let sizeBytes = 0
  for (let piece = await body.next(); piece !== null; piece = await body.next()) {
    sizeBytes += piece.length
    if (sizeBytes > sizeBytesMax) throw new S3Error('MalformedXML')
    pieces.push(Buffer.from(piece)) // the piece is the gateway's until the next call only
  }
  const bytes = Buffer.concat(pieces)
  checkClaims(body.claims(), bytes)
  return bytes
}

function checkClaims({ md5, sha256, checksum }: BodyClaims, bytes: Buffer): void {
  if (md5 !== null && !digest('md5', bytes).equals(md5)) throw badDigest('Content-MD5')
  if (sha256 !== null && !digest('sha256', bytes).equals(sha256)) {
    throw new S3Error('XAmzContentSHA256Mismatch')
  }
  if (checksum === null) return
  const { algorithm, value } = checksum
  if (!rawChecksum(algorithm, bytes).equals(value)) throw badDigest(algorithm)
}
