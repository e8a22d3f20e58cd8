// Every kind of fault by name: how likely each is in this run, and how often it struck. A fault that
// never struck does not count as survived.

import type { SeededRandom } from './random.ts'

/** All kinds, with what each does. docs/simulation.md lists the same names. */
export const FAULTS = {
  'power-cut': 'all processes die at once, and the drive forgets what was not synced',
  'lost-write': 'a sector that was written and not synced is as before after a power cut',
  'torn-write': 'of one write some sectors are new and some old after a power cut',
  'reordered-write': 'of two unsynced writes of a file the earlier is lost, the later is there',
  'cut-write': 'a process dies in a write: a part of it, or all, reaches the drive later',
  'lost-name': 'a new, renamed or removed name that was not synced is undone by a power cut',
  'bit-flip': 'a bit of durable data changes',
  'misdirected-write': 'a write goes to another place, and is answered as done',
  'read-error': 'a read fails',
  'write-error': 'a write fails, with a part of it done',
  'sync-error': 'a sync fails, and what it should have made durable never is',
  'full-disk': 'the drive has no room, for a while',
  'slow-disk': 'the drive takes a hundred times as long, for a while',
  kill: 'a process dies between two of its events',
  'kill-at-call': 'a process dies within a call to clock, disk, channel or engine',
  pause: 'a process stops for a while, and goes on',
  zombie: 'a process stops, its successor starts, then it goes on beside it',
  'message-delay': 'a message between two processes takes long',
  'channel-cut': 'a channel ends, and what was on its way is lost',
  'half-open': 'a channel loses all that one side sends, and neither side hears of it',
  partition: 'no message and no connection gets from one process to another, for a while',
  'client-gone': 'a client goes away before its answer',
  'client-retry': 'a client asks again, of another worker, what it had no answer to',
  'unsure-applied': 'the outcome of a batch is unknown, and it shows later as applied',
  'unsure-lost': 'the outcome of a batch is unknown, and it was not applied',
  'commit-failed-applied': 'the last step of a commit fails, with the batch applied',
  'commit-failed-lost': 'the last step of a commit fails, with nothing applied',
  'engine-full': 'a commit finds no room',
  'engine-unavailable': 'a commit cannot begin',
  'engine-slow': 'a commit takes long',
  'epoch-stolen': 'another holder takes the epoch just before a commit',
  'read-unavailable': 'a read of the engine fails',
  'clock-jump': "the machine's wall clock jumps",
  'clock-drift': "a process's clock is faster or slower than the others'",
} as const

export type FaultKind = keyof typeof FAULTS
export type FaultRates = Readonly<Partial<Record<FaultKind, number>>>

export const FAULT_KINDS: readonly FaultKind[] = Object.keys(FAULTS) as FaultKind[]

/** The faults of one run. */
export class Faults {
  readonly counts: Record<FaultKind, number>
  readonly random: SeededRandom
  readonly #rates: FaultRates
  #isOn = false

  constructor(rates: FaultRates, random: SeededRandom) {
    this.#rates = rates
    this.random = random
    this.counts = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as typeof this.counts
  }

  get isOn(): boolean {
    return this.#isOn
  }

  begin(): void {
    this.#isOn = true
  }

  /** From now on nothing fails any more. */
  end(): void {
    this.#isOn = false
  }

  /** Share of opportunities at which it strikes; for what happens by itself: times a second. */
  rateOf(kind: FaultKind): number {
    return this.#isOn ? (this.#rates[kind] ?? 0) : 0
  }

  /** Whether it strikes at this opportunity; counted where it does. */
  strikes(kind: FaultKind): boolean {
    const rate = this.rateOf(kind)
    if (rate === 0 || !this.random.chance(rate)) return false
    this.note(kind)
    return true
  }

  /** It happened, as a consequence of another. */
  note(kind: FaultKind): void {
    this.counts[kind]++
  }
}
