// Bodies in and out: what is put comes back, whole and in any range; what does not match its claims
// or its length leaves nothing.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import fc from 'fast-check'
import { crc32, crc32c, crc64nvme } from '../base/checksum.ts'
import { digest, digestHex } from '../base/digest.ts'
import { BLOB_SIZE_BYTES_MAX, PACKED_BODY_SIZE_BYTES_MAX } from '../base/limits.ts'
import type { ChecksumAlgorithm } from '../object-index/object-index.ts'
import { GatewayError } from './gateway.ts'
import type { BodyClaims, GatewayErrorCode } from './gateway.ts'
import { longBytes, MIB, TestBody } from './suite-world.ts'
import type { BodyOptions, GatewayWorld } from './suite-world.ts'

export type OpenWorld = () => Promise<GatewayWorld>

export const ALGORITHMS: readonly ChecksumAlgorithm[] = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
]

/** Of other code than the gateway's: the functions of base, one shot. */
export function checksumOf(algorithm: ChecksumAlgorithm, bytes: Uint8Array): Buffer {
  const raw = Buffer.alloc(algorithm === 'CRC64NVME' ? 8 : 4)
  switch (algorithm) {
    case 'SHA1':
      return digest('sha1', bytes)
    case 'SHA256':
      return digest('sha256', bytes)
    case 'CRC64NVME':
      raw.writeBigUInt64BE(crc64nvme(bytes))
      return raw
    case 'CRC32':
      raw.writeUInt32BE(crc32(bytes))
      return raw
    case 'CRC32C':
      raw.writeUInt32BE(crc32c(bytes))
      return raw
  }
}

export async function rejectsWith(code: GatewayErrorCode, act: Promise<unknown>): Promise<void> {
  await check.rejects(act, (error) => {
    check.ok(error instanceof GatewayError, String(error))
    check.equal(error.code, code, error.message)
    return true
  })
}

/** Sizes on both sides of every border: block, packed body, piece. */
const SIZES: readonly number[] = [
  0,
  1,
  65_535,
  65_536,
  65_537,
  PACKED_BODY_SIZE_BYTES_MAX,
  PACKED_BODY_SIZE_BYTES_MAX + 1,
  MIB - 1,
  MIB,
  3 * MIB + 17,
]

export function putTests(open: OpenWorld): void {
  test('any range of what was put is that slice of it, however it came', async () => {
    await using world = await open()
    let count = 0
    const size = fc.oneof(fc.constantFrom(...SIZES), fc.integer({ min: 0, max: 2 * MIB }))
    const share = fc.double({ min: 0, max: 1, noNaN: true })
    await fc.assert(
      fc.asyncProperty(
        size,
        fc.integer({ min: 1, max: 300_000 }),
        share,
        share,
        async (sizeBytes, pieceSizeBytes, one, other) => {
          const data = longBytes(world.store, sizeBytes)
          const key = `k${count++}`
          const written = await world.put(key, data, { pieceSizeBytes })
          check.equal(written.etag, digestHex('md5', data))
          check.equal(written.sizeBytes, sizeBytes)
          const version = await world.find(key)
          check.equal(version.etag, written.etag)
          const start = Math.floor(Math.min(one, other) * sizeBytes)
          const end = Math.ceil(Math.max(one, other) * sizeBytes)
          check.ok((await world.read(version, start, end)).equals(data.subarray(start, end)))
          check.ok((await world.read(version)).equals(data))
        },
      ),
      { numRuns: 40, examples: SIZES.map((sizeBytes) => [sizeBytes, 65_536, 0.3, 0.7]) },
    )
    check.equal(world.held.count, 0)
  })

  test('a body of several blobs is one body', async () => {
    await using world = await open()
    const data = longBytes(world.store, BLOB_SIZE_BYTES_MAX + 3 * MIB + 5)
    const claims = { checksum: { algorithm: 'CRC32', value: checksumOf('CRC32', data) } } as const
    await world.put('long', data, { pieceSizeBytes: MIB - 7, claims })
    const version = await world.find('long')
    check.equal(version.etag, digestHex('md5', data))
    check.equal(version.body.kind === 'blobs' && version.body.locations.length, 2)
    const edge = BLOB_SIZE_BYTES_MAX
    for (const [start, end] of [
      [0, data.length],
      [edge - 1, edge + 1],
      [edge, edge + 70_000],
      [edge - MIB, edge],
    ] as const) {
      check.ok((await world.read(version, start, end)).equals(data.subarray(start, end)))
    }
    check.equal(world.held.count, 0)
  })

  for (const [size, name] of [
    [1000, 'small'],
    [MIB, 'large'],
  ] as const) {
    claimTests(open, name, size)
    lengthTests(open, name, size)
  }
}

