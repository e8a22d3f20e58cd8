// The form of a record: what is right comes out as it is, and of everything that is not, nothing does.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SeededRandom } from '../../../sim/random.ts'
import { STATUS_ORDER_MAX, STATUS_TEXT_CHARS_MAX } from '../../base/limits.ts'
import { draftRecord, newNonce, nextOrder } from './draft.ts'
import { parseRecord } from './parse-record.ts'
import type { RecordId, Statement } from './record.ts'
import { incident, maintenance, NOON_MS, override, Plane, PUT } from './suite-plane.ts'
import { refuses } from './suite-refuses.ts'

const ID = 'ab'.repeat(32) as RecordId
const plane = (): Plane => new Plane(new SeededRandom('parse'))

const STATEMENTS: readonly Statement[] = [
  incident(),
  incident({ region: 'eu', affected: [] }),
  { kind: 'incident-update', incident: ID, state: 'resolved', text: 'Done.', affected: null },
  { kind: 'incident-update', incident: ID, state: 'monitoring', text: 'a\n\tb', affected: [] },
  override(),
  override({ level: null, reason: '' }),
  override({ level: 'operational', over: 'degraded', untilMs: NOON_MS + 60_000 }),
  maintenance(),
  { kind: 'maintenance-update', maintenance: ID, state: 'completed', text: 'Done.' },
]

test('every kind of statement comes out as it went in', () => {
  const { ann, random } = plane()
  for (const statement of STATEMENTS) {
    const nonce = newNonce(random)
    const draft = { plane: 'test', statement, order: 7, atMs: NOON_MS, nonce, author: ann.id }
    const text = draftRecord(draft)
    assert.deepEqual(parseRecord(text), { version: 1, ...draft })
  }
})

test('golden: the text of a record', () => {
  const nonce = '00'.repeat(16)
  const author = plane().ann.id
  const place = { plane: 'test', order: 1, atMs: NOON_MS, nonce, author }
  const text = draftRecord({ ...place, statement: override() })
  assert.equal(
    text,
    `{"version":1,"plane":"test","author":"${author}","atMs":1767614400000,"order":1,"nonce":"${nonce}",` +
      '"statement":{"kind":"override","component":"eu/c1/put","level":"degraded",' +
      '"over":null,"reason":"Customers call.","untilMs":null}}',
  )
})

test('a field more, less, or of another form is refused, wherever it is', () => {
  const { ann } = plane()
  for (const statement of STATEMENTS) {
    const p = plane()
    const right = JSON.parse(p.text(statement, ann)) as Record<string, unknown>
    assert.ok(parseRecord(JSON.stringify(right)))
    for (const change of changesOf(right)) {
      refuses('bad-request', () => parseRecord(JSON.stringify(change)), /record|statement/)
    }
  }
})

/** Each field dropped, one added to each object, and each value made one of another kind. */
function changesOf(value: unknown): unknown[] {
  if (Array.isArray(value)) {
    return value.flatMap((each, index) => changesOf(each).map((other) => value.with(index, other)))
  }
  if (typeof value !== 'object' || value === null) return [{}, [[]], true]
  const fields = Object.entries(value)
  return [
    { ...value, extra: 1 },
    ...fields.map(([name]) => Object.fromEntries(fields.filter(([other]) => other !== name))),
    ...fields.flatMap(([name, field]) =>
      changesOf(field).map((other) => ({ ...value, [name]: other })),
    ),
  ]
}

