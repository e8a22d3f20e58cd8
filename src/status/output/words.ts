// The words of the output: how levels, states, operations, times and shares are called. One table each,
// so that the page, the feeds and a terminal say the same.

import type { IncidentState, MaintenanceState } from '../records/record.ts'
import type { Component, Level, Operation } from '../status.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'

/** `mark` stands beside colour and word, so that none of the three is needed to tell levels apart. */
export interface LevelWords {
  readonly label: string
  readonly mark: string
  /** Behind one thing, and behind several: `GET is down`, `GET and PUT are down`. */
  readonly one: string
  readonly many: string
}

export const LEVEL_WORDS: Readonly<Record<Level, LevelWords>> = {
  operational: { label: 'Operational', mark: '✓', one: 'works', many: 'work' },
  unknown: { label: 'Unknown', mark: '?', one: 'is not known', many: 'are not known' },
  recovering: { label: 'Recovering', mark: '↻', one: 'is recovering', many: 'are recovering' },
  degraded: { label: 'Degraded', mark: '▲', one: 'is degraded', many: 'are degraded' },
  'partial-outage': {
    label: 'Partial outage',
    mark: '◐',
    one: 'fails in part',
    many: 'fail in part',
  },
  'major-outage': { label: 'Major outage', mark: '✕', one: 'is down', many: 'are down' },
}

const OPERATION_WORDS: Readonly<Record<Operation, string>> = {
  get: 'GET',
  list: 'LIST',
  put: 'PUT',
  delete: 'DELETE',
  multipart: 'multipart upload',
  'sign-in': 'sign-in',
}

export const STATE_WORDS: Readonly<Record<IncidentState | MaintenanceState, string>> = {
  investigating: 'Investigating',
  identified: 'Identified',
  monitoring: 'Monitoring',
  resolved: 'Resolved',
  scheduled: 'Scheduled',
  'in-progress': 'In progress',
  verifying: 'Verifying',
  completed: 'Completed',
  canceled: 'Canceled',
}

/** Of a component alone: `GET`, `Console`. */
export function shortName(component: Component): string {
  return component.kind === 'service' ? component.title : OPERATION_WORDS[component.operation]
}

export function cut(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax)}…`
}

/** `a`, `a and b`, `a, b and c`. */
export function listOf(names: readonly string[]): string {
  if (names.length < 2) return names[0] ?? ''
  return `${names.slice(0, -1).join(', ')} and ${names[names.length - 1] ?? ''}`
}

export function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** `2026-11-26T22:41:07Z`: UTC, seconds. An instant that no calendar has is the first one. */
export function isoTime(atMs: number): string {
  return `${validDate(atMs).toISOString().slice(0, 19)}Z`
}

/** `26 Nov 2026`. */
export function dayText(atMs: number): string {
  const date = validDate(atMs)
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()] ?? ''} ${date.getUTCFullYear()}`
}

/** `November 2026` as `Nov 2026`: what months of the history are called. */
export function monthText(atMs: number): string {
  return dayText(atMs).replace(/^\d+ /, '')
}

/** `22:41 UTC`. */
export function clockText(atMs: number): string {
  return `${isoTime(atMs).slice(11, 16)} UTC`
}

/** `26 Nov 2026, 22:41 UTC`, for people and machines. */
export function timeHtml(atMs: number): Html {
  return html`<time datetime="${isoTime(atMs)}">${dayText(atMs)}, ${clockText(atMs)}</time>`
}

/** The same, without the day where it is `nowMs`'s. */
export function shortTimeHtml(atMs: number, nowMs: number): Html {
  if (dayText(atMs) !== dayText(nowMs)) return timeHtml(atMs)
  return html`<time datetime="${isoTime(atMs)}">${clockText(atMs)}</time>`
}

const UNITS: readonly (readonly [string, number])[] = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
]

/** The two largest units, rounded down: `2 d 3 h`, `4 min 5 s`, `0 s`. */
export function durationText(durationMs: number): string {
  let restSec = Math.max(0, Math.floor(durationMs / 1000))
  const parts: string[] = []
  for (const [unit, sizeSec] of UNITS) {
    const number = Math.floor(restSec / sizeSec)
    restSec -= number * sizeSec
    if (number > 0) parts.push(`${number} ${unit}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.join(' ') || '0 s'
}

/** Rounded down, so that only what never failed is 100 %. `null`: not known. */
export function percentText(share: number | null): string {
  if (share === null) return 'not watched'
  const thousandths = Math.floor(share * 100_000 + 1e-6)
  return `${(thousandths / 1000).toFixed(3).replace(/\.?0+$/, '')} %`
}

function validDate(atMs: number): Date {
  const date = new Date(atMs)
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999 || date.getUTCFullYear() < 0
    ? new Date(0)
    : date
}
