// What the whole of a key's history says of the versions that may be made on the way through it: which
// ids stood at which place, and how far the places went. The search leaves out by it what could only
// fail later; it never leaves out what could be explained.

import { orderIn } from './models/key-state.ts'
import type {
  KeyAnswer,
  KeyCall,
  KeyState,
  KeyVersion,
  SeenVersion,
  TimedStep,
} from './models/key-state.ts'

/** An id that some answer shows. */
interface KnownId {
  readonly versionId: string
  /** Who was told that this is the id of what it made; null: nobody was. */
  readonly maker: string | null
  readonly seen: SeenVersion | null
}

export interface HistoryEvent {
  readonly at: number
  readonly step: TimedStep
}

export class Foresight {
  readonly #ids = new Map<number, KnownId[]>()
  /** Up to this event a key's versions are all listed later; below 0: never. */
  readonly #listedAfter: number
  /** Before each event, the place that must be reached, less what may be made on the way there. */
  readonly #places: readonly number[]

  constructor(events: readonly HistoryEvent[], doubts: ReadonlySet<TimedStep>) {
    for (const { step } of events) for (const known of idsIn(step)) this.#add(known)
    this.#listedAfter = events.findLastIndex(
      ({ at, step }) => isWhole(step) && at === step.invokedAt,
    )
    this.#places = placesOf(events, doubts)
  }

  #add(known: KnownId): void {
    const order = orderIn(known.versionId)
    const ids = this.#ids.get(order) ?? []
    this.#ids.set(order, ids)
    ids.push(known)
  }

  /**
   * Whether a version that was made before the event may be one of those that were seen. One with an
   * id goes only by that id, which an answer must have told before; so one that goes unseen is there
   * when all are listed.
   */
  mayBeMade(version: KeyVersion, before: number): boolean {
    if (version.isNull || before > this.#listedAfter) return true
    const ids = this.#ids.get(version.order) ?? []
    const own = ids.filter(
      ({ versionId }) => version.versionId === null || version.versionId === versionId,
    )
    const names = new Set(own.map(({ versionId }) => versionId))
    return [...names].some((name) =>
      own.every((known) => known.versionId !== name || isLike(version, known)),
    )
  }

  /** Whether so many more versions can be made that a place is reached which was seen later. */
  mayReach({ versions }: KeyState, before: number, more: number): boolean {
    return (versions[0]?.order ?? 0) + more >= (this.#places[before] ?? 0)
  }
}

/** Whether what an answer says of an id may be said of the version. */
function isLike(version: KeyVersion, { maker, seen }: KnownId): boolean {
  if (maker !== null && maker !== version.maker) return false
  if (seen === null) return true
  return (
    seen.isDeleteMarker === version.isDeleteMarker &&
    seen.etag === version.etag &&
    seen.sizeBytes === version.sizeBytes &&
    (seen.tag === null || seen.tag === version.tag)
  )
}

/** Ids of versions that are no null version, as the step's answer tells them. */
function idsIn({ answer, call, id }: TimedStep): readonly KnownId[] {
  if (answer.kind === 'found') return answer.version === null ? [] : seenIn([answer.version])
  if (answer.kind === 'versions') return seenIn(answer.versions)
  if (answer.kind !== 'done' && answer.kind !== 'deleted') return []
  const { versionId } = answer
  if (versionId === null || versionId === 'null') return []
  return [{ versionId, maker: makerIn(call, id), seen: null }]
}

/** What made the version whose id a step was told; null where that was another step. */
function makerIn(call: KeyCall, id: string): string | null {
  if (call.kind === 'complete-upload') return call.uploadId
  return call.kind === 'put' || (call.kind === 'delete' && call.version.kind === 'latest')
    ? id
    : null
}

function seenIn(versions: readonly SeenVersion[]): KnownId[] {
  return versions.flatMap((seen) => {
    const { isNull, versionId } = seen
    return versionId === null || isNull === true ? [] : [{ versionId, maker: null, seen }]
  })
}

function isWhole({ answer }: TimedStep): boolean {
  return answer.kind === 'versions' && answer.hasFirst && answer.hasLast
}

function placesOf(
  events: readonly HistoryEvent[],
  doubts: ReadonlySet<TimedStep>,
): readonly number[] {
  const made: number[] = [0]
  for (const [index, { at, step }] of events.entries()) {
    const isBegun = at === step.invokedAt && !doubts.has(step) && mayMake(step)
    made.push((made[index] ?? 0) + (isBegun ? 1 : 0))
  }
  const ends = new Map(events.map(({ step }, index) => [step, index]))
  const places: number[] = Array.from({ length: events.length + 1 }, () => 0)
  let least = Number.NEGATIVE_INFINITY
  for (const [index, { at, step }] of [...events.entries()].toReversed()) {
    if (at === step.invokedAt) {
      least = Math.max(least, placeIn(step) - (made[ends.get(step) ?? 0] ?? 0))
    }
    places[index] = least + (made[index] ?? 0)
  }
  return places
}

/** The newest place at which a version stands when the step takes effect; 0 where it does not say. */
function placeIn({ answer, call }: TimedStep): number {
  // Repeated, a completion tells of a version that may have gone.
  if (call.kind === 'complete-upload') return 0
  const places = idsOf(answer).map((id) => (id === null || id === 'null' ? 0 : orderIn(id)))
  return Math.max(0, ...places)
}

function idsOf(answer: KeyAnswer): readonly (string | null)[] {
  switch (answer.kind) {
    case 'found':
      return answer.version === null ? [] : [answer.version.versionId]
    case 'versions':
      return answer.versions.map(({ versionId }) => versionId)
    case 'done':
    case 'deleted':
      return [answer.versionId]
    case 'refused':
    case 'unknown':
      return []
  }
}

/** Whether a new version may come of it. */
export function mayMake({ answer, call }: TimedStep): boolean {
  if (answer.kind === 'refused') return false
  if (call.kind === 'delete') return call.version.kind === 'latest'
  return call.kind === 'put' || call.kind === 'complete-upload'
}
