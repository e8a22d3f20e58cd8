// What sites say to each other is taken from whom it is of, to whom it is, and as what it is.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../../sim/random.ts'
import { seal } from './envelope.ts'
import { formatAnswer, formatQuestion, parseAnswer, parseQuestion } from './exchange-message.ts'
import type { Answer, Question } from './exchange-message.ts'
import type { KeyPair } from './keys.ts'
import { incident, Plane } from './suite-plane.ts'
import { refuses } from './suite-refuses.ts'

const NONCE = '00'.repeat(16)
const QUESTION: Question = {
  to: 'site-1',
  nonce: NONCE,
  incarnation: '11'.repeat(16),
  after: 7,
  views: [{ site: 'site-2', incarnation: 1, sequence: 2 }],
}

const open = (): Plane => new Plane(new SeededRandom('messages'))

test('a question comes through, with who asks', () => {
  const plane = open()
  const query = new URLSearchParams(formatQuestion(QUESTION, plane.site(1)))
  const { asker, question } = parseQuestion(query, 'site-1', plane.authors)
  assert.deepEqual([asker.name, question], ['site-2', QUESTION])
})

test('a question is refused that no site asks this one', () => {
  const plane = open()
  const parse = (value: unknown): unknown => {
    const q = Buffer.from(JSON.stringify(value)).toString('base64url')
    return parseQuestion(new URLSearchParams({ q }), 'site-1', plane.authors)
  }
  const text = (changes: object = {}): string =>
    JSON.stringify({ version: 1, ...QUESTION, ...changes })
  const sealed = (changes: object, pair: KeyPair = plane.site(1)) =>
    seal('question', text(changes), pair)
  assert.ok(parse(sealed({})))
  refuses('not-allowed', () => parse(sealed({}, plane.ann)), /only sites/)
  refuses('unknown-key', () => parse(sealed({}, plane.stranger)))
  refuses('bad-signature', () => parse({ ...sealed({}), text: text({ after: 8 }) }))
  refuses('bad-signature', () => parse(seal('answer', text(), plane.site(1))))
  refuses('bad-request', () => parse(sealed({ to: 'site-2' })), /to site-2; this is site site-1/)
  for (const wrong of [
    { after: -1 },
    { more: 1 },
    { version: 2 },
    { nonce: 'x' },
    { incarnation: '' },
    { views: [{}] },
    { views: Array.from({ length: 9 }, () => QUESTION.views[0]) },
  ]) {
    refuses('bad-request', () => parse(sealed(wrong)))
  }
  refuses('too-large', () => parse(sealed({ nonce: 'x'.repeat(5000) })))
  refuses('too-large', () => parse('x'.repeat(9000)))
  refuses('bad-request', () => parse(null))
  refuses('bad-request', () => parseQuestion(new URLSearchParams(), 'site-1', plane.authors))
})

test('an answer comes through, and is of that peer, to that question, whole', () => {
  const plane = open()
  const pair = plane.site(0)
  const view = seal('view', '{}', pair)
  const right = {
    nonce: NONCE,
    incarnation: '11'.repeat(16),
    from: 7,
    next: 8,
    isEnd: true,
    records: [plane.sealed(incident(), plane.ann)],
    views: [{ envelope: view, ageMs: 12.5 }],
  }
  const asked = { key: pair.id, nonce: NONCE, authors: plane.authors }
  const parse = (text: string): Answer => parseAnswer(Buffer.from(text), asked)
  assert.deepEqual(parse(formatAnswer(right, pair)), right)
  const text = formatAnswer(right, pair)
  refuses('bad-signature', () => parse(formatAnswer(right, plane.site(1))), /another key/)
  const [head = '', ...rest] = formatAnswer(right, plane.site(1)).split('\n')
  const renamed = [head.replace(plane.site(1).id, pair.id), ...rest].join('\n')
  refuses('bad-signature', () => parse(renamed))
  refuses('bad-signature', () => parse(text.replace('"isEnd":true', '"isEnd":false')))
  refuses('bad-signature', () => parse(text.slice(0, -10)))
  refuses('replayed', () => parse(formatAnswer({ ...right, nonce: '22'.repeat(16) }, pair)))
  refuses(
    'bad-request',
    () => parse(formatAnswer({ ...right, next: 9 }, pair)),
    /number of records/,
  )
  const stuck = { ...right, records: [], next: 7, isEnd: false }
  refuses('bad-request', () => parse(formatAnswer(stuck, pair)), /more follow/)
  for (const wrong of [{ from: -1 }, { more: 1 }, { views: [{ envelope: view, ageMs: -1 }] }]) {
    refuses('bad-request', () => parse(formatAnswer({ ...right, ...wrong }, pair)))
  }
  for (const body of ['', '\n', 'not JSON\n{}', '{}\n{}', '<html>']) {
    refuses('bad-request', () => parse(body))
  }
})
