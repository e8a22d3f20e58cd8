// DeleteObject and DeleteObjects decided, for entries of different keys in one commit: as many of
// them, in order, as a commit has room for. Source: S3.md, 28 and 40 to 42.

import { assert } from '../base/assert.ts'
import type { BucketId } from '../base/id.ts'
import type { Decision, KeyRange, Overlay, Reads } from '../engine/engine.ts'
import { isCorrupt } from './binary.ts'
import { bucketKey } from './bucket-record.ts'
import { bodyOf } from './body.ts'
import { Changes } from './changes.ts'
import {
  firstStored,
  isNullVersion,
  keyReads,
  keyStateIn,
  newestOf,
  nullVersionKey,
  storedAt,
  subjectOf,
  type Depth,
  type KeyState,
  type Stored,
  type Subject,
} from './key-state.ts'
import { versionKey, versionsBelow } from './keys.ts'
import { type Bucket, type DeleteEntry, type DeleteResult, type VersionId } from './object-index.ts'
import {
  FLAG,
  NO_LOCK,
  etagOf,
  hasFlag,
  orderOf,
  versionIdFor,
  versionIdOf,
  type Newcomer,
} from './object-record.ts'
import {
  MoreOnce,
  again,
  apply,
  bucketIn,
  mergeReads,
  plan,
  refuse,
  type Plan,
  type Settled,
} from './plan.ts'
import { placeNewest, removeVersion, replacesOlderNull, type Placing } from './place.ts'

/** Mutations and bytes at which a commit takes no further entry. */
const MUTATIONS_MAX = 1000
const SIZE_BYTES_MAX = 512 * 1024
/** An entry's mutations besides those for the blobs it gives up. */
const ENTRY_MUTATIONS = 16

export interface DeletePlan {
  readonly bucketId: BucketId
  /** Of different keys. */
  readonly entries: readonly DeleteEntry[]
  /** 16 hex digits for the delete marker that an entry may make. */
  readonly randoms: readonly string[]
}

/** Results of the first entries; where there are fewer than entries, the rest is planned anew. */
export interface Deleted {
  readonly kind: 'deleted'
  readonly results: readonly DeleteResult[]
}

interface Target {
  readonly entry: DeleteEntry
  readonly random: string
  readonly subject: Subject
}

export function planDelete(request: DeletePlan, depth: Depth): Plan<Deleted> {
  const { bucketId, entries, randoms } = request
  assert(entries.length > 0, 'a delete names its keys')
  const targets = entries.map((entry, index): Target => ({
    entry,
    random: randoms[index] ?? '',
    subject: subjectOf(bucketId, entry.key),
  }))
  const reads = mergeReads([
    { keys: [bucketKey(bucketId)] },
    ...targets.map((target) => targetReads(target, depth)),
  ])
  const more = new MoreOnce()
  return plan(reads, (overlay) => {
    const bucket = bucketIn(overlay, bucketId)
    if (bucket === null) return refuse('no-such-bucket')
    if (depth === 'current' && bucket.versioning !== 'unversioned') return again()
    const states = targets.map((target) =>
      orDamaged(() => keyStateIn(overlay, target.subject, depth)),
    )
    const asks = mergeReads(
      targets.map((target, index) => {
        const state = states[index] ?? NOTHING
        return state === DAMAGED ? {} : nullReads(target, state, bucket)
      }),
    )
    const isComplete = (asks.keys?.length ?? 0) === 0
    if (!isComplete && !more.hasAsked(overlay)) return { kind: 'more', reads: asks }
    return deleteAll(overlay, bucket, targets, states)
  })
}

const NOTHING: KeyState = { current: null, newestOther: null, nullOrder: 0 }
const DAMAGED = 'damaged'

/** A damaged record holds up the entry that it belongs to, and no other. */
function orDamaged<T>(read: () => T): T | typeof DAMAGED {
  try {
    return read()
  } catch (cause) {
    if (isCorrupt(cause)) return DAMAGED
    throw cause
  }
}

