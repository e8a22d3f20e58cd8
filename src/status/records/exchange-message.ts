// What two sites say to each other: a signed question in a URL, and a signed answer that repeats the
// question's nonce. So an answer is of that site, to this question, and not of yesterday.

import {
  STATUS_ANSWER_SIZE_BYTES_MAX,
  STATUS_RECORDS_PER_KEY_MAX,
  STATUS_SITES_MAX,
} from '../../base/limits.ts'
import { StatusError } from '../status.ts'
import type { Authors } from './authors.ts'
import { signerOf } from './check-record.ts'
import { parseEnvelope, parseJson, seal } from './envelope.ts'
import type { KeyPair } from './keys.ts'
import { NAME_PATTERN } from './parse-record.ts'
import { SEQUENCE_MAX } from './parse-view.ts'
import type { Author, Envelope, KeyId } from './record.ts'
import { Fields } from './strict.ts'

/** Which view of a site somebody has. */
export interface ViewPosition {
  readonly site: string
  readonly incarnation: number
  readonly sequence: number
}

export interface Question {
  /** Who is asked: an answer to another is worth nothing. */
  readonly to: string
  /** 16 random bytes in hex. */
  readonly nonce: string
  /** Of the log that `after` is a position of; null: from the start. */
  readonly incarnation: string | null
  readonly after: number
  /** The newest views that the asker has: it wants newer ones. */
  readonly views: readonly ViewPosition[]
}

export interface RelayedView {
  readonly envelope: Envelope
  /** For how long the answerer has had it, by its monotonic clock. */
  readonly ageMs: number
}

export interface Answer {
  readonly nonce: string
  readonly incarnation: string
  /** Position of the first record. */
  readonly from: number
  readonly next: number
  readonly isEnd: boolean
  /** Each is looked at by itself: one that is bad does not spoil the others. */
  readonly records: readonly unknown[]
  readonly views: readonly { readonly envelope: unknown; readonly ageMs: number }[]
}

const PARAMETER = 'q'
const QUESTION_SIZE_BYTES_MAX = 4096
const NONCE_PATTERN = /^[0-9a-f]{32}$/
const POSITION_MAX = 1_000_000_000
const AGE_MS_MAX = 1e15

/** The query of the request. */
export function formatQuestion(question: Question, pair: KeyPair): string {
  const text = JSON.stringify({ version: 1, ...question })
  const envelope = JSON.stringify(seal('question', text, pair))
  return `${PARAMETER}=${Buffer.from(envelope).toString('base64url')}`
}

/** @throws StatusError `bad-request`, `too-large`, `unknown-key`, `bad-signature`, `not-allowed` */
export function parseQuestion(
  query: URLSearchParams,
  site: string,
  authors: Authors,
): { readonly asker: Author; readonly question: Question } {
  const parameter = query.get(PARAMETER) ?? ''
  if (parameter.length > 2 * QUESTION_SIZE_BYTES_MAX) {
    throw new StatusError('too-large', 'the question is too long')
  }
  const body = Buffer.from(parameter, 'base64url').toString()
  const envelope = parseEnvelope(body, 2 * QUESTION_SIZE_BYTES_MAX)
  const { author } = signerOf('question', envelope, authors, QUESTION_SIZE_BYTES_MAX)
  if (author.kind !== 'site') throw new StatusError('not-allowed', 'only sites exchange records')
  const fields = openFields(envelope.text, QUESTION_SIZE_BYTES_MAX, 'question')
  const question = {
    to: fields.matching('to', NAME_PATTERN),
    nonce: fields.matching('nonce', NONCE_PATTERN),
    incarnation: fields.orNull('incarnation', (name) => fields.matching(name, NONCE_PATTERN)),
    after: fields.whole('after', 0, POSITION_MAX),
    views: fields.list('views', STATUS_SITES_MAX, readPosition),
  }
  fields.end()
  if (question.to !== site) {
    throw new StatusError('bad-request', `the question is to ${question.to}; this is site ${site}`)
  }
  return { asker: author, question }
}

/** Two lines of JSON: the key and its signature, then what was signed. */
export function formatAnswer(
  answer: Omit<Answer, 'records' | 'views'> & {
    readonly records: readonly Envelope[]
    readonly views: readonly RelayedView[]
  },
  pair: KeyPair,
): string {
  const { key, signature, text } = seal('answer', JSON.stringify({ version: 1, ...answer }), pair)
  return `${JSON.stringify({ key, signature })}\n${text}\n`
}

/**
 * The answer of the peer that has `key` to the question with this nonce.
 * @throws StatusError `bad-request`, `too-large`, `unknown-key`, `bad-signature`, `replayed`
 */
export function parseAnswer(
  body: Uint8Array,
  {
    key,
    nonce,
    authors,
  }: { readonly key: KeyId; readonly nonce: string; readonly authors: Authors },
): Answer {
  const lines = Buffer.from(body.buffer, body.byteOffset, body.length).toString()
  const cut = lines.indexOf('\n')
  const head = new Fields(parseJson(lines.slice(0, Math.max(0, cut)), 1024, 'answer'), 'answer')
  const text = lines.slice(cut + 1, lines.endsWith('\n') ? -1 : undefined)
  const envelope = { key, text, signature: head.string('signature') }
  if (head.string('key') !== key) {
    throw new StatusError('bad-signature', 'the answer is signed by another key than the peer has')
  }
  head.end()
  signerOf('answer', envelope, authors, STATUS_ANSWER_SIZE_BYTES_MAX)
  const answer = readAnswer(text)
  if (answer.nonce !== nonce) {
    throw new StatusError('replayed', 'the answer is to another question than was asked')
  }
  return answer
}

function readAnswer(text: string): Answer {
  const fields = openFields(text, STATUS_ANSWER_SIZE_BYTES_MAX, 'answer')
  const answer = {
    nonce: fields.matching('nonce', NONCE_PATTERN),
    incarnation: fields.matching('incarnation', NONCE_PATTERN),
    from: fields.whole('from', 0, POSITION_MAX),
    next: fields.whole('next', 0, POSITION_MAX),
    isEnd: fields.flag('isEnd'),
    records: fields.list('records', STATUS_RECORDS_PER_KEY_MAX, (value) => value),
    views: fields.list('views', STATUS_SITES_MAX, readRelayed),
  }
  fields.end()
  if (answer.next !== answer.from + answer.records.length) {
    throw new StatusError('bad-request', 'the answer has another number of records than it says')
  }
  if (!answer.isEnd && answer.records.length === 0) {
    throw new StatusError('bad-request', 'the answer has no record and says that more follow')
  }
  return answer
}

function openFields(text: string, sizeBytesMax: number, what: string): Fields {
  const fields = new Fields(parseJson(text, sizeBytesMax, what), what)
  if (fields.take('version') === 1) return fields
  throw new StatusError('bad-request', `the ${what} is of another version than 1`)
}

function readPosition(value: unknown, where: string): ViewPosition {
  const fields = new Fields(value, where)
  const position = {
    site: fields.matching('site', NAME_PATTERN),
    incarnation: fields.whole('incarnation', 0, SEQUENCE_MAX),
    sequence: fields.whole('sequence', 0, SEQUENCE_MAX),
  }
  fields.end()
  return position
}

function readRelayed(value: unknown, where: string): { envelope: unknown; ageMs: number } {
  const fields = new Fields(value, where)
  const relayed = {
    envelope: fields.take('envelope'),
    ageMs: fields.number('ageMs', 0, AGE_MS_MAX),
  }
  fields.end()
  return relayed
}
