// Digests against the vectors of RFC 1321, FIPS 180-4 and against themselves in pieces.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DIGEST_SIZE_BYTES, digest, digestHex, openDigest } from './digest.ts'
import type { DigestAlgorithm } from './digest.ts'

const ABC: Readonly<Record<DigestAlgorithm, string>> = {
  md5: '900150983cd24fb0d6963f7d28e17f72',
  sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
  sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
}

test('the published digests of "abc", at once and in pieces', () => {
  for (const [name, hex] of Object.entries(ABC)) {
    const algorithm = name as DigestAlgorithm
    assert.equal(digestHex(algorithm, 'abc'), hex)
    assert.equal(digest(algorithm, Buffer.from('abc')).toString('hex'), hex)
    assert.equal(digest(algorithm, Buffer.from('abc')).length, DIGEST_SIZE_BYTES[algorithm])
    const pieces = openDigest(algorithm)
    for (const letter of 'abc') pieces.update(Buffer.from(letter))
    assert.equal(pieces.finish().toString('hex'), hex)
  }
})
