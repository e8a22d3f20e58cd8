// What the index itself costs, apart from its engine: CPU of a put's decision, of a lookup's
// decoding, of a page of LIST and of a validated record. Prints one JSON line a question.

import { Buffer } from 'node:buffer'
import type { BucketId, ExtentId, WriterId } from '../../src/base/id.ts'
import type { EngineReader, Overlay, RangeRead } from '../../src/engine/engine.ts'
import { bucketKey, encodeBucketRecord } from '../../src/object-index/bucket-record.ts'
import { encodeExtentRecord, extentKey } from '../../src/object-index/extent-record.ts'
import { currentKey } from '../../src/object-index/keys.ts'
import type { ObjectDraft } from '../../src/object-index/object-index.ts'
import { openObjectIndexReader } from '../../src/object-index/object-index-reader.ts'
import { encodeObjectRecord } from '../../src/object-index/object-record.ts'
import { newcomerOf, planPut } from '../../src/object-index/plan-put.ts'
import { reverseEntry } from '../../src/object-index/reverse-record.ts'
import { Tally } from '../../src/object-index/validate-tally.ts'

const bucketId = ('0'.repeat(31) + '1') as BucketId
const extentId = ('0'.repeat(31) + '2') as ExtentId
const writerId = ('0'.repeat(31) + '3') as WriterId
const ROUNDS = 5

function draft(at: number): ObjectDraft {
  return {
    ownerId: 'ab'.repeat(32),
    sizeBytes: 4096,
    etag: at.toString(16).padStart(32, '0'),
    storageClass: 'STANDARD',
    checksum: { algorithm: 'CRC64NVME', type: 'FULL_OBJECT', value: Buffer.alloc(8, at) },
    headers: [['Content-Type', 'binary/octet-stream']],
    userMetadata: [],
    tags: [],
    acl: 'private',
    versionRandom: at.toString(16).padStart(16, '0'),
    body: {
      kind: 'blobs',
      locations: [
        { extentId, offset: at * 4500, headerSizeBytes: 200, dataSizeBytes: 4096, checksum: at },
      ],
    },
  }
}

const records = Array.from({ length: 1000 }, (_, at) => {
  const key = currentKey(bucketId, `bench/object-${String(at).padStart(8, '0')}`)
  const value = encodeObjectRecord(key, {
    ...newcomerOf(draft(at), 1_700_000_000_000),
    order: 1,
    isNull: true,
  })
  return { key, value }
})
const store = new Map<string, Buffer>([
  [
    bucketKey(bucketId).toString('latin1'),
    encodeBucketRecord({
      id: bucketId,
      name: 'bench',
      ownerId: 'ab'.repeat(32),
      createdAtMs: 1,
      generation: 1,
      versioning: 'unversioned',
      quotaBytes: null,
      quotaObjects: null,
      ownership: 'BucketOwnerEnforced',
      acl: 'private',
    }),
  ],
  [
    extentKey(extentId).toString('latin1'),
    encodeExtentRecord({
      extentId,
      state: 'open',
      writerId,
      layout: 'packed',
      capacityBytes: 2 ** 28,
      sizeBytes: 0,
      driveId: 'd',
      changedAtMs: 1,
    }),
  ],
])
const overlay: Overlay = {
  get: (key) =>
    store.get(Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')) ?? null,
  first: () => null,
  last: () => null,
  sum: () => [],
  nowMs: 1_700_000_000_000,
  versionstamp: { incarnation: 1, sequence: 1 },
}
/** An engine that only walks an array, so that what is measured is the visitor. */
const engine: EngineReader = {
  read: async ({ keys = [], ranges = [] }) => ({
    values: keys.map((key) => store.get(Buffer.from(key).toString('latin1')) ?? null),
    isWhole: ranges.map(walk),
  }),
}

function walk(read: RangeRead): boolean {
  for (const { key, value } of records) {
    if (read.visit(key, value) === 'stop') return false
  }
  return true
}

async function measure(name: string, perRun: number, run: () => unknown): Promise<void> {
  const microseconds: number[] = []
  for (let round = 0; round <= ROUNDS; round += 1) {
    const before = process.cpuUsage()
    let runs = 0
    do {
      await run()
      runs += 1
    } while (process.cpuUsage(before).user < 400_000)
    const { user, system } = process.cpuUsage(before)
    if (round > 0) microseconds.push((user + system) / runs / perRun)
  }
  microseconds.sort((a, b) => a - b)
  const shown = [microseconds[0], microseconds[ROUNDS >> 1], microseconds.at(-1)].map((value) =>
    (value ?? 0).toFixed(3),
  )
  console.log(JSON.stringify({ name, cpuMicrosecondsMinMedianMax: shown }))
}

const puts = Array.from({ length: 500 }, (_, at) => planOperation(at))
function planOperation(at: number): Parameters<typeof planPut>[0] {
  return {
    kind: 'put-object',
    bucketId,
    key: `bench/object-${String(at).padStart(8, '0')}`,
    condition: { kind: 'none' },
    draft: draft(at),
    writerId,
  }
}
function putAll(): void {
  for (const put of puts) {
    const { decide } = planPut(put, 'current')
    if (decide(overlay).kind !== 'apply') throw new RangeError('not applied')
  }
}

await measure('put-object, new key: plan and decision', puts.length, putAll)
for (const { key, value } of records) store.set(key.toString('latin1'), value)
await measure('put-object, overwrite: plan and decision', puts.length, putAll)
const reader = openObjectIndexReader(engine)
await measure('lookup of the latest', 1000, async () => {
  for (let at = 0; at < 1000; at += 1) {
    await reader.lookup(bucketId, `bench/object-${String(at).padStart(8, '0')}`, { kind: 'latest' })
  }
})
await measure('list, a page of 1,000, whole', 1, () =>
  reader.list({ bucketId, prefix: '', delimiter: '', after: null, limit: 1000 }),
)
await measure('validate, an object record', 1000, () => {
  const tally = new Tally(1)
  for (const { key, value } of records) tally.visit(key, value)
})
const reverses = records.map((_, at) =>
  reverseEntry(
    { extentId, offset: at * 4500, headerSizeBytes: 200, dataSizeBytes: 4096, checksum: at },
    { kind: 'version', bucketId, key: `bench/object-${String(at).padStart(8, '0')}`, order: 1n },
    null,
  ),
)
await measure('validate, a reverse record', 1000, () => {
  const tally = new Tally(1)
  for (const { key, value } of reverses) tally.visit(key, value)
})
console.log(
  JSON.stringify({
    name: 'record',
    bytes: records[0]?.value.length,
    reverseBytes: (reverses[0]?.key.length ?? 0) + (reverses[0]?.value.length ?? 0),
  }),
)
