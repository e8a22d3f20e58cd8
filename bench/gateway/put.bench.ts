// What the gateway costs below HTTP: CPU of a PUT of 8 MiB and of 4 KiB, of reading them back, and
// the share of the digests alone. Index on the memory engine, so that its disk is not measured;
// storage on the real one. Prints one JSON line a question.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../src/platform/clock.ts'
import { openDisk } from '../../src/platform/disk.ts'
import { openSystemRandom } from '../../src/platform/random.ts'
import { newId } from '../../src/base/id.ts'
import type { BucketId, CommitId, WriterId } from '../../src/base/id.ts'
import { createMemoryStore, openMemoryEngine } from '../../src/engine/memory.ts'
import { BodyDigests, digestWhole } from '../../src/gateway/body-digests.ts'
import { openGateway } from '../../src/gateway/gateway-service.ts'
import type { Body } from '../../src/gateway/gateway.ts'
import { openObjectIndex } from '../../src/object-index/object-index-service.ts'
import type { Bucket, ChecksumAlgorithm } from '../../src/object-index/object-index.ts'
import { openPlacement } from '../../src/placement/placement-service.ts'
import { openStorage } from '../../src/storage/storage-service.ts'

const [base = '/tmp', only = ''] = process.argv.slice(2)
const MIB = 1024 * 1024
const PIECE = 65_536 // what a socket gives
const never = new AbortController().signal

const folder = mkdtempSync(join(base, 'holdfast-bench-'))
const clock = systemClock
const random = openSystemRandom()
const disk = openDisk(folder)
mkdirSync(join(folder, 'extents'))
const engine = openMemoryEngine({ clock, store: createMemoryStore() })
await engine.takeEpoch()
const index = openObjectIndex({ engine, random, clock })
const storage = openStorage({ disk, clock })
const placement = openPlacement({
  index,
  storage,
  disk,
  clock,
  random,
  driveId: 'd',
  findReferences: async () => new Map() as never,
  options: { background: 'on-demand' },
})
await placement.start()
const writerId = newId<WriterId>(random)
const gateway = openGateway({
  index,
  placement,
  storage,
  clock,
  random,
  writerId,
  cacheSizeBytes: 1024 * 1024,
})
const bucketId = newId<BucketId>(random)
await index.apply(
  {
    kind: 'create-bucket',
    bucket: {
      id: bucketId,
      name: 'bench',
      ownerId: 'a'.repeat(64),
      versioning: 'unversioned',
      quotaBytes: null,
      quotaObjects: null,
      ownership: 'BucketOwnerEnforced',
      acl: 'private',
    },
  },
  newId<CommitId>(random),
)
const bucket = (await index.bucket(bucketId)) as Bucket

function bodyOf(data: Buffer, checksumAlgorithm: ChecksumAlgorithm | null): Body {
  let at = 0
  return {
    sizeBytes: data.length,
    checksumAlgorithm,
    hasSha256: false,
    next: async () => {
      if (at === data.length) return null
      const piece = data.subarray(at, at + PIECE)
      at += piece.length
      return piece
    },
    claims: () => ({ md5: null, sha256: null, checksum: null }),
  }
}

async function put(key: string, data: Buffer, algorithm: ChecksumAlgorithm | null): Promise<void> {
  await gateway.put({
    bucket,
    key,
    condition: { kind: 'none' },
    ownerId: 'a'.repeat(64),
    signal: never,
    storageClass: 'STANDARD',
    headers: [['Content-Type', 'binary/octet-stream']],
    userMetadata: [],
    tags: [],
    acl: 'private',
    body: bodyOf(data, algorithm),
  })
}

async function get(key: string): Promise<void> {
  const version = await index.lookup(bucketId, key, { kind: 'latest' })
  if (version === null) throw new RangeError(`no ${key}`)
  let bytes = 0
  const range = { start: 0, end: version.sizeBytes }
  for await (const piece of gateway.read(version, range, never, bucketId)) bytes += piece.length
  if (bytes !== version.sizeBytes) throw new RangeError('short')
}

/** CPU of `count` runs, `parallel` at once, in all threads. */
async function measure(
  name: string,
  { count, parallel, unit }: { count: number; parallel: number; unit: 'ms' | 'µs' },
  run: (at: number) => unknown,
): Promise<void> {
  if (only !== '' && !name.includes(only)) return
  const round = async (): Promise<number> => {
    let next = 0
    const worker = async (): Promise<void> => {
      for (let at = next++; at < count; at = next++) await run(at)
    }
    const before = process.cpuUsage()
    await Promise.all(Array.from({ length: parallel }, worker))
    const { user, system } = process.cpuUsage(before)
    return (user + system) / count / (unit === 'ms' ? 1000 : 1)
  }
  await round()
  const costs = [await round(), await round(), await round()].toSorted((a, b) => a - b)
  console.log(JSON.stringify({ name, unit, minMedianMax: costs.map((cost) => cost.toFixed(2)) }))
}

try {
  const large = Buffer.from(random.bytes(8 * MIB))
  const small = Buffer.from(random.bytes(4096))
  const plain = { stored: 'CRC64NVME', claimed: null, hasSha256: false } as const
  await measure('digests of 8 MiB alone', { count: 40, parallel: 1, unit: 'ms' }, () => {
    const digests = new BodyDigests(plain)
    for (let at = 0; at < large.length; at += PIECE) digests.update(large.subarray(at, at + PIECE))
    digests.endBlob(0, large.length)
    digests.finish()
  })
  const eight = { count: 48, parallel: 8, unit: 'ms' } as const
  await measure('put 8 MiB', eight, (at) => put(`large-${at}`, large, null))
  await measure('put 8 MiB, CRC32', eight, (at) => put(`large-${at}`, large, 'CRC32'))
  await measure('get 8 MiB', eight, (at) => get(`large-${at}`))
  const four = { count: 10_000, parallel: 32, unit: 'µs' } as const
  await measure('digests of 4 KiB alone', four, () => digestWhole(small, plain))
  await measure('put 4 KiB', four, (at) => put(`small-${at}`, small, null))
  await measure('get 4 KiB', four, (at) => get(`small-${at}`))
} finally {
  await gateway[Symbol.asyncDispose]()
  await placement[Symbol.asyncDispose]()
  await storage[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
}
