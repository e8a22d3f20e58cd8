// What records themselves say of extents, without the reverse records: the second scan before an
// extent's bytes go. One scan serves any number of extents. A record that is damaged may name any
// of them, so it ends the scan with its error, and nothing is removed.

import type { ExtentId } from '../base/id.ts'
import type { EngineReader, KeyRange } from '../engine/engine.ts'
import type { Location } from '../base/location.ts'
import { bodyOf } from './body.ts'
import { decodeArchiveBlob } from './consumer-record.ts'
import { SPACE, spaceRange } from './keys.ts'
import { checkObjectRecord } from './object-record.ts'
import { decodePartRecord } from './part-record.ts'
import { VisitorGuard, readEngine } from './reading.ts'
import { isNullSlot } from './set-hash.ts'
import { readId, type UploadId } from '../base/id.ts'

const PAGE_ENTRIES = 5000

/** Whose records name blobs, and how to read them. */
const NAMING: readonly (KeyRange & {
  readonly locations: (key: Buffer, value: Buffer) => readonly Location[]
})[] = [
  { ...spaceRange(SPACE.current), locations: versionLocations },
  { ...spaceRange(SPACE.versions), locations: versionLocations },
  { ...spaceRange(SPACE.part), locations: partLocations },
  {
    ...spaceRange(SPACE.archiveBlob),
    locations: (key, value) => [decodeArchiveBlob(Buffer.from(key), value).location],
  },
]

/** Those of `extentIds` that a version, a part or an archive blob names. @throws ObjectIndexError */
export async function findReferences(
  engine: EngineReader,
  extentIds: ReadonlySet<ExtentId>,
  signal?: AbortSignal,
  pause?: () => Promise<void>,
): Promise<ReadonlySet<ExtentId>> {
  const found = new Set<ExtentId>()
  if (extentIds.size === 0) return found
  for (const { start, end, locations } of NAMING) {
    await visitAll(
      engine,
      { start, end },
      signal,
      (key, value) => {
        for (const { extentId } of locations(key, value)) {
          if (extentIds.has(extentId)) found.add(extentId)
        }
      },
      pause,
    )
    if (found.size === extentIds.size) break
  }
  return found
}

/** Every record of a range, in pages that each have a snapshot of their own; `pause` between them. */
export async function visitAll(
  engine: EngineReader,
  { start, end }: KeyRange,
  signal: AbortSignal | undefined,
  visit: (key: Buffer, value: Buffer) => void,
  pause: () => Promise<void> = async () => undefined,
): Promise<void> {
  let next: Uint8Array = start
  for (;;) {
    signal?.throwIfAborted()
    const guard = new VisitorGuard()
    let count = 0
    let last: Buffer | null = null
    await readEngine(engine, {
      ranges: [
        {
          range: { start: next, end },
          limit: PAGE_ENTRIES,
          visit: guard.wrap((key, value) => {
            visit(key, value)
            count += 1
            if (count < PAGE_ENTRIES) return 'next'
            last = Buffer.from(key)
            return 'stop'
          }),
        },
      ],
    })
    guard.rethrow()
    if (last === null) return
    await pause()
    next = Buffer.concat([last, Buffer.of(0)])
  }
}

function versionLocations(key: Buffer, value: Buffer): readonly Location[] {
  if (isNullSlot(key)) return []
  checkObjectRecord(key, value)
  const body = bodyOf(value)
  return body.kind === 'blobs' ? body.locations : []
}

function partLocations(key: Buffer, value: Buffer): readonly Location[] {
  const uploadId = readId<UploadId>(key, 1)
  return decodePartRecord(uploadId, key.readUInt16BE(key.length - 2), value).locations
}
