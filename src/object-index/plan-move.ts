// Compaction decided: the referrers of one blob, each checked, are rewritten to name its new place.
// A commit takes as many as it has room for (a blob has at most 250 referrers, but their records
// may be large); between two such commits both places hold the same bytes, so nothing is ever
// wrong.

import type { Overlay } from '../engine/engine.ts'
import type { Location } from '../base/location.ts'
import { bodyOf, isSameLocation } from './body.ts'
import { Changes, type BlobOrigin } from './changes.ts'
import { decodeArchiveBlob, encodeArchiveBlob } from './consumer-record.ts'
import { storedAt } from './key-state.ts'
import { archiveBlobKey, currentKey, partKey, reverseKey, versionKey } from './keys.ts'
import type { ArchiveBlob, IndexOperation, Referrer } from './object-index.ts'
import { decodeObjectRecord, encodeObjectRecord, orderOf } from './object-record.ts'
import { decodePartRecord, encodePartRecord } from './part-record.ts'
import { apply, mergeReads, plan, refuse, type Plan } from './plan.ts'
import { leaseReads, leaseRefusal } from './plan-put.ts'
import type { DecodedReference } from './reverse-record.ts'

type Move = Extract<IndexOperation, { kind: 'move-blob' }>

/** Mutations and bytes at which a commit takes no further referrer. */
const MUTATIONS_MAX = 980
const SIZE_BYTES_MAX = 900 * 1024
const REFERRER_SIZE_BYTES_MAX = 40 * 1024

export interface Moved {
  readonly kind: 'moved'
  /** How many of the first references were moved. */
  readonly count: number
}

/** `references` are the blob's, as they were read just before; at least one. */
export function planMove(operation: Move, references: readonly DecodedReference[]): Plan<Moved> {
  const { from, to, writerId } = operation
  const reads = mergeReads([
    leaseReads([to]),
    { keys: references.flatMap((reference) => keysOfReference(reference)) },
  ])
  return plan(reads, (overlay) => {
    const lost = leaseRefusal(overlay, [to], writerId)
    if (lost !== null) return refuse(lost)
    const changes = new Changes()
    let count = 0
    for (const reference of references) {
      if (
        changes.count + 5 > MUTATIONS_MAX ||
        changes.sizeBytes + REFERRER_SIZE_BYTES_MAX > SIZE_BYTES_MAX
      )
        break
      if (
        !isSameLocation(reference.location, from) ||
        !rewrite(changes, overlay, { from, to, reference, origin: count === 0 ? 'new' : 'shared' })
      )
        return refuse('blob-changed')
      count += 1
    }
    return apply(changes, { kind: 'moved', count })
  })
}

/** The reverse record's own key, then those under which its referrer may stand. */
export function keysOfReference(reference: DecodedReference): Buffer[] {
  const { location, referrer, archive } = reference
  const own = reverseKey(location.extentId, location.offset, referrer)
  switch (referrer.kind) {
    case 'version':
      return [
        own,
        currentKey(referrer.bucketId, referrer.key),
        versionKey(referrer.bucketId, referrer.key, Number(referrer.order)),
      ]
    case 'part':
      return [own, partKey(referrer.uploadId, referrer.partNumber)]
    case 'archive':
      return archive === null
        ? [own]
        : [own, archiveBlobKey({ ...archive, blobId: referrer.blobId })]
  }
}

interface Rewriting {
  readonly origin: BlobOrigin
  readonly from: Location
  readonly to: Location
  readonly reference: DecodedReference
}

/** False where the referrer is not as the reference says. */
function rewrite(changes: Changes, overlay: Overlay, rewriting: Rewriting): boolean {
  const { from, to, reference } = rewriting
  const { referrer } = reference
  if (overlay.get(reverseKey(from.extentId, from.offset, referrer)) === null) return false
  let blob: ArchiveBlob | null = null
  switch (referrer.kind) {
    case 'version':
      if (!rewriteVersion(changes, overlay, rewriting, referrer)) return false
      break
    case 'part':
      if (!rewritePart(changes, overlay, rewriting, referrer)) return false
      break
    case 'archive':
      blob = rewriteArchive(changes, overlay, rewriting, referrer)
      if (blob === null) return false
  }
  changes.dropReference(from, referrer)
  changes.addReference(to, referrer, rewriting.origin, blob)
  return true
}

/** The set hash leaves locations out, so a bucket's sums stay as they are. */
function rewriteVersion(
  changes: Changes,
  overlay: Overlay,
  { from, to }: Rewriting,
  referrer: Extract<Referrer, { kind: 'version' }>,
): boolean {
  const order = Number(referrer.order)
  const keys = [
    currentKey(referrer.bucketId, referrer.key),
    versionKey(referrer.bucketId, referrer.key, order),
  ]
  for (const key of keys) {
    const stored = storedAt(overlay, key)
    if (stored === null || orderOf(stored.value) !== order) continue
    const body = bodyOf(stored.value)
    const locations = body.kind === 'blobs' ? replaced(body.locations, from, to) : null
    if (locations === null) return false
    const record = decodeObjectRecord(key, stored.value)
    changes.set(key, encodeObjectRecord(key, { ...record, body: { kind: 'blobs', locations } }))
    return true
  }
  return false
}

function rewritePart(
  changes: Changes,
  overlay: Overlay,
  { from, to }: Rewriting,
  referrer: Extract<Referrer, { kind: 'part' }>,
): boolean {
  const { uploadId, partNumber } = referrer
  const key = partKey(uploadId, partNumber)
  const value = overlay.get(key)
  if (value === null) return false
  const part = decodePartRecord(uploadId, partNumber, value)
  const locations = replaced(part.locations, from, to)
  if (locations === null) return false
  changes.set(key, encodePartRecord(uploadId, { ...part, locations }))
  return true
}

function rewriteArchive(
  changes: Changes,
  overlay: Overlay,
  rewriting: Rewriting,
  referrer: Extract<Referrer, { kind: 'archive' }>,
): ArchiveBlob | null {
  const {
    from,
    to,
    reference: { archive },
  } = rewriting
  if (archive === null) return null
  const key = archiveBlobKey({ ...archive, blobId: referrer.blobId })
  const value = overlay.get(key)
  if (value === null) return null
  const blob = decodeArchiveBlob(key, value)
  if (!isSameLocation(blob.location, from)) return null
  const moved: ArchiveBlob = { ...blob, location: to }
  changes.set(key, encodeArchiveBlob(moved))
  return moved
}

/** Null where `from` is not among them. */
function replaced(
  locations: readonly Location[],
  from: Location,
  to: Location,
): readonly Location[] | null {
  let isFound = false
  const next = locations.map((location) => {
    if (!isSameLocation(location, from)) return location
    isFound = true
    return to
  })
  return isFound ? next : null
}
