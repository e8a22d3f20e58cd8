// A view's text: made within its bounds, and checked once, strictly, by whoever gets it.

import {
  STATUS_COMPONENTS_MAX,
  STATUS_DAYS_MAX,
  STATUS_VIEW_SIZE_BYTES_MAX,
  STATUS_WHY_CHARS_MAX,
} from '../../base/limits.ts'
import { LEVELS, StatusError } from '../status.ts'
import type { DayCount, Level, Recovery, Sighting, View } from '../status.ts'
import { parseJson } from './envelope.ts'
import { INSTANT_MS_MAX, NAME_PATTERN, readComponentId } from './parse-record.ts'
import { Fields } from './strict.ts'

/** Of incarnations and sequences: far from where adding one is no longer exact. */
export const SEQUENCE_MAX: number = 2 ** 48
const COUNT_MAX = 1_000_000_000
const DURATION_MS_MAX = 1_000_000_000_000
/** Days since 1970 up to the year 9999. */
const DAY_MAX = 2_932_896
const WHY = { charsMax: STATUS_WHY_CHARS_MAX, kind: 'line' } as const
const FOOTINGS = ['sure', 'blind'] as const
const FOREIGN = /[\p{Cc}\u2028\u2029\ufffe\uffff]+/gu

/** @throws StatusError `bad-request`, `too-large` */
export function parseView(text: string): View {
  const fields = new Fields(parseJson(text, STATUS_VIEW_SIZE_BYTES_MAX, 'view'), 'view')
  const view = {
    site: fields.matching('site', NAME_PATTERN),
    incarnation: fields.whole('incarnation', 1, SEQUENCE_MAX),
    sequence: fields.whole('sequence', 1, SEQUENCE_MAX),
    madeAtMs: fields.whole('madeAtMs', 0, INSTANT_MS_MAX),
    footing: fields.choice('footing', FOOTINGS),
    sightings: fields.list('sightings', STATUS_COMPONENTS_MAX, readSighting),
    days: fields.list('days', STATUS_COMPONENTS_MAX * (STATUS_DAYS_MAX + 1), readDay),
  }
  fields.end()
  checkOnce(view.sightings.map(({ component }) => component))
  checkOnce(view.days.map(({ component, day }) => `${component} ${day}`))
  return view
}

/**
 * The text of a view, such that peers take it: words are cut to their bound and lose what they must
 * not have, and of too many days the oldest are left out. @throws StatusError `too-large`
 */
export function formatView(view: View): string {
  const sightings = view.sightings.map((each) => ({ ...each, why: cleanWhy(each.why) }))
  let days = view.days.toSorted((one, other) => other.day - one.day)
  for (;;) {
    const { site, incarnation, sequence, madeAtMs, footing } = view
    const plain = { site, incarnation, sequence, madeAtMs, footing, sightings, days }
    const text = JSON.stringify(plain)
    if (Buffer.byteLength(text) <= STATUS_VIEW_SIZE_BYTES_MAX) return text
    if (days.length === 0) throw new StatusError('too-large', 'the view has too many sightings')
    days = days.slice(0, Math.floor(days.length / 2))
  }
}

/** What the store answered may stand in it, so it may be anything. */
function cleanWhy(why: string): string {
  const line = Buffer.from(why.replaceAll(FOREIGN, ' ').slice(0, STATUS_WHY_CHARS_MAX))
  const text = line.toString().trim() // a surrogate that was cut from its pair is U+FFFD now
  return text === '' ? 'no reason given' : text
}

function readSighting(value: unknown, where: string): Sighting {
  const fields = new Fields(value, where)
  const sighting = {
    component: readComponentId(fields.take('component'), `${where}.component`),
    level: fields.choice('level', LEVELS),
    sinceMs: fields.whole('sinceMs', 0, INSTANT_MS_MAX),
    why: fields.text('why', WHY),
    probeCount: fields.whole('probeCount', 0, COUNT_MAX),
    failedCount: fields.whole('failedCount', 0, COUNT_MAX),
    isSilent: fields.flag('isSilent'),
    medianMs: fields.orNull('medianMs', (name) => fields.number(name, 0, DURATION_MS_MAX)),
    recovery: fields.orNull('recovery', (name) => readRecovery(fields.take(name), where)),
  }
  fields.end()
  return sighting
}

function readRecovery(value: unknown, where: string): Recovery {
  const fields = new Fields(value, `${where}.recovery`)
  const recovery = {
    doneShare: fields.orNull('doneShare', (name) => fields.number(name, 0, 1)),
    leftMs: fields.orNull('leftMs', (name) => fields.number(name, 0, DURATION_MS_MAX)),
  }
  fields.end()
  return recovery
}

function readDay(value: unknown, where: string): DayCount {
  const fields = new Fields(value, where)
  const component = readComponentId(fields.take('component'), `${where}.component`)
  const day = fields.whole('day', 0, DAY_MAX)
  const counts = new Fields(fields.take('seconds'), `${where}.seconds`)
  const seconds = Object.fromEntries(
    LEVELS.map((level) => [level, counts.whole(level, 0, COUNT_MAX)]),
  ) as Record<Level, number>
  counts.end()
  fields.end()
  return { component, day, seconds }
}

function checkOnce(names: readonly string[]): void {
  if (new Set(names).size === names.length) return
  throw new StatusError('bad-request', 'the view says two things of one component')
}
