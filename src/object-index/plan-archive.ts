// A consumer's cursor, and with the archiver's the blobs that it wrote or no longer needs, in one
// commit.

import { assert } from '../base/assert.ts'
import { Changes } from './changes.ts'
import { decodeArchiveBlob, encodeArchiveBlob, encodeConsumerRecord } from './consumer-record.ts'
import { archiveBlobKey, consumerKey } from './keys.ts'
import type { IndexOperation, IndexOutcome, Referrer } from './object-index.ts'
import { apply, mergeReads, plan, refuse, type Plan } from './plan.ts'
import { leaseReads, leaseRefusal } from './plan-put.ts'

type Archive = Extract<IndexOperation, { kind: 'archive' }>

/** Blobs added and dropped in one operation. */
const ARCHIVE_BLOBS_MAX = 200

export function planArchive(operation: Archive): Plan<IndexOutcome> {
  const { added, dropped, consumer, cursor, writerId } = operation
  assert(
    added.length + dropped.length <= ARCHIVE_BLOBS_MAX,
    `an archive operation names at most ${ARCHIVE_BLOBS_MAX} blobs`,
  )
  const locations = added.map((blob) => blob.location)
  const reads = mergeReads([leaseReads(locations), { keys: dropped.map(archiveBlobKey) }])
  return plan(reads, (overlay) => {
    const lost = leaseRefusal(overlay, locations, writerId)
    if (lost !== null) return refuse(lost)
    const changes = new Changes()
    for (const blob of added) {
      changes.set(archiveBlobKey(blob), encodeArchiveBlob(blob))
      changes.addReference(blob.location, referrerOf(blob), 'new', blob)
    }
    for (const blob of dropped) {
      const key = archiveBlobKey(blob)
      const value = overlay.get(key)
      // Dropping twice is done once; compaction may have moved the blob meanwhile.
      if (value === null) continue
      changes.delete(key)
      changes.dropReference(decodeArchiveBlob(key, value).location, referrerOf(blob))
    }
    changes.set(consumerKey(consumer), encodeConsumerRecord(consumer, cursor))
    return apply(changes, { kind: 'done', versionId: null, lastModifiedMs: overlay.nowMs })
  })
}

function referrerOf(blob: Archive['added'][number]): Referrer {
  return { kind: 'archive', blobId: blob.blobId }
}
