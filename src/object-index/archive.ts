// The archiver: copies the engine's change log into blobs within a second, names them in the index
// with its cursor, trims the log behind it, and makes checkpoints of the whole index. What it
// writes alone brings the index back (rebuild.ts). Source: DESIGN.md, The index.

import type { Clock } from '../base/clock.ts'
import { newId, type CommitId } from '../base/id.ts'
import { ARCHIVER_PERIOD_MS } from '../base/limits.ts'
import { RateLimiter } from '../base/rate.ts'
import type { Random } from '../base/random.ts'
import { compareStamps, type Engine, EngineError, type Versionstamp } from '../engine/engine.ts'
import { PlacementError, type ExtentFiller } from '../placement/placement.ts'
import { StorageError, type Storage } from '../storage/storage.ts'
import { LogArchiver } from './archive-log.ts'
import { applyRetention } from './archive-retention.ts'
import { ARCHIVER, loadArchiveState, type ArchiveState } from './archive-state.ts'
import { CheckpointJob, PAGE_SIZE_BYTES } from './checkpoint.ts'
import { toArchive } from './archive-format.ts'
import {
  ObjectIndexError,
  type ArchiveBlob,
  type Cursor,
  type ObjectIndex,
} from './object-index.ts'

export interface ArchiverParts {
  readonly engine: Engine
  readonly index: ObjectIndex
  /** Placement's, for the archiver alone: `placement.openFiller()`. */
  readonly filler: ExtentFiller
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  readonly options?: Partial<ArchiverOptions>
}

export interface ArchiverOptions {
  /** Log bytes before a checkpoint at least, however small the index is. 64 MiB by default. */
  readonly checkpointLogBytesMin: number
  /** What a checkpoint reads and writes at most. 32 MiB/s by default. */
  readonly checkpointRateBytesPerSec: number
  /** Whether the drive has room for a checkpoint of about so many bytes; else it waits. */
  readonly hasRoom: (sizeBytes: number) => boolean
  /** Told of failures; one line each. */
  readonly report: (message: string) => void
}

export interface ArchiverStatus {
  /** The last entry that is in the archive, as the engine counts. */
  readonly cursor: Cursor
  readonly lagEntries: number
  /** For how long the oldest entry that is not archived has waited, about. */
  readonly lagMs: number
  /** So far behind that PUT must slow down: SlowDown is answered while it is true. */
  readonly isBehind: boolean
  /** Log bytes since the start of the last whole checkpoint. */
  readonly logBytesSinceCheckpoint: number
  readonly lastCheckpoint: Cursor | null
  /** Share of the checkpoint under way, 0 to 1; null: none is. */
  readonly checkpointShare: number | null
  readonly lastError: string | null
}

export interface Archiver extends AsyncDisposable {
  /** Reads where it was and archives from then on, until disposed. */
  start(): Promise<void>
  /** Archives what is in the log now; resolves when it is durable. For a stop, and for tests. */
  flush(): Promise<void>
  /** Makes a checkpoint now, whole on return. */
  checkpoint(): Promise<void>
  status(): ArchiverStatus
}

const MIB = 1024 * 1024
const DEFAULTS: ArchiverOptions = {
  checkpointLogBytesMin: 64 * MIB,
  checkpointRateBytesPerSec: 32 * MIB,
  hasRoom: () => true,
  report: () => undefined,
}
/** An entry waits at most this long for the turn that copies it, which takes a moment itself. */
const WAIT_MS: number = ARCHIVER_PERIOD_MS / 2
const TICK_MS: number = ARCHIVER_PERIOD_MS / 5
/** So many entries are about 4 MiB: the turn does not wait. */
const ENTRIES_NOW = 4000
const LAG_MS_MAX = 15_000
const LAG_ENTRIES_MAX = 200_000
const RETENTION_PERIOD_MS = 60_000
const FLUSH_ROUNDS = 4
/** Pause behind a checkpoint that failed: the next one begins anew. */
const CHECKPOINT_RETRY_MS = 30_000
/** A checkpoint takes about what the last one took; beside growth, its pages' own overhead. */
const CHECKPOINT_GROWTH = 1.25

/** Opens the archiver. Its parts stay the caller's to close; close the archiver before them. */
export function openArchiver(parts: ArchiverParts): Archiver {
  return new Service(parts)
}

/** What is known of the archive; read anew after each failure. */
interface Loaded {
  readonly state: ArchiveState
  readonly log: LogArchiver
}

