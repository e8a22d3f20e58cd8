// The precise pass over what differed: each reverse record is looked up where its referrer should
// be, and each location of a record where its reverse record should be, both of them in one
// snapshot, so that a write under way is no finding. Nothing is done where the sums of both sides
// were equal.

import type { BucketId, ExtentId, UploadId } from '../base/id.ts'
import { readId } from '../base/id.ts'
import type { EngineReader, KeyRange } from '../engine/engine.ts'
import { bodyOf, isSameLocation, versionReferrer } from './body.ts'
import { isSealed, seedOf } from './checksum.ts'
import { decodeArchiveBlob } from './consumer-record.ts'
import { describeKey, describeReferrer } from './describe-key.ts'
import {
  KEY_START,
  MANIFEST_REFERRER_AT,
  SPACE,
  bucketRange,
  currentKey,
  manifestPageKey,
  manifestReverseKey,
  partKey,
  referrerIn,
  reverseKey,
  spaceRange,
  versionKey,
} from './keys.ts'
import { ObjectIndexError, type Reference, type Referrer } from './object-index.ts'
import { checkObjectRecord, objectKeyIn, orderOf } from './object-record.ts'
import { decodeManifestPage, decodePartRecord } from './part-record.ts'
import { referencesOf } from './plan-extent.ts'
import { keysOfReference } from './plan-move.ts'
import { readEngine } from './reading.ts'
import { decodeReverse } from './reverse-record.ts'
import { isNullSlot } from './set-hash.ts'
import type { Findings } from './validate-findings.ts'

const PAGE_ENTRIES = 500

export interface Suspects {
  readonly extents: ReadonlySet<ExtentId>
  readonly hasManifests: boolean
}

/** Names every reference that one side has and the other has not. */
export async function findReferences(
  engine: EngineReader,
  suspects: Suspects,
  findings: Findings,
  signal: AbortSignal | null,
): Promise<void> {
  for (const extentId of suspects.extents) {
    await pages(engine, referencesOf(extentId), signal, (page) =>
      checkReverse(engine, page, findings),
    )
  }
  if (suspects.hasManifests) {
    await pages(engine, spaceRange(SPACE.manifestReverse), signal, (page) =>
      checkManifestReverses(engine, page, findings),
    )
  }
  for (const space of [SPACE.current, SPACE.versions, SPACE.part, SPACE.archiveBlob]) {
    await pages(engine, spaceRange(space), signal, (page) =>
      checkForward(engine, page, suspects, findings),
    )
  }
}

interface Kept {
  readonly key: Buffer
  readonly value: Buffer
}

async function pages(
  engine: EngineReader,
  range: KeyRange,
  signal: AbortSignal | null,
  take: (page: readonly Kept[]) => Promise<void>,
): Promise<void> {
  let { start } = range
  for (;;) {
    signal?.throwIfAborted()
    const page: Kept[] = []
    const { isWhole } = await readEngine(engine, {
      ranges: [
        {
          range: { start, end: range.end },
          limit: PAGE_ENTRIES,
          visit: (key, value) => {
            page.push({ key: Buffer.from(key), value: Buffer.from(value) })
            return 'next'
          },
        },
      ],
    })
    await take(page)
    const last = page.at(-1)
    if (isWhole[0] !== false || last === undefined) return
    start = Buffer.concat([last.key, Buffer.of(0)])
  }
}

/** What decodes, and null for what does not: damaged records have been named before. */
function decoded<T>(decode: () => T): T | null {
  try {
    return decode()
  } catch (cause) {
    if (cause instanceof ObjectIndexError) return null
    throw cause
  }
}