test('values out of their bounds are refused, with the field that is wrong', () => {
  const p = plane()
  const twice = { component: PUT, level: 'degraded' } as const
  const far = { component: 'eu/c1/fly', level: 'degraded' }
  const cases: [unknown, RegExp][] = [
    [incident({ title: '' }), /title must not be empty/],
    [incident({ title: ' \n' }), /title must have no control/],
    [incident({ title: 'a\u2028b' }), /one line/],
    [incident({ title: 'a'.repeat(201) }), /title is 201 characters long; 200/],
    [incident({ text: 'a\u0000' }), /text must have no control/],
    [incident({ text: 'a\r\nb' }), /text must have no control/],
    [incident({ text: '\ud800' }), /text must have no control/],
    [incident({ text: 'a\ufffe' }), /text must have no control/],
    [incident({ text: 'a'.repeat(STATUS_TEXT_CHARS_MAX + 1) }), /4000 are allowed/],
    [incident({ affected: [twice, twice] }), /a component twice/],
    [{ ...incident(), affected: [far] }, /affected\[0\]\.component must be REGION/],
    [{ ...incident(), affected: Array.from({ length: 401 }, () => far) }, /400 are allowed/],
    [{ ...incident(), state: 'done' }, /state must be one of investigating/],
    [{ ...incident(), kind: 'constructor' }, /kind must be one of/],
    [{ ...incident(), region: 'EU' }, /region/],
    [override({ reason: ' ' }), /reason must not be empty/],
    [override({ untilMs: NOON_MS }), /ends after it begins/],
    [override({ untilMs: NOON_MS + 31 * 86_400_000 }), /an override .* within 720 hours/],
    [override({ level: 'operational', over: 'degraded' }), /until when/],
    [override({ over: 'major-outage' }), /until when/],
    [
      override({ over: 'major-outage', untilMs: NOON_MS + 86_400_001 }),
      /a raise .* within 24 hours/,
    ],
    [override({ over: 'degraded', untilMs: NOON_MS + 1 }), /over what is degraded or worse/],
    [override({ over: 'recovering', untilMs: NOON_MS + 1 }), /over what is degraded or worse/],
    [override({ level: 'operational', untilMs: NOON_MS + 1 }), /nothing is lowered to operational/],
    [override({ level: null, over: 'degraded' }), /over what is degraded or worse/],
    [{ ...maintenance(), endMs: NOON_MS }, /ends after its start/],
    [{ ...maintenance(), components: [] }, /names its components/],
    [{ ...maintenance(), startMs: 1.5 }, /whole number/],
    [{ ...maintenance(), startMs: -1 }, /from 0 to/],
  ]
  for (const [statement, says] of cases) {
    refuses('bad-request', () => parseRecord(p.text(statement, p.ann)), says)
  }
  for (const order of [0, -1, 1.5, STATUS_ORDER_MAX + 1]) {
    refuses('bad-request', () => parseRecord(p.text(incident(), p.ann, { order })), /order/)
  }
})

test('a text has one form: no spaces, no field twice, no number written otherwise', () => {
  const p = plane()
  const text = p.text(incident(), p.ann)
  for (const twin of [
    ` ${text}`,
    text.replace('"order":1', '"order":1e0'),
    text.replace('"order":1', '"order": 1'),
    text.replace('"order":1', '"order":2,"order":1'),
    text.replace('PUT', '\\u0050UT'),
    text.replace('{"version":1', '{"__proto__":{},"version":1'),
  ]) {
    assert.notEqual(twin, text)
    refuses('bad-request', () => parseRecord(twin))
  }
})

test('a text that is too long or nested too deep is refused', () => {
  const p = plane()
  const text = p.text(incident(), p.ann)
  refuses('too-large', () => parseRecord(text.padEnd(64 * 1024 + 1)), /65537 bytes long; 65536/)
  refuses('bad-request', () => parseRecord('['.repeat(60_000)))
  const deep = '['.repeat(30_000) + ']'.repeat(30_000)
  refuses('bad-request', () => parseRecord(deep))
  refuses('bad-request', () => parseRecord(text.replace('"nonce":', `"nonce":${deep},"n":`)))
})

test('the longest record that limits allow fits', () => {
  const p = plane()
  const name = 'x'.repeat(32)
  const affected = Array.from({ length: 400 }, (_, index) => {
    const cell = `${index}-`.padEnd(32, 'x')
    return { component: `${name}/${cell}/multipart`, level: 'partial-outage' }
  })
  const text = '字'.repeat(STATUS_TEXT_CHARS_MAX)
  const statement = { ...incident({ title: '字'.repeat(200), text, region: name }), affected }
  assert.ok(parseRecord(p.text(statement, p.ann)))
})

test('whatever JSON comes, it is a record or a clear refusal', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      refuses('bad-request', () => parseRecord(text))
    }),
  )
})

test('a draft has line feeds, and is refused where sites would refuse it', () => {
  const { ann, random } = plane()
  const nonce = newNonce(random)
  const place = { plane: 'test', order: nextOrder(0), atMs: NOON_MS, nonce, author: ann.id }
  const { statement } = parseRecord(
    draftRecord({ ...place, statement: incident({ text: 'a\r\nb\rc' }) }),
  )
  assert.equal(statement.kind === 'incident' && statement.text, 'a\nb\nc')
  refuses('bad-request', () => draftRecord({ ...place, statement: incident({ title: '' }) }))
  assert.equal(nextOrder(STATUS_ORDER_MAX), STATUS_ORDER_MAX, 'at its end it stands still')
})
