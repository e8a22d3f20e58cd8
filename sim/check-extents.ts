// Every byte of an extent is referenced, free, or waits for compaction: what is referenced is there
// and whole, no two blobs share a byte, what is parked has no reference, and the sums by which
// placement tells what is free are what the references come to.

import type { ExtentId } from '../src/base/id.ts'
import type { Location } from '../src/base/location.ts'
import type { ExtentUse, ObjectIndexReader } from '../src/object-index/object-index.ts'
import { recordSizeBytes } from '../src/placement/garbage.ts'
import type { ScannedBlob } from '../src/storage/storage.ts'
import { isDamaged } from './damage.ts'
import type { CheckParts, Finding } from './region.ts'

const PAGE = 1000
const TRIES = 3
/** Longer than a turn of what goes on in the background. */
const PAUSE_MS = 2000

export async function checkExtents(parts: CheckParts): Promise<readonly Finding[]> {
  let findings: readonly Finding[] = []
  // The region lives: what moves while it is looked at is looked at again.
  for (let tries = 0; tries < TRIES; tries += 1) {
    findings = await lookOnce(parts)
    if (findings.length === 0) return []
    await parts.region.clock.sleep(PAUSE_MS)
  }
  return findings
}

async function lookOnce(parts: CheckParts): Promise<readonly Finding[]> {
  const { index, storage } = parts.region.writer
  const files = new Set(await storage.extents())
  const faults: string[] = []
  for (const use of await index.extents()) {
    const { extentId, state } = use.record
    const about = (message: string): void => {
      faults.push(`extent ${extentId} (${use.record.layout}, ${state}): ${message}`)
    }
    const locations = await referencesOf(index, extentId)
    checkSums(use, locations, about)
    checkPlaces(use, locations, about)
    if (state === 'parked' && locations.length > 0) about('it is parked and referenced')
    if (files.has(extentId)) await checkBlobs(parts, use, locations, about)
    else if (locations.length > 0) about('it has no file, and is referenced')
  }
  return faults.map((message) => ({ check: 'extents', message, keys: [] }))
}

async function referencesOf(
  index: ObjectIndexReader,
  extentId: ExtentId,
): Promise<readonly Location[]> {
  const all: Location[] = []
  for (let from = 0; ;) {
    const page = await index.references(extentId, from, PAGE)
    all.push(...page.map(({ location }) => location))
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE) return all
    from = last.location.offset + 1
  }
}

function checkSums(
  use: ExtentUse,
  locations: readonly Location[],
  about: (message: string) => void,
): void {
  const bytes = locations.reduce((sum, { dataSizeBytes }) => sum + dataSizeBytes, 0)
  if (use.references !== locations.length || use.referencedBytes !== bytes) {
    about(
      `its sums say ${use.references} references of ${use.referencedBytes} bytes, ` +
        `there are ${locations.length} of ${bytes}`,
    )
  }
}

/** No two blobs share a byte, and a sealed extent reaches as far as the last of them. */
function checkPlaces(
  { record }: ExtentUse,
  locations: readonly Location[],
  about: (message: string) => void,
): void {
  let end = 0
  /** As an extent's record counts it: without what stands behind the data. */
  let dataEnd = 0
  let last: Location | null = null
  for (const location of locations.toSorted((a, b) => a.offset - b.offset)) {
    const isSame = last?.offset === location.offset
    if (isSame && last?.checksum !== location.checksum) about('two blobs have one place')
    if (!isSame && location.offset < end) about(`blobs share bytes at ${location.offset}`)
    const { dataSizeBytes, headerSizeBytes, offset } = location
    end = Math.max(end, offset + recordSizeBytes(location, 'packed'))
    dataEnd = Math.max(dataEnd, offset + headerSizeBytes + dataSizeBytes)
    last = location
  }
  if (end > record.capacityBytes) about(`a blob ends behind its room, at ${end}`)
  if (record.state === 'sealed' && dataEnd > record.sizeBytes) {
    about(`it is sealed at ${record.sizeBytes}, a blob ends at ${dataEnd}`)
  }
}

/** Each reference leads to a whole blob, where nothing damaged it. */
async function checkBlobs(
  { damage, region }: CheckParts,
  { record }: ExtentUse,
  locations: readonly Location[],
  about: (message: string) => void,
): Promise<void> {
  const found = new Map<number, ScannedBlob>()
  for await (const blob of region.writer.storage.scan(record.extentId)) {
    if (!('kind' in blob)) found.set(blob.location.offset, blob)
  }
  for (const location of locations) {
    if (isDamaged(location, damage)) continue
    const blob = found.get(location.offset)
    const isThere =
      blob !== undefined &&
      blob.trailer !== null &&
      blob.location.dataSizeBytes === location.dataSizeBytes &&
      blob.location.headerSizeBytes === location.headerSizeBytes &&
      blob.location.checksum === location.checksum
    if (!isThere) about(`nothing whole is at ${location.offset}, and it is referenced`)
  }
}