async function checkReverse(
  engine: EngineReader,
  page: readonly Kept[],
  findings: Findings,
): Promise<void> {
  const asked = page.flatMap(({ key, value }) => {
    const reference = decoded(() => decodeReverse(key, value))
    return reference === null ? [] : [{ key, reference, keys: keysOfReference(reference) }]
  })
  const { values } = await readEngine(engine, { keys: asked.flatMap(({ keys }) => keys) })
  let at = 0
  for (const { key, reference, keys } of asked) {
    const [own, ...referrers] = values.slice(at, at + keys.length)
    at += keys.length
    if (own === null || own === undefined) continue
    const isHeld = referrers.some((value, index) => {
      const from = keys[index + 1]
      return value !== null && from !== undefined && holds(from, value, reference)
    })
    if (isHeld) continue
    findings.add(
      'extra-reference',
      describeReferrer(reference.referrer),
      `${describeKey(key)}: that record is missing, or does not name the blob`,
    )
  }
}

/** Whether the record under a key names the location; a damaged record may. */
function holds(key: Buffer, value: Buffer, reference: Reference): boolean {
  if (!isSealed(value, seedOf(key))) return true
  const { location, referrer } = reference
  const locations = locationsOf(key, value)
  if (locations === null) return true
  if (referrer.kind === 'version' && orderOf(value) !== Number(referrer.order)) return false
  return locations.some((other) => isSameLocation(other, location))
}

/** Locations that a record of any space names; null where it does not decode. */
function locationsOf(key: Buffer, value: Buffer): readonly Reference['location'][] | null {
  return decoded(() => {
    switch (key[0]) {
      case SPACE.part:
        return decodePartRecord(readId(key, 1), key.readUInt16BE(KEY_START), value).locations
      case SPACE.archiveBlob:
        return [decodeArchiveBlob(key, value).location]
      default: {
        checkObjectRecord(key, value)
        const body = bodyOf(value)
        return body.kind === 'blobs' ? body.locations : []
      }
    }
  })
}

async function checkManifestReverses(
  engine: EngineReader,
  page: readonly Kept[],
  findings: Findings,
): Promise<void> {
  const asked = page.flatMap(({ key }) => {
    const referrer = referrerIn(key, MANIFEST_REFERRER_AT)
    if (referrer?.kind !== 'version') return []
    const order = Number(referrer.order)
    return [
      {
        key,
        referrer,
        order,
        keys: [
          key,
          currentKey(referrer.bucketId, referrer.key),
          versionKey(referrer.bucketId, referrer.key, order),
        ],
      },
    ]
  })
  const { values } = await readEngine(engine, { keys: asked.flatMap(({ keys }) => keys) })
  for (const [index, { key, referrer, order, keys }] of asked.entries()) {
    const [own, ...records] = values.slice(index * 3, index * 3 + 3)
    if (own === null || own === undefined) continue
    const uploadId = readId<UploadId>(key, 1)
    const isHeld = records.some((value, which) => {
      const from = keys[which + 1]
      if (value === null || from === undefined) return false
      if (decoded(() => checkObjectRecord(from, value)) === null) return true
      const body = bodyOf(value)
      return orderOf(value) === order && body.kind === 'manifest' && body.uploadId === uploadId
    })
    if (!isHeld) {
      findings.add(
        'extra-reference',
        describeReferrer(referrer),
        `${describeKey(key)}: that record is missing, or does not name the manifest`,
      )
    }
  }
}

/** A place that a record names, and the key of the reverse record that must be there for it. */
interface Claim {
  readonly record: Buffer
  readonly reverse: Buffer
  readonly reference: Reference | null
}

async function checkForward(
  engine: EngineReader,
  page: readonly Kept[],
  suspects: Suspects,
  findings: Findings,
): Promise<void> {
  const claims = page.flatMap((kept) => claimsOf(kept, suspects))
  if (claims.length === 0) return
  const { values } = await readEngine(engine, {
    keys: claims.flatMap(({ record, reverse }) => [record, reverse]),
  })
  for (const [index, { record, reverse, reference }] of claims.entries()) {
    const value = values[2 * index] ?? null
    const there = values[2 * index + 1] ?? null
    if (value === null) continue
    // The record as it is now, which may name other places.
    const isClaimed = claimsOf({ key: record, value }, suspects).some((claim) =>
      claim.reverse.equals(reverse),
    )
    if (!isClaimed) continue
    const found = there === null ? null : decoded(() => decodeReverse(reverse, there))
    const isThere =
      there !== null &&
      (reference === null || (found !== null && isSameLocation(found.location, reference.location)))
    if (isThere) continue
    findings.add(
      'missing-reference',
      describeKey(record),
      `${describeKey(reverse)} is missing, or says otherwise`,
    )
  }
}

