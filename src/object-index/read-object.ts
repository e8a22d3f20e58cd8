// One version of one key, as HEAD and GET ask for it: the current one is a single get.

import { assert } from '../base/assert.ts'
import type { BucketId } from '../base/id.ts'
import { requireSoundGap } from './absence.ts'
import { corrupt } from './binary.ts'
import { decodeNullSlot } from './key-state.ts'
import { currentKey, nullSlotKey, versionKey, versionsOf } from './keys.ts'
import { ObjectIndexError, type ObjectVersion, type VersionSelector } from './object-index.ts'
import {
  checkObjectRecord,
  decodeObjectRecord,
  orderOf,
  toObjectVersion,
  versionIdOf,
} from './object-record.ts'
import { orderIn } from './plan-delete.ts'
import { VisitorGuard, readEngine, type ReadEngine } from './reading.ts'

/** How often a null version that moves while it is looked for is looked for again. */
const NULL_TRIES = 5
/** How often a record that comes and goes is looked for before its key is said to be damaged. */
const ABSENCE_TRIES = 5

/** @throws ObjectIndexError `corrupt`, naming the record */
export async function lookup(
  engine: ReadEngine,
  bucketId: BucketId,
  key: string,
  version: VersionSelector,
): Promise<ObjectVersion | null> {
  const at = currentKey(bucketId, key)
  switch (version.kind) {
    case 'latest': {
      const { values } = await readEngine(engine, { keys: [at] })
      const value = values[0] ?? null
      if (value !== null) return toObjectVersion(decodeObjectRecord(at, value), key, true)
      return (await snapshotOf(engine, bucketId, key, [])).newest() ?? lookupAgain(engine, at, key)
    }
    case 'id': {
      const order = orderIn(version.versionId)
      if (order === null) return null
      const found = (
        await snapshotOf(engine, bucketId, key, [versionKey(bucketId, key, order)])
      ).at(order)
      return found?.versionId === version.versionId ? found : null
    }
    case 'null':
      return lookupNull(engine, bucketId, key)
  }
}

/** What was not found is not there, if nothing led the search astray; or was written since. */
async function lookupAgain(
  engine: ReadEngine,
  at: Buffer,
  key: string,
): Promise<ObjectVersion | null> {
  for (let tries = 0; tries < ABSENCE_TRIES; tries += 1) {
    if (!(await requireSoundGap(engine, { below: at, above: at }))) return null
    const { values } = await readEngine(engine, { keys: [at] })
    const value = values[0] ?? null
    if (value !== null) return toObjectVersion(decodeObjectRecord(at, value), key, true)
  }
  throw corrupt(at, 'the record is there, and not found by its key')
}

async function lookupNull(
  engine: ReadEngine,
  bucketId: BucketId,
  key: string,
): Promise<ObjectVersion | null> {
  const slotKey = nullSlotKey(bucketId, key)
  for (let tries = 0; tries < NULL_TRIES; tries += 1) {
    const before = await snapshotOf(engine, bucketId, key, [slotKey])
    const current = before.current()
    if (current?.isNull === true) return current
    if (before.extra === null) return null
    const order = decodeNullSlot(slotKey, before.extra)
    const after = await snapshotOf(engine, bucketId, key, [versionKey(bucketId, key, order)])
    const found = after.at(order)
    if (found?.isNull === true) return found
  }
  throw new ObjectIndexError(
    'unavailable',
    `key ${JSON.stringify(key)} of bucket ${bucketId} ` +
      'changes faster than its null version can be read; try again',
  )
}

/** The current record, one more key, and the newest of the other versions, of one moment. */
async function snapshotOf(
  engine: ReadEngine,
  bucketId: BucketId,
  key: string,
  extra: readonly Buffer[],
): Promise<KeySnapshot> {
  const guard = new VisitorGuard()
  const currentAt = currentKey(bucketId, key)
  let newest: { key: Buffer; value: Buffer } | null = null
  const { values } = await readEngine(engine, {
    keys: [currentAt, ...extra],
    ranges: [
      {
        range: versionsOf(bucketId, key),
        limit: 1,
        visit: guard.wrap((at, value) => {
          newest = { key: Buffer.from(at), value: Buffer.from(value) }
          return 'stop'
        }),
      },
    ],
  })
  guard.rethrow()
  return new KeySnapshot(
    key,
    currentAt,
    values[0] ?? null,
    extra[0] ?? null,
    values[1] ?? null,
    newest,
  )
}

class KeySnapshot {
  readonly extra: Buffer | null
  private readonly key: string
  private readonly currentAt: Buffer
  private readonly currentValue: Buffer | null
  private readonly extraAt: Buffer | null
  private readonly newestOther: { key: Buffer; value: Buffer } | null

  constructor(
    key: string,
    currentAt: Buffer,
    currentValue: Buffer | null,
    extraAt: Buffer | null,
    extra: Buffer | null,
    newestOther: { key: Buffer; value: Buffer } | null,
  ) {
    assert(extra === null || extraAt !== null, 'a value has its key')
    this.key = key
    this.currentAt = currentAt
    this.currentValue = currentValue
    this.extraAt = extraAt
    this.extra = extra
    this.newestOther = newestOther
  }

  current(): ObjectVersion | null {
    if (this.currentValue === null) return null
    return toObjectVersion(decodeObjectRecord(this.currentAt, this.currentValue), this.key, true)
  }

  newest(): ObjectVersion | null {
    const current = this.current()
    if (current !== null || this.newestOther === null) return current
    const { key, value } = this.newestOther
    return toObjectVersion(decodeObjectRecord(key, value), this.key, true)
  }

  /** The version of this order: current, or the record that was asked for besides. */
  at(order: number): ObjectVersion | null {
    if (this.currentValue !== null) {
      checkObjectRecord(this.currentAt, this.currentValue)
      if (orderOf(this.currentValue) === order) return this.current()
    }
    if (this.extra === null || this.extraAt === null) return null
    const record = decodeObjectRecord(this.extraAt, this.extra)
    const isLatest =
      this.currentValue === null &&
      this.newestOther !== null &&
      versionIdOf(this.newestOther.value) === versionIdOf(this.extra)
    return toObjectVersion(record, this.key, isLatest)
  }
}
