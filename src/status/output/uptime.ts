// Uptime of 90 days: a bar a day for each cell, each operation's own below it on demand, and the arithmetic
// in words. A bar is a stretch of a dashed line, days of one level in a row are one, so that ninety bars
// are as a rule a hundred bytes. A bar's height tells the level as its colour does.

import type { Snapshot, Uptime, UptimeDay } from '../snapshot.ts'
import { worse } from '../status.ts'
import type { Level } from '../status.ts'
import { html, join } from './html.ts'
import type { Html } from './html.ts'
import { capital, count, dayText, durationText, percentText, shortName } from './words.ts'

const DAY_MS = 86_400_000
const BAR_WIDTH = 4
const BOX_HEIGHT = 24
const WORST_DAYS_MAX = 3

/** Of a bar, in the units of the drawing. */
const HEIGHTS: Readonly<Record<Level, number>> = {
  operational: 14,
  unknown: 4,
  recovering: 16,
  degraded: 18,
  'partial-outage': 21,
  'major-outage': 24,
}

export interface UptimeOptions {
  /** Which have bars: each operation, each cell, each region; or none, and no figures here. */
  readonly bars: 'all' | 'cells' | 'regions' | 'left-out'
}

/** A cell with its operations, or a service. */
interface Row {
  readonly title: string
  readonly uptimes: readonly Uptime[]
}

export function uptimeHtml(snapshot: Snapshot, options: UptimeOptions): Html {
  const dayCount = snapshot.uptimes.reduce((most, { days }) => Math.max(most, days.length), 0)
  if (dayCount === 0) return html``
  if (options.bars === 'regions' || options.bars === 'left-out') {
    return shortHtml(snapshot, dayCount, options)
  }
  const regions = snapshot.config.regions.flatMap((region) => {
    const rows = rowsOf(snapshot, region.name, region.cells)
    if (rows.length === 0) return []
    return [
      html`<div class="card">
        <h3>${region.title}</h3>
        ${rows.map((row) => rowHtml(row, snapshot.madeAtMs, options))}
        <p class="axis soft" aria-hidden="true">
          <span>${count(dayCount, 'day')} ago</span><span>today</span>
        </p>
      </div> `,
    ]
  })
  return html`<section aria-labelledby="uptime">
    <h2 id="uptime">Uptime of ${count(dayCount, 'day')}</h2>
    <p>
      Uptime is the share of the time watched in which a component was not down: 1 − (major outage +
      0.3 × partial outage) ÷ time watched. A second that no site watched does not count, for or
      against. Degraded and recovering are told, and count as up. Figures are rounded down. A cell
      has the figure of its lowest operation and each day's worst level; open it for the operations.
    </p>
    <p class="soft">
      Bars, from low to high: unknown or not watched, operational, recovering, degraded, partial
      outage, major outage.
    </p>
    ${regions}
  </section>`
}

/** A line a region, or the way to it alone. */
function shortHtml(
  { config, madeAtMs, uptimes }: Snapshot,
  dayCount: number,
  { bars }: UptimeOptions,
): Html {
  const regions = config.regions.flatMap(({ name, title }) => {
    const here = uptimes.filter(({ component }) => component.region === name)
    if (here.length === 0) return []
    const share = lowestOf(here)?.share ?? null
    return [
      html`<div class="up">
        <div class="head">
          <h3>${title}</h3>
          <span>${percentText(share)}</span>
        </div>
        ${barsHtml(worstLevels(here, madeAtMs))}
      </div> `,
    ]
  })
  const card =
    bars === 'left-out'
      ? null
      : html`<p>
            A region has the figure of its lowest component and each day's worst level of any. Bars,
            from low to high: unknown or not watched, operational, recovering, degraded, partial
            outage, major outage.
          </p>
          <div class="card">${regions}</div> `
  return html`<section aria-labelledby="uptime">
    <h2 id="uptime">Uptime of ${count(dayCount, 'day')}</h2>
    ${card}
    <p><a href="/components">Uptime of each component, with the arithmetic</a></p>
  </section>`
}

function lowestOf(uptimes: readonly Uptime[]): Uptime | null {
  return uptimes.reduce<Uptime | null>((least, one) => {
    const isLower = one.share !== null && one.share < (least?.share ?? Infinity)
    return isLower ? one : least
  }, null)
}

function rowsOf(
  { uptimes }: Snapshot,
  region: string,
  cells: readonly { readonly name: string; readonly title: string }[],
): Row[] {
  const here = uptimes.filter(({ component }) => component.region === region)
  const ofCells = cells.map(({ name, title }): Row => {
    const isOf = ({ component }: Uptime): boolean =>
      component.kind === 'operation' && component.cell === name
    return { title, uptimes: here.filter(isOf) }
  })
  const services = here.flatMap((one): Row[] =>
    one.component.kind === 'service' ? [{ title: one.component.title, uptimes: [one] }] : [],
  )
  return [...ofCells, ...services].filter((row) => row.uptimes.length > 0)
}

