// One seed of convergence: whole sites, people who post, an attacker, and all that can go wrong; then all is
// healed, and within a bounded time every site has to tell the same, with all that was acknowledged in it.

import type { SeededRandom } from '../../random.ts'
import { World } from '../../world.ts'
import { Attacker } from './attacker.ts'
import type { Tally } from './happenings.ts'
import { Havoc } from './havoc.ts'
import { Poster } from './people.ts'
import { ChaosPlane } from './plane.ts'
import { differenceOf, missingOf } from './telling.ts'

/** Plain values: it crosses processes. */
export interface ConvergenceResult {
  readonly seed: number
  readonly sites: number
  /** Empty: all sites came to the same. */
  readonly findings: readonly string[]
  readonly happened: Tally['counts']
  readonly acknowledged: number
  readonly excused: number
  readonly records: number
  /** From the end of all that goes wrong until all have the same records, and tell the same. */
  readonly sameRecordsMs: number | null
  readonly sameTellingMs: number | null
  /** How often what is told was looked at; by a site that heard nobody. */
  readonly snapshots: number
  readonly answers: number
  readonly blindSnapshots: number
  readonly events: number
  readonly virtualMs: number
  readonly trace: string
  /** What sites told their operators, the last of it; of a failing seed. */
  readonly remarks: readonly string[]
}

const CHAOS_MS = [60_000, 240_000] as const
/** Of two steps from site to site, each behind a question that times out and the longest pause. */
const RECORDS_MS_MAX = 60_000
/** Of proofs, judged windows, views that come, and uptime that is counted now and then. */
const TELLING_MS_MAX = 300_000
const POLL_MS = 2000
const EVENTS_MAX = 3_000_000
const REMARKS_KEPT = 40
/** How often a reader comes. */
const READ_MS = [1000, 30_000] as const
const PATHS = [
  '/',
  '/history',
  '/history.rss',
  '/history.atom',
  '/metrics',
  '/api/v2/summary.json',
  '/api/v2/status.json',
  '/api/v2/incidents.json',
  '/api/v2/components.json',
  '/api/v2/incidents/unresolved.json',
  '/api/v2/scheduled-maintenances.json',
  '/-/posting',
] as const

export async function runConvergence({
  onTrace,
  seed,
}: {
  readonly seed: number
  readonly onTrace?: (line: string) => void
}): Promise<ConvergenceResult> {
  const world = new World(`status convergence ${seed}`)
  if (onTrace !== undefined) world.onTrace = onTrace
  const random = world.random.fork('convergence')
  const plane = new ChaosPlane(world, random)
  const { tally, witness } = plane
  const times = await world.run(act(plane, random), { eventsMax: EVENTS_MAX })
  for (const site of plane.sites) site.kill()
  for (const defect of [...plane.defects, ...world.defects]) {
    const text = defect instanceof Error ? (defect.stack ?? defect.message) : String(defect)
    witness.find(`defect: ${text}`)
  }
  return {
    seed,
    sites: plane.sites.length,
    findings: witness.findings,
    happened: tally.counts,
    acknowledged: witness.acknowledged.size,
    excused: [...witness.acknowledged].filter((id) => witness.excused.has(id)).length,
    ...times,
    snapshots: witness.snapshotCount,
    answers: witness.answerCount,
    blindSnapshots: witness.blindCount,
    events: world.eventCount,
    virtualMs: world.nowMs,
    trace: world.traceHash,
    remarks: witness.findings.length === 0 ? [] : plane.remarks.slice(-REMARKS_KEPT),
  }
}

type Times = Pick<ConvergenceResult, 'records' | 'sameRecordsMs' | 'sameTellingMs'>

async function act(plane: ChaosPlane, random: SeededRandom): Promise<Times> {
  const { world } = plane
  const havoc = new Havoc(plane)
  havoc.keepAll()
  await world.clock.sleep(20_000)
  const untilMs = world.nowMs + random.spread(...CHAOS_MS)
  const reader = random.fork('reader')
  await Promise.all([
    havoc.run(untilMs),
    ...plane.people.map(async (person) => await new Poster(plane, person).run(untilMs)),
    new Attacker(plane).run(untilMs),
    read(plane, reader, untilMs),
  ])
  havoc.heal()
  const healedMs = world.nowMs
  const sameRecordsMs = await within(plane, RECORDS_MS_MAX, () => recordDifference(plane))
  const sameTellingMs =
    sameRecordsMs === null
      ? null
      : await within(plane, TELLING_MS_MAX - sameRecordsMs, () => differenceOf(plane))
  for (const missing of missingOf(plane)) plane.witness.find(missing)
  const records = plane.sites[0]?.log().size ?? 0
  await restartAll(plane)
  havoc.end()
  return {
    records,
    sameRecordsMs,
    sameTellingMs: sameTellingMs === null ? null : world.nowMs - healedMs,
  }
}

/** Milliseconds until there is no difference; null, and a finding: it stayed too long. */
async function within(
  { witness, world }: ChaosPlane,
  boundMs: number,
  difference: () => string | null,
): Promise<number | null> {
  const beganMs = world.nowMs
  for (;;) {
    const different = difference()
    const passedMs = world.nowMs - beganMs
    if (different === null) return passedMs
    if (passedMs >= boundMs) {
      witness.find(`after ${boundMs / 1000} s sites do not tell the same: ${different}`)
      return null
    }
    await world.clock.sleep(POLL_MS)
  }
}

/** Machines post on: the same may be there for a moment only. */
function recordDifference({ sites }: ChaosPlane): string | null {
  const [first, ...others] = sites.map(({ knownIds }) => knownIds)
  const down = sites.find(({ isUp }) => !isUp)
  if (down !== undefined) return `${down.name} is down`
  const far = others.findIndex(
    (ids) => ids.size !== first?.size || [...ids].some((id) => !first.has(id)),
  )
  return far < 0 ? null : `records of ${sites[far + 1]?.name}`
}

/** Every site loses its power once more; each start looks that all is there. */
async function restartAll({ sites, witness, world }: ChaosPlane): Promise<void> {
  for (const site of sites) site.cutPower()
  await world.clock.sleep(10_000)
  for (const { isUp, name } of sites) if (!isUp) witness.find(`${name} does not start again`)
}

/** Somebody who reads all there is, at any moment. */
async function read(
  { sites, world }: ChaosPlane,
  random: SeededRandom,
  untilMs: number,
): Promise<void> {
  while (world.nowMs < untilMs) {
    await world.clock.sleep(random.spread(...READ_MS))
    const site = random.pick(sites)
    if (site.isUp && !site.isPaused) site.peek(random.pick(PATHS))
  }
}
