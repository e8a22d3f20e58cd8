// Records round-trip, and every way of cutting one short is refused by the owner's error.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as check from 'fast-check'
import { ByteReader, ByteWriter } from './bytes.ts'

class Corrupt extends Error {
  override readonly name = 'Corrupt'
}
const corrupt = (why: string): Error => new Corrupt(why)

const SAFE = check.maxSafeNat()
const FIELD = check.oneof(
  check.record({ kind: check.constant('u8' as const), value: check.nat(0xff) }),
  check.record({ kind: check.constant('u16' as const), value: check.nat(0xffff) }),
  check.record({
    kind: check.constant('u32' as const),
    value: check.integer({ min: 0, max: 0xffff_ffff }),
  }),
  check.record({
    kind: check.constant('u48' as const),
    value: check.integer({ min: 0, max: 2 ** 48 - 1 }),
  }),
  check.record({ kind: check.constantFrom('u64' as const, 'varint' as const), value: SAFE }),
  check.record({
    kind: check.constant('u64big' as const),
    value: check.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  }),
  check.record({
    kind: check.constant('text' as const),
    value: check.string({ unit: 'grapheme' }),
  }),
  check.record({ kind: check.constant('sized' as const), value: check.uint8Array() }),
)
type Field = typeof FIELD extends check.Arbitrary<infer T> ? T : never

function write(writer: ByteWriter, field: Field): void {
  if (field.kind === 'text') writer.text(field.value)
  else if (field.kind === 'sized') writer.sized(field.value)
  else if (field.kind === 'u64big') writer.u64big(field.value)
  else writer[field.kind](field.value)
}

function read(reader: ByteReader, field: Field): unknown {
  const value = reader[field.kind]()
  return Buffer.isBuffer(value) ? new Uint8Array(value) : value
}

test('what is written is read, and nothing is left over', () => {
  const writer = new ByteWriter(1)
  check.assert(
    check.property(check.array(FIELD, { maxLength: 20 }), (fields) => {
      writer.reset()
      for (const field of fields) write(writer, field)
      const bytes = writer.copy()
      assert.equal(bytes.length, writer.sizeBytes)
      const reader = new ByteReader(bytes, corrupt)
      for (const field of fields) assert.deepEqual(read(reader, field), field.value)
      reader.end()
    }),
  )
})

test('a record that ends early or late is corrupt', () => {
  check.assert(
    check.property(FIELD, (field) => {
      const writer = new ByteWriter()
      write(writer, field)
      const bytes = writer.copy()
      for (let size = 0; size < bytes.length; size += 1) {
        assert.throws(() => read(new ByteReader(bytes.subarray(0, size), corrupt), field), Corrupt)
      }
      const longer = new ByteReader(Buffer.concat([bytes, Buffer.of(0)]), corrupt)
      read(longer, field)
      assert.throws(() => longer.end(), Corrupt)
    }),
  )
})

test('numbers keep their order as bytes', () => {
  check.assert(
    check.property(SAFE, SAFE, (a, b) => {
      const [x, y] = [new ByteWriter().u64(a).copy(), new ByteWriter().u64(b).copy()]
      assert.equal(Buffer.compare(x, y), Math.sign(a - b))
    }),
  )
})

test('a varint that is too long, padded or too large is corrupt', () => {
  for (const bytes of [
    [0x80, 0x00],
    [0xff, 0x80, 0x00],
    Array(9).fill(0x80),
    Array(8).fill(0x7f),
  ]) {
    const reader = new ByteReader(Buffer.from(bytes as number[]), corrupt)
    if (bytes[0] === 0x7f) assert.equal(reader.varint(), 127)
    else assert.throws(() => reader.varint(), Corrupt)
  }
  const tooLarge = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])
  assert.throws(() => new ByteReader(tooLarge, corrupt).varint(), Corrupt)
  assert.throws(() => new ByteReader(Buffer.alloc(8, 255), corrupt).u64(), Corrupt)
})

test('broken UTF-8 is corrupt, the replacement character itself is not', () => {
  const broken = new ByteWriter().sized(Buffer.of(0xff)).copy()
  assert.throws(() => new ByteReader(broken, corrupt).text(), Corrupt)
  const sound = new ByteWriter().text('a\ufffdb').copy()
  assert.equal(new ByteReader(sound, corrupt).text(), 'a\ufffdb')
})

test('a number that does not fit its field is a programmer error', () => {
  for (const act of [
    () => new ByteWriter().u8(256),
    () => new ByteWriter().u16(-1),
    () => new ByteWriter().u32(2 ** 32),
    () => new ByteWriter().u48(0.5),
    () => new ByteWriter().varint(2 ** 53),
    () => new ByteWriter().u64big(-1n),
  ]) {
    assert.throws(act, { name: 'AssertionError' })
  }
})
