// Suite: validation finds planted damage by name, nothing in what is sound, and nothing in what is
// being written. Damage is planted in the engine, past all that the index does.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import { newId, type BucketId, type CommitId } from '../base/id.ts'
import type { Mutation } from '../engine/engine.ts'
import { bucketKey } from './bucket-record.ts'
import { bucketSumKey } from './changes.ts'
import { extentSumKey } from './extent-record.ts'
import {
  currentKey,
  manifestPageKey,
  manifestReverseKey,
  partKey,
  reverseKey,
  uploadNameKey,
  versionKey,
} from './keys.ts'
import { ObjectIndexError, type ObjectVersion } from './object-index.ts'
import { World, type OpenIndex } from './suite-world.ts'
import { uploadKey } from './upload-record.ts'
import {
  estimateRecords,
  mergeValidation,
  planPartitions,
  validateIndex,
  validatePartition,
  type PartialValidation,
  type ValidationReport,
} from './validate.ts'

export function validateTests(open: OpenIndex): void {
  const run: Run = (name, body) => {
    test(name, async () => {
      const world = await World.open(open)
      await body(world, await filled(world))
      await world.close()
    })
  }
  damageTests(run)
  soundTests(run)
}

type Run = (name: string, body: (world: World, bucketId: BucketId) => Promise<void>) => void

/** A bucket with something of every kind. */
async function filled(world: World): Promise<BucketId> {
  const bucketId = await world.bucket()
  for (let at = 0; at < 30; at += 1) await world.put(bucketId, `k${at}`)
  await world.done({ kind: 'set-versioning', bucketId, versioning: 'enabled' })
  for (let at = 0; at < 10; at += 1) await world.put(bucketId, `k${at}`)
  await world.delete(bucketId, ['k3', 'k4'])
  const uploadId = await world.createUpload(bucketId, 'big')
  const parts = [
    await world.putPart(bucketId, 'big', uploadId, 1),
    await world.putPart(bucketId, 'big', uploadId, 2),
  ]
  await world.complete(bucketId, 'big', uploadId, parts)
  const open = await world.createUpload(bucketId, 'open')
  await world.putPart(bucketId, 'open', open, 1)
  return bucketId
}

async function plant(world: World, mutations: readonly Mutation[]): Promise<void> {
  await world.opened.engine.commit({
    id: newId<CommitId>(world.random),
    reads: {},
    decide: () => ({ kind: 'apply', mutations, result: null }),
  })
}

function remove(key: Uint8Array): Mutation {
  return { kind: 'delete', key }
}

async function flipped(world: World, key: Buffer, at: number): Promise<Mutation> {
  const {
    values: [value],
  } = await world.opened.engine.read({ keys: [key] })
  check.ok(value !== null && value !== undefined)
  value[at] = (value[at] ?? 0) ^ 4
  return { kind: 'set', key, value }
}

/** Kinds and subjects of what is found, in both modes alike. */
async function found(world: World): Promise<string[]> {
  const report = await validateIndex(world.opened.engine, { mode: 'quiet' })
  const serving = await validateIndex(world.opened.engine)
  check.deepEqual(serving.findings, report.findings)
  check.equal(report.isSound, report.findings.length === 0)
  return report.findings.map(({ kind, what }) => `${kind}: ${what}`)
}

function referencesOf(version: ObjectVersion, bucketId: BucketId): Buffer[] {
  const order = BigInt(`0x${version.versionId.slice(0, 16)}`)
  const referrer = { kind: 'version', bucketId, key: version.key, order } as const
  return version.body.kind === 'manifest'
    ? [manifestReverseKey(version.body.uploadId, referrer)]
    : version.body.locations.map(({ extentId, offset }) => reverseKey(extentId, offset, referrer))
}