function deleteAll(
  overlay: Overlay,
  bucket: Bucket,
  targets: readonly Target[],
  states: readonly (KeyState | typeof DAMAGED)[],
): Decision<Settled<Deleted>> {
  const changes = new Changes()
  const results: DeleteResult[] = []
  for (const [index, target] of targets.entries()) {
    const state = states[index] ?? NOTHING
    const decided =
      state === DAMAGED ? state : orDamaged(() => decideEntry(overlay, bucket, target, state))
    const action = decided === DAMAGED ? nothing({ outcome: DAMAGED, versionId: null }) : decided
    const isRoom =
      changes.count + action.mutations <= MUTATIONS_MAX && changes.sizeBytes <= SIZE_BYTES_MAX
    if (results.length > 0 && !isRoom) break
    action.act(changes)
    results.push(action.result)
  }
  return apply(changes, { kind: 'deleted', results })
}

/** What the selector makes it necessary to read beforehand. */
function targetReads(target: Target, depth: Depth): Reads {
  const { entry, subject } = target
  const reads = keyReads(subject, depth)
  if (depth === 'current' || entry.version.kind !== 'id') return reads
  const order = orderIn(entry.version.versionId)
  if (order === null) return reads
  return mergeReads([
    reads,
    {
      keys: [versionKey(subject.bucketId, subject.key, order)],
      firsts: [versionsBelow(subject.bucketId, subject.key, order)],
    },
  ])
}

/** The null version and the one behind it, where they are not current and this entry needs them. */
function nullReads(target: Target, state: KeyState, bucket: Bucket): Reads {
  const { entry, subject } = target
  const { bucketId, key } = subject
  if (state.nullOrder === 0) return {}
  if (entry.version.kind === 'null') {
    return {
      keys: [nullVersionKey(subject, state)],
      firsts: [versionsBelow(bucketId, key, state.nullOrder)],
    }
  }
  const isReplaced = entry.version.kind === 'latest' && replacesOlderNull(state, bucket.versioning)
  return isReplaced ? { keys: [nullVersionKey(subject, state)] } : {}
}

interface Action {
  readonly result: DeleteResult
  readonly mutations: number
  act(changes: Changes): void
}

function decideEntry(overlay: Overlay, bucket: Bucket, target: Target, state: KeyState): Action {
  const { entry } = target
  if (entry.version.kind === 'latest') return deleteLatest(overlay, bucket, target, state)
  const found = findVersion(overlay, target, state)
  if (found === null) return nothing({ outcome: 'no-such-version', versionId: null })
  if (!meets(entry, found)) return nothing({ outcome: 'precondition-failed', versionId: null })
  const placing: Placing = {
    subject: target.subject,
    state,
    versioning: bucket.versioning,
    replacedNull: null,
    nowMs: overlay.nowMs,
    origin: 'shared',
  }
  const next = successor(overlay, target, state, found)
  return {
    result: {
      outcome: 'deleted',
      isDeleteMarker: isMarker(found),
      versionId: isNullVersion(found) ? 'null' : versionIdOf(found.value),
    },
    mutations: ENTRY_MUTATIONS + blobsOf(found),
    act: (changes) => removeVersion(changes, placing, found, next),
  }
}

