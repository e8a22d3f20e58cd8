// Workloads: many clients on few keys. Each is one mix of what clients do, of which a run draws the
// details; all of them do a little of everything, so that kinds of operations meet.

import type { Workload, WorkloadParts } from '../region.ts'
import { Dice } from './dice.ts'
import { StoreClient } from './store-client.ts'
import type { Mix, Shared, Turn } from './store-client.ts'

/** A little of everything. */
const BASE: Readonly<Partial<Record<Turn, number>>> = {
  put: 20,
  putIf: 8,
  get: 12,
  head: 5,
  getVersion: 6,
  delete: 7,
  deleteVersion: 5,
  deleteMany: 3,
  copy: 6,
  setTags: 3,
  createUpload: 4,
  putPart: 3,
  copyPart: 1,
  completeUpload: 5,
  abortUpload: 1,
  list: 5,
  listVersions: 4,
  listUploads: 1,
  usage: 2,
  setVersioning: 1,
  setQuota: 0.3,
  headBucket: 1,
  createBucket: 1,
  deleteBucket: 1,
}
const SIZES: Mix['sizes'] = { borders: 0.08, streams: 0.04, largeParts: 0.03 }

export type WorkloadName =
  | 'everything'
  | 'conditions'
  | 'versions'
  | 'multipart'
  | 'listing'
  | 'quotas'
  | 'buckets'
  | 'bodies'

const MIXES: Readonly<Record<WorkloadName, Mix>> = {
  everything: { turns: BASE, sizes: SIZES },
  /** Writers of one key that race under conditions. */
  conditions: {
    turns: { ...BASE, put: 8, putIf: 40, delete: 12, copy: 3 },
    sizes: { ...SIZES, streams: 0.01 },
  },
  /** Versions, markers and null versions that come and go. */
  versions: {
    turns: { ...BASE, put: 15, delete: 15, deleteVersion: 18, listVersions: 12, setVersioning: 5 },
    sizes: { ...SIZES, streams: 0.01 },
  },
  /** Uploads that are completed, aborted and repeated at once. */
  multipart: {
    turns: {
      ...BASE,
      createUpload: 15,
      putPart: 15,
      completeUpload: 20,
      abortUpload: 6,
      copyPart: 5,
    },
    sizes: { ...SIZES, largeParts: 0.08 },
  },
  /** Listings in pages of one, while keys come and go. */
  listing: {
    turns: { ...BASE, list: 20, listVersions: 15, delete: 15, deleteMany: 8 },
    sizes: { borders: 0.02, streams: 0, largeParts: 0 },
  },
  /** A bound that is nearly reached all the time. */
  quotas: {
    turns: { ...BASE, setQuota: 5, usage: 12, copy: 10, createUpload: 8, completeUpload: 10 },
    sizes: { borders: 0.1, streams: 0.02, largeParts: 0.01 },
  },
  /** Buckets that come and go under those who write into them. */
  buckets: {
    turns: { ...BASE, createBucket: 12, deleteBucket: 15, headBucket: 6, deleteMany: 15 },
    sizes: { ...SIZES, streams: 0.01 },
  },
  /** Large bodies that stream, are read in ranges and become garbage. */
  bodies: {
    turns: { ...BASE, put: 30, get: 30, getVersion: 12, delete: 12 },
    sizes: { borders: 0.3, streams: 0.3, largeParts: 0.1 },
  },
}

export const WORKLOAD_NAMES: readonly WorkloadName[] = Object.keys(MIXES) as WorkloadName[]

const KEYS = ['a', 'a/b', 'a/c', 'b', 'b/', '\u{1f600}', '\uffff/x', 'a!']
const CLIENTS_MAX = 6
/** Tries to make the first bucket, each a little later: the region may be starting. */
const BUCKET_TRIES = 50

export function workloadOf(name: WorkloadName): Workload {
  return async (parts) => await run(parts, MIXES[name])
}

async function run(parts: WorkloadParts, mix: Mix): Promise<void> {
  const dice = new Dice(parts.random)
  const shared: Shared = {
    parts,
    dice,
    mix,
    buckets: [],
    keys: drawKeys(dice),
    marks: 0,
  }
  const clients = Array.from(
    { length: 2 + dice.below(CLIENTS_MAX - 1) },
    () => new StoreClient(shared, parts.openClient()),
  )
  const [first] = clients
  for (let tries = 0; tries < BUCKET_TRIES && shared.buckets.length === 0; tries += 1) {
    if (isOver(parts)) return
    await first?.createBucket()
    if (shared.buckets.length === 0) await parts.clock.sleep(100)
  }
  // Some runs are all at once, in others there is time for what goes on in the background.
  const pauseMs = dice.spread(0.1, 1000)
  await Promise.all(clients.map((client) => live(client, shared, pauseMs)))
}

function drawKeys(dice: Dice): readonly string[] {
  const count = 1 + dice.below(KEYS.length)
  const from = dice.below(KEYS.length)
  return Array.from({ length: count }, (_, at) => KEYS[(from + at) % KEYS.length] ?? 'a')
}

function isOver({ history, stepsMax, signal }: WorkloadParts): boolean {
  return signal.aborted || history.operations.length >= stepsMax
}

async function live(client: StoreClient, shared: Shared, pauseMs: number): Promise<void> {
  const { parts, dice } = shared
  while (!isOver(parts)) {
    await client.turn()
    if (isOver(parts)) return
    if (dice.chance(0.6)) await parts.clock.sleep(Math.ceil(dice.spread(pauseMs / 10, pauseMs)))
  }
}
