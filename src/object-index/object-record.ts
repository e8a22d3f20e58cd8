// The record of one object version or delete marker (docs/formats/object-record.md): a head at
// fixed positions, then fields, then the locations, which alone are outside the set hash.

import type { UploadId } from '../base/id.ts'
import { aclCode, aclOfCode } from './acl-code.ts'
import { RecordReader, corrupt, startRecord, type RecordWriter } from './binary.ts'
import { CRC_SIZE_BYTES, isSealed, seedOf } from './checksum.ts'
import { KEY_START, ORDER_SUFFIX_BYTES, SPACE, readUInt64 } from './keys.ts'
import type {
  ChecksumAlgorithm,
  ObjectDraft,
  ObjectVersion,
  StoredChecksum,
  VersionId,
} from './object-index.ts'

const OBJECT_RECORD_VERSION = 1
/** Positions of the head; the fields begin behind it. */
export const AT = {
  flags: 1,
  storageClass: 2,
  checksum: 3,
  cipher: 4,
  lockMode: 5,
  replication: 6,
  acl: 7,
  order: 8,
  random: 16,
  sizeBytes: 24,
  lastModified: 32,
  md5: 40,
  etagParts: 56,
  hashedEnd: 60,
  lockUntil: 64,
  fields: 72,
} as const
export const FLAG = { deleteMarker: 1, isNull: 2, manifest: 4, legalHold: 8 } as const

/** Code 0 stands for a name that is written out. */
const STORAGE_CLASSES = [
  '',
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
  'OUTPOSTS',
  'SNOW',
  'EXPRESS_ONEZONE',
  'FSX_OPENZFS',
] as const
const ALGORITHMS: readonly (ChecksumAlgorithm | null)[] = [
  null,
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
]
const ETAG_PATTERN = /^([0-9a-f]{32})(?:-([1-9][0-9]{0,9}))?$/

/** Retention and legal hold. Nothing sets them yet; records have had the fields from the first. */
export interface RecordLock {
  readonly mode: 'none' | 'governance' | 'compliance'
  readonly untilMs: number
  readonly isLegalHold: boolean
}
const LOCK_MODES = ['none', 'governance', 'compliance'] as const
export const NO_LOCK: RecordLock = { mode: 'none', untilMs: 0, isLegalHold: false }

export interface ObjectRecord extends ObjectDraft {
  /** Place among the key's versions, from 1. */
  readonly order: number
  readonly isNull: boolean
  readonly isDeleteMarker: boolean
  readonly lastModifiedMs: number
  readonly lock: RecordLock
  /** 0: stored as it came. */
  readonly cipher: number
  readonly cipherKeyId: Uint8Array
  /** 0: not replicated. */
  readonly replication: number
}

/** A record but for what the commit gives it. */
export type Newcomer = Omit<ObjectRecord, 'order' | 'isNull'>

/** A record for `key` (of spaces current or versions). @throws RecordTooLargeError */
export function encodeObjectRecord(key: Uint8Array, record: ObjectRecord): Buffer {
  return encodeNewcomer(key, record, record.order, record.isNull)
}

/** The record of a version to which the commit gives its order and name. */
export function encodeNewcomer(
  key: Uint8Array,
  record: Newcomer,
  order: number,
  isNull: boolean,
): Buffer {
  const out = startRecord(OBJECT_RECORD_VERSION)
  const storageClass = Math.max(0, STORAGE_CLASSES.indexOf(record.storageClass as 'STANDARD'))
  const { body } = record
  out
    .u8(
      (record.isDeleteMarker ? FLAG.deleteMarker : 0) |
        (isNull ? FLAG.isNull : 0) |
        (body.kind === 'manifest' ? FLAG.manifest : 0) |
        (record.lock.isLegalHold ? FLAG.legalHold : 0),
    )
    .u8(storageClass)
    .u8(checksumCode(record.checksum))
    .u8(record.cipher)
    .u8(LOCK_MODES.indexOf(record.lock.mode))
    .u8(record.replication)
    .u8(aclCode(record.acl))
    .u64(order)
    .hex(record.versionRandom, 8)
    .u64(record.sizeBytes)
    .u64(record.lastModifiedMs)
  writeEtag(out, record.etag)
  out
    .u32(0)
    .u64(record.lock.untilMs)
    .owner(record.ownerId)
    .short(record.checksum?.value ?? EMPTY)
    .short(record.cipherKeyId)
  if (storageClass === 0) out.text(record.storageClass)
  out.pairs(record.headers).pairs(record.userMetadata).pairs(record.tags)
  if (body.kind === 'manifest') out.id(body.uploadId).u16(body.partCount)
  out.patchU32(AT.hashedEnd, out.offset)
  out.locations(body.kind === 'blobs' ? body.locations : [])
  return out.finish(key)
}

