// Parts of a completed upload by byte offset or by ordinal: the manifest's pages say which part it
// is, the part's own record where its bytes lie.

import type { UploadId } from '../base/id.ts'
import { partOf } from './list-uploads.ts'
import { SPACE, after, idKey, manifestPageKey, partKey } from './keys.ts'
import { ObjectIndexError, type ManifestPart } from './object-index.ts'
import { MANIFEST_PAGE_PARTS, decodeManifestPage, type ManifestPage } from './part-record.ts'
import { VisitorGuard, readEngine, type ReadEngine } from './reading.ts'

/** 10,000 parts are three pages. */
const PAGES_MAX = 10

interface Placed {
  readonly partNumber: number
  readonly offset: number
}

/**
 * Parts from the one that holds byte `offset` on. Parts of no length hold no byte: they come only
 * behind one that does.
 */
export async function manifestParts(
  engine: ReadEngine,
  uploadId: UploadId,
  offset: number,
  limit: number,
): Promise<readonly ManifestPart[]> {
  const wanted: Placed[] = []
  const guard = new VisitorGuard()
  const prefix = idKey(SPACE.manifestPage, uploadId)
  await readEngine(engine, {
    ranges: [
      {
        range: { start: prefix, end: after(prefix) },
        limit: PAGES_MAX,
        visit: guard.wrap((key, value) => {
          const page = decodeManifestPage(uploadId, key.readUInt16BE(key.length - 2), value)
          collect(page, offset, limit, wanted)
          return wanted.length < limit ? 'next' : 'stop'
        }),
      },
    ],
  })
  guard.rethrow()
  return partsAt(engine, uploadId, wanted)
}

function collect(page: ManifestPage, offset: number, limit: number, into: Placed[]): void {
  let at = page.startOffset
  for (const { partNumber, sizeBytes } of page.parts) {
    if (into.length === limit) return
    if (into.length > 0 || (at <= offset && offset < at + sizeBytes)) {
      into.push({ partNumber, offset: at })
    }
    at += sizeBytes
  }
}

export async function manifestPart(
  engine: ReadEngine,
  uploadId: UploadId,
  ordinal: number,
): Promise<ManifestPart | null> {
  if (ordinal < 1) return null
  const number = Math.floor((ordinal - 1) / MANIFEST_PAGE_PARTS)
  const { values } = await readEngine(engine, { keys: [manifestPageKey(uploadId, number)] })
  const value = values[0] ?? null
  if (value === null) return null
  const page = decodeManifestPage(uploadId, number, value)
  const index = (ordinal - 1) % MANIFEST_PAGE_PARTS
  const part = page.parts[index]
  if (part === undefined) return null
  const offset = page.parts
    .slice(0, index)
    .reduce((sum, { sizeBytes }) => sum + sizeBytes, page.startOffset)
  return (await partsAt(engine, uploadId, [{ partNumber: part.partNumber, offset }]))[0] ?? null
}

async function partsAt(
  engine: ReadEngine,
  uploadId: UploadId,
  wanted: readonly Placed[],
): Promise<ManifestPart[]> {
  if (wanted.length === 0) return []
  const { values } = await readEngine(engine, {
    keys: wanted.map(({ partNumber }) => partKey(uploadId, partNumber)),
  })
  return wanted.map(({ partNumber, offset }, index) => {
    const value = values[index] ?? null
    if (value === null) {
      // The version went between the two reads, with its parts; or a record is missing.
      throw new ObjectIndexError(
        'unavailable',
        `upload ${uploadId}: part ${partNumber} of its manifest is gone; look the version up again`,
      )
    }
    return { ...partOf(uploadId, partNumber, value), offset }
  })
}
