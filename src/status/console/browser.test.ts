// The scripts that browsers run, run here: what they sign is what the command line signs.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { openSystemRandom } from '../../platform/random.ts'
import { checkRecord } from '../records/check-record.ts'
import { draftRecord } from '../records/draft.ts'
import { seal } from '../records/envelope.ts'
import { incident, maintenance, NOON_MS, override, Plane } from '../records/suite-plane.ts'
import type { Envelope, Statement } from '../records/record.ts'
import type { ComponentId, Level } from '../status.ts'
import { LEVELS } from '../status.ts'
import { sessionText } from './sign-in.ts'

const random = openSystemRandom()
const FOLDER = join(process.cwd(), 'src', 'status', 'console', 'browser')
const NONCE = '0123456789abcdef0123456789abcdef'

interface Pair {
  readonly id: string
  readonly key: unknown
}

interface Signing {
  readKeyFile(text: string): Promise<Pair>
  recordText(parts: object): string
  seal(purpose: string, text: string, pair: Pair): Promise<Envelope>
  sessionText(site: string, challenge: string): string
  newNonce(): string
}

interface Statements {
  readonly LEVELS: readonly string[]
  statementOf(kind: string, values: object, context: object): Statement
}

async function load<T>(name: string): Promise<T> {
  return (await import(pathToFileURL(join(FOLDER, name)).href)) as T
}

function fieldOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return (error as { field: string }).field
  }
  return 'none'
}

test('a browser signs the very text that the command line signs, with the very signature', async () => {
  const signing = await load<Signing>('signing.page.js')
  const plane = new Plane(random)
  const pair = await signing.readKeyFile(plane.ann.pem)
  assert.equal(pair.id, plane.ann.id)
  for (const statement of [
    incident(),
    override(),
    maintenance(),
    incident({ text: 'ä 😀\n"x"' }),
  ]) {
    const place = { plane: 'test', order: 7, atMs: NOON_MS, nonce: NONCE, author: plane.ann.id }
    const draft = { ...place, statement }
    const text = signing.recordText(draft)
    assert.equal(text, draftRecord(draft))
    const envelope = await signing.seal('record', text, pair)
    assert.deepEqual(envelope, seal('record', text, plane.ann))
    assert.equal(checkRecord(envelope, plane.authors).author.name, 'Ann')
  }
  assert.equal(signing.sessionText('a', 'b.c'), sessionText('a', 'b.c'))
  assert.match(signing.newNonce(), /^[0-9a-f]{32}$/)
})

test('a key that was read cannot be read again, and what is no key is refused', async () => {
  const signing = await load<Signing>('signing.page.js')
  const plane = new Plane(random)
  const { key } = await signing.readKeyFile(`\r\n${plane.ann.pem.replaceAll('\n', '\r\n')}`)
  assert.equal((key as { extractable: boolean }).extractable, false)
  const broken = plane.ann.pem.replace(/[A-Za-z0-9+/]{8}\n-----END/, 'AAAA\n-----END')
  for (const text of ['', 'hello', broken, '-----BEGIN PUBLIC KEY-----', 'x'.repeat(100_000)]) {
    await assert.rejects(signing.readKeyFile(text), (error) => {
      return (error as { name: string }).name === 'ConsoleError'
    })
  }
})

const CONTEXT = {
  components: ['eu/c1/put', 'eu/c1/get'],
  levelOf: (id: string): Level => (id === 'eu/c1/put' ? 'partial-outage' : 'degraded'),
  seenOf: (id: string): Level => (id === 'eu/c1/put' ? 'major-outage' : 'operational'),
  nowMs: NOON_MS,
}