const EMPTY: Uint8Array = new Uint8Array(0)

/** @throws ObjectIndexError `corrupt`, for whatever bytes come */
export function decodeObjectRecord(key: Buffer, bytes: Buffer): ObjectRecord {
  const from = new RecordReader(key, bytes, OBJECT_RECORD_VERSION)
  const flags = from.u8()
  const classCode = from.u8()
  const checksumBits = from.u8()
  const cipher = from.u8()
  const mode = LOCK_MODES[from.u8()]
  const replication = from.u8()
  const acl = aclOfCode(from.u8())
  const order = from.u64()
  const versionRandom = from.hex(8)
  const sizeBytes = from.u64()
  const lastModifiedMs = from.u64()
  const isDeleteMarker = (flags & FLAG.deleteMarker) !== 0
  const etag = etagAt(from.hex(16), from.u32(), isDeleteMarker)
  const hashedEnd = from.u32()
  const untilMs = from.u64()
  const ownerId = from.owner()
  const checksumValue = from.short()
  const cipherKeyId = from.short()
  const storageClass = classCode === 0 ? from.text() : STORAGE_CLASSES[classCode]
  const algorithm = ALGORITHMS[checksumBits & 15]
  if (
    mode === undefined ||
    storageClass === undefined ||
    algorithm === undefined ||
    acl === undefined
  ) {
    throw from.wrong('the record has an unknown code')
  }
  const headers = from.pairs()
  const userMetadata = from.pairs()
  const tags = from.pairs()
  const manifest =
    (flags & FLAG.manifest) === 0
      ? null
      : { kind: 'manifest' as const, uploadId: from.id<UploadId>(), partCount: from.u16() }
  if (from.offset !== hashedEnd) throw from.wrong('the record has its locations elsewhere')
  const locations = from.locations()
  from.done()
  return {
    order,
    versionRandom,
    sizeBytes,
    lastModifiedMs,
    etag,
    ownerId,
    storageClass,
    headers,
    userMetadata,
    tags,
    acl,
    cipher,
    cipherKeyId,
    replication,
    isDeleteMarker,
    isNull: (flags & FLAG.isNull) !== 0,
    lock: { mode, untilMs, isLegalHold: (flags & FLAG.legalHold) !== 0 },
    checksum:
      algorithm === null
        ? null
        : {
            algorithm,
            type: checksumBits >> 4 === 0 ? 'FULL_OBJECT' : 'COMPOSITE',
            value: checksumValue,
          },
    body: manifest ?? { kind: 'blobs', locations },
  }
}

function checksumCode(checksum: StoredChecksum | null): number {
  if (checksum === null) return 0
  return ALGORITHMS.indexOf(checksum.algorithm) | (checksum.type === 'COMPOSITE' ? 16 : 0)
}

function writeEtag(out: RecordWriter, etag: string): void {
  if (etag === '') {
    out.hex('0'.repeat(32), 16).u32(0)
    return
  }
  const match = ETAG_PATTERN.exec(etag)
  // A gateway computes ETags itself, always in this form; any other fails the writer's assertion.
  out.hex(match?.[1] ?? '', 16).u32(Number(match?.[2] ?? 0))
}

function etagAt(md5: string, parts: number, isDeleteMarker: boolean): string {
  if (isDeleteMarker) return ''
  return parts === 0 ? md5 : `${md5}-${parts}`
}

