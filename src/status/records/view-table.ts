// The newest view of each site, and since when it is there by this site's monotonic clock. An older one
// never replaces a newer one, whichever way it came.

import type { Clock } from '../../base/clock.ts'
import type { View } from '../status.ts'
import type { RelayedView, ViewPosition } from './exchange-message.ts'
import type { Envelope } from './record.ts'

export interface AgedView {
  readonly view: View
  /** Since it was made, at most: what it took to come here and lay elsewhere counts. */
  readonly ageMs: number
}

interface Entry {
  readonly view: View
  readonly envelope: Envelope
  readonly envelopeSizeBytes: number
  /** Monotonic; below zero where it lay elsewhere before this site started. */
  readonly sinceMs: number
}

export class ViewTable {
  readonly #clock: Clock
  readonly #bySite = new Map<string, Entry>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A checked view. False: there is one that is as new or newer. */
  take(view: View, envelope: Envelope, sinceMs: number): boolean {
    const known = this.#bySite.get(view.site)
    if (known !== undefined && !isNewer(view, known.view)) return false
    const envelopeSizeBytes = JSON.stringify(envelope).length
    this.#bySite.set(view.site, { view, envelope, envelopeSizeBytes, sinceMs })
    return true
  }

  views(): AgedView[] {
    return [...this.#bySite.values()].map(({ view, sinceMs }) => ({
      view,
      ageMs: this.#age(sinceMs),
    }))
  }

  ageMs(site: string): number | null {
    const entry = this.#bySite.get(site)
    return entry === undefined ? null : this.#age(entry.sinceMs)
  }

  positions(): ViewPosition[] {
    return [...this.#bySite.values()].map(({ view: { site, incarnation, sequence } }) => ({
      site,
      incarnation,
      sequence,
    }))
  }

  /** Those that are newer than what somebody has, `first` in front, as many as have room. */
  newerThan(
    positions: readonly ViewPosition[],
    { first, sizeBytesMax }: { readonly first: string; readonly sizeBytesMax: number },
  ): RelayedView[] {
    const had = new Map(positions.map((position) => [position.site, position]))
    const newer = [...this.#bySite.values()].filter(({ view }) => {
      const known = had.get(view.site)
      return known === undefined || isNewer(view, known)
    })
    // The asker has none of the others for the longest time where it lacks them most often: what came
    // here last stands last, so that no view is kept back for ever.
    const ordered = newer.toSorted((one, other) => {
      const isFirst = Number(other.view.site === first) - Number(one.view.site === first)
      return isFirst === 0 ? one.sinceMs - other.sinceMs : isFirst
    })
    let sizeBytes = 0
    const fitting = ordered.filter(({ envelopeSizeBytes }) => {
      sizeBytes += envelopeSizeBytes
      return sizeBytes <= sizeBytesMax
    })
    return fitting.map(({ envelope, sinceMs }) => ({ envelope, ageMs: this.#age(sinceMs) }))
  }

  #age(sinceMs: number): number {
    return Math.max(0, this.#clock.monotonicMs() - sinceMs)
  }
}

/** Later by incarnation, then by sequence. */
export function isNewer(
  one: Pick<View, 'incarnation' | 'sequence'>,
  other: Pick<View, 'incarnation' | 'sequence'>,
): boolean {
  if (one.incarnation !== other.incarnation) return one.incarnation > other.incarnation
  return one.sequence > other.sequence
}