test('forms become statements that every site takes', async () => {
  const { statementOf } = await load<Statements>('statements.page.js')
  const plane = new Plane(random)
  const opener = 'ab'.repeat(32)
  const cases: readonly (readonly [string, object, Partial<Statement>])[] = [
    [
      'incident',
      { title: ' PUT\tfails ', state: 'investigating', text: ' a\r\nb ', level: '' },
      {
        title: 'PUT fails',
        text: 'a\nb',
        affected: [
          { component: 'eu/c1/put' as ComponentId, level: 'partial-outage' },
          { component: 'eu/c1/get' as ComponentId, level: 'degraded' },
        ],
      },
    ],
    [
      'incident-update',
      { incident: opener, state: 'resolved', text: 'Over.', change: 'as-before', level: '' },
      { affected: null },
    ],
    [
      'incident-update',
      { incident: opener, state: 'identified', text: 'x', change: 'these', level: 'degraded' },
      {},
    ],
    [
      'override',
      { component: 'eu/c1/get', level: 'major-outage', reason: 'Calls.', lasts: '' },
      { over: null, untilMs: null },
    ],
    [
      'override',
      { component: 'eu/c1/put', level: 'operational', reason: 'False alarm.', lasts: '60' },
      { over: 'major-outage', untilMs: NOON_MS + 3_600_000 },
    ],
    [
      'override',
      { component: 'eu/c1/get', level: 'operational', reason: '', lasts: '' },
      { level: null, over: null },
    ],
    [
      'override',
      { component: 'eu/c1/put', level: 'none', reason: '' },
      { level: null, over: null },
    ],
    [
      'maintenance',
      { title: 'T', text: 't', start: '2026-12-01T10:00', end: '2026-12-01T12:00' },
      { components: CONTEXT.components as ComponentId[] },
    ],
    ['maintenance-update', { maintenance: opener, state: 'completed', text: 'Done.' }, {}],
  ]
  for (const [kind, values, expected] of cases) {
    const statement = statementOf(kind, values, CONTEXT)
    assert.deepEqual({ ...statement, ...expected }, statement, kind)
    const sealed = plane.sealed(statement, plane.ann)
    assert.deepEqual(checkRecord(sealed, plane.authors).record.statement, statement)
  }
})

test('what is missing is said at its field', async () => {
  const { statementOf } = await load<Statements>('statements.page.js')
  const fieldFor = (kind: string, values: object, context: object = CONTEXT): string =>
    fieldOf(() => statementOf(kind, values, context))
  const full = { title: 'T', text: 't', state: 'investigating', level: '' }
  assert.equal(fieldFor('incident', { ...full, title: '  ' }), 'title')
  assert.equal(fieldFor('incident', { ...full, text: '\n' }), 'text')
  assert.equal(fieldFor('incident', full), 'none')
  assert.equal(fieldFor('incident-update', { ...full, incident: '' }), 'incident')
  const level = { component: 'eu/c1/put', reason: 'r', lasts: '' }
  assert.equal(fieldFor('override', { ...level, level: 'degraded' }), 'lasts', 'a raise ends')
  const week = { ...level, level: 'degraded', lasts: '10080' }
  assert.equal(fieldFor('override', week), 'lasts', 'within a day')
  assert.equal(fieldFor('override', { ...week, level: 'major-outage' }), 'none')
  const green = { ...level, level: 'operational', lasts: '60' }
  const seenAs = (level: Level, seen: Level): object => {
    return { ...CONTEXT, levelOf: () => level, seenOf: () => seen }
  }
  assert.equal(fieldFor('override', green, seenAs('operational', 'operational')), 'level')
  assert.equal(fieldFor('override', green, seenAs('unknown', 'unknown')), 'level')
  assert.equal(fieldFor('override', green, seenAs('recovering', 'recovering')), 'level')
  assert.equal(fieldFor('override', green, seenAs('operational', 'degraded')), 'none')
  assert.equal(fieldFor('override', { ...level, level: 'major-outage' }), 'none')
  assert.equal(fieldFor('override', { ...level, level: 'major-outage', reason: '' }), 'reason')
  const planned = { title: 'T', text: 't', start: '2026-12-01T10:00', end: '2026-12-01T10:00' }
  assert.equal(fieldFor('maintenance', planned), 'end')
  assert.equal(fieldFor('maintenance', { ...planned, start: '' }), 'start')
  const later = { ...planned, end: '2026-12-01T11:00' }
  assert.equal(fieldFor('maintenance', later, { ...CONTEXT, components: [] }), 'components')
})

test('a browser knows the levels that there are', async () => {
  const statements = await load<Statements>('statements.page.js')
  assert.deepEqual(statements.LEVELS, LEVELS)
})
