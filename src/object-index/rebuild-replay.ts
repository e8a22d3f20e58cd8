// Replays a checkpoint and the archived log behind it into a fresh engine. Sums of a checkpoint say
// which entries are in them; all else is set or deleted, and so comes right by the log's end.

import {
  compareStamps,
  type DecodedLogEntry,
  decodeLogEntry,
  EngineError,
  keyText,
  type Mutation,
} from '../engine/engine.ts'
import { StorageError, type Storage } from '../storage/storage.ts'
import { isCorrupt } from './binary.ts'
import { decodeEntries, decodePage, isNext } from './archive-format.ts'
import { readBody } from './archive-log.ts'
import type { Cursor } from './object-index.ts'
import type { Importer } from './rebuild-import.ts'
import type { NamedBlobs } from './rebuild-named.ts'
import type { FoundLog, LogChain, WholeCheckpoint } from './rebuild-plan.ts'

export interface ReplayParts {
  readonly storage: Storage
  readonly importer: Importer
  readonly named: NamedBlobs
  readonly signal: AbortSignal | undefined
  readonly note: (step: 'checkpoint' | 'log', done: number, total: number) => void
}

export interface Replayed {
  readonly lastStamp: Cursor
  readonly logEntries: number
  readonly gap: string | null
  /** The pieces that were applied. */
  readonly used: readonly FoundLog[]
}

/** Sums that a checkpoint gave, with the last entry that is in them. */
type Exact = Map<string, Cursor>

/** Writes a checkpoint's records. */
export async function replayCheckpoint(
  parts: ReplayParts,
  checkpoint: WholeCheckpoint,
): Promise<Exact> {
  const { storage, importer, named, note, signal } = parts
  const exact: Exact = new Map()
  for (const [index, { location, head }] of checkpoint.pages.entries()) {
    signal?.throwIfAborted()
    note('checkpoint', index, checkpoint.pages.length)
    for (const { key, value } of decodePage(await readBody(storage, location), head.recordCount)) {
      const mutation: Mutation = { kind: 'set', key, value }
      named.note(mutation, 'checkpoint')
      if (head.exactAt !== null) exact.set(keyText(key), head.exactAt)
      await importer.add(mutation)
    }
  }
  note('checkpoint', checkpoint.pages.length, checkpoint.pages.length)
  return exact
}

/** Applies the log behind `start`, piece by piece, until it ends or has a hole. */
export async function replayLog(
  parts: ReplayParts,
  chain: LogChain,
  start: Cursor,
  exact: Exact,
): Promise<Replayed> {
  let at = start
  let logEntries = 0
  const used: FoundLog[] = []
  const end = chain.reach(start)
  for (let step = chain.next(at); step !== null; step = chain.next(at)) {
    parts.signal?.throwIfAborted()
    const entries = await readEntries(parts.storage, step.log)
    if (entries === null) {
      chain.drop(step.log)
      continue
    }
    used.push(step.log)
    for (const entry of entries) {
      const stamp = stampOf(entry, step.log)
      if (compareStamps(stamp, at) <= 0 || compareStamps(stamp, step.upTo) > 0) continue
      await applyEntry(parts, entry, stamp, exact)
      logEntries += 1
      at = stamp
    }
    parts.note('log', at.sequence, Math.max(at.sequence, end.sequence))
  }
  return { lastStamp: at, logEntries, used, gap: chain.gapBehind(at) }
}

/** The entries of a piece, dense and each with its checksum; null where it cannot be trusted. */
export async function readEntries(
  storage: Storage,
  { location, head }: FoundLog,
): Promise<readonly DecodedLogEntry[] | null> {
  try {
    const body = await readBody(storage, location)
    const entries = decodeEntries(body, head.entryCount).map((bytes) => decodeLogEntry(bytes))
    let last: Cursor | null = null
    for (const { versionstamp } of entries) {
      if (last !== null && !isNext(last, versionstamp)) return null
      last = versionstamp
    }
    return last?.sequence === head.last.sequence ? entries : null
  } catch (cause) {
    if (isDamage(cause)) return null
    throw cause
  }
}

function isDamage(cause: unknown): boolean {
  return (
    (cause instanceof StorageError && cause.code !== 'closed') ||
    isCorrupt(cause) ||
    (cause instanceof EngineError && cause.code === 'corrupt')
  )
}

/** An entry's stamp as the archive counts incarnations. */
function stampOf(entry: DecodedLogEntry, log: FoundLog): Cursor {
  return { incarnation: log.head.first.incarnation, sequence: entry.versionstamp.sequence }
}

async function applyEntry(
  { importer, named }: ReplayParts,
  entry: DecodedLogEntry,
  stamp: Cursor,
  exact: Exact,
): Promise<void> {
  for (const mutation of entry.mutations) {
    named.note(mutation, 'log')
    const upTo = exact.size === 0 ? undefined : exact.get(keyText(mutation.key))
    if (upTo !== undefined && compareStamps(stamp, upTo) <= 0) continue
    await importer.add(mutation)
  }
}
