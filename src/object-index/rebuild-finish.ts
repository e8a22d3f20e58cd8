// The last steps of a rebuild, each a commit that the next archiver copies: the archive goes on in a
// new incarnation, the blobs it was rebuilt from are referenced (else compaction would take the only
// copy of the log), and what was open is sealed.

import type { Clock } from '../base/clock.ts'
import { newId, type CommitId, type ExtentId, type WriterId } from '../base/id.ts'
import { EXTENT_SIZE_BYTES_MAX } from '../base/limits.ts'
import type { Random } from '../base/random.ts'
import type { Engine, Mutation } from '../engine/engine.ts'
import { ARCHIVER, ARCHIVER_FOLLOWS, ARCHIVER_INCARNATIONS } from './archive-state.ts'
import { NOTHING } from './archive-format.ts'
import { Changes } from './changes.ts'
import { encodeArchiveBlob, encodeConsumerRecord } from './consumer-record.ts'
import { encodeExtentRecord, extentKey } from './extent-record.ts'
import { archiveBlobKey, consumerKey } from './keys.ts'
import type { ArchiveBlob, Cursor, ObjectIndexReader } from './object-index.ts'
import { openObjectIndex } from './object-index-service.ts'
import { indexError } from './reading.ts'
import type { RebuildPlan } from './rebuild-plan.ts'
import type { Replayed } from './rebuild-replay.ts'
import type { ArchiveScan } from './rebuild-scan.ts'

export interface FinishParts {
  readonly engine: Engine
  readonly clock: Clock
  readonly random: Random
  readonly driveId: string
  readonly scan: ArchiveScan
  readonly plan: RebuildPlan
  readonly replayed: Replayed
}

const BLOBS_A_PAGE = 1000

export async function finishRebuild(parts: FinishParts): Promise<void> {
  const { engine, clock, random, replayed } = parts
  const { versionstamp } = engine.status()
  try {
    await engine.trim(versionstamp)
  } catch (cause) {
    throw indexError(cause)
  }
  const incarnation = newestIncarnation(parts) + 1
  await commit(parts, [
    cursorRecord(ARCHIVER, versionstamp),
    cursorRecord(ARCHIVER_INCARNATIONS, {
      incarnation: incarnation - versionstamp.incarnation,
      sequence: 0,
    }),
    cursorRecord(ARCHIVER_FOLLOWS, replayed.lastStamp),
  ])
  const index = openObjectIndex({ engine, clock, random })
  await nameArchive(parts, index)
  for (const { record } of await index.extents()) {
    if (record.state !== 'open') continue
    await index.apply({ kind: 'seal-extent', extentId: record.extentId }, newId<CommitId>(random))
  }
  await index[Symbol.asyncDispose]()
}

function cursorRecord(name: string, cursor: Cursor): Mutation {
  return { kind: 'set', key: consumerKey(name), value: encodeConsumerRecord(name, cursor) }
}

/** Of all that was found, used or not: no two entries ever have one stamp. */
function newestIncarnation({ scan, replayed }: FinishParts): number {
  let newest = replayed.lastStamp.incarnation
  for (const { head } of scan.logs) newest = Math.max(newest, head.last.incarnation)
  for (const { head } of scan.pages) newest = Math.max(newest, head.start.incarnation)
  return newest
}

/** References the archive blobs that were used, where their own commit is not in the archive. */
async function nameArchive(parts: FinishParts, index: ObjectIndexReader): Promise<void> {
  const { plan, replayed } = parts
  const used: ArchiveBlob[] = replayed.used.map(({ blobId, location, head, level }) => ({
    blobId,
    kind: 'log',
    location,
    from: head.first,
    to: head.last,
    page: level,
  }))
  for (const { blobId, location, head } of plan.checkpoint?.pages ?? []) {
    used.push({
      blobId,
      kind: 'checkpoint',
      location,
      from: head.start,
      to: head.end ?? NOTHING,
      page: head.page,
    })
  }
  const named = new Set([
    ...(await namedBlobs(index, 'log')),
    ...(await namedBlobs(index, 'checkpoint')),
  ])
  const extents = new Set((await index.extents()).map(({ record }) => record.extentId))
  for (const blob of used) {
    if (named.has(blob.blobId)) continue
    const changes = new Changes()
    if (!extents.has(blob.location.extentId)) addExtent(parts, changes, blob.location.extentId)
    extents.add(blob.location.extentId)
    changes.set(archiveBlobKey(blob), encodeArchiveBlob(blob))
    changes.addReference(blob.location, { kind: 'archive', blobId: blob.blobId }, 'new', blob)
    await commit(parts, changes.finish())
  }
}

async function namedBlobs(
  index: ObjectIndexReader,
  kind: ArchiveBlob['kind'],
): Promise<readonly string[]> {
  const names: string[] = []
  let page = await index.archiveBlobs(kind, null, BLOBS_A_PAGE)
  while (page.length > 0) {
    names.push(...page.map(({ blobId }) => blobId))
    page = await index.archiveBlobs(kind, page.at(-1) ?? null, BLOBS_A_PAGE)
  }
  return names
}

/** An extent that was leased after the archive's end, but holds its last piece. It is sealed next. */
function addExtent({ random, driveId }: FinishParts, changes: Changes, extentId: ExtentId): void {
  changes.set(
    extentKey(extentId),
    encodeExtentRecord({
      extentId,
      state: 'open',
      driveId,
      writerId: newId<WriterId>(random),
      layout: 'packed',
      capacityBytes: EXTENT_SIZE_BYTES_MAX,
      sizeBytes: 0,
      changedAtMs: 0,
    }),
  )
}

async function commit(
  { engine, random }: FinishParts,
  mutations: readonly Mutation[],
): Promise<void> {
  try {
    await engine.commit({
      id: newId<CommitId>(random),
      reads: {},
      decide: () => ({ kind: 'apply', mutations, result: null }),
    })
  } catch (cause) {
    throw indexError(cause)
  }
}