// ---- single fields of a verified record, without decoding it ----

/** @throws ObjectIndexError `corrupt` unless the bytes are a record of a version we know */
export function checkObjectRecord(key: Buffer, bytes: Buffer): void {
  checkSealed(key, bytes, seedOf(key))
}

/** The same where the caller has the CRC of the key already. */
export function checkSealed(key: Buffer, bytes: Buffer, seed: number): void {
  if (bytes.length < AT.fields + CRC_SIZE_BYTES || !isSealed(bytes, seed)) {
    throw corrupt(key, 'the record fails its checksum')
  }
  if (bytes[0] !== OBJECT_RECORD_VERSION) {
    throw corrupt(key, `the record has the unknown version ${bytes[0]}`)
  }
}

export function orderOf(record: Buffer): number {
  return readUInt64(record, AT.order)
}

export function sizeOf(record: Buffer): number {
  return readUInt64(record, AT.sizeBytes)
}

export function hasFlag(record: Buffer, flag: number): boolean {
  return ((record[AT.flags] ?? 0) & flag) !== 0
}

export function etagOf(record: Buffer): string {
  const parts = record.readUInt32BE(AT.etagParts)
  return etagAt(
    record.toString('hex', AT.md5, AT.etagParts),
    parts,
    hasFlag(record, FLAG.deleteMarker),
  )
}

export function lastModifiedOf(record: Buffer): number {
  return readUInt64(record, AT.lastModified)
}

/** Order and random together, as clients know the version. */
export function versionIdOf(record: Buffer): VersionId {
  return record.toString('hex', AT.order, AT.sizeBytes) as VersionId
}

export function storageClassOf(record: Buffer): string {
  const code = record[AT.storageClass] ?? 0
  if (code !== 0) return STORAGE_CLASSES[code] ?? ''
  let at = AT.fields
  at += 1 + ownerSize(record)
  at += 1 + (record[at] ?? 0)
  at += 1 + (record[at] ?? 0)
  return record.toString('utf8', at + 2, at + 2 + record.readUInt16BE(at))
}

/** Bytes of the owner field behind its first. */
export function ownerSize(record: Buffer): number {
  const first = record[AT.fields] ?? 0
  return first >= 0x80 ? (first & 0x7f) + 1 : first
}

export function ownerOf(record: Buffer): string {
  const start = AT.fields + 1
  const isPacked = (record[AT.fields] ?? 0) >= 0x80
  return record.toString(isPacked ? 'hex' : 'utf8', start, start + ownerSize(record))
}

export function checksumAlgorithmOf(record: Buffer): ChecksumAlgorithm | null {
  return ALGORITHMS[(record[AT.checksum] ?? 0) & 15] ?? null
}

export function isComposite(record: Buffer): boolean {
  return ((record[AT.checksum] ?? 0) & 0xf0) !== 0
}

/** The end of what the set hash covers. */
export function hashedEndOf(record: Buffer): number {
  return record.readUInt32BE(AT.hashedEnd)
}

/** The version as readers know it. */
export function toObjectVersion(
  record: ObjectRecord,
  key: string,
  isLatest: boolean,
): ObjectVersion {
  return {
    key,
    isLatest,
    versionId: versionIdFor(record.order, record.versionRandom),
    isNull: record.isNull,
    isDeleteMarker: record.isDeleteMarker,
    lastModifiedMs: record.lastModifiedMs,
    ownerId: record.ownerId,
    sizeBytes: record.sizeBytes,
    etag: record.etag,
    storageClass: record.storageClass,
    checksum: record.checksum,
    headers: record.headers,
    userMetadata: record.userMetadata,
    tags: record.tags,
    acl: record.acl,
    body: record.body,
  }
}

export function versionIdFor(order: number, random: string): VersionId {
  return `${order.toString(16).padStart(16, '0')}${random}` as VersionId
}

/** The object's key in an engine key of spaces current and versions. */
export function objectKeyIn(key: Buffer): string {
  const end = key[0] === SPACE.versions ? key.length - ORDER_SUFFIX_BYTES : key.length
  return key.toString('utf8', KEY_START, end)
}