function damageTests(run: Run): void {
  run(
    'a bucket whose own record was removed is found while it holds anything',
    async (world, id) => {
      const empty = await world.bucket()
      await plant(world, [remove(bucketKey(id)), remove(bucketKey(empty))])
      check.deepEqual(await found(world), [`missing-record: bucket ${id}`])
    },
  )

  run(
    'an upload that was all its bucket had, removed whole, is found by its bucket',
    async (world) => {
      const bucketId = await world.bucket()
      const uploadId = await world.createUpload(bucketId, 'k')
      const { locations } = await world.putPart(bucketId, 'k', uploadId, 1)
      const upload = await world.index.upload(bucketId, 'k', uploadId)
      check.ok(upload !== null)
      const referrer = { kind: 'part', uploadId, partNumber: 1 } as const
      await plant(world, [
        remove(uploadKey(uploadId)),
        remove(uploadNameKey(bucketId, 'k', upload.initiatedAtMs, uploadId)),
        remove(partKey(uploadId, 1)),
        ...locations.map(({ extentId, offset }) => remove(reverseKey(extentId, offset, referrer))),
      ])
      check.deepEqual(await found(world), [
        `wrong-extent-sums: extent ${world.extentId}`,
        `wrong-upload: bucket ${bucketId}`,
      ])
    },
  )

  run(
    'a record removed behind the index is found, by bucket and by name',
    async (world, bucketId) => {
      await plant(world, [remove(currentKey(bucketId, 'k20'))])
      check.deepEqual(await found(world), [
        `wrong-sums: bucket ${bucketId}`,
        `extra-reference: bucket ${bucketId}, version 1 of key "k20"`,
      ])
    },
  )

  run('a bucket that only looks empty is not deleted', async (world) => {
    const id = await world.bucket('unversioned')
    await world.put(id, 'only')
    await plant(world, [remove(currentKey(id, 'only'))])
    await check.rejects(world.apply({ kind: 'delete-bucket', bucketId: id }), {
      name: 'ObjectIndexError',
      code: 'corrupt',
    })
    check.notEqual(await world.index.bucket(id), null)
  })

  run('a record removed with its references is found by its bucket', async (world, bucketId) => {
    const version = await world.mustGet(bucketId, 'k20')
    await plant(world, [
      remove(currentKey(bucketId, 'k20')),
      ...referencesOf(version, bucketId).map(remove),
    ])
    check.deepEqual(await found(world), [
      `wrong-sums: bucket ${bucketId}`,
      `wrong-extent-sums: extent ${world.extentId}`,
    ])
  })

  run(
    'an older version changed for another, sound by its checksum, is found',
    async (world, bucketId) => {
      const key = versionKey(bucketId, 'k5', 1)
      const {
        values: [record],
      } = await world.opened.engine.read({ keys: [key] })
      await world.done({
        kind: 'set-tags',
        bucketId,
        key: 'k5',
        version: { kind: 'null' },
        tags: [['a', 'b']],
      })
      check.deepEqual(await found(world), [])
      check.ok(record !== null && record !== undefined)
      await plant(world, [{ kind: 'set', key, value: record }])
      check.deepEqual(await found(world), [`wrong-sums: bucket ${bucketId}`])
    },
  )

  run(
    'a flipped bit is found by name, and fails every read that meets it',
    async (world, bucketId) => {
      await plant(world, [await flipped(world, currentKey(bucketId, 'k7'), 30)])
      check.deepEqual(await found(world), [
        `corrupt-record: bucket ${bucketId}, current version of key "k7"`,
        `wrong-sums: bucket ${bucketId}`,
      ])
      const isCorrupt = (error: unknown): boolean =>
        error instanceof ObjectIndexError &&
        error.code === 'corrupt' &&
        error.message.includes('"k7"')
      await check.rejects(world.get(bucketId, 'k7'), isCorrupt)
      await check.rejects(world.names(bucketId), isCorrupt)
      await check.rejects(world.versions(bucketId), isCorrupt)
      await check.rejects(world.tryPut(bucketId, 'k7'), isCorrupt)
      await world.put(bucketId, 'k8')
    },
  )

  run('a missing reverse record is found by the record that needs it', async (world, bucketId) => {
    const version = await world.mustGet(bucketId, 'k21')
    await plant(world, referencesOf(version, bucketId).map(remove))
    check.deepEqual(await found(world), [
      `wrong-extent-sums: extent ${world.extentId}`,
      `missing-reference: bucket ${bucketId}, current version of key "k21"`,
    ])
  })

  run(
    'a manifest without its page, its part or its reference is found',
    async (world, bucketId) => {
      const version = await world.mustGet(bucketId, 'big')
      const { body } = version
      check.ok(body.kind === 'manifest')
      const keep = async (key: Buffer): Promise<Mutation> => {
        const {
          values: [value],
        } = await world.opened.engine.read({ keys: [key] })
        check.ok(value !== null && value !== undefined)
        return { kind: 'set', key, value }
      }
      const [page, part] = [manifestPageKey(body.uploadId, 0), partKey(body.uploadId, 2)]
      const undo = [await keep(page), await keep(part)]
      await plant(world, [remove(page)])
      check.ok(
        (await found(world)).includes(
          `dangling-manifest: bucket ${bucketId}, current version of key "big"`,
        ),
      )
      await plant(world, [...undo.slice(0, 1), remove(part)])
      check.ok((await found(world)).includes(`dangling-manifest: upload ${body.uploadId}, part 2`))
      await plant(world, [...undo, ...referencesOf(version, bucketId).map(remove)])
      check.deepEqual(await found(world), [
        `missing-reference: bucket ${bucketId}, current version of key "big"`,
      ])
    },
  )

  run('wrong sums of a bucket and of an extent are found', async (world, bucketId) => {
    const deltas = [0n, 0n, 0n, 0n, 0n, 1n, 0n, 0n]
    await plant(world, [
      { kind: 'sum', key: bucketSumKey(bucketId), deltas },
      { kind: 'sum', key: extentSumKey(world.extentId), deltas: [1n, ...deltas.slice(1)] },
    ])
    check.deepEqual(await found(world), [
      `wrong-sums: bucket ${bucketId}`,
      `wrong-extent-sums: extent ${world.extentId}`,
    ])
  })
}

