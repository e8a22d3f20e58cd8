// Signatures: of this text, for this use, by this key, in one form; all else is not sealed.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SeededRandom } from '../../../sim/random.ts'
import { isSealed, parseEnvelope, readEnvelope, recordIdOf, seal } from './envelope.ts'
import type { Purpose } from './envelope.ts'
import { makeKeyPair } from './keys.ts'
import { refuses } from './suite-refuses.ts'

const random = (): SeededRandom => new SeededRandom('envelope')
const PURPOSES: readonly Purpose[] = ['record', 'view', 'session', 'question', 'answer']

test('what was sealed is sealed for its use alone, and by its key alone', () => {
  const pair = makeKeyPair(random())
  const other = makeKeyPair(random().fork('other'))
  for (const purpose of PURPOSES) {
    const envelope = seal(purpose, 'a text', pair)
    assert.equal(envelope.key, pair.id)
    for (const use of PURPOSES) {
      assert.equal(isSealed(use, envelope, pair.publicRaw), use === purpose, `${purpose} ${use}`)
    }
    assert.equal(isSealed(purpose, envelope, other.publicRaw), false)
  }
})

test('the bytes that are signed are as the format page says', () => {
  const pair = makeKeyPair(random())
  const signed = pair.sign(Buffer.from('holdfast status record 1\n{"a":"ö"}'))
  const signature = Buffer.from(signed).toString('base64')
  assert.deepEqual(seal('record', '{"a":"ö"}', pair), {
    key: pair.id,
    text: '{"a":"ö"}',
    signature,
  })
})

test('any change of text or signature breaks the seal', () => {
  const pair = makeKeyPair(random())
  const envelope = seal('record', '{"text":"all is well"}', pair)
  const { text, signature } = envelope
  fc.assert(
    fc.property(fc.nat({ max: text.length - 1 }), fc.nat({ max: 0x7f }), (at, code) => {
      const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1)
      const isSame = changed === text
      assert.equal(isSealed('record', { text: changed, signature }, pair.publicRaw), isSame)
    }),
  )
  fc.assert(
    fc.property(fc.nat({ max: signature.length - 1 }), fc.base64String(), (at, other) => {
      const changed = signature.slice(0, at) + (other[0] ?? '-') + signature.slice(at + 1)
      const isSame = changed === signature
      assert.equal(isSealed('record', { text, signature: changed }, pair.publicRaw), isSame)
    }),
  )
})

test('a text that UTF-8 would make another is never sealed', () => {
  const pair = makeKeyPair(random())
  const envelope = seal('record', 'a \ufffd', pair)
  assert.equal(isSealed('record', envelope, pair.publicRaw), true)
  const twin = { ...envelope, text: 'a \ud800' }
  assert.equal(recordIdOf(twin.text), recordIdOf(envelope.text), 'its bytes are the same')
  assert.equal(isSealed('record', twin, pair.publicRaw), false)
  refuses('bad-request', () => seal('record', 'a \ud800', pair))
})

test('a signature has one form', () => {
  const pair = makeKeyPair(random())
  const { text, signature } = seal('record', 'a', pair)
  const twins = [
    signature.replace(/==$/, ''),
    `${signature}\n`,
    ` ${signature}`,
    // The last digit has four bits that say nothing.
    signature.slice(0, 85) + nextDigit(signature.charAt(85)) + '==',
  ]
  for (const twin of twins)
    assert.equal(isSealed('record', { text, signature: twin }, pair.publicRaw), false)
  // S + L in place of S (RFC 8032, 8.4) would be a second signature.
  const order = 2n ** 252n + 27742317777372353535851937790883648493n
  const bytes = Buffer.from(signature, 'base64')
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + order
  const shifted = Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()
  const twin = Buffer.concat([bytes.subarray(0, 32), shifted]).toString('base64')
  assert.equal(isSealed('record', { text, signature: twin }, pair.publicRaw), false)
})

test('an envelope has its three fields, in their form, within its size', () => {
  const envelope = seal('record', 'a', makeKeyPair(random()))
  assert.deepEqual(parseEnvelope(JSON.stringify(envelope), 1000), envelope)
  refuses('too-large', () => parseEnvelope(JSON.stringify(envelope), 20), /20 are allowed/)
  refuses('bad-request', () => parseEnvelope('{', 1000), /not JSON/)
  for (const bad of [
    null,
    [],
    'text',
    {},
    { ...envelope, more: 1 },
    { ...envelope, key: 'X' },
    { ...envelope, text: 1 },
    { ...envelope, signature: 'A' },
    JSON.parse(`{"__proto__":${JSON.stringify(envelope)}}`),
  ]) {
    refuses('bad-request', () => readEnvelope(bad), /envelope/)
  }
})

function nextDigit(digit: string): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  return digits.charAt(digits.indexOf(digit) + 1)
}
