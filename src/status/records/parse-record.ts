// A record's text, checked once, strictly: what comes out has every field in its form and its bound,
// and nothing else.

import {
  STATUS_COMPONENTS_MAX,
  STATUS_ORDER_MAX,
  STATUS_OVERRIDE_MS_MAX,
  STATUS_RAISE_MS_MAX,
  STATUS_RECORD_SIZE_BYTES_MAX,
  STATUS_TEXT_CHARS_MAX,
  STATUS_TITLE_CHARS_MAX,
} from '../../base/limits.ts'
import { isIll, isWorse, LEVELS, OPERATIONS, StatusError } from '../status.ts'
import type { ComponentId } from '../status.ts'
import { parseJson } from './envelope.ts'
import { INCIDENT_STATES, MAINTENANCE_STATES } from './record.ts'
import type { Affected, KeyId, RecordId, Statement, StatusRecord } from './record.ts'
import { Fields } from './strict.ts'

/** Year 9999: what a date can say. */
export const INSTANT_MS_MAX = 253_402_300_799_999
export const NAME_PATTERN: RegExp = /^[a-z0-9-]{1,32}$/
const KEY_PATTERN = /^[0-9a-f]{32}$/
const NONCE_PATTERN = /^[0-9a-f]{32}$/
const RECORD_ID_PATTERN = /^[0-9a-f]{64}$/
const TITLE = { charsMax: STATUS_TITLE_CHARS_MAX, kind: 'line' } as const
const TEXT = { charsMax: STATUS_TEXT_CHARS_MAX, kind: 'text' } as const

const KINDS = [
  'incident',
  'incident-update',
  'override',
  'maintenance',
  'maintenance-update',
] as const

/**
 * The record of a text that was signed. The text is JSON in its one plain form (no spaces, no field
 * twice), so that no two readers can understand it differently.
 * @throws StatusError `bad-request`, `too-large`
 */
export function parseRecord(text: string): StatusRecord {
  const value = parseJson(text, STATUS_RECORD_SIZE_BYTES_MAX, 'record')
  const fields = new Fields(value, 'record')
  if (fields.take('version') !== 1) {
    throw new StatusError('bad-request', 'record.version must be 1, the only one there is')
  }
  const plane = fields.matching('plane', NAME_PATTERN)
  const author = fields.matching('author', KEY_PATTERN) as KeyId
  const atMs = fields.whole('atMs', 0, INSTANT_MS_MAX)
  const order = fields.whole('order', 1, STATUS_ORDER_MAX)
  const nonce = fields.matching('nonce', NONCE_PATTERN)
  const statement = readStatement(fields.take('statement'), atMs)
  fields.end()
  if (JSON.stringify(value) !== text) {
    throw new StatusError('bad-request', 'the record is not as JSON.stringify would write it')
  }
  return { version: 1, plane, author, atMs, order, nonce, statement }
}

/** A component's name, known or not. @throws StatusError `bad-request` */
export function readComponentId(value: unknown, where: string): ComponentId {
  const parts = typeof value === 'string' ? value.split('/') : []
  const areNames =
    parts.length >= 2 && parts.length <= 3 && parts.every((p) => NAME_PATTERN.test(p))
  const isOperation = parts.length !== 3 || OPERATIONS.some((operation) => operation === parts[2])
  if (areNames && isOperation) return value as ComponentId
  throw new StatusError('bad-request', `${where} must be REGION/CELL/OPERATION or REGION/SERVICE`)
}

function readStatement(value: unknown, atMs: number): Statement {
  const fields = new Fields(value, 'statement')
  const statement = READERS[fields.choice('kind', KINDS)](fields, atMs)
  fields.end()
  return statement
}

const READERS: Readonly<Record<Statement['kind'], (fields: Fields, atMs: number) => Statement>> = {
  incident: (fields) => ({
    kind: 'incident',
    title: fields.text('title', TITLE),
    state: fields.choice('state', INCIDENT_STATES),
    text: fields.text('text', TEXT),
    affected: readAffected(fields),
    region: fields.orNull('region', (name) => fields.matching(name, NAME_PATTERN)),
  }),
  'incident-update': (fields) => ({
    kind: 'incident-update',
    incident: fields.matching('incident', RECORD_ID_PATTERN) as RecordId,
    state: fields.choice('state', INCIDENT_STATES),
    text: fields.text('text', TEXT),
    affected: fields.orNull('affected', () => readAffected(fields)),
  }),
  override: readOverride,
  maintenance: readMaintenance,
  'maintenance-update': (fields) => ({
    kind: 'maintenance-update',
    maintenance: fields.matching('maintenance', RECORD_ID_PATTERN) as RecordId,
    state: fields.choice('state', MAINTENANCE_STATES),
    text: fields.text('text', TEXT),
  }),
}

function readOverride(fields: Fields, atMs: number): Statement {
  const component = readComponentId(fields.take('component'), 'statement.component')
  const level = fields.orNull('level', (name) => fields.choice(name, LEVELS))
  const over = fields.orNull('over', (name) => fields.choice(name, LEVELS))
  const reason = fields.text('reason', { ...TEXT, isEmptyAllowed: level === null })
  const untilMs = fields.orNull('untilMs', (name) => fields.whole(name, 0, INSTANT_MS_MAX))
  const longestMs = over === null ? STATUS_OVERRIDE_MS_MAX : STATUS_RAISE_MS_MAX
  if (untilMs !== null && (untilMs <= atMs || untilMs > atMs + longestMs)) {
    const what = over === null ? 'an override' : 'a raise'
    const hours = longestMs / 3_600_000
    throw new StatusError('bad-request', `${what} ends after it begins, within ${hours} hours`)
  }
  if (level === 'operational' && over === null) {
    throw new StatusError('bad-request', 'nothing is lowered to operational; that is a raise')
  }
  if (over !== null && (level === null || !isIll(over) || !isWorse(level, over))) {
    const what = 'over what is degraded or worse, and worse than its level'
    throw new StatusError('bad-request', `a raise stands ${what}`)
  }
  if (over !== null && untilMs === null) {
    throw new StatusError('bad-request', 'who says that it is better says until when that counts')
  }
  return { kind: 'override', component, level, over, reason, untilMs }
}

function readMaintenance(fields: Fields): Statement {
  const title = fields.text('title', TITLE)
  const text = fields.text('text', TEXT)
  const components = fields.list('components', STATUS_COMPONENTS_MAX, readComponentId)
  const startMs = fields.whole('startMs', 0, INSTANT_MS_MAX)
  const endMs = fields.whole('endMs', 0, INSTANT_MS_MAX)
  const plan = fields.orNull('plan', (name) => fields.text(name, TITLE))
  if (endMs <= startMs) throw new StatusError('bad-request', 'a maintenance ends after its start')
  if (components.length === 0) {
    throw new StatusError('bad-request', 'a maintenance names its components')
  }
  checkOnce(components, 'statement.components')
  return { kind: 'maintenance', title, text, components, startMs, endMs, plan }
}

function readAffected(fields: Fields): Affected[] {
  const affected = fields.list('affected', STATUS_COMPONENTS_MAX, (value, where) => {
    const entry = new Fields(value, where)
    const component = readComponentId(entry.take('component'), `${where}.component`)
    const level = entry.choice('level', LEVELS)
    entry.end()
    return { component, level }
  })
  const components = affected.map(({ component }) => component)
  checkOnce(components, 'statement.affected')
  return affected
}

function checkOnce(components: readonly ComponentId[], where: string): void {
  if (new Set(components).size < components.length) {
    throw new StatusError('bad-request', `${where} names a component twice`)
  }
}
