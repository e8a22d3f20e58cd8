// Finds the archive's blobs on a drive: every extent is scanned, whatever the index said of it.

import type { ExtentId } from '../base/id.ts'
import type { ScanDamage, ScannedBlob, Storage } from '../storage/storage.ts'
import { decodeArchiveHead, type ArchiveHead } from './archive-format.ts'
import { ObjectIndexError } from './object-index.ts'
import type { FoundLog, FoundPage } from './rebuild-plan.ts'

export interface ArchiveScan {
  readonly extentIds: readonly ExtentId[]
  readonly logs: readonly FoundLog[]
  readonly pages: readonly FoundPage[]
  readonly damage: readonly ScanDamage[]
}

/** Damage kept; what lies in damaged places is missed one way or the other. */
const DAMAGE_MAX = 10_000

/** Scans all extents for archive blobs that were finished. */
export async function scanArchive(
  storage: Storage,
  note: (done: number, total: number) => void,
  signal: AbortSignal | undefined,
): Promise<ArchiveScan> {
  const logs: FoundLog[] = []
  const pages: FoundPage[] = []
  const damage: ScanDamage[] = []
  const extentIds = await storage.extents()
  for (const [index, extentId] of extentIds.entries()) {
    signal?.throwIfAborted()
    note(index, extentIds.length)
    for await (const found of storage.scan(extentId)) {
      if ('kind' in found) {
        if (damage.length < DAMAGE_MAX) damage.push(found)
        continue
      }
      if (!isArchive(found)) continue
      const head = headOf(found)
      const {
        header: { blobId, owner },
        location,
      } = found
      if (head === null) {
        damage.push({
          kind: 'damage',
          extentId,
          offset: location.offset,
          message: 'an archive blob does not say what it holds',
        })
      } else if (head.kind === 'log') {
        logs.push({ blobId, location, head, level: 'page' in owner ? owner.page : 0 })
      } else {
        pages.push({ blobId, location, head })
      }
    }
  }
  note(extentIds.length, extentIds.length)
  return { extentIds, logs, pages, damage }
}

function isArchive({ header, trailer }: ScannedBlob): boolean {
  const { kind } = header.owner
  return trailer !== null && (kind === 'archive-log' || kind === 'archive-checkpoint')
}

function headOf({ header }: ScannedBlob): ArchiveHead | null {
  try {
    return decodeArchiveHead(header.metadata)
  } catch (cause) {
    if (cause instanceof ObjectIndexError) return null
    throw cause
  }
}
