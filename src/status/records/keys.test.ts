// Keys: the right bytes (RFC 8032's own vectors), and nothing but Ed25519.

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { SeededRandom } from '../../../sim/random.ts'
import { keyIdOf, makeKeyPair, publicKeyOf, readKeyPair } from './keys.ts'
import { refuses } from './suite-refuses.ts'

test("a pair made of RFC 8032's first seed is that of its test 1, signature too", () => {
  const seed = Buffer.from(
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'hex',
  )
  const pair = makeKeyPair({ bytes: () => seed, fraction: () => 0 })
  assert.equal(
    Buffer.from(pair.publicRaw, 'base64').toString('hex'),
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  )
  assert.equal(
    Buffer.from(pair.sign(new Uint8Array())).toString('hex'),
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  )
  assert.equal(pair.id, '21fe31dfa154a261626bf854046fd227')
})

test('a private key that was written is read again', () => {
  const pair = makeKeyPair(new SeededRandom('keys'))
  const again = readKeyPair(pair.pem)
  assert.deepEqual([again.id, again.publicRaw], [pair.id, pair.publicRaw])
  assert.deepEqual(again.sign(Buffer.from('a')), pair.sign(Buffer.from('a')))
  assert.match(pair.pem, /^-----BEGIN PRIVATE KEY-----\n/)
})

test('a file that holds no Ed25519 key is refused', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
  refuses('bad-config', () => readKeyPair(pem), /of kind ec; it must be ed25519/)
  refuses('bad-config', () => readKeyPair('not a key'), /no private key/)
})

test('a public key is 32 bytes in their one form', () => {
  const { publicRaw, id } = makeKeyPair(new SeededRandom('keys'))
  assert.equal(keyIdOf(publicRaw), id)
  for (const bad of ['', 'AAAA', publicRaw.slice(0, -1), `${publicRaw}\n`, `x${publicRaw}`]) {
    refuses('bad-config', () => keyIdOf(bad), /32 bytes/)
    refuses('bad-config', () => publicKeyOf(bad), /32 bytes/)
  }
})
