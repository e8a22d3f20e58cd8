// A signed text. What is signed begins with a line that names the use, so that what was signed for one
// use is worth nothing for another.

import { verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { digestHex } from '../../base/digest.ts'
import { StatusError } from '../status.ts'
import { publicKeyOf } from './keys.ts'
import type { KeyPair } from './keys.ts'
import type { Envelope, KeyId, RecordId } from './record.ts'
import { Fields } from './strict.ts'

/** What a text is signed for: records, views, sign-in, and both directions of the exchange. */
export type Purpose = 'record' | 'view' | 'session' | 'question' | 'answer'

const SIGNATURE_SIZE_BYTES = 64
const KEY_PATTERN = /^[0-9a-f]{32}$/
const SIGNATURE_PATTERN = /^[A-Za-z0-9+/]{86}==$/

/** Signs a text. It must be well-formed: no lone surrogate, which UTF-8 could not carry. */
export function seal(purpose: Purpose, text: string, pair: KeyPair): Envelope {
  if (!isWellFormed(text)) throw new StatusError('bad-request', 'the text is not well-formed')
  const signature = Buffer.from(pair.sign(signedBytes(purpose, text))).toString('base64')
  return { key: pair.id, text, signature }
}

/**
 * Whether this key signed this very text for this use. Which key the envelope names is not looked at:
 * the caller took the key by that name.
 */
export function isSealed(
  purpose: Purpose,
  { text, signature }: Pick<Envelope, 'text' | 'signature'>,
  publicKey: KeyObject | string,
): boolean {
  if (!SIGNATURE_PATTERN.test(signature) || !isWellFormed(text)) return false
  const bytes = Buffer.from(signature, 'base64')
  // One signature has one form; else two envelopes of one record would not be equal as texts.
  if (bytes.length !== SIGNATURE_SIZE_BYTES || bytes.toString('base64') !== signature) return false
  const key = typeof publicKey === 'string' ? publicKeyOf(publicKey) : publicKey
  return verify(null, signedBytes(purpose, text), key, bytes)
}

/** The id of a record, from the text that was signed. */
export function recordIdOf(text: string): RecordId {
  return digestHex('sha256', text) as RecordId
}

/** An envelope's form alone, not its signature. @throws StatusError `bad-request` */
export function readEnvelope(value: unknown): Envelope {
  const fields = new Fields(value, 'envelope')
  const envelope = {
    key: fields.matching('key', KEY_PATTERN) as KeyId,
    text: fields.string('text'),
    signature: fields.matching('signature', SIGNATURE_PATTERN),
  }
  fields.end()
  return envelope
}

/** The same of a body's text, at most `sizeBytesMax` long. @throws StatusError also `too-large` */
export function parseEnvelope(text: string, sizeBytesMax: number): Envelope {
  return readEnvelope(parseJson(text, sizeBytesMax, 'envelope'))
}

/** @throws StatusError `bad-request`, `too-large` */
export function parseJson(text: string, sizeBytesMax: number, what: string): unknown {
  const sizeBytes = Buffer.byteLength(text)
  if (sizeBytes > sizeBytesMax) {
    const message = `the ${what} is ${sizeBytes} bytes long; ${sizeBytesMax} are allowed`
    throw new StatusError('too-large', message)
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new StatusError('bad-request', `the ${what} is not JSON`, error)
  }
}

function signedBytes(purpose: Purpose, text: string): Buffer {
  return Buffer.from(`holdfast status ${purpose} 1\n${text}`)
}

/** A lone surrogate becomes U+FFFD in UTF-8, so two texts would have one signature. */
function isWellFormed(text: string): boolean {
  return !/\p{Cs}/u.test(text)
}
