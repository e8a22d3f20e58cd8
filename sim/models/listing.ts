// What a page of a listing must be, whoever writes meanwhile: in order, within what was asked, no
// key that stood at no time of it, and every common prefix, under which a key stood all the time.
// That every key that stood is in it, key by key, is for the check of each key (key-history.ts).

import type { KeyHistory } from '../key-history.ts'
import type { RecordedAs } from '../history.ts'
import { commonOf, compareKeys, covers } from './page.ts'
import { mayHaveVersions, mayStand, mustStand } from './presence.ts'
import type { Stretch } from './presence.ts'

type Listing = RecordedAs<'list'> | RecordedAs<'listVersions'>

/** What is wrong with a page, one line each, with the key that shows it. */
export interface PageFault {
  readonly message: string
  readonly key: string
}

/** Judges a page that was answered, by the histories of its bucket's keys. */
export function pageFaults(listing: Listing, keys: readonly KeyHistory[]): readonly PageFault[] {
  if (listing.outcome.kind !== 'ok') return []
  const page = listing.outcome.result
  const stretch = { from: listing.invokedStep, to: listing.answeredStep ?? 0 }
  const shape: Shape = {
    listing,
    keys: page.entries.map(({ key }) => key),
    prefixes: page.prefixes,
    isTruncated: page.isTruncated,
    last: page.last,
    stretch,
  }
  return [...shapeFaults(shape), ...strangers(shape, keys), ...prefixFaults(shape, keys)]
}

interface Shape {
  readonly listing: Listing
  readonly keys: readonly string[]
  readonly prefixes: readonly string[]
  readonly isTruncated: boolean
  readonly last: string | null
  readonly stretch: Stretch
}

function shapeFaults(shape: Shape): PageFault[] {
  const { listing, keys, prefixes, isTruncated, last } = shape
  const { limit } = listing.asked
  const faults: PageFault[] = []
  const count = keys.length + prefixes.length
  if (count > limit) faults.push({ message: `it has ${count} of at most ${limit}`, key: '' })
  if (isTruncated && (count !== limit || limit === 0)) {
    faults.push({ message: `it is cut off with ${count} of ${limit}`, key: '' })
  }
  const least = listing.kind === 'list' ? 0 : -1 // versions of one key follow one another
  for (const list of [keys, prefixes]) {
    const all = list === keys ? least : 0
    const at = list.findIndex(
      (key, index) => index > 0 && compareKeys(key, list[index - 1] ?? '') <= all,
    )
    if (at > 0) faults.push({ message: 'it is out of order', key: list[at] ?? '' })
  }
  const end = [...keys.slice(-1), ...prefixes.slice(-1)].toSorted(compareKeys).at(-1) ?? null
  if (end !== last) faults.push({ message: `it ends with ${end} and says ${last}`, key: end ?? '' })
  return faults
}

/** Keys and prefixes that were not asked for, or that nobody wrote. */
function strangers({ listing, keys, prefixes, stretch }: Shape, histories: readonly KeyHistory[]) {
  const { asked } = listing
  const whole = { isTruncated: false, last: null }
  const faults: PageFault[] = []
  const mayBe = listing.kind === 'list' ? mayStand : mayHaveVersions
  for (const key of new Set(keys)) {
    const isWithin = 'afterVersion' in asked && asked.afterVersion !== null && key === asked.after
    if (!isWithin && covers(asked, whole, key) !== 'entry') {
      faults.push({ message: 'it has a key that was not asked for', key })
    }
    const history = histories.find((each) => each.key === key)
    if (history === undefined || !mayBe(history, stretch)) {
      faults.push({ message: 'it has a key that stood at no time of it', key })
    }
  }
  for (const prefix of prefixes) {
    const isAsked = commonOf(asked, prefix) === prefix && covers(asked, whole, prefix) === 'prefix'
    if (!isAsked) faults.push({ message: 'it has a prefix that was not asked for', key: prefix })
    const isExplained = histories.some(
      (history) => commonOf(asked, history.key) === prefix && mayBe(history, stretch),
    )
    if (!isExplained)
      faults.push({ message: 'it has a prefix under which no key was', key: prefix })
  }
  return faults
}

/** Prefixes that are missing. */
function prefixFaults(shape: Shape, histories: readonly KeyHistory[]): PageFault[] {
  const { listing, prefixes, stretch } = shape
  return histories
    .filter(({ key }) => covers(listing.asked, shape, key) === 'prefix')
    .filter((history) => !prefixes.includes(commonOf(listing.asked, history.key) ?? ''))
    .filter((history) => mustStand(history, stretch))
    .map(({ key }) => ({ message: 'it lacks the prefix of a key that stood all the time', key }))
}