class Service implements Archiver {
  readonly #parts: ArchiverParts
  readonly #options: ArchiverOptions
  readonly #ending: AbortController = new AbortController()
  readonly #limiter: RateLimiter
  #loaded: Loaded | null = null
  #job: CheckpointJob | null = null
  #jobStart: Cursor | null = null
  #loop: Promise<void> = Promise.resolve()
  /** What is done one after another: turns, checkpoint steps, what callers ask for. */
  #busy: Promise<unknown> = Promise.resolve()
  /** The last entry looked at, kept while the state is read anew behind a failure. */
  #scannedTo: Versionstamp | null = null
  #lagSinceMs: number | null = null
  #checkpointNotBeforeMs: number = Number.NEGATIVE_INFINITY
  #retainedAtMs: number = Number.NEGATIVE_INFINITY
  #lastError: string | null = null

  constructor(parts: ArchiverParts) {
    this.#parts = parts
    this.#options = { ...DEFAULTS, ...parts.options }
    const rate = this.#options.checkpointRateBytesPerSec
    this.#limiter = new RateLimiter({ clock: parts.clock, unitsPerSec: rate, burstUnits: rate / 4 })
  }

  async start(): Promise<void> {
    await this.#exclusive(() => this.#load())
    this.#loop = this.#run()
  }

