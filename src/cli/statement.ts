// What a person types, as a statement that a site will take. Whatever is mistyped is told in one
// line, with what there is.

import { unreachable } from '../base/assert.ts'
import { didYouMean } from '../base/closest.ts'
import type { Posting } from '../status/posting.ts'
import { INCIDENT_STATES, MAINTENANCE_STATES } from '../status/records/record.ts'
import type { Affected, RecordId, Statement } from '../status/records/record.ts'
import { isIll, isWorse, LEVELS } from '../status/status.ts'
import type { ComponentId, Level } from '../status/status.ts'
import { CliError } from './cli-error.ts'

/** What the command line has, as it was typed. */
export type Typed =
  | {
      readonly kind: 'incident'
      readonly title: string
      readonly state: string
      readonly text: string
      readonly affected: string
    }
  | {
      readonly kind: 'update'
      readonly id: string
      readonly state: string
      readonly text: string
      /** Undefined: as before; `none`: nothing any more. */
      readonly affected: string | undefined
    }
  | {
      readonly kind: 'override'
      readonly component: string
      readonly level: string
      readonly reason: string | undefined
      readonly lasts: string | undefined
    }
  | {
      readonly kind: 'maintenance'
      readonly title: string
      readonly text: string
      readonly components: string
      readonly start: string
      readonly lasts: string
    }
  | {
      readonly kind: 'maintenance-update'
      readonly id: string
      readonly state: string
      readonly text: string
    }

/** @throws CliError */
export function statementOf(typed: Typed, posting: Posting, nowMs: number): Statement {
  switch (typed.kind) {
    case 'incident':
      return {
        kind: 'incident',
        title: required(typed.title, '--title'),
        state: choice(typed.state, INCIDENT_STATES, 'state'),
        text: required(typed.text, '--text'),
        affected: affectedOf(typed.affected, posting),
        region: null,
      }
    case 'update':
      return {
        kind: 'incident-update',
        incident: openOne(typed.id, posting.incidents, 'incident'),
        state: choice(typed.state, INCIDENT_STATES, 'state'),
        text: required(typed.text, '--text'),
        affected: typed.affected === undefined ? null : affectedOf(typed.affected, posting),
      }
    case 'override':
      return overrideOf(typed, posting, nowMs)
    case 'maintenance': {
      const startMs = instantOf(typed.start, nowMs)
      const endMs = startMs + durationMs(typed.lasts)
      if (endMs <= nowMs) {
        const end = new Date(endMs).toISOString()
        throw new CliError(`a maintenance of that --start and --for was over at ${end}`)
      }
      return {
        kind: 'maintenance',
        title: required(typed.title, '--title'),
        text: required(typed.text, '--text'),
        components: listOf(typed.components).map((each) => componentOf(each, posting)),
        startMs,
        endMs,
        plan: null,
      }
    }
    case 'maintenance-update':
      return {
        kind: 'maintenance-update',
        maintenance: openOne(typed.id, posting.maintenances, 'maintenance'),
        state: choice(typed.state, MAINTENANCE_STATES, 'state'),
        text: required(typed.text, '--text'),
      }
    default:
      return unreachable(typed)
  }
}

function overrideOf(
  typed: Extract<Typed, { kind: 'override' }>,
  posting: Posting,
  nowMs: number,
): Statement {
  const component = componentOf(typed.component, posting)
  const isEnd = typed.level === 'none'
  const level = isEnd ? null : choice(typed.level, LEVELS, 'level', ['none'])
  const reason = typed.reason ?? ''
  if (!isEnd && reason.trim() === '') {
    throw new CliError('--reason is missing: it is shown beside the level that you set')
  }
  const { level: shown, seen } = levelsOf(component, posting)
  const end = {
    kind: 'override',
    component,
    level: null,
    over: null,
    reason,
    untilMs: null,
  } as const
  if (level === null && typed.lasts !== undefined) {
    throw new CliError('--for goes with a level; none counts until somebody sets one')
  }
  if (level === null) return end
  if (level === 'operational' && seen === 'operational') {
    if (shown !== 'operational') return end // what a person had set, and nothing else, made it worse
    throw new CliError(
      `${component} is operational, and probes see it so: there is nothing to raise`,
    )
  }
  const over = isWorse(level, seen) ? seen : null
  if (over !== null && !isIll(over)) {
    throw new CliError(
      `probes see ${component} as ${seen}: a raise is for what they see as degraded or worse`,
    )
  }
  if (over !== null && typed.lasts === undefined) {
    throw new CliError(
      `probes see ${component} as ${seen}: whoever says that it is better says ` +
        'for how long, such as --for 1h',
    )
  }
  const untilMs = typed.lasts === undefined ? null : nowMs + durationMs(typed.lasts)
  return { kind: 'override', component, level, over, reason, untilMs }
}

