// Checksums against published check values, hash-wasm as an oracle, and their laws: cutting a body
// anywhere changes nothing, combining and unseeding give what one pass gives.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as property, bigInt, integer, property as forAll, uint8Array } from 'fast-check'
import { createCRC32, createCRC64 } from 'hash-wasm'
import {
  crc32,
  crc32Combine,
  crc32Unseed,
  crc32c,
  crc32cCombine,
  crc32cUnseed,
  crc64nvme,
  crc64nvmeCombine,
  crc64nvmeUnseed,
} from './checksum.ts'
import { kernelMemory } from './kernel/kernel.ts'

const CHECK = Buffer.from('123456789')
const BYTES_MAX = 10_000

const ALGORITHMS = [
  { name: 'CRC32', of: crc32, combine: crc32Combine, unseed: crc32Unseed },
  { name: 'CRC32C', of: crc32c, combine: crc32cCombine, unseed: crc32cUnseed },
] as const

function pseudoRandom(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  let state = 12_345
  for (let index = 0; index < size; index += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[index] = state >>> 16
  }
  return bytes
}

test('the published check values', () => {
  assert.equal(crc32(CHECK), 0xcbf43926)
  assert.equal(crc32c(CHECK), 0xe3069283)
  assert.equal(crc64nvme(CHECK), 0xae8b14860a799888n)
  assert.equal(crc64nvme(new Uint8Array(0)), 0n)
  assert.equal(crc32(new Uint8Array(0)), 0)
})

test('the vectors of the NVM Command Set specification, 4 KiB each', () => {
  const ascending = Buffer.from(Array.from({ length: 4096 }, (_, index) => index & 255))
  assert.equal(crc64nvme(Buffer.alloc(4096)), 0x6482d367eb22b64en)
  assert.equal(crc64nvme(Buffer.alloc(4096, 255)), 0xc0ddba7302eca3acn)
  assert.equal(crc64nvme(ascending), 0x3e729f5f6750449cn)
})

test('every length up to 5,000 and some beyond agree with the oracle', async () => {
  const bytes = pseudoRandom(300_000)
  const oracle64 = await createCRC64('9a6c9329ac4bc9b5')
  const oracle32 = await createCRC32()
  const oracle32c = await createCRC32(0x82f63b78)
  const lengths = Array.from({ length: 5000 }, (_, index) => index)
  for (const length of [...lengths, 65_535, 65_536, 65_537, 131_072, 200_001, 300_000]) {
    const part = bytes.subarray(bytes.length - length)
    const hex64 = crc64nvme(part).toString(16).padStart(16, '0')
    assert.equal(hex64, oracle64.init().update(part).digest(), `CRC64NVME of ${length}`)
    const hex32 = crc32(part).toString(16).padStart(8, '0')
    assert.equal(hex32, oracle32.init().update(part).digest(), `CRC32 of ${length}`)
    const hex32c = crc32c(part).toString(16).padStart(8, '0')
    assert.equal(hex32c, oracle32c.init().update(part).digest(), `CRC32C of ${length}`)
  }
})

test('bytes in the memory of the disk buffers give the same, at any alignment', () => {
  const { pool } = kernelMemory()
  const bytes = pseudoRandom(100_000)
  for (const offset of [0, 1, 7, 4095]) {
    for (const size of [0, 1, 2047, 2048, 4096, 4097, 100_000]) {
      const view = pool.subarray(offset, offset + size)
      view.set(bytes.subarray(0, size))
      assert.equal(crc64nvme(view), crc64nvme(bytes.subarray(0, size)))
    }
  }
})

test('a body cut anywhere gives the same checksum, and its parts combine to it', () => {
  const body = uint8Array({ maxLength: BYTES_MAX })
  property(
    forAll(body, integer({ min: 0, max: BYTES_MAX }), (bytes, at) => {
      const [a, b] = [bytes.subarray(0, at), bytes.subarray(at)]
      for (const { name, of, combine } of ALGORITHMS) {
        assert.equal(of(b, of(a)), of(bytes), `${name} in pieces`)
        assert.equal(combine(of(a), of(b), b.length), of(bytes), `${name} combined`)
      }
      assert.equal(crc64nvme(b, crc64nvme(a)), crc64nvme(bytes))
      assert.equal(crc64nvmeCombine(crc64nvme(a), crc64nvme(b), b.length), crc64nvme(bytes))
    }),
  )
})

test('a seed is taken back', () => {
  const seed32 = integer({ min: 0, max: 2 ** 32 - 1 })
  const seed64 = bigInt({ min: 0n, max: 2n ** 64n - 1n })
  property(
    forAll(uint8Array({ maxLength: BYTES_MAX }), seed32, seed64, (bytes, seed, seedBig) => {
      for (const { name, of, unseed } of ALGORITHMS) {
        assert.equal(unseed(of(bytes, seed), seed, bytes.length), of(bytes), name)
      }
      const seeded = crc64nvme(bytes, seedBig)
      assert.equal(crc64nvmeUnseed(seeded, seedBig, bytes.length), crc64nvme(bytes))
    }),
  )
})

test('combining is right for lengths that no test can hold', () => {
  // Zero bytes shift: doing it in two steps is doing it in one, up to 5 TiB.
  const [a, b] = [2 ** 41 + 12_345, 3 * 2 ** 40 + 7]
  for (const { name, combine } of ALGORITHMS) {
    const once = combine(0xdeadbeef, 0, a + b)
    assert.equal(combine(combine(0xdeadbeef, 0, a), 0, b), once, name)
  }
  const once = crc64nvmeCombine(0xdeadbeefn, 0n, a + b)
  assert.equal(crc64nvmeCombine(crc64nvmeCombine(0xdeadbeefn, 0n, a), 0n, b), once)
})
