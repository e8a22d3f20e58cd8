// Ed25519 keys (RFC 8032) of people and sites: made, read, named by their hash. A private key lies on
// a disk as PKCS#8 PEM (RFC 5958, RFC 8410), a public one in the configuration as 32 bytes in base64.

import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { digestHex } from '../../base/digest.ts'
import type { Random } from '../../base/random.ts'
import { StatusError } from '../status.ts'
import type { KeyId } from './record.ts'

const SEED_SIZE_BYTES = 32
const PUBLIC_SIZE_BYTES = 32
const KEY_ID_DIGITS = 32
/** What stands before the seed in an Ed25519 key's PKCS#8. Source: RFC 8410, section 7. */
const PKCS8_HEAD = '302e020100300506032b657004220420'

/** Who can sign. `pem` is secret. */
export interface KeyPair {
  readonly id: KeyId
  /** 32 bytes, base64. */
  readonly publicRaw: string
  readonly pem: string
  /** 64 bytes; the same for the same bytes. */
  sign(bytes: Uint8Array): Uint8Array
}

/** A fresh pair. */
export function makeKeyPair(random: Random): KeyPair {
  const seed = random.bytes(SEED_SIZE_BYTES)
  const key = Buffer.concat([Buffer.from(PKCS8_HEAD, 'hex'), seed])
  return pairOf(createPrivateKey({ key, format: 'der', type: 'pkcs8' }))
}

/** The pair of a private key as `KeyPair.pem` has it. @throws StatusError `bad-config` */
export function readKeyPair(pem: string): KeyPair {
  let key: KeyObject
  try {
    key = createPrivateKey({ key: pem, format: 'pem' })
  } catch (error) {
    const next = 'It must be an unencrypted PKCS#8 PEM, as `holdfast status key` makes it.'
    throw new StatusError('bad-config', `the file holds no private key. ${next}`, error)
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    const kind = key.asymmetricKeyType ?? 'unknown'
    throw new StatusError('bad-config', `the private key is of kind ${kind}; it must be ed25519`)
  }
  return pairOf(key)
}

/** How records name a public key: 32 bytes in base64. @throws StatusError `bad-config` */
export function keyIdOf(publicRaw: string): KeyId {
  return digestHex('sha256', publicBytes(publicRaw)).slice(0, KEY_ID_DIGITS) as KeyId
}

/** The key that checks signatures, from its 32 bytes in base64. @throws StatusError `bad-config` */
export function publicKeyOf(publicRaw: string): KeyObject {
  const x = publicBytes(publicRaw).toString('base64url')
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
}

function pairOf(key: KeyObject): KeyPair {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  const publicRaw = Buffer.from(x, 'base64url').toString('base64')
  return {
    id: keyIdOf(publicRaw),
    publicRaw,
    pem: key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    sign: (bytes) => sign(null, bytes, key),
  }
}

function publicBytes(publicRaw: string): Buffer {
  const bytes = Buffer.from(publicRaw, 'base64')
  if (bytes.length !== PUBLIC_SIZE_BYTES || bytes.toString('base64') !== publicRaw) {
    throw new StatusError('bad-config', 'a public key is 32 bytes in base64, 44 characters')
  }
  return bytes
}
