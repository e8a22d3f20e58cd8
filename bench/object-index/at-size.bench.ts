// How long validation takes at size, and what reads cost there: fills an environment with objects of
// one bucket as their commits would leave it (`fill FOLDER COUNT`), then validates it in two
// processes and reads from it (`run FOLDER`). Prints one JSON line an answer.

import { fork } from 'node:child_process'
import { Buffer } from 'node:buffer'
import { readFileSync } from 'node:fs'
import type { BucketId, ExtentId, WriterId } from '../../src/base/id.ts'
import type { EngineReader, Mutation } from '../../src/engine/engine.ts'
import { openLmdbReader } from '../../src/engine/lmdb.ts'
import { Environment } from '../../src/engine/lmdb-env.ts'
import { versionReferrer } from '../../src/object-index/body.ts'
import { bucketKey, encodeBucketRecord } from '../../src/object-index/bucket-record.ts'
import { Changes, bucketSumKey } from '../../src/object-index/changes.ts'
import { encodeExtentRecord, extentKey } from '../../src/object-index/extent-record.ts'
import { currentKey } from '../../src/object-index/keys.ts'
import { openObjectIndexReader } from '../../src/object-index/object-index-reader.ts'
import { encodeObjectRecord } from '../../src/object-index/object-record.ts'
import { newcomerOf } from '../../src/object-index/plan-put.ts'
import {
  mergeValidation,
  planPartitions,
  validatePartition,
  type PartialValidation,
  type ValidationRange,
} from '../../src/object-index/validate.ts'

const bucketId = ('0'.repeat(31) + '1') as BucketId
const writerId = ('0'.repeat(31) + '3') as WriterId
const OBJECTS_AN_EXTENT = 60_000
const OBJECTS_A_COMMIT = 20_000
const PROCESSES = 2

const nameOf = (at: number): string => `bench/object-${String(at).padStart(8, '0')}`

function extentOf(at: number): ExtentId {
  return (Math.floor(at / OBJECTS_AN_EXTENT) + 16).toString(16).padStart(32, '7') as ExtentId
}

type Changing = (at: number, changes: Changes) => void

const addObject: Changing = (at, changes) => {
  const key = currentKey(bucketId, nameOf(at))
  const draft = {
    ownerId: 'ab'.repeat(32),
    sizeBytes: 4096,
    etag: at.toString(16).padStart(32, '0'),
    storageClass: 'STANDARD',
    checksum: {
      algorithm: 'CRC64NVME' as const,
      type: 'FULL_OBJECT' as const,
      value: Buffer.alloc(8, at),
    },
    headers: [['Content-Type', 'binary/octet-stream']] as const,
    userMetadata: [],
    tags: [],
    acl: 'private' as const,
    versionRandom: at.toString(16).padStart(16, '0'),
    body: { kind: 'blobs' as const, locations: [locationOf(at)] },
  }
  const record = { ...newcomerOf(draft, 1_700_000_000_000), order: 1, isNull: true }
  changes.record(bucketSumKey(bucketId), key, null, encodeObjectRecord(key, record))
}

const addReference: Changing = (at, changes) => {
  changes.addReference(locationOf(at), versionReferrer(bucketId, nameOf(at), 1), 'new')
}

function locationOf(at: number): Parameters<Changes['addReference']>[0] {
  return {
    extentId: extentOf(at),
    offset: 4096 + (at % OBJECTS_AN_EXTENT) * 4400,
    headerSizeBytes: 200,
    dataSizeBytes: 4096,
    checksum: at,
  }
}

/** In key order, all objects before all references, so that every page is written once. */
async function fill(folder: string, count: number): Promise<void> {
  const environment = new Environment(folder, 'write')
  const sums = new Map<string, bigint[]>()
  const write = (mutation: Mutation): void => {
    if (mutation.kind === 'set') environment.entries.putSync(mutation.key, mutation.value)
    if (mutation.kind !== 'sum') return
    const name = Buffer.from(mutation.key).toString('latin1')
    const before = sums.get(name) ?? mutation.deltas.map(() => 0n)
    sums.set(
      name,
      before.map((sum, field) => BigInt.asIntN(64, sum + (mutation.deltas[field] ?? 0n))),
    )
  }
  for (const change of [addObject, addReference]) {
    for (let start = 0; start < count; start += OBJECTS_A_COMMIT) {
      environment.transactSync(() => {
        for (let at = start; at < Math.min(count, start + OBJECTS_A_COMMIT); at += 1) {
          const changes = new Changes()
          change(at, changes)
          for (const mutation of changes.finish()) write(mutation)
        }
      })
    }
  }
  environment.transactSync(() => {
    fillRest(environment, sums, count)
  })
  await environment.close()
}

