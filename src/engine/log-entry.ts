// A change log entry: all mutations of one commit with its stamp, id and cell time, under a CRC-32.
// The format is docs/formats/change-log.md; a reader of the log and of its archive decodes it here.

import { crc32 } from 'node:zlib'
import { ID_SIZE_BYTES, readId, writeId, type CommitId } from '../base/id.ts'
import { EngineError } from './engine-error.ts'
import { SUM_FIELDS, type Mutation, type Versionstamp } from './mutation.ts'
import { STAMP_SIZE_BYTES, readStamp, readUint64, writeStamp, writeUint64 } from './stamp.ts'

const VERSION = 1
const STAMP_AT = 1
const ID_AT: number = STAMP_AT + STAMP_SIZE_BYTES
const TIME_AT: number = ID_AT + ID_SIZE_BYTES
const COUNT_AT: number = TIME_AT + 8
const HEAD_SIZE_BYTES: number = COUNT_AT + 2
const CRC_SIZE_BYTES = 4
const KIND = { set: 1, delete: 2, sum: 3 } as const

/** What an entry says beside its mutations. */
export interface LogEntryHead {
  readonly versionstamp: Versionstamp
  readonly id: CommitId
  /** Cell time of the commit. */
  readonly cellTimeMs: number
}

export interface DecodedLogEntry extends LogEntryHead {
  readonly mutations: readonly Mutation[]
}

/** Bytes that these mutations take at most in an entry. */
export function logEntrySizeMax(mutations: readonly Mutation[]): number {
  let size = HEAD_SIZE_BYTES + CRC_SIZE_BYTES
  for (const mutation of mutations) {
    size += 3 + mutation.key.length
    if (mutation.kind === 'set') size += 4 + mutation.value.length
    else if (mutation.kind === 'sum') size += 1 + 8 * SUM_FIELDS
  }
  return size
}

/** Writes an entry at `offset`, where `logEntrySizeMax` bytes are free; answers its end. */
function writeLogEntry(
  head: LogEntryHead,
  mutations: readonly Mutation[],
  into: Buffer,
  offset: number,
): number {
  into[offset] = VERSION
  writeStamp(head.versionstamp, into, offset + STAMP_AT)
  writeId(head.id, into, offset + ID_AT)
  writeUint64(head.cellTimeMs, into, offset + TIME_AT)
  into.writeUInt16BE(mutations.length, offset + COUNT_AT)
  let at = offset + HEAD_SIZE_BYTES
  for (const mutation of mutations) at = writeMutation(mutation, into, at)
  into.writeUInt32BE(crc32(into.subarray(offset, at)), at)
  return at + CRC_SIZE_BYTES
}

function writeMutation(mutation: Mutation, into: Buffer, offset: number): number {
  const { key } = mutation
  into[offset] = KIND[mutation.kind]
  into.writeUInt16BE(key.length, offset + 1)
  into.set(key, offset + 3)
  const at = offset + 3 + key.length
  switch (mutation.kind) {
    case 'delete':
      return at
    case 'set':
      into.writeUInt32BE(mutation.value.length, at)
      into.set(mutation.value, at + 4)
      return at + 4 + mutation.value.length
    case 'sum':
      return writeDeltas(mutation.deltas, into, at)
  }
}

/** A bit for each field that changes, the lowest for the first, then those fields' deltas. */
function writeDeltas(deltas: readonly bigint[], into: Buffer, offset: number): number {
  let fields = 0
  let at = offset + 1
  for (let field = 0; field < SUM_FIELDS; field += 1) {
    const delta = deltas[field] ?? 0n
    if (delta === 0n) continue
    fields |= 1 << field
    into.writeBigInt64BE(BigInt.asIntN(64, delta), at)
    at += 8
  }
  into[offset] = fields
  return at
}

export function encodeLogEntry(head: LogEntryHead, mutations: readonly Mutation[]): Buffer {
  const bytes = Buffer.allocUnsafe(logEntrySizeMax(mutations))
  return bytes.subarray(0, writeLogEntry(head, mutations, bytes, 0))
}

/** The stamp of an entry, without a look at its checksum. */
export function logEntryStamp(bytes: Buffer): Versionstamp {
  if (bytes.length < HEAD_SIZE_BYTES + CRC_SIZE_BYTES) throw corrupt('it is too short')
  return readStamp(bytes, STAMP_AT)
}

/** Keys and values are views of `bytes`. @throws EngineError `corrupt` */
export function decodeLogEntry(bytes: Buffer): DecodedLogEntry {
  const versionstamp = logEntryStamp(bytes)
  const end = bytes.length - CRC_SIZE_BYTES
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end))
    throw corrupt('its checksum differs')
  if (bytes[0] !== VERSION) throw corrupt(`its version ${bytes[0]} is unknown`)
  const mutations: Mutation[] = []
  let at = HEAD_SIZE_BYTES
  for (let left = bytes.readUInt16BE(COUNT_AT); left > 0; left -= 1) {
    const { mutation, next } = readMutation(bytes, at, end)
    mutations.push(mutation)
    at = next
  }
  if (at !== end) throw corrupt('it has bytes behind its last mutation')
  return {
    versionstamp,
    id: readId<CommitId>(bytes, ID_AT),
    cellTimeMs: readUint64(bytes, TIME_AT),
    mutations,
  }
}

function readMutation(
  bytes: Buffer,
  offset: number,
  end: number,
): { readonly mutation: Mutation; readonly next: number } {
  const within = (at: number): number => {
    if (at > end) throw corrupt('a mutation passes its end')
    return at
  }
  const keyAt = within(offset + 3)
  const at = within(keyAt + bytes.readUInt16BE(offset + 1))
  const key = bytes.subarray(keyAt, at)
  switch (bytes[offset]) {
    case KIND.delete:
      return { mutation: { kind: 'delete', key }, next: at }
    case KIND.set: {
      const next = within(within(at + 4) + bytes.readUInt32BE(at))
      return { mutation: { kind: 'set', key, value: bytes.subarray(at + 4, next) }, next }
    }
    case KIND.sum: {
      const fields = bytes[within(at + 1) - 1] ?? 0
      let next = at + 1
      const deltas = Array.from({ length: SUM_FIELDS }, (_, field) => {
        if ((fields & (1 << field)) === 0) return 0n
        next = within(next + 8)
        return bytes.readBigInt64BE(next - 8)
      })
      return { mutation: { kind: 'sum', key, deltas }, next }
    }
    default:
      throw corrupt(`a mutation has the unknown kind ${bytes[offset]}`)
  }
}

function corrupt(why: string): EngineError {
  return new EngineError('corrupt', `engine: a change log entry is damaged: ${why}`)
}