  async flush(): Promise<void> {
    await this.#exclusive(async () => {
      const { log } = await this.#load()
      // Turns beget entries of their own, a lease at first: a few rounds and nothing is left.
      for (let round = 0; round < FLUSH_ROUNDS; round += 1) {
        let turn = await log.turn({ isForced: false })
        while (turn.isMore) turn = await log.turn({ isForced: false })
        if (turn.bytes === 0) break
      }
      this.#noteProgress()
    })
  }

  async checkpoint(): Promise<void> {
    await this.#exclusive(async () => {
      await this.#beginCheckpoint()
      while (this.#job !== null) await this.#checkpointStep()
    })
  }

  status(): ArchiverStatus {
    const head = this.#parts.engine.status().versionstamp
    const state = this.#loaded?.state
    const lagEntries = this.#lagEntries(head)
    const { clock } = this.#parts
    const isWaiting = lagEntries > 0 || this.#scannedTo === null
    const lagMs =
      isWaiting && this.#lagSinceMs !== null ? clock.monotonicMs() - this.#lagSinceMs : 0
    return {
      cursor: state?.cursor ?? head,
      lagEntries,
      lagMs,
      isBehind: lagMs > LAG_MS_MAX || lagEntries > LAG_ENTRIES_MAX,
      logBytesSinceCheckpoint: state?.logBytesSinceCheckpoint ?? 0,
      lastCheckpoint: state?.checkpoints.at(-1)?.start ?? null,
      checkpointShare: this.#job?.share ?? null,
      lastError: this.#lastError,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ending.signal.aborted) return
    this.#ending.abort()
    await this.#loop
    await this.#tried(() => this.flush())
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts
    const { signal } = this.#ending
    while (!signal.aborted) {
      const bytes = (await this.#tried(() => this.#exclusive(() => this.#tick()))) ?? 0
      try {
        if (bytes > 0) await this.#limiter.take(bytes, signal)
        else await clock.sleep(TICK_MS, signal)
      } catch (cause) {
        if (!signal.aborted) throw cause
      }
    }
  }

  /** One look: a turn of the log where it is due, else a step of the checkpoint; its bytes. */
  async #tick(): Promise<number> {
    const { engine, clock } = this.#parts
    const { state, log } = await this.#load()
    const lagEntries = this.#lagEntries(engine.status().versionstamp)
    if (lagEntries === 0) this.#lagSinceMs = null
    else this.#lagSinceMs ??= clock.monotonicMs()
    const waitedMs = clock.monotonicMs() - (this.#lagSinceMs ?? clock.monotonicMs())
    if (lagEntries >= ENTRIES_NOW || (lagEntries > 0 && waitedMs >= WAIT_MS)) {
      while ((await log.turn({ isForced: false })).isMore);
      this.#noteProgress()
    }
    if (this.#job !== null) {
      return this.#options.hasRoom(PAGE_SIZE_BYTES) ? await this.#checkpointStep() : 0
    }
    const indexBytes = state.checkpoints.at(-1)?.sizeBytes ?? 0
    const logBytesMin = Math.max(indexBytes, this.#options.checkpointLogBytesMin)
    const isDue = state.needsCheckpoint || state.logBytesSinceCheckpoint >= logBytesMin
    if (isDue && this.#mayCheckpoint(state)) {
      await this.#beginCheckpoint()
    } else if (clock.monotonicMs() - this.#retainedAtMs >= RETENTION_PERIOD_MS && lagEntries > 0) {
      await this.#retain(state)
    }
    return 0
  }

  #mayCheckpoint({ checkpoints, logBytesSinceCheckpoint }: ArchiveState): boolean {
    const { clock } = this.#parts
    if (clock.monotonicMs() < this.#checkpointNotBeforeMs) return false
    const sizeBytes = checkpoints.at(-1)?.sizeBytes ?? logBytesSinceCheckpoint
    return this.#options.hasRoom(sizeBytes * CHECKPOINT_GROWTH)
  }

  async #beginCheckpoint(): Promise<void> {
    const { log, state } = await this.#load()
    // Own entries too: no two checkpoints begin at one stamp.
    while ((await log.turn({ isForced: true })).isMore);
    const { engine, filler, random, index } = this.#parts
    const start = toArchive(state.cursor, state.incarnationsBefore)
    this.#jobStart = start
    this.#job = new CheckpointJob({
      engine,
      filler,
      random,
      start,
      incarnationsBefore: state.incarnationsBefore,
      archiveTo: async (end) => {
        const isThere = (): boolean =>
          compareStamps(toArchive(state.cursor, state.incarnationsBefore), end) >= 0
        while (!isThere()) await log.turn({ isForced: true })
      },
      commit: async (blob) => await this.#namePage(index, state, blob),
    })
  }

  async #namePage(index: ObjectIndex, state: ArchiveState, blob: ArchiveBlob): Promise<void> {
    const { filler, random } = this.#parts
    const outcome = await index.apply(
      {
        kind: 'archive',
        consumer: ARCHIVER,
        cursor: state.cursor,
        added: [blob],
        dropped: [],
        writerId: filler.writerId,
      },
      newId<CommitId>(random),
    )
    if (outcome.kind !== 'refused') return
    filler.renew()
    throw new ObjectIndexError(
      'unavailable',
      `archive: a checkpoint's page was refused: ${outcome.refusal}`,
    )
  }

  async #checkpointStep(): Promise<number> {
    const job = this.#job
    if (job === null) return 0
    const { isDone, bytes } = await job.step()
    await this.#parts.filler.settle()
    if (!isDone) return bytes
    this.#job = null
    this.#jobStart = null
    // What there is, and what is due since, is read from the index.
    this.#loaded = null
    await this.#retain((await this.#load()).state)
    return bytes
  }

  async #retain(state: ArchiveState): Promise<void> {
    const { clock, random, engine } = this.#parts
    this.#retainedAtMs = clock.monotonicMs()
    const { result: nowMs } = await engine.commit({
      id: newId<CommitId>(random),
      reads: {},
      decide: (overlay) => ({ kind: 'refuse', result: overlay.nowMs }),
    })
    // While the wall clock is in doubt, nothing expires. Source: DESIGN.md, Time.
    if (engine.status().clockAlarm !== null) return
    await applyRetention(this.#parts, state, { nowMs, underWay: this.#jobStart })
  }

  async #load(): Promise<Loaded> {
    if (this.#loaded !== null) return this.#loaded
    const { engine, index } = this.#parts
    const { logStart } = engine.status()
    const state = await loadArchiveState(index, logStart)
    if (state.needsCheckpoint) {
      this.#options.report(
        'archive: the change log begins behind what is archived; a checkpoint is made at once',
      )
    }
    this.#loaded = { state, log: new LogArchiver(this.#parts, state) }
    return this.#loaded
  }

  #lagEntries(head: Versionstamp): number {
    this.#scannedTo = this.#loaded?.log.scannedTo ?? this.#scannedTo
    return this.#scannedTo === null ? 0 : Math.max(0, head.sequence - this.#scannedTo.sequence)
  }

  #noteProgress(): void {
    this.#lagSinceMs = null
    this.#lastError = null
  }

  /** An operating error ends what was tried, and no more. */
  async #tried<T>(act: () => Promise<T>): Promise<T | null> {
    try {
      return await act()
    } catch (cause) {
      if (!isOperating(cause)) throw cause
      if (cause.message !== this.#lastError) this.#options.report(`archive: ${cause.message}`)
      this.#lastError = cause.message
      return null
    }
  }

  /** Behind a failure, what is known of the archive is read anew, and a checkpoint begun anew. */
  async #exclusive<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#busy.then(act)
    this.#busy = done.catch(() => {
      const nowMs = this.#parts.clock.monotonicMs()
      // Also where not even the state can be read: what waits is waiting since now at the latest.
      this.#lagSinceMs ??= nowMs
      this.#scannedTo = this.#loaded?.log.scannedTo ?? this.#scannedTo
      if (this.#job !== null) this.#checkpointNotBeforeMs = nowMs + CHECKPOINT_RETRY_MS
      this.#loaded = null
      this.#job = null
      this.#jobStart = null
    })
    return await done
  }
}

function isOperating(cause: unknown): cause is Error {
  return (
    cause instanceof ObjectIndexError ||
    cause instanceof PlacementError ||
    cause instanceof StorageError ||
    cause instanceof EngineError
  )
}