function fillRest(
  environment: Environment,
  sums: ReadonlyMap<string, readonly bigint[]>,
  count: number,
): void {
  for (const [name, fields] of sums) {
    const value = Buffer.alloc(64)
    for (const [field, sum] of fields.entries()) value.writeBigInt64BE(sum, field * 8)
    environment.entries.putSync(Buffer.from(name, 'latin1'), value)
  }
  for (let at = 0; at < count; at += OBJECTS_AN_EXTENT) {
    const extentId = extentOf(at)
    const record = {
      extentId,
      state: 'sealed',
      writerId,
      layout: 'packed',
      capacityBytes: 2 ** 28,
      sizeBytes: 2 ** 28,
      driveId: 'd',
      changedAtMs: 1,
    } as const
    environment.entries.putSync(extentKey(extentId), encodeExtentRecord(record))
  }
  const bucket = {
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
  } as const
  environment.entries.putSync(bucketKey(bucketId), encodeBucketRecord(bucket))
}

interface ScanAnswer {
  readonly partial: PartialValidation
  readonly cpuSeconds: number
  readonly rssAnonKib: number
}

function scanInChild(folder: string): void {
  const answer = async (partition: ValidationRange): Promise<void> => {
    const partial = await validatePartition(await openLmdbReader(folder), { partition })
    const { user, system } = process.cpuUsage()
    const rss = /RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
    const scanned: ScanAnswer = {
      partial,
      cpuSeconds: (user + system) / 1e6,
      rssAnonKib: Number(rss),
    }
    process.send?.(scanned, () => process.exit())
  }
  process.on('message', (partition: ValidationRange) => void answer(partition))
}

function scan(folder: string, partition: ValidationRange): Promise<ScanAnswer> {
  return new Promise((resolve) => {
    const child = fork(process.argv[1] ?? '', ['scan', folder])
    child.on('message', (answer) => resolve(answer as ScanAnswer))
    child.send(partition)
  })
}

async function run(folder: string): Promise<void> {
  const engine = await openLmdbReader(folder)
  const startMs = performance.now()
  const partitions = await planPartitions(engine, PROCESSES)
  const answers = await Promise.all(partitions.map((partition) => scan(folder, partition)))
  const report = await mergeValidation(
    engine,
    answers.map(({ partial }) => partial),
  )
  print('validate', {
    isSound: report.isSound,
    records: report.recordsDone,
    seconds: Number(((performance.now() - startMs) / 1000).toFixed(1)),
    cpuSeconds: answers.map(({ cpuSeconds }) => Number(cpuSeconds.toFixed(1))),
    rssAnonKib: answers.map(({ rssAnonKib }) => rssAnonKib),
  })
  await measureReads(engine, report.objects)
}

async function measureReads(engine: EngineReader, count: number): Promise<void> {
  const reader = openObjectIndexReader(engine)
  const page = { bucketId, prefix: '', delimiter: '', limit: 1000 }
  const lookup = (at: number): Promise<unknown> =>
    reader.lookup(bucketId, nameOf(at), { kind: 'latest' })
  await measure('list, 1,000 keys', 400, (at) =>
    reader.list({ ...page, after: nameOf((at * 1000) % (count - 1000)) }),
  )
  await measure('lookup, hot', 50_000, (at) => lookup((at * 7919) % 10_000))
  await measure('lookup, random', 50_000, (at) => lookup((at * 104_729) % count))
  await measure('lookup, missing', 20_000, (at) => lookup(count + at))
}

async function measure(
  name: string,
  runs: number,
  once: (at: number) => Promise<unknown>,
): Promise<void> {
  const each: number[] = []
  for (let round = 0; round < 6; round += 1) {
    const before = process.cpuUsage()
    for (let at = 0; at < runs; at += 1) await once(round * runs + at)
    const { user, system } = process.cpuUsage(before)
    if (round > 0) each.push((user + system) / runs)
  }
  each.sort((a, b) => a - b)
  print(name, {
    cpuMicrosecondsMinMedianMax: [each[0], each[2], each[4]].map((us) => us?.toFixed(1)),
  })
}

function print(name: string, answer: object): void {
  console.log(JSON.stringify({ name, ...answer }))
}

const [mode, folder, count] = process.argv.slice(2)
if (mode === 'fill' && folder !== undefined) await fill(folder, Number(count))
else if (mode === 'scan' && folder !== undefined) scanInChild(folder)
else if (mode === 'run' && folder !== undefined) await run(folder)
else console.error('usage: at-size fill FOLDER COUNT | at-size run FOLDER')
