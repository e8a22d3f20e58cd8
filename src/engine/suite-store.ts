// What the engine's suite stands on: one store, the engines that a test opens of it, and short words
// for commits and reads.

import { strict as check } from 'node:assert'
import type { Clock } from '../base/clock.ts'
import { parseId, type CommitId } from '../base/id.ts'
import { ManualClock } from '../base/manual-clock.ts'
import type {
  Commit,
  Committed,
  Engine,
  EngineReader,
  KeyRange,
  Mutation,
  Overlay,
  RangeRead,
  Reads,
  Versionstamp,
} from './engine.ts'

/** What the suite asks of a driver's harness. */
interface Harness {
  open(clock: Clock): Promise<Engine>
  openReader(): Promise<EngineReader & AsyncDisposable>
}

/** Registers one test; it gets a store of its own. Skipped where a driver lacks what it `needs`. */
export type Check = (
  title: string,
  run: (store: SuiteStore) => Promise<void>,
  needs?: readonly 'readers'[],
) => void

export const START_MS = 1_700_000_000_000
export const DAY_MS: number = 24 * 60 * 60 * 1000
export const FIRST: Versionstamp = { incarnation: 1, sequence: 0 }
/** Any key that the suite's words make. */
const ALL: KeyRange = { start: Buffer.alloc(0), end: Buffer.alloc(9, 0xff) }

export class SuiteStore implements AsyncDisposable {
  readonly clock: ManualClock = new ManualClock(START_MS)
  private readonly harness: Harness
  private readonly opened: AsyncDisposable[] = []

  constructor(harness: Harness) {
    this.harness = harness
  }

  async open(clock: Clock = this.clock): Promise<Engine> {
    const engine = await this.harness.open(clock)
    this.opened.push(engine)
    return engine
  }

  async openReader(): Promise<EngineReader & AsyncDisposable> {
    const reader = await this.harness.openReader()
    this.opened.push(reader)
    return reader
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.opened.toReversed()) await one[Symbol.asyncDispose]()
  }
}

/** Bytes of a text, one for each character up to U+00FF. */
export function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1')
}

export function range(start: string, end: string): KeyRange {
  return { start: bytes(start), end: bytes(end) }
}

let lastId = 0

/** An id that no other commit of this process has. */
export function nextId(): CommitId {
  lastId += 1
  const id = parseId<CommitId>(lastId.toString(16).padStart(32, '0'))
  check.ok(id !== null)
  return id
}

export function set(key: string | Uint8Array, value: string | Uint8Array): Mutation {
  return { kind: 'set', key: raw(key), value: raw(value) }
}

export function remove(key: string): Mutation {
  return { kind: 'delete', key: bytes(key) }
}

/** Adds to the first fields of a sum; the others stay. */
export function add(key: string, ...deltas: bigint[]): Mutation {
  const all = Array.from({ length: 8 }, (_, field) => deltas[field] ?? 0n)
  return { kind: 'sum', key: bytes(key), deltas: all }
}

function raw(of: string | Uint8Array): Uint8Array {
  return typeof of === 'string' ? bytes(of) : of
}

/** A commit that applies `mutations`, whatever there is. */
export function applying(...mutations: Mutation[]): Commit<null> {
  return {
    id: nextId(),
    reads: {},
    decide: () => ({ kind: 'apply', mutations, result: null }),
  }
}

export async function apply(engine: Engine, ...mutations: Mutation[]): Promise<Versionstamp> {
  const { versionstamp } = await engine.commit(applying(...mutations))
  check.ok(versionstamp !== null)
  return versionstamp
}

/** Looks at the overlay and changes nothing. */
export function look<T>(engine: Engine, reads: Reads, at: (overlay: Overlay) => T): Promise<T> {
  const decide: Commit<T>['decide'] = (overlay) => ({ kind: 'refuse', result: at(overlay) })
  return engine.commit({ id: nextId(), reads, decide }).then(({ result }) => result)
}

export function lookAtSum(engine: Engine, key: string): Promise<readonly bigint[]> {
  return look(engine, { keys: [bytes(key)] }, (overlay) => overlay.sum(bytes(key)))
}

/** Counts a key up by one, however many do so at once. */
export function counting(key: string): Commit<number> {
  return {
    id: nextId(),
    reads: { keys: [bytes(key)] },
    decide: (overlay) => {
      const result = Number(overlay.get(bytes(key))?.toString() ?? '0') + 1
      return { kind: 'apply', mutations: [set(key, String(result))], result }
    },
  }
}

export async function get(reader: EngineReader, key: string | Uint8Array): Promise<string | null> {
  const { values } = await reader.read({ keys: [raw(key)] })
  return values[0]?.toString('latin1') ?? null
}

export interface Page {
  /** `key=value` of each. */
  readonly entries: readonly string[]
  readonly isWhole: boolean
}

type PageOptions = Partial<Pick<RangeRead, 'limit' | 'reverse'>> & {
  /** 'next', 'stop' or a key to seek. */
  readonly answer?: (key: string) => string
}

/** One page of a range. `answer` says how it goes on behind each key; a text is sought. */
export async function page(
  reader: EngineReader,
  of: KeyRange = ALL,
  { answer, limit = 1000, reverse = false }: PageOptions = {},
): Promise<Page> {
  const entries: string[] = []
  const visit: RangeRead['visit'] = (key, value) => {
    entries.push(`${key.toString('latin1')}=${value.toString('latin1')}`)
    const next = answer?.(key.toString('latin1')) ?? 'next'
    return next === 'next' || next === 'stop' ? next : bytes(next)
  }
  const { isWhole } = await reader.read({ ranges: [{ range: of, limit, reverse, visit }] })
  check.equal(isWhole.length, 1)
  return { entries, isWhole: isWhole[0] === true }
}

export async function entriesOf(reader: EngineReader, of: KeyRange = ALL): Promise<string[]> {
  const { entries, isWhole } = await page(reader, of, { limit: 10_000 })
  check.ok(isWhole)
  return [...entries]
}

/** The stamps' sequences; a refusal's is null. */
export function sequences(committed: readonly Committed<unknown>[]): (number | null)[] {
  return committed.map(({ versionstamp }) => versionstamp?.sequence ?? null)
}

/** What a promise came to: its value, or how it failed. */
export async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof Error && 'code' in error) return error.code
    return error instanceof Error ? error.name : error
  }
}