function rowHtml({ title, uptimes }: Row, nowMs: number, options: UptimeOptions): Html {
  const bars = barsHtml(worstLevels(uptimes, nowMs))
  const lowest = lowestOf(uptimes)
  const isAlone = uptimes.length === 1
  const isEven = new Set(uptimes.map(({ share }) => share)).size === 1
  const of = lowest === null || isEven ? null : ` (${shortName(lowest.component)})`
  const figure = html`<span>${percentText(lowest?.share ?? null)}${of}</span>`
  const details = uptimes.map((uptime) => {
    const own = options.bars === 'all' && !isAlone ? barsHtml(worstLevels([uptime], nowMs)) : null
    const name = isAlone ? 'Arithmetic' : capital(shortName(uptime.component))
    return html`<dt>${name}</dt>
      <dd>${own}<small>${arithmeticText(uptime)}</small></dd> `
  })
  return html`<details class="up">
    <summary>
      <span class="head"
        ><h4>${title}</h4>
        ${figure}</span
      >${bars}
    </summary>
    <dl>${details}</dl>
  </details> `
}

/** `99.9 % = 1 − (12 min major + 0.3 × 4 min partial) ÷ 89 d 23 h watched.` and the worst days. */
export function arithmeticText(uptime: Uptime): string {
  const { days, majorSec, partialSec, share, watchedSec } = uptime
  if (share === null || watchedSec === 0) return 'No site watched it in this time.'
  const watched = durationText(watchedSec * 1000)
  if (majorSec === 0 && partialSec === 0)
    return `${percentText(share)}: no outage in ${watched} watched.`
  const terms: string[] = []
  if (majorSec > 0) terms.push(`${durationText(majorSec * 1000)} major`)
  if (partialSec > 0) terms.push(`0.3 × ${durationText(partialSec * 1000)} partial`)
  const sum = terms.length > 1 ? `(${terms.join(' + ')})` : (terms[0] ?? '')
  return `${percentText(share)} = 1 − ${sum} ÷ ${watched} watched. Worst: ${worstDaysText(days)}.`
}

function worstDaysText(days: readonly UptimeDay[]): string {
  const bad = days
    .filter(({ majorSec, partialSec }) => majorSec > 0 || partialSec > 0)
    .sort((one, other) => (one.share ?? 1) - (other.share ?? 1) || other.day - one.day)
  const shown = bad
    .slice(0, WORST_DAYS_MAX)
    .map(({ day, share }) => `${percentText(share)} on ${dayText(day * DAY_MS)}`)
  const more = bad.length > shown.length ? `, ${bad.length - shown.length} more` : ''
  return `${shown.join(', ')}${more}`
}

/** Of each day the worst that any of them had; `unknown` where none was watched for half of the day. */
function worstLevels(uptimes: readonly Uptime[], nowMs: number): Level[] {
  const length = uptimes.reduce((most, { days }) => Math.max(most, days.length), 0)
  return Array.from({ length }, (_, index) =>
    uptimes
      .map(({ days }) => dayLevel(days[days.length - length + index], nowMs))
      .reduce<Level>((level, other) => worse(level, other), 'operational'),
  )
}

function dayLevel(day: UptimeDay | undefined, nowMs: number): Level {
  if (day === undefined || day.worst === null || day.watchedSec === 0) return 'unknown'
  if (day.worst !== 'operational' && day.worst !== 'unknown') return day.worst
  const lengthSec = Math.min(DAY_MS, Math.max(0, nowMs - day.day * DAY_MS)) / 1000
  return day.watchedSec * 2 < lengthSec ? 'unknown' : 'operational'
}

/** Days in a row of one level are one stretch of that level's line; the text beside says the same. */
function barsHtml(levels: readonly Level[]): Html {
  const strokes = new Map<Level, string>()
  for (let index = 0; index < levels.length;) {
    const level = levels[index] ?? 'unknown'
    let end = index + 1
    while (end < levels.length && levels[end] === level) end += 1
    const y = BOX_HEIGHT - HEIGHTS[level] / 2
    const stretch = `M${index * BAR_WIDTH} ${y}h${(end - index) * BAR_WIDTH - 1}`
    strokes.set(level, (strokes.get(level) ?? '') + stretch)
    index = end
  }
  const paths = [...strokes].map(
    ([level, line]) => html`<path class="${level}" stroke-width="${HEIGHTS[level]}" d="${line}" />`,
  )
  return html`<svg
    class="bars"
    viewBox="0 0 ${levels.length * BAR_WIDTH} ${BOX_HEIGHT}"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    ${join(paths, '')}
  </svg>`
}
