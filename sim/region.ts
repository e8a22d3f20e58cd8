// The contracts between the simulator and what others write for it: workloads that ask, checks that
// judge. Plain interfaces; the simulator's own files implement them.

import type { Clock } from '../src/base/clock.ts'
import type { ExtentId } from '../src/base/id.ts'
import type { Random } from '../src/base/random.ts'
import type { Disk } from '../src/base/disk.ts'
import type { WorkerCell, WriterCell } from '../src/cell/embedded.ts'
import type { Bodies } from './bodies.ts'
import type { Asked, History, OperationKind, Operations, Outcome } from './history.ts'

/** The one account of all clients; the directory has it from the start. */
export const OWNER_ID: string = 'a'.repeat(64)

/** What an operation has in the worker that carries it out. */
export interface ActContext {
  /** The worker's own; waiting on it is waiting inside the worker. */
  readonly clock: Clock
  readonly random: Random
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
}

export type Act<T> = (cell: WorkerCell, context: ActContext) => Promise<T>

/** One client. Its operations may overlap; each is recorded. */
export interface Client {
  readonly id: number
  /** Never rejects but for a programmer's error in `act`. */
  perform<K extends OperationKind>(
    kind: K,
    asked: Asked<K>,
    act: Act<Operations[K]['ok']>,
  ): Promise<Outcome<Operations[K]['ok']>>
}

export interface WorkloadParts {
  /** Opens the next client. */
  readonly openClient: () => Client
  readonly history: History
  readonly bodies: Bodies
  /** Outside of all processes: never pauses, never jumps. */
  readonly clock: Clock
  readonly random: Random
  /** Operations to invoke in all. */
  readonly stepsMax: number
  /** Aborted when the run ends early: a workload then invokes nothing more. */
  readonly signal: AbortSignal
}

export type Workload = (parts: WorkloadParts) => Promise<void>

/** Damage that the disk did to bytes that were durable, as the disk knows it. */
export interface Damage {
  readonly kind: 'bit-flip' | 'misdirected-write'
  /** Null for a file that is no extent. */
  readonly extentId: ExtentId | null
  readonly path: string
  readonly offset: number
  readonly lengthBytes: number
  readonly atMs: number
}

/** The region at the end of a run: faults off, every process started anew. */
export interface HealedRegion {
  readonly writer: WriterCell
  readonly workers: readonly WorkerCell[]
  /** The drive, without faults. */
  readonly disk: Disk
  readonly driveId: string
  readonly clock: Clock
  readonly random: Random
}

export interface CheckParts {
  readonly history: History
  readonly bodies: Bodies
  readonly damage: readonly Damage[]
  readonly region: HealedRegion
}

/** Something that must not be, with the keys that it concerns. */
export interface Finding {
  readonly check: string
  readonly message: string
  readonly keys: readonly string[]
}

export type EndCheck = (parts: CheckParts) => Promise<readonly Finding[]>