function claimTests(open: OpenWorld, name: string, size: number): void {
  test(`${name}: claims that hold are accepted, and the client's checksum is stored`, async () => {
    await using world = await open()
    const data = Buffer.from(world.store.bytes(size))
    for (const algorithm of ALGORITHMS) {
      const value = checksumOf(algorithm, data)
      const written = await world.put(algorithm, data, {
        claims: {
          md5: digest('md5', data),
          sha256: digest('sha256', data),
          checksum: { algorithm, value },
        },
      })
      check.deepEqual(written.checksum, { algorithm, type: 'FULL_OBJECT', value })
      const { checksum } = await world.find(algorithm)
      check.equal(checksum?.algorithm, algorithm)
      check.ok(value.equals(checksum?.value ?? Buffer.alloc(0)))
    }
    const written = await world.put('none', data)
    check.equal(written.checksum?.algorithm, 'CRC64NVME')
    check.ok(checksumOf('CRC64NVME', data).equals(written.checksum.value))
  })

  test(`${name}: a claim that does not hold leaves nothing`, async () => {
    await using world = await open()
    const data = Buffer.from(world.store.bytes(size))
    const other = Buffer.from(data)
    other.writeUInt8((other[size - 1] ?? 0) ^ 1, size - 1)
    const wrong: readonly (readonly [Partial<BodyClaims>, GatewayErrorCode])[] = [
      [{ md5: digest('md5', other) }, 'bad-digest'],
      [{ sha256: digest('sha256', other) }, 'sha256-mismatch'],
      ...ALGORITHMS.map(
        (algorithm) =>
          [{ checksum: { algorithm, value: checksumOf(algorithm, other) } }, 'bad-digest'] as const,
      ),
    ]
    for (const [claims, code] of wrong) {
      await rejectsWith(code, world.put('k', data, { claims }))
      check.ok(await world.isAbsent('k'))
    }
    check.equal(world.held.count, 0)
    await world.put('k', data)
    check.ok((await world.get('k')).equals(data))
  })
}

function lengthTests(open: OpenWorld, name: string, size: number): void {
  test(`${name}: a body shorter or longer than it says leaves nothing`, async () => {
    await using world = await open()
    const data = Buffer.from(world.store.bytes(size))
    for (const sizeBytes of [size - 1, size + 1]) {
      await rejectsWith('incomplete-body', world.put('k', data, { sizeBytes }))
    }
    check.ok(await world.isAbsent('k'))
    check.equal(world.held.count, 0)
  })

  test(`${name}: of a body without end no more is taken than it says`, async () => {
    await using world = await open()
    const data = Buffer.alloc(64 * MIB)
    let taken = 0
    const options: BodyOptions = {
      sizeBytes: size,
      before: (at) => {
        taken = at
      },
    }
    await rejectsWith('incomplete-body', world.put('k', data, options))
    check.ok(taken <= size + 2 * 65_536, `${taken} bytes were taken`)
  })

  test(`${name}: a client that goes away, or an abort, stores nothing and holds nothing`, async () => {
    await using world = await open()
    const data = Buffer.from(world.store.bytes(size))
    const gone = new TypeError('gone')
    const brokenAt = Math.floor(size / 2)
    const broken = new TestBody(data, {
      pieceSizeBytes: Math.ceil(size / 7),
      before: (at) => {
        if (at > brokenAt) throw gone
      },
    })
    await check.rejects(world.gateway.put(world.requestFor('k', broken)), gone)
    const abort = new AbortController()
    let takenAfter = 0
    const aborted = new TestBody(data, {
      pieceSizeBytes: Math.ceil(size / 7),
      before: (at) => {
        if (abort.signal.aborted) takenAfter++
        if (at > brokenAt) abort.abort(gone)
      },
    })
    const request = world.requestFor('k', aborted, { signal: abort.signal })
    await check.rejects(world.gateway.put(request), gone)
    if (name === 'large') check.equal(takenAfter, 0, 'what nobody wants any more is not read')
    check.ok(await world.isAbsent('k'))
    check.equal(world.held.count, 0)
  })
}
