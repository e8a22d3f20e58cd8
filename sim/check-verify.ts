// Verification finds all that the drive damaged of what is referenced, and nothing else.

import type { Disk } from '../src/base/disk.ts'
import type { Location } from '../src/base/location.ts'
import { validateIndex } from '../src/object-index/validate.ts'
import { openScrubber } from '../src/placement/scrub.ts'
import { blockCountOf, blockOffsetOf, blockSizeAt } from '../src/storage/blob-layout.ts'
import { isDamaged, locationsOf } from './damage.ts'
import type { CheckParts, Finding } from './region.ts'

export async function checkVerify(parts: CheckParts): Promise<readonly Finding[]> {
  const { damage, region } = parts
  const { writer, clock } = region
  const { engine, index, storage } = writer
  const report = await validateIndex(engine)
  const faults = report.findings.map((finding) => JSON.stringify(finding))
  if (report.unsettledBuckets > 0) faults.push(`${report.unsettledBuckets} buckets are not proven`)
  const scrub = await openScrubber({ index, storage, clock }).scrub({ rateBytesPerSec: null })
  const found = new Set(scrub.damage.map(({ extentId, offset }) => `${extentId}:${offset}`))
  for (const { extentId, offset, message } of scrub.damage) {
    const location = await locationAt(parts, extentId, offset)
    const isInjected =
      location === null
        ? damage.some((each) => each.extentId === extentId)
        : isDamaged(location, damage)
    if (!isInjected) faults.push(`${extentId}:${offset} is said to be damaged: ${message}`)
  }
  for (const location of await wrongBlobs(parts)) {
    const place = `${location.extentId}:${location.offset}`
    if (!found.has(place)) faults.push(`${place} is damaged, and was not found`)
  }
  return faults.map((message) => ({ check: 'verify', message, keys: [] }))
}

type ExtentIdOf = Location['extentId']

async function locationAt(
  { region }: CheckParts,
  extentId: ExtentIdOf,
  offset: number,
): Promise<Location | null> {
  const [first] = await region.writer.index.references(extentId, offset, 1)
  return first?.location.offset === offset ? first.location : null
}

/** Blobs of objects whose bytes on the drive are not those that the client sent. */
async function wrongBlobs(parts: CheckParts): Promise<readonly Location[]> {
  const { bodies, history, region } = parts
  const { disk, writer } = region
  const wrong: Location[] = []
  for (const operation of history.operations) {
    // Of all versions that stand at the end, whether or not they could be read.
    if (operation.kind !== 'get' || operation.client >= 0) continue
    const { bucketId, key, version: selector } = operation.asked
    const version = await writer.index.lookup(bucketId, key, selector)
    const promised = version === null ? null : bodies.bytesOf(version.etag)
    if (version === null || promised === null) continue
    let at = 0
    for (const location of await locationsOf(writer.index, version)) {
      const bytes = await dataOf(disk, location)
      const { dataSizeBytes } = location
      if (!bytes.equals(promised.subarray(at, at + dataSizeBytes))) wrong.push(location)
      at += dataSizeBytes
    }
  }
  return wrong
}

/** The data of a blob as the drive holds it, whatever its checksums say; none without a file. */
async function dataOf(disk: Disk, location: Location): Promise<Buffer> {
  const { dataSizeBytes, extentId } = location
  if (!(await disk.list('extents')).includes(extentId)) return Buffer.alloc(0)
  const file = await disk.open(`extents/${extentId}`, 'read')
  const blocks: Buffer[] = []
  for (let index = 0; index < blockCountOf(dataSizeBytes); index += 1) {
    const block = Buffer.alloc(blockSizeAt(index, dataSizeBytes))
    await file.read(block, blockOffsetOf(location, index))
    blocks.push(block)
  }
  await file.close()
  return Buffer.concat(blocks)
}