function claimsOf({ key, value }: Kept, suspects: Suspects): Claim[] {
  if (isNullSlot(key)) return []
  if (suspects.hasManifests && (key[0] === SPACE.current || key[0] === SPACE.versions)) {
    const claim = manifestClaim(key, value)
    if (claim !== null) return [claim]
  }
  const locations = (locationsOf(key, value) ?? []).filter(({ extentId }) =>
    suspects.extents.has(extentId),
  )
  if (locations.length === 0) return []
  const referrer = referrerOf(key, value)
  return locations.map((location) => ({
    record: key,
    reference: { location, referrer },
    reverse: reverseKey(location.extentId, location.offset, referrer),
  }))
}

function manifestClaim(key: Buffer, value: Buffer): Claim | null {
  if (decoded(() => checkObjectRecord(key, value)) === null) return null
  const body = bodyOf(value)
  if (body.kind !== 'manifest') return null
  return {
    record: key,
    reference: null,
    reverse: manifestReverseKey(body.uploadId, referrerOf(key, value)),
  }
}

function referrerOf(key: Buffer, value: Buffer): Referrer {
  switch (key[0]) {
    case SPACE.part:
      return { kind: 'part', uploadId: readId(key, 1), partNumber: key.readUInt16BE(KEY_START) }
    case SPACE.archiveBlob:
      return { kind: 'archive', blobId: readId(key, 22) }
    default:
      return versionReferrer(readId(key, 1), objectKeyIn(key), orderOf(value))
  }
}

/** Names manifests of these buckets that lack a page or a part. */
export async function findDangling(
  engine: EngineReader,
  buckets: ReadonlySet<BucketId>,
  findings: Findings,
  signal: AbortSignal | null,
): Promise<void> {
  if (buckets.size === 0) return
  await pages(engine, spaceRange(SPACE.manifestPage), signal, async (page) => {
    for (const { key, value } of page) await checkPage(engine, key, value, buckets, findings)
  })
  for (const bucketId of buckets) {
    for (const space of [SPACE.current, SPACE.versions]) {
      await pages(engine, bucketRange(space, bucketId), signal, async (page) => {
        for (const kept of page) await checkManifest(engine, kept, findings)
      })
    }
  }
}

async function checkPage(
  engine: EngineReader,
  key: Buffer,
  value: Buffer,
  buckets: ReadonlySet<BucketId>,
  findings: Findings,
): Promise<void> {
  const uploadId = readId<UploadId>(key, 1)
  const page = decoded(() => decodeManifestPage(uploadId, key.readUInt16BE(KEY_START), value))
  if (page === null || !buckets.has(page.bucketId)) return
  const keys = page.parts.map(({ partNumber }) => partKey(uploadId, partNumber))
  const {
    values: [own, ...parts],
  } = await readEngine(engine, { keys: [key, ...keys] })
  if (own === null) return
  for (const [index, part] of parts.entries()) {
    const at = keys[index]
    if (part === null && at !== undefined) {
      findings.add(
        'dangling-manifest',
        describeKey(at),
        `${describeKey(key)} names it: it is missing`,
      )
    }
  }
}

async function checkManifest(
  engine: EngineReader,
  { key, value }: Kept,
  findings: Findings,
): Promise<void> {
  if (isNullSlot(key) || decoded(() => checkObjectRecord(key, value)) === null) return
  const body = bodyOf(value)
  if (body.kind !== 'manifest') return
  const first = manifestPageKey(body.uploadId, 0)
  const {
    values: [own, page],
  } = await readEngine(engine, { keys: [key, first] })
  if (own === null || page !== null) return
  findings.add('dangling-manifest', describeKey(key), `${describeKey(first)} is missing`)
}
