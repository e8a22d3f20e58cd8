// The index that comes back from the data alone is the one there is: the archive is brought up to
// now first, so that the window which a rebuild may lose is empty.

import { openMemoryEngine } from '../src/engine/memory.ts'
import type { EngineReader } from '../src/engine/engine.ts'
import { describeKey } from '../src/object-index/describe-key.ts'
import { SPACE } from '../src/object-index/keys.ts'
import type { ObjectIndexReader } from '../src/object-index/object-index.ts'
import { openObjectIndexReader } from '../src/object-index/object-index-reader.ts'
import { rebuildIndex } from '../src/object-index/rebuild.ts'
import { visitAll } from '../src/object-index/rebuild-references.ts'
import { recordSizeBytes } from '../src/placement/garbage.ts'
import type { ScanDamage } from '../src/storage/storage.ts'
import { usageFindings } from './check-usage.ts'
import type { CheckParts, Finding } from './region.ts'

const LAST_KEY: Buffer = Buffer.alloc(1979, 0xff)
/** Extents' states, the archiver's own records and its extents' sums go on moving. */
const OWN_SPACES: ReadonlySet<number> = new Set([
  SPACE.consumer,
  SPACE.archiveBlob,
  SPACE.extent,
  SPACE.extentSum,
])
/** In a reverse record's key, the place and the value that say it is of the archive. */
const REFERRER_AT = 23
const ARCHIVE_REFERRER = 3
/** More than an extent of a run has. */
const REFERENCES_MAX = 1000

export async function checkRebuild({ damage, region }: CheckParts): Promise<readonly Finding[]> {
  if (damage.length > 0) return [] // what cannot be read cannot be rebuilt from
  const { clock, driveId, random, writer } = region
  // What moves blobs goes on meanwhile: each record is as it was at one of three moments.
  const first = await contentsOf(writer.engine)
  await writer.archiver.flush()
  const before = await contentsOf(writer.engine)
  await using engine = openMemoryEngine({ clock })
  await engine.takeEpoch()
  const parts = { storage: writer.storage, engine, clock, random, driveId }
  const report = await rebuildIndex(parts)
  const after = await contentsOf(writer.engine)
  const rebuilt = await contentsOf(engine)
  const faults = [
    ...report.findings,
    ...(await damageOf(writer.index, report.damage)),
    ...(report.gap === null ? [] : [`the archive has a hole: ${report.gap}`]),
    ...differences(rebuilt, [first, before, after]),
  ]
  const usage = await usageFindings(openObjectIndexReader(engine), 'usage of the log')
  return [...faults.map((message) => ({ check: 'rebuild', message, keys: [] })), ...usage]
}

/** Damage where something is referenced: what a process left unfinished when it died is none. */
async function damageOf(
  index: ObjectIndexReader,
  damage: readonly ScanDamage[],
): Promise<readonly string[]> {
  const faults: string[] = []
  for (const { extentId, offset, message } of damage) {
    const references = await index.references(extentId, 0, REFERENCES_MAX)
    const isReferenced = references.some(
      ({ location }) =>
        location.offset <= offset && offset < location.offset + recordSizeBytes(location, 'packed'),
    )
    if (isReferenced) faults.push(`${extentId}:${offset}: ${message}`)
  }
  return faults
}

/** All records of clients' data, as hex. */
async function contentsOf(engine: EngineReader): Promise<ReadonlyMap<string, string>> {
  const records = new Map<string, string>()
  await visitAll(engine, { start: Buffer.of(0), end: LAST_KEY }, undefined, (key, value) => {
    const space = key[0] ?? 0
    const isArchive = space === SPACE.reverse && key[REFERRER_AT] === ARCHIVE_REFERRER
    if (!OWN_SPACES.has(space) && !isArchive) {
      records.set(key.toString('hex'), value.toString('hex'))
    }
  })
  return records
}

/** Records that are not as they were at any of these moments. */
function differences(
  rebuilt: ReadonlyMap<string, string>,
  moments: readonly ReadonlyMap<string, string>[],
): string[] {
  const keys = new Set([...rebuilt.keys(), ...moments.flatMap((moment) => [...moment.keys()])])
  return [...keys]
    .filter((key) => moments.every((moment) => moment.get(key) !== rebuilt.get(key)))
    .map((key) => {
      const has = rebuilt.has(key) ? 'another record' : 'no record'
      return `the rebuilt index has ${has} of ${describeKey(Buffer.from(key, 'hex'))}`
    })
}
