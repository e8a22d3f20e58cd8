// Golden bytes of what the engine stores, and the laws of all: what is encoded decodes to itself, a
// flipped bit is always found, and no bytes make a decoder throw anything but `corrupt`.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import type { CommitId } from '../base/id.ts'
import { EngineError, type Mutation } from './engine.ts'
import { decodeHead, encodeHead, type Head } from './head.ts'
import { decodeLogEntry, encodeLogEntry, logEntrySizeMax, logEntryStamp } from './log-entry.ts'
import { STAMP_SIZE_BYTES, compareStamps, readStamp, writeStamp } from './stamp.ts'
import { addSums, decodeSums, encodeSums } from './sum-record.ts'

const HEAD: Head = {
  versionstamp: { incarnation: 2, sequence: 0x01_0203_0405 },
  logStart: { incarnation: 1, sequence: 9 },
  epoch: 7,
  cellTimeMs: 1_700_000_000_000,
  clockAlarm: 'jump',
}
const HEAD_BYTES =
  '01' +
  '00000000000000020000000102030405' +
  '00000000000000010000000000000009' +
  '0000000000000007' +
  '0000018bcfe56800' +
  '6a756d70' +
  'cf9dabc6'

const ENTRY = {
  id: '000102030405060708090a0b0c0d0e0f' as CommitId,
  versionstamp: { incarnation: 1, sequence: 5 },
  cellTimeMs: 1_700_000_000_000,
}
const MUTATIONS: readonly Mutation[] = [
  { kind: 'set', key: Buffer.from('k'), value: Buffer.from('value') },
  { kind: 'delete', key: Buffer.from([0, 0xff]) },
  { kind: 'sum', key: Buffer.from('s'), deltas: [1n, 0n, 0n, -2n, 0n, 0n, 0n, 0n] },
  { kind: 'set', key: Buffer.from('e'), value: Buffer.alloc(0) },
]
const ENTRY_BYTES =
  '01' +
  '00000000000000010000000000000005' +
  '000102030405060708090a0b0c0d0e0f' +
  '0000018bcfe56800' +
  '0004' +
  '0100016b0000000576616c7565' +
  '02000200ff' +
  '0300017309' +
  '0000000000000001' +
  'fffffffffffffffe' +
  '0100016500000000' +
  '255cd8f4'

const SUMS = [1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 0n, 0n, 0n, 0x0102030405060708n]
const SUMS_BYTES =
  '0000000000000001ffffffffffffffff7fffffffffffffff8000000000000000' +
  '0000000000000000000000000000000000000000000000000102030405060708'

/** Objects as code makes them. */
const PLAIN = { noNullPrototype: true } as const

function isCorrupt(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'corrupt'
}

/** What is found in every copy of `bytes` with one bit flipped, and in every beginning of it. */
function everyDamage(bytes: Buffer, decode: (bytes: Buffer) => unknown): void {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    check.throws(() => decode(flipped), isCorrupt, `bit ${bit}`)
  }
  for (let size = 0; size < bytes.length; size += 1) {
    check.throws(() => decode(bytes.subarray(0, size)), isCorrupt, `${size} bytes`)
  }
}

/** Any bytes under a checksum that fits decode, or are corrupt. */
function onlyCorrupt(decode: (bytes: Buffer) => unknown, prefix: Buffer): void {
  const tail = fc.uint8Array({ maxLength: 120 })
  const law = fc.property(tail, fc.nat(prefix.length), (random, kept) => {
    const body = Buffer.concat([prefix.subarray(0, kept), random])
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32(body))
    try {
      decode(Buffer.concat([body, sum]))
    } catch (error) {
      check.ok(isCorrupt(error), String(error))
    }
  })
  fc.assert(law, { numRuns: 3000 })
}

