// The components of each region by cell, those of one level together: `Major outage: GET, LIST`, why, how
// far a recovery is, what a person set, and what each site sees where not all see that it works.

import type { Snapshot } from '../snapshot.ts'
import { LEVELS } from '../status.ts'
import type { Health, Level } from '../status.ts'
import { earliest } from './headline.ts'
import { html, join } from './html.ts'
import type { Html } from './html.ts'
import { levelHtml } from './layout.ts'
import { rollUp } from '../health/roll-up.ts'
import {
  LEVEL_WORDS,
  capital,
  count,
  cut,
  durationText,
  listOf,
  shortName,
  shortTimeHtml,
} from './words.ts'

/** Of why a component is as it is. */
export const WHY_CHARS_MAX = 160

/** What a row tells of: a cell with its operations, or a service alone. */
interface Row {
  readonly title: string
  readonly health: readonly Health[]
}

export interface ComponentsOptions {
  /** All; cells and services of which something is ill, others counted; or all counted. */
  readonly components: 'all' | 'ill' | 'counted'
  /** Whether what each site sees is told, where there is room for it. */
  readonly sites: 'shown' | 'left-out'
  /** Of a person's reason, and of why a component is as it is. */
  readonly reasonCharsMax: number
}

export function componentsHtml(snapshot: Snapshot, options: ComponentsOptions): Html {
  const regions = snapshot.config.regions.map((config, index): Region => {
    const here = snapshot.health.filter(({ component }) => component.region === config.name)
    const cells = config.cells.map(({ name, title }): Row => {
      const isOf = ({ component }: Health): boolean =>
        component.kind === 'operation' && component.cell === name
      return { title, health: here.filter(isOf) }
    })
    const services = here.flatMap((one): Row[] =>
      one.component.kind === 'service' ? [{ title: one.component.title, health: [one] }] : [],
    )
    const rows = [...cells, ...services].filter(({ health }) => health.length > 0)
    return { title: config.title, id: `region-${index}`, health: here, rows }
  })
  const { components } = options
  const isTold = ({ health }: Region): boolean =>
    components === 'all' || (components === 'ill' && !health.every(isQuiet))
  const told = regions.filter(isTold)
  const counted = regions.filter((region) => !isTold(region))
  const list =
    counted.length === 0
      ? null
      : html`<ul class="list card">
          ${counted.map(countedHtml)}
        </ul> `
  const more =
    components === 'all' ? null : html`<p><a href="/components">All components, one by one</a></p> `
  return html`<section aria-labelledby="components">
    <h2 id="components">Regions and cells</h2>
    ${told.map((region) => regionHtml(region, snapshot.madeAtMs, options))}${list}${more}
  </section>`
}

interface Region extends Row {
  readonly id: string
  readonly rows: readonly Row[]
}

/** It works, and nobody said so in place of the probes. */
function isQuiet({ level, override }: Health): boolean {
  return level === 'operational' && override === null
}

function regionHtml(
  { health, id, rows, title }: Region,
  nowMs: number,
  options: ComponentsOptions,
): Html {
  const isTold = (row: Row): boolean => options.components === 'all' || !row.health.every(isQuiet)
  const told = rows.filter(isTold)
  const left = rows.length - told.length
  const rest = left === 0 ? null : html`<p class="soft">${left} more: all operational.</p>`
  return html`<section class="card" aria-labelledby="${id}">
    <div class="head">
      <h3 id="${id}">${title}</h3>
      ${levelHtml(rollUp(health.map(({ level }) => level)))}
    </div>
    <table class="wrap" role="table" aria-labelledby="${id}">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader" scope="col">Cell or service</th>
          <th role="columnheader" scope="col">Health</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${told.map((row) => rowHtml(row, nowMs, options))}
      </tbody>
    </table>
    ${rest}
  </section> `
}

/** `EU West: 20 operational, 4 major outage`; which ones, the head of the page says. */
function countedHtml({ health, title }: Region): Html {
  const counts = LEVELS.toReversed().flatMap((level) => {
    const number = health.filter((one) => one.level === level).length
    return number === 0 ? [] : [`${number} ${LEVEL_WORDS[level].label.toLowerCase()}`]
  })
  const words = health.filter(({ override }) => override !== null).length
  if (words > 0) counts.push(`${count(words, 'level')} set by people`)
  return html`<li>
    <div class="head">
      <span>${title}</span>${levelHtml(rollUp(health.map(({ level }) => level)))}
    </div>
    <small>${counts.join(', ')}</small>
  </li> `
}

function rowHtml({ health, title }: Row, nowMs: number, options: ComponentsOptions): Html {
  const groups = LEVELS.toReversed().flatMap((level) => {
    const group = health.filter((one) => one.level === level)
    return group.length === 0
      ? []
      : [groupHtml({ level, group, total: health.length, nowMs }, options)]
  })
  const seen = options.sites === 'shown' ? seenHtml(health, title) : null
  return html`<tr role="row">
    <th role="rowheader" scope="row">${title}</th>
    <td role="cell">
      <ul>
        ${groups}
      </ul>
      ${seen}
    </td>
  </tr> `
}

