// Makes statements of what stands in the forms. What is missing is said here, at its
// field; everything else a site checks.

import { ConsoleError } from './signing.page.js'

const MINUTE_MS = 60_000
const RAISE_MIN_MAX = 24 * 60

/** From well to ill. */
export const LEVELS = [
  'operational',
  'unknown',
  'recovering',
  'degraded',
  'partial-outage',
  'major-outage',
]

/**
 * The statement of a form: its kind, the values of its fields by name, the components chosen in it.
 * @throws ConsoleError
 */
export function statementOf(kind, values, { components, levelOf, nowMs, seenOf }) {
  switch (kind) {
    case 'incident':
      return {
        kind,
        title: line(values, 'title', 'Give it a title: what does not work, and where?'),
        state: values.state,
        text: text(values, 'text', 'Say what is known.'),
        affected: affectedOf(components, values.level, levelOf),
        region: null,
      }
    case 'incident-update':
      return {
        kind,
        incident: one(values, 'incident', 'No incident is open.'),
        state: values.state,
        text: text(values, 'text', 'Say what is known now.'),
        affected: values.change === 'these' ? affectedOf(components, values.level, levelOf) : null,
      }
    case 'override':
      return overrideOf(values, { levelOf, nowMs, seenOf })
    case 'maintenance':
      return maintenanceOf(values, components)
    case 'maintenance-update':
      return {
        kind,
        maintenance: one(values, 'maintenance', 'No maintenance is planned.'),
        state: values.state,
        text: text(values, 'text', 'Say how it goes.'),
      }
    default:
      throw new ConsoleError(`There is no form ${kind}.`)
  }
}

/** Whether this says that a component is better than machines see it. */
export function isRaise(level, seen) {
  return level !== 'none' && LEVELS.indexOf(level) < LEVELS.indexOf(seen)
}

function overrideOf(values, { levelOf, nowMs, seenOf }) {
  const component = one(values, 'component', 'Choose a component.')
  const { level } = values
  const seen = seenOf(component)
  const isWell = level === 'operational' && seen === 'operational'
  if (isWell && levelOf(component) === 'operational') {
    throw new ConsoleError(
      'It is operational, and probes see it so: there is nothing to raise.',
      'level',
    )
  }
  // What a person had set, and nothing else, made it worse: that ends.
  if (level === 'none' || isWell) {
    const reason = clean(values.reason)
    return { kind: 'override', component, level: null, over: null, reason, untilMs: null }
  }
  const reason = text(values, 'reason', 'Say why: it is shown beside the level.')
  const lastsMin = Number(values.lasts)
  const untilMs = lastsMin > 0 ? nowMs + lastsMin * MINUTE_MS : null
  const over = isRaise(level, seen) ? seen : null
  if (over !== null && LEVELS.indexOf(over) < LEVELS.indexOf('degraded')) {
    throw new ConsoleError('A raise is for what probes see as degraded or worse.', 'level')
  }
  if (over !== null && !(lastsMin > 0 && lastsMin <= RAISE_MIN_MAX)) {
    throw new ConsoleError(
      'Whoever says that it is better than it looks says until when, within a day.',
      'lasts',
    )
  }
  return { kind: 'override', component, level, over, reason, untilMs }
}

function maintenanceOf(values, components) {
  const title = line(values, 'title', 'Give it a title.')
  const said = text(values, 'text', 'Say what is done, and what readers notice of it.')
  const startMs = instant(values, 'start')
  const endMs = instant(values, 'end')
  if (endMs <= startMs) throw new ConsoleError('It ends after it starts.', 'end')
  if (components.length === 0) {
    throw new ConsoleError('Choose the components that it is about.', 'components')
  }
  return { kind: 'maintenance', title, text: said, components, startMs, endMs, plan: null }
}

/** An empty level: each as the page shows it. */
function affectedOf(components, level, levelOf) {
  return components.map((component) => ({
    component,
    level: level === '' ? levelOf(component) : level,
  }))
}

function one(values, field, message) {
  if ((values[field] ?? '') === '') throw new ConsoleError(message, field)
  return values[field]
}

function line(values, field, message) {
  const value = clean(values[field]).replace(/\s+/g, ' ')
  if (value === '') throw new ConsoleError(message, field)
  return value
}

function text(values, field, message) {
  const value = clean(values[field])
  if (value === '') throw new ConsoleError(message, field)
  return value
}

/** A time of this computer's zone. */
function instant(values, field) {
  const atMs = new Date(values[field]).getTime()
  if (Number.isNaN(atMs)) throw new ConsoleError(`When does it ${field}?`, field)
  return atMs
}

/** Line ends are line feeds; no half of a character, which could not be signed. */
function clean(value) {
  const whole = (value ?? '').replace(/\r\n?/g, '\n').replace(/\p{Surrogate}/gu, '\ufffd')
  return whole.trim()
}
