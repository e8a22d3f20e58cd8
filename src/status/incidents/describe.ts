// What a machine's posts say: which operations and cells, since when, what still works, in words of
// customers. Made of what is told and nothing else. Pure.

import {
  INCIDENT_LINES_MAX,
  INCIDENT_TITLE_CHARS_MAX,
  STATUS_TEXT_CHARS_MAX,
} from '../../base/limits.ts'
import type { StatusConfig } from '../config.ts'
import { regionTitle, spotsOf, spotsText } from '../output/spots.ts'
import type { Spot } from '../output/spots.ts'
import { capital, clockText, count, durationText, LEVEL_WORDS } from '../output/words.ts'
import { isIll, isWell, LEVELS, worse } from '../status.ts'
import type { Component, Health, Level } from '../status.ts'

/** Of a reason, in a line of a post. */
const WHY_CHARS_MAX = 120

/** One region as it is told. */
export interface Scene {
  readonly config: StatusConfig
  readonly region: string
  /** All of the region. */
  readonly health: readonly Health[]
  /** Of these what the incident is about: what is ill, and what was and is not proved well yet. */
  readonly affected: readonly Health[]
}

/** `EU West: GET and LIST are down in Cell A`; of several levels the worst. One line, bounded. */
export function titleOf({ affected, config, region }: Scene): string {
  const worst = worstOf(affected)
  const components = affected
    .filter(({ level }) => level === worst)
    .map(({ component }) => component)
  const place = regionTitle(config, region)
  const said = spotsOf(config, region, components).map((spot) => sentence(spot, worst))
  const title = `${place}: ${said.join('; ')}`
  if (title.length <= INCIDENT_TITLE_CHARS_MAX) return title
  const many = count(components.length, 'component')
  const words = LEVEL_WORDS[worst]
  const short = `${many} ${components.length === 1 ? words.one : words.many}`
  return `${place.slice(0, INCIDENT_TITLE_CHARS_MAX - short.length - 2)}: ${short}`
}

/** The first post. */
export function openingText(scene: Scene): string {
  const since = firstMs(scene.affected)
  const begun = since === null ? '' : ` Since ${clockText(since)}.`
  const head = `Our probes, which are clients like yours, do not get what they should.${begun}`
  const foot = 'This was found and posted by a machine. It is being investigated.'
  return textOf([head, linesOf(scene), worksText(scene), foot])
}

/** More is affected, or worse than was told. */
export function worseText(scene: Scene): string {
  return textOf([
    'More is affected now, or is worse than before.',
    linesOf(scene),
    worksText(scene),
  ])
}

/** Less is affected, and some may still be. */
export function betterText(scene: Scene): string {
  const isOver = scene.affected.every(({ level }) => !isIll(level))
  const head = isOver
    ? 'Probes succeed again. It is well once they have done so for a while.'
    : 'Some of it got better.'
  return textOf([head, linesOf(scene), worksText(scene)])
}

/** Probes have proved all of it. */
export function wellText(proofSec: number): string {
  const proof = durationText(proofSec * 1000)
  return `All that was affected works again: for at least ${proof} every probe succeeded. We keep watching.`
}

export function resolvedText(watchedMs: number): string {
  return `It stayed well for ${durationText(watchedMs)} more. This incident is over.`
}

/** By level, worst first: `- **PUT in Cell A**: is down (3 of 3 failed: 503 SlowDown)`. */
function linesOf({ affected, config, region }: Scene): string {
  const lines = LEVELS.toReversed().flatMap((level) => {
    const those = affected.filter((health) => health.level === level)
    // Services are a line each, operations that are said in one breath are one.
    const groups = groupsByWhy(those)
    return groups.flatMap(({ components, first }) =>
      spotsOf(config, region, components).map((spot) => {
        const { one, many } = LEVEL_WORDS[level]
        const { what, where, isMany } = spot
        const place = where === '' ? '' : ` ${where}`
        return `- **${capital(what)}${place}**: ${isMany ? many : one}${detailOf(first)}`
      }),
    )
  })
  const rest = lines.length - INCIDENT_LINES_MAX
  const shown = lines.slice(0, INCIDENT_LINES_MAX)
  return [...shown, ...(rest > 0 ? [`- and ${rest} more`] : [])].join('\n')
}

interface Group {
  readonly components: Component[]
  readonly first: Health
}

/** Those that fail in the same way; counts of probes are no difference. */
function groupsByWhy(health: readonly Health[]): Group[] {
  const groups = new Map<string, Group>()
  for (const each of health) {
    const way = each.why.replaceAll(/\d+ of \d+|median [\d.]+ s/g, '')
    const group = groups.get(way)
    if (group === undefined) groups.set(way, { components: [each.component], first: each })
    else group.components.push(each.component)
  }
  return [...groups.values()]
}

/** Why, or how far it is: ` (3 of 3 failed: 503 SlowDown)`, ` (40 % done, about 2 min left)`. */
function detailOf({ level, recovery, why }: Health): string {
  if (level === 'operational') return ''
  if (level !== 'recovering') return ` (${plain(why)})`
  const done = recovery?.doneShare ?? null
  const leftMs = recovery?.leftMs ?? null
  const parts = [
    ...(done === null ? [] : [`${Math.round(done * 100)} % done`]),
    ...(leftMs === null || leftMs === 0 ? [] : [`about ${durationText(leftMs)} left`]),
  ]
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

function worksText({ config, health, region }: Scene): string {
  const well = health.filter(isWell)
  const place = regionTitle(config, region)
  if (well.length === 0) return `Nothing that is probed in ${place} is known to work.`
  const components = well.map(({ component }) => component)
  return `Still working in ${place}: ${spotsText(spotsOf(config, region, components))}.`
}

function sentence({ isMany, what, where }: Spot, level: Level): string {
  const { many, one } = LEVEL_WORDS[level]
  return [what, isMany ? many : one, where].filter((part) => part !== '').join(' ')
}

/** What the store answered may stand in it: no markup, one line, and no more than a line. */
function plain(why: string): string {
  const words = why
    .replaceAll(/[\\`*_[\]<>()#|~]/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return words.length <= WHY_CHARS_MAX ? words : `${words.slice(0, WHY_CHARS_MAX)}…`
}

function textOf(paragraphs: readonly string[]): string {
  return paragraphs
    .filter((part) => part !== '')
    .join('\n\n')
    .slice(0, STATUS_TEXT_CHARS_MAX)
}

function firstMs(health: readonly Health[]): number | null {
  const known = health.flatMap(({ level, sinceMs }) => (isIll(level) ? (sinceMs ?? []) : []))
  return known.length === 0 ? null : Math.min(...known)
}

function worstOf(health: readonly Health[]): Level {
  return health.map(({ level }) => level).reduce(worse, 'operational')
}