test('heads have their golden bytes, and no flipped bit passes', () => {
  const bytes = encodeHead(HEAD)
  check.equal(bytes.toString('hex'), HEAD_BYTES)
  check.deepEqual(decodeHead(Buffer.from(HEAD_BYTES, 'hex')), HEAD)
  check.deepEqual(decodeHead(encodeHead({ ...HEAD, clockAlarm: null })), {
    ...HEAD,
    clockAlarm: null,
  })
  everyDamage(bytes, decodeHead)
  onlyCorrupt(decodeHead, bytes)
})

test('log entries have their golden bytes, and no flipped bit passes', () => {
  const bytes = encodeLogEntry(ENTRY, MUTATIONS)
  check.equal(bytes.toString('hex'), ENTRY_BYTES)
  check.deepEqual(decodeLogEntry(bytes), { ...ENTRY, mutations: MUTATIONS })
  check.deepEqual(logEntryStamp(bytes), ENTRY.versionstamp)
  everyDamage(bytes, decodeLogEntry)
  onlyCorrupt(decodeLogEntry, bytes.subarray(0, -4))
})

test('log entries decode to what they were made of, and fit their size', () => {
  const key = fc.uint8Array({ minLength: 1, maxLength: 40 }).map((of) => Buffer.from(of))
  const delta = fc.oneof(fc.constant(0n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n))
  const mutation: fc.Arbitrary<Mutation> = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), key, value: key }, PLAIN),
    fc.record({ kind: fc.constant('delete' as const), key }, PLAIN),
    fc.record(
      {
        kind: fc.constant('sum' as const),
        key,
        deltas: fc.array(delta, { minLength: 8, maxLength: 8 }),
      },
      PLAIN,
    ),
  )
  const law = fc.property(fc.array(mutation, { maxLength: 20 }), (mutations) => {
    const bytes = encodeLogEntry(ENTRY, mutations)
    check.deepEqual(decodeLogEntry(bytes).mutations, mutations)
    check.ok(bytes.length <= logEntrySizeMax(mutations))
  })
  fc.assert(law)
})

test('a log entry holds the longest key and 1,000 mutations', () => {
  const key = Buffer.alloc(1978, 0xff)
  const long: Mutation = { kind: 'set', key, value: Buffer.alloc(1_000_000, 1) }
  const many: Mutation[] = Array.from({ length: 1000 }, () => ({ kind: 'delete', key }))
  check.deepEqual(decodeLogEntry(encodeLogEntry(ENTRY, [long])).mutations, [long])
  check.deepEqual(decodeLogEntry(encodeLogEntry(ENTRY, many)).mutations, many)
})

test('sum records have their golden bytes', () => {
  check.equal(encodeSums(SUMS).toString('hex'), SUMS_BYTES)
  check.deepEqual(decodeSums(Buffer.from(SUMS_BYTES, 'hex')), SUMS)
  check.deepEqual(decodeSums(null), Array<bigint>(8).fill(0n))
  for (const size of [0, 63, 65]) check.throws(() => decodeSums(Buffer.alloc(size)), isCorrupt)
  check.deepEqual(addSums(SUMS, SUMS), [2n, -2n, -2n, 0n, 0n, 0n, 0n, 0x020406080a0c0e10n])
})

test('stamps are ordered as their bytes are', () => {
  const number = fc.oneof(fc.nat(3), fc.nat({ max: Number.MAX_SAFE_INTEGER }))
  const stamp = fc.record({ incarnation: number, sequence: number }, PLAIN)
  const law = fc.property(stamp, stamp, (a, b) => {
    const [ofA, ofB] = [a, b].map((one) => {
      const bytes = Buffer.alloc(STAMP_SIZE_BYTES)
      check.equal(writeStamp(one, bytes, 0), STAMP_SIZE_BYTES)
      check.deepEqual(readStamp(bytes, 0), one)
      return bytes
    })
    check.ok(ofA !== undefined && ofB !== undefined)
    check.equal(Math.sign(compareStamps(a, b)), Buffer.compare(ofA, ofB))
  })
  fc.assert(law)
})