function levelsOf(component: ComponentId, { components }: Posting): { level: Level; seen: Level } {
  return components.find(({ id }) => id === component) ?? { level: 'unknown', seen: 'unknown' }
}

function required(text: string, flag: string): string {
  if (text.trim() === '') throw new CliError(`${flag} is empty: say something`)
  return text
}

function choice<T extends string>(
  typed: string,
  choices: readonly T[],
  what: string,
  more: readonly string[] = [],
): T {
  const found = choices.find((each) => each === typed)
  if (found !== undefined) return found
  const all = [...choices, ...more]
  throw new CliError(
    `there is no ${what} "${typed}"${didYouMean(typed, all)}: it is one of ${all.join(', ')}`,
  )
}

/** `COMPONENT=LEVEL,…`; `none` for nothing. */
function affectedOf(typed: string, posting: Posting): Affected[] {
  if (typed === 'none') return []
  const entries = listOf(typed)
  if (entries.length === 0) {
    throw new CliError('--affected is empty: name COMPONENT=LEVEL, or say none')
  }
  return entries.map((each) => {
    const [component = '', ...rest] = each.split('=')
    if (rest.length === 0) {
      throw new CliError(`"${each}" lacks its level: COMPONENT=LEVEL, such as ${each}=degraded`)
    }
    const level = rest.join('=')
    return { component: componentOf(component, posting), level: choice(level, LEVELS, 'level') }
  })
}

function listOf(typed: string): string[] {
  const parts = typed.split(',').map((part) => part.trim())
  return [...new Set(parts.filter((part) => part !== ''))]
}

function componentOf(typed: string, { components }: Posting): ComponentId {
  const ids = components.map(({ id }) => id)
  const found = ids.find((id) => id === typed)
  if (found !== undefined) return found
  const inside = ids.filter((id) => id.startsWith(`${typed}/`))
  const hint = inside.length > 0 ? `; there are ${inside.join(', ')}` : didYouMean(typed, ids)
  throw new CliError(
    `there is no component "${typed}"${hint === '' ? '; `holdfast status show URL` lists them' : hint}`,
  )
}

/** One of what is open, by its id or the beginning of it. */
function openOne(
  typed: string,
  open: readonly { readonly id: RecordId; readonly title: string; readonly state: string }[],
  what: string,
): RecordId {
  const found = open.filter(({ id }) => typed.length >= 4 && id.startsWith(typed.toLowerCase()))
  if (found[0] !== undefined && found.length === 1) return found[0].id
  const trouble = found.length > 1 ? `several open ${what}s begin with` : `there is no open ${what}`
  const list = open.map(({ id, title, state }) => `${id.slice(0, 8)} "${title}" (${state})`)
  const there = list.length === 0 ? 'none is open' : `open are ${list.join(', ')}`
  throw new CliError(`${trouble} "${typed}"; ${there}`)
}

const UNITS_MS: Readonly<Record<string, number>> = {
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** 90m, 2h, 1d. @throws CliError */
function durationMs(typed: string): number {
  const match = /^(\d{1,5})(m|min|h|d)$/.exec(typed)
  const value = Number(match?.[1]) * (UNITS_MS[match?.[2] ?? ''] ?? NaN)
  if (value > 0) return value
  throw new CliError(`--for takes a time such as 30m, 2h or 1d; not "${typed}"`)
}

/** An instant with its zone; `now`. @throws CliError */
function instantOf(typed: string, nowMs: number): number {
  if (typed === 'now') return nowMs
  const isDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/.test(typed)
  const atMs = isDate && isDay(typed.slice(0, 10)) ? Date.parse(typed) : NaN
  if (!Number.isNaN(atMs)) return atMs
  throw new CliError(
    `--start takes an instant with its zone, such as 2026-03-01T22:00Z, or now; not "${typed}"`,
  )
}

/** Date.parse takes 31 February for 3 March. */
function isDay(typed: string): boolean {
  const atMs = Date.parse(`${typed}T00:00Z`)
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(typed)
}
