// What must agree across subsystems, and what the engine keeps for itself: names in the directory
// and buckets in the index, both ways, and the change log that the archive has not taken yet.

import type { BucketId } from '../base/id.ts'
import { ENGINE_KEY_SIZE_BYTES_MAX } from '../base/limits.ts'
import type { BucketName, DirectoryReader } from '../directory/directory.ts'
import { decodeLogEntry, EngineError, stampText } from '../engine/engine.ts'
import type { Engine, EngineReader, KeyRange, Versionstamp } from '../engine/engine.ts'
import { rangeKey } from '../object-index/bucket-record.ts'
import type { Bucket, ObjectIndexReader } from '../object-index/object-index.ts'
import type { Finding } from './verify.ts'

const PAGE_BUCKETS = 1000
const PAGE_ENTRIES = 1000
/** How often a log that is trimmed under its reader is begun anew. */
const TRIM_TRIES = 1000

/** All buckets of the index. @throws ObjectIndexError */
export async function allBuckets(
  index: Pick<ObjectIndexReader, 'bucketsById'>,
): Promise<readonly Bucket[]> {
  const all: Bucket[] = []
  for (let after: BucketId | null = null; ;) {
    const page: readonly Bucket[] = await index.bucketsById(after, PAGE_BUCKETS)
    all.push(...page)
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE_BUCKETS) return all
    after = last.id
  }
}

/**
 * Names that lead nowhere, and buckets with objects that no name leads to. The buckets were listed
 * before the names; what was made or deleted meanwhile is looked at again.
 * @throws ObjectIndexError, DirectoryError
 */
export async function verifyNames(
  parts: {
    readonly index: Pick<ObjectIndexReader, 'bucket' | 'usage'>
    readonly directory: Pick<DirectoryReader, 'bucketByName'>
  },
  names: readonly BucketName[],
  buckets: readonly Bucket[],
): Promise<readonly Finding[]> {
  const { index, directory } = parts
  const findings: Finding[] = []
  const known = new Set(buckets.map(({ id }) => id))
  for (const { name, bucketId } of names) {
    if (known.has(bucketId) || (await index.bucket(bucketId)) !== null) continue
    // A name is made behind its bucket, and marked before that goes: an active one never stands alone.
    const now = await directory.bucketByName(name)
    if (now?.bucketId !== bucketId || now.state !== 'active') continue
    findings.push({
      kind: 'missing-record',
      what: `bucket ${name}`,
      message: `the directory names it, but the index has no record of it under ${bucketId}`,
    })
  }
  const named = new Set(names.map(({ bucketId }) => bucketId))
  for (const { id, name } of buckets) {
    // A crash may leave a new, empty bucket without a name.
    if (named.has(id) || (await index.bucket(id)) === null) continue
    if ((await index.usage(id)).objects === 0) continue
    if ((await directory.bucketByName(name))?.bucketId === id) continue
    findings.push({
      kind: 'missing-record',
      what: `bucket name ${name}`,
      message: `the index has objects of it under ${id}, but the directory does not name it`,
    })
  }
  return findings
}

/** Names buckets without a record of their range. @throws ObjectIndexError, EngineError */
export async function verifyRanges(
  engine: EngineReader,
  index: Pick<ObjectIndexReader, 'bucket'>,
  buckets: readonly Bucket[],
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { id, name } of buckets) {
    const { values } = await engine.read({ keys: [rangeKey(id)] })
    if (values[0] !== null || (await index.bucket(id)) === null) continue
    const message = 'the record of its range is missing'
    findings.push({ kind: 'missing-record', what: `bucket ${name}`, message })
  }
  return findings
}

/** Spaces of keys that belong to nobody: what stands there was written by no release, or damaged. */
const NOBODYS: readonly KeyRange[] = [
  { start: Buffer.of(0), end: Buffer.of(0x10) },
  { start: Buffer.of(0x90), end: Buffer.alloc(ENGINE_KEY_SIZE_BYTES_MAX, 0xff) },
]

/** Names the first records in spaces that belong to nobody. @throws EngineError */
export async function verifyNobodys(engine: EngineReader): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  const visit = (key: Buffer): 'next' => {
    const what = `record 0x${key.toString('hex')}`
    findings.push({ kind: 'corrupt-record', what, message: 'it is in a space that nobody writes' })
    return 'next'
  }
  await engine.read({ ranges: NOBODYS.map((range) => ({ range, limit: PAGE_ENTRIES, visit })) })
  return findings
}

/** Reads the change log that the engine still holds: whole, dense and sound. */
export async function verifyLog(
  engine: Pick<Engine, 'log' | 'status'>,
): Promise<{ readonly entries: number; readonly findings: readonly Finding[] }> {
  let entries = 0
  let after: Versionstamp = engine.status().logStart
  for (let trims = 0; ;) {
    try {
      const page = await engine.log(after, PAGE_ENTRIES)
      for (const { bytes, versionstamp } of page) {
        const found = decodeLogEntry(bytes).versionstamp
        if (stampText(found) !== stampText(versionstamp)) throw misplaced(versionstamp)
      }
      const last = page.at(-1)
      if (last === undefined) return { entries, findings: [] }
      entries += page.length
      after = last.versionstamp
    } catch (cause) {
      if (!(cause instanceof EngineError) || cause.code !== 'corrupt') throw cause
      const { logStart } = engine.status()
      const isTrimmed = logStart.sequence > after.sequence && trims < TRIM_TRIES
      if (!isTrimmed) return { entries, findings: [logFinding(after, cause)] }
      trims += 1
      after = logStart
    }
  }
}

function misplaced(stamp: Versionstamp): EngineError {
  return new EngineError('corrupt', `engine: the entry at ${stampText(stamp)} says otherwise`)
}

function logFinding(after: Versionstamp, cause: EngineError): Finding {
  const what = `the change log behind ${stampText(after)}`
  return { kind: 'corrupt-record', what, message: cause.message }
}