function soundTests(run: Run): void {
  run('what is sound has no findings, in one scan and in partitions', async (world, bucketId) => {
    const other = await world.bucket()
    for (let at = 0; at < 20; at += 1) await world.put(other, `x${at}`)
    check.deepEqual(await found(world), [])
    const { engine } = world.opened
    const whole = await validateIndex(engine)
    check.ok((await estimateRecords(engine)) <= whole.recordsDone)
    check.equal(whole.objects, 30 - 2 + 1 + 20)
    for (const count of [1, 2, 3, 7]) {
      const ranges = await planPartitions(engine, count)
      check.ok(ranges.length >= 1 && ranges.length <= count)
      const parts = await Promise.all(
        ranges.map(
          async (partition) =>
            JSON.parse(
              JSON.stringify(await validatePartition(engine, { partition })),
            ) as PartialValidation,
        ),
      )
      check.deepEqual(await mergeValidation(engine, parts), whole)
    }
    await world.put(bucketId, 'one-more')
  })

  run('nothing is found while all is being written', async (world, bucketId) => {
    const writers = { areDone: false }
    const writing = Promise.all(
      [0, 1, 2].map(async (writer) => {
        for (let at = 0; !writers.areDone; at += 1) {
          await world.put(bucketId, `w${writer}-${at % 7}`)
          if (at % 3 === 0) await world.delete(bucketId, [`w${writer}-${at % 5}`, `k${at % 30}`])
          if (at % 10 === 0) await uploadOnce(world, bucketId, `w${writer}`)
          if (at % 50 === 0) await world.opened.sweep()
        }
      }),
    )
    const reports: ValidationReport[] = []
    for (let round = 0; round < 20; round += 1)
      reports.push(await validateIndex(world.opened.engine))
    writers.areDone = true
    await writing
    for (const report of reports) check.deepEqual(report.findings, [])
    check.deepEqual(await found(world), [])
  })

  run('progress is told, findings are bounded, and a signal ends it', async (world, bucketId) => {
    const { engine } = world.opened
    for (let at = 0; at < 5; at += 1) {
      await plant(world, [await flipped(world, currentKey(bucketId, `k2${at}`), 20)])
    }
    let recordsDone = 0
    const report = await validateIndex(engine, {
      findingsMax: 3,
      onProgress: (progress) => {
        recordsDone = progress.recordsDone
      },
    })
    check.equal(report.findings.length, 3)
    check.equal(report.findingCount, 6)
    check.equal(recordsDone, report.recordsDone)
    await check.rejects(validateIndex(engine, { signal: AbortSignal.abort() }))
  })
}

async function uploadOnce(world: World, bucketId: BucketId, key: string): Promise<void> {
  const uploadId = await world.createUpload(bucketId, key)
  const part = await world.putPart(bucketId, key, uploadId, 1)
  await world.complete(bucketId, key, uploadId, [part])
}
