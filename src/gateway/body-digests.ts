// The digests of one body: MD5 for its ETag, the checksum that is stored, what the client claims,
// and the SHA-256 that a signed payload promised. One-shot for small bodies, piecewise for large.

import { assert } from '../base/assert.ts'
import { crc32, crc32c, crc32Combine, crc64nvme } from '../base/checksum.ts'
import { digest, openDigest } from '../base/digest.ts'
import type { Digest } from '../base/digest.ts'
import { rawChecksum, rawCrc32, rawCrc64 } from '../base/raw-checksum.ts'
import type { ChecksumAlgorithm, StoredChecksum } from '../object-index/object-index.ts'
import { GatewayError } from './gateway.ts'
import type { BodyClaims } from './gateway.ts'

/** A checksum over pieces; `finish` gives it raw, big-endian. */
interface Running {
  update(bytes: Uint8Array): void
  finish(): Uint8Array
}

export interface WantedDigests {
  /** Stored with the object; AWS's own default is CRC64NVME. */
  readonly stored: ChecksumAlgorithm
  /** Announced by the client, where it is another one. */
  readonly claimed: ChecksumAlgorithm | null
  readonly hasSha256: boolean
}

/**
 * Digests of a body that comes in pieces and is written in blobs. CRC-32 is not computed again:
 * storage computes each blob's, and they combine to the body's.
 */
export class BodyDigests {
  readonly #md5: Digest = openDigest('md5')
  readonly #sha256: Digest | null
  readonly #checksums: readonly (readonly [ChecksumAlgorithm, Running])[]
  #crc32 = 0

  constructor(wanted: WantedDigests) {
    this.#sha256 = wanted.hasSha256 ? openDigest('sha256') : null
    this.#checksums = algorithmsOf(wanted).map((algorithm) => [
      algorithm,
      algorithm === 'CRC32' ? this.#ofBlobs() : openRunning(algorithm),
    ])
  }

  update(bytes: Uint8Array): void {
    this.#md5.update(bytes)
    this.#sha256?.update(bytes)
    for (const [, running] of this.#checksums) running.update(bytes)
  }

  /** A blob of all bytes since the last one has ended, with the CRC-32 of them. */
  endBlob(crc: number, sizeBytes: number): void {
    this.#crc32 = crc32Combine(this.#crc32, crc, sizeBytes)
  }

  /** Called once, behind the last `endBlob`. */
  finish(): BodySums {
    return {
      md5: this.#md5.finish(),
      sha256: this.#sha256?.finish() ?? null,
      checksums: this.#checksums.map(([algorithm, running]) => [algorithm, running.finish()]),
    }
  }

  #ofBlobs(): Running {
    return { update: () => undefined, finish: () => rawCrc32(this.#crc32) }
  }
}

/** A body's digests, raw. The first checksum is the one that is stored. */
export interface BodySums {
  readonly md5: Uint8Array
  readonly sha256: Uint8Array | null
  readonly checksums: readonly (readonly [ChecksumAlgorithm, Uint8Array])[]
}

/** The digests of a body that is whole in memory; about half the cost of the piecewise ones. */
export function digestWhole(bytes: Uint8Array, wanted: WantedDigests): BodySums {
  return {
    md5: digest('md5', bytes),
    sha256: wanted.hasSha256 ? digest('sha256', bytes) : null,
    checksums: algorithmsOf(wanted).map((algorithm) => [algorithm, rawChecksum(algorithm, bytes)]),
  }
}

/** What is stored comes first. */
function algorithmsOf({ stored, claimed }: WantedDigests): readonly ChecksumAlgorithm[] {
  return claimed === null || claimed === stored ? [stored] : [stored, claimed]
}

/** What is stored of a body's sums. */
export function storedChecksum({ checksums }: BodySums): StoredChecksum {
  const [first] = checksums
  assert(first !== undefined, 'a checksum is always stored')
  return { algorithm: first[0], type: 'FULL_OBJECT', value: first[1] }
}

/** Compares what the client claims with what came. @throws GatewayError */
export function checkClaims(claims: BodyClaims, sums: BodySums): void {
  if (claims.md5 !== null && !isSame(claims.md5, sums.md5)) {
    throw new GatewayError(
      'bad-digest',
      'The Content-MD5 you specified did not match what we received.',
    )
  }
  if (claims.sha256 !== null) {
    assert(sums.sha256 !== null, 'a claimed SHA-256 was announced')
    if (!isSame(claims.sha256, sums.sha256)) {
      throw new GatewayError('sha256-mismatch', '', {
        ClientComputedContentSHA256: Buffer.from(claims.sha256).toString('hex'),
        S3ComputedContentSHA256: Buffer.from(sums.sha256).toString('hex'),
      })
    }
  }
  if (claims.checksum === null) return
  const { algorithm, value } = claims.checksum
  const found = sums.checksums.find(([name]) => name === algorithm)
  assert(found !== undefined, 'a claimed checksum was announced')
  if (!isSame(value, found[1])) {
    throw new GatewayError(
      'bad-digest',
      `The ${algorithm} you specified did not match the calculated checksum.`,
    )
  }
}

export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}

function openRunning(algorithm: ChecksumAlgorithm): Running {
  if (algorithm === 'SHA1' || algorithm === 'SHA256') {
    const name = algorithm === 'SHA1' ? 'sha1' : 'sha256'
    return openDigest(name)
  }
  if (algorithm === 'CRC64NVME') {
    let crc = 0n
    return {
      update: (bytes) => {
        crc = crc64nvme(bytes, crc)
      },
      finish: () => rawCrc64(crc),
    }
  }
  const step = algorithm === 'CRC32' ? crc32 : crc32c
  let crc = 0
  return {
    update: (bytes) => {
      crc = step(bytes, crc)
    },
    finish: () => rawCrc32(crc),
  }
}