interface Group {
  readonly level: Level
  readonly group: readonly Health[]
  /** Components of the row. */
  readonly total: number
  readonly nowMs: number
}

function groupHtml({ group, level, nowMs, total }: Group, options: ComponentsOptions): Html {
  const [first] = group
  const isService = first?.component.kind === 'service'
  const isWhole = group.length === total && total > 1
  const what = isService ? null : isWhole ? ' all operations' : ` ${namesOf(group)}`
  const told = level === 'operational' ? null : troubleHtml(group, nowMs, options)
  return html`<li>${levelHtml(level)}${what}${told}${overridesHtml(group, options)}</li>`
}

/** Since when and why; of several reasons the first and how many there are. */
function troubleHtml(
  group: readonly Health[],
  nowMs: number,
  { reasonCharsMax }: ComponentsOptions,
): Html {
  const sinceMs = earliest(group)
  const since =
    sinceMs === null ? null : html` <small>since ${shortTimeHtml(sinceMs, nowMs)}</small>`
  const reasons = [...new Set(group.filter((one) => !isWord(one)).map(({ why }) => why))]
  const more = reasons.length > 1 ? ` (and ${reasons.length - 1} more)` : ''
  const why =
    reasons[0] === undefined
      ? null
      : html`<div class="why">
          ${cut(reasons[0], Math.min(WHY_CHARS_MAX, reasonCharsMax))}${more}
        </div>`
  return html`${since} ${why} ${recoveryHtml(group)}`
}

/** Why is what a person said: it stands below with the level that they set. */
function isWord({ override, why }: Health): boolean {
  return override !== null && why === `${override.author}: ${override.reason}`
}

/** Of several recoveries the one that is least far, and the longest time left. */
function recoveryHtml(group: readonly Health[]): Html | null {
  const recoveries = group.flatMap(({ recovery }) => (recovery === null ? [] : [recovery]))
  if (recoveries.length === 0) return null
  const shares = recoveries.flatMap(({ doneShare }) => (doneShare === null ? [] : [doneShare]))
  const times = recoveries.flatMap(({ leftMs }) => (leftMs === null ? [] : [leftMs]))
  const percent = shares.length === 0 ? null : Math.floor(Math.min(1, ...shares) * 100)
  const left = times.length === 0 ? null : `about ${durationText(Math.max(...times))} left`
  const bar =
    percent === null
      ? null
      : html`<progress max="100" value="${percent}" aria-label="Recovery"></progress> `
  const texts = [percent === null ? null : `${percent} % done`, left].filter((one) => one !== null)
  if (texts.length === 0) return null
  return html`<div class="why">${bar}${texts.join(', ')}</div>`
}

/** A person's word stands with its reason, and whether it is better or worse than what is seen. */
function overridesHtml(group: readonly Health[], { reasonCharsMax }: ComponentsOptions): Html[] {
  const lines = new Map<string, Health[]>()
  for (const health of group) {
    if (health.override === null) continue
    const { author, kind, level, reason } = health.override
    const how = kind === 'raised' ? ', better than what probes see' : ''
    const text = `${LEVEL_WORDS[level].label}, set by ${author}${how}: ${cut(reason, reasonCharsMax)}`
    lines.set(text, [...(lines.get(text) ?? []), health])
  }
  return [...lines].map(
    ([text, ofText]) => html`<div class="why">${namesOf(ofText)}: ${text}</div>`,
  )
}

function namesOf(group: readonly Health[]): string {
  return capital(listOf(group.map(({ component }) => shortName(component))))
}

/** Where not all sites see that all works: what each sees, the same said once. */
function seenHtml(health: readonly Health[], title: string): Html | null {
  const lines = new Map<string, { site: string; level: Level; why: string; names: string[] }>()
  for (const { component, seenBy } of health) {
    if (seenBy.every(({ level }) => level === 'operational')) continue
    for (const { level, site, why } of seenBy) {
      const short = level === 'operational' ? '' : cut(why, WHY_CHARS_MAX)
      const key = JSON.stringify([site, level, short])
      const line = lines.get(key) ?? { site, level, why: short, names: [] }
      line.names.push(shortName(component))
      lines.set(key, line)
    }
  }
  if (lines.size === 0) return null
  const items = [...lines.values()].map(
    ({ level, names, site, why }) =>
      html`<li>
        Site ${site}: ${listOf(names)}:
        ${LEVEL_WORDS[level].label.toLowerCase()}${why === '' ? null : `, ${why}`}
      </li>`,
  )
  return html`<details>
    <summary>What each site sees<span class="vh"> of ${title}</span></summary>
    <ul>
      ${join(items, '')}
    </ul>
  </details>`
}