function deleteLatest(overlay: Overlay, bucket: Bucket, target: Target, state: KeyState): Action {
  const { entry, subject, random } = target
  const { current } = state
  const { versioning } = bucket
  if (entry.ifMatch !== null) {
    if (current === null) return nothing({ outcome: 'no-such-key', versionId: null })
    if (!meets(entry, current)) return nothing({ outcome: 'precondition-failed', versionId: null })
  }
  const placing: Placing = {
    subject,
    state,
    versioning,
    replacedNull: null,
    nowMs: overlay.nowMs,
    origin: 'shared',
  }
  if (versioning === 'unversioned') {
    const result = { outcome: 'deleted', versionId: null, isDeleteMarker: false } as const
    if (current === null) return nothing(result)
    return {
      result,
      mutations: ENTRY_MUTATIONS + blobsOf(current),
      act: (changes) => removeVersion(changes, placing, current, null),
    }
  }
  const replacedNull = replacesOlderNull(state, versioning)
    ? storedAt(overlay, nullVersionKey(subject, state))
    : null
  const order =
    1 +
    Math.max(
      0,
      ...[state.current, state.newestOther].map((stored) =>
        stored === null ? 0 : orderOf(stored.value),
      ),
    )
  return {
    result: {
      outcome: 'deleted',
      isDeleteMarker: true,
      versionId: versioning === 'suspended' ? 'null' : versionIdFor(order, random),
    },
    mutations:
      ENTRY_MUTATIONS +
      (current === null ? 0 : blobsOf(current)) +
      (replacedNull === null ? 0 : blobsOf(replacedNull)),
    act: (changes) => {
      placeNewest(
        changes,
        { ...placing, replacedNull },
        markerOf(bucket.ownerId, random, overlay.nowMs),
      )
    },
  }
}

function nothing(result: Omit<DeleteResult, 'isDeleteMarker'>): Action {
  return { result: { isDeleteMarker: false, ...result }, mutations: 0, act: () => undefined }
}

/** The version that the selector names; null where there is none. */
function findVersion(overlay: Overlay, target: Target, state: KeyState): Stored | null {
  const {
    entry: { version },
    subject,
  } = target
  const { current } = state
  if (version.kind === 'null') {
    if (current !== null && isNullVersion(current)) return current
    return state.nullOrder === 0 ? null : storedAt(overlay, nullVersionKey(subject, state))
  }
  if (version.kind === 'latest') return newestOf(state)
  if (current !== null && versionIdOf(current.value) === version.versionId) return current
  const order = orderIn(version.versionId)
  if (order === null || state.newestOther === null) return null
  const stored = storedAt(overlay, versionKey(subject.bucketId, subject.key, order))
  return stored !== null && versionIdOf(stored.value) === version.versionId ? stored : null
}

/** The version that comes to the top when `found` goes; null where `found` is not the newest. */
function successor(
  overlay: Overlay,
  target: Target,
  state: KeyState,
  found: Stored,
): Stored | null {
  if (found === state.current) return state.newestOther
  const isNewest =
    state.current === null &&
    state.newestOther !== null &&
    orderOf(state.newestOther.value) === orderOf(found.value)
  if (!isNewest) return null
  const { bucketId, key } = target.subject
  const range: KeyRange = versionsBelow(bucketId, key, orderOf(found.value))
  return firstStored(overlay, range)
}

function meets(entry: DeleteEntry, found: Stored): boolean {
  return entry.ifMatch === null || entry.ifMatch === '*' || entry.ifMatch === etagOf(found.value)
}

function isMarker(stored: Stored): boolean {
  return hasFlag(stored.value, FLAG.deleteMarker)
}

function blobsOf(stored: Stored): number {
  const body = bodyOf(stored.value)
  return body.kind === 'blobs' ? 2 * body.locations.length : 2
}

function markerOf(ownerId: string, random: string, nowMs: number): Newcomer {
  return {
    ownerId,
    versionRandom: random,
    isDeleteMarker: true,
    lastModifiedMs: nowMs,
    sizeBytes: 0,
    etag: '',
    storageClass: 'STANDARD',
    checksum: null,
    headers: [],
    userMetadata: [],
    tags: [],
    acl: 'private',
    body: { kind: 'blobs', locations: [] },
    lock: NO_LOCK,
    cipher: 0,
    cipherKeyId: new Uint8Array(0),
    replication: 0,
  }
}

/** The order in a version id; null where no version has it. */
export function orderIn(versionId: VersionId): number | null {
  const order = Number.parseInt(versionId.slice(0, 16), 16)
  return Number.isSafeInteger(order) && order > 0 ? order : null
}
