// One seed of detection: a plane and a region are drawn, run for a while, struck by one fault of a
// drawn kind and place, healed; then what each site told is judged. Ordinary losses are on throughout.

import { assert } from '../../src/base/assert.ts'
import type { SeededRandom } from '../random.ts'
import { World } from '../world.ts'
import { LONG_SEC, SHORT_SEC } from './fault.ts'
import type { FaultKind, Scene } from './fault.ts'
import { FAULT_NAMES, FAULTS } from './faults.ts'
import { DETECT_MS_MAX, judgeSite } from './judgement.ts'
import type { Judged, Window } from './judgement.ts'
import { SimPlane } from './plane.ts'
import type { PlaneShape, SimSite } from './plane.ts'
import { drawRegion } from './store.ts'
import { ORDINARY } from './web.ts'

export interface DetectionRequest {
  readonly seed: number
  /** Null: drawn. */
  readonly kind: string | null
}

/** Plain values: it crosses processes. */
export interface DetectionResult {
  readonly seed: number
  readonly kind: string
  /** For people: regions, sites, timing, when. */
  readonly shape: string
  /** By site where something was wrong; empty: all sites told what is right. */
  readonly findings: readonly string[]
  /** Of the site that was last. Milliseconds. */
  readonly detectMs: number | null
  readonly wellMs: number | null
  readonly closedMs: number | null
  readonly events: number
  readonly requests: number
  readonly virtualMs: number
  readonly trace: string
  /** What sites told their operators, the last of it; of a failing seed. */
  readonly remarks: readonly string[]
}

const WARM_MS = [50_000, 100_000] as const
const START_MS_MAX = 4000
const POLL_MS = 5000
/** From the fault's end until all must be well and closed. */
const END_MS_MAX = 25 * 60_000
/** How long all must have been quiet at the end. */
const QUIET_MS = 20_000
const EVENTS_MAX = 5_000_000
/** Of the seeds: they go on until the incident is resolved, which takes five quiet minutes; the others end
 * when all is well and the incident says so. */
const CLOSING_SHARE = 0.2
/** Of the seeds; in the others pages are left out. */
const PAGES_SHARE = 0.05
const REMARKS_SHOWN = 40

export async function runDetection(request: DetectionRequest): Promise<DetectionResult> {
  const { seed } = request
  const world = new World(`status detection ${seed}`)
  const random = world.random.fork('detection')
  const drawn = random.pick(FAULT_NAMES)
  const name = request.kind ?? drawn
  const kind = FAULTS[name]
  assert(kind !== undefined, `${name} is a kind of fault`)
  const plane = new SimPlane(world, drawShape(random, kind))
  plane.web.weather = ORDINARY
  const scene = drawScene(plane, random)
  const ending: Ending = random.chance(CLOSING_SHARE) ? 'closed' : 'monitoring'
  const window = await world.run(act(scene, kind, ending), { eventsMax: EVENTS_MAX })
  plane.kill()
  const detectMsMax = kind.lastsSec === LONG_SEC ? DETECT_MS_MAX.long : DETECT_MS_MAX.short
  const judged = plane.sites.flatMap((site) => {
    const expected = kind.expect(scene, site.name)
    if (expected === null) return []
    const given = { expected, region: scene.region.name, window, ending, detectMsMax }
    return [{ site, judged: judgeSite(site.timeline, given) }]
  })
  const findings = [
    ...judged.flatMap((each) =>
      each.judged.findings.map((finding) => `${each.site.name}: ${finding}`),
    ),
    ...disagreements(plane),
    ...[...plane.defects, ...world.defects].map((defect) => `defect: ${String(defect)}`),
  ]
  return {
    seed,
    kind: name,
    shape: shapeText(scene, window),
    findings,
    ...worstOf(judged.map((each) => each.judged)),
    events: world.eventCount,
    requests: plane.web.requestCount,
    virtualMs: world.nowMs,
    trace: world.traceHash,
    remarks: findings.length === 0 ? [] : plane.remarks.slice(-REMARKS_SHOWN),
  }
}

function drawShape(random: SeededRandom, { least = {} }: FaultKind): PlaneShape {
  const first = drawRegion('eu', random, least)
  const second = random.chance(0.1) ? [{ ...drawRegion('us', random, {}), hosts: [2] }] : []
  return {
    regions: [first, ...second],
    sites: Math.max(least.sites ?? 2, random.pick([2, 2, 2, 3])),
    anchors: Math.max(least.anchors ?? 0, random.pick([0, 1, 2, 2, 2, 3])),
    timing: {
      probeIntervalSec: random.pick([15, 15, 15, 15, 10, 5]),
      proofSec: random.pick([120, 60, 60, 30]),
      exchangeIntervalSec: random.pick([5, 5, 2]),
    },
    pages: random.chance(PAGES_SHARE) ? 'made' : 'left-out',
  }
}

function drawScene(plane: SimPlane, random: SeededRandom): Scene {
  const [region] = plane.regions
  assert(region !== undefined, 'there is a region')
  return {
    plane,
    random: random.fork('scene'),
    region,
    cell: random.pick(region.cells),
    service: random.pick(region.services),
    site: random.pick(plane.sites),
  }
}

/** What the machines must have said of it last. */
type Ending = 'closed' | 'monitoring'

/** The run itself. */
async function act(
  scene: Scene,
  { begin, lastsSec = SHORT_SEC }: FaultKind,
  ending: Ending,
): Promise<Window> {
  const { plane, random } = scene
  const { clock } = plane.world
  await Promise.all(
    plane.sites.map(async (site) => {
      await clock.sleep(random.fraction() * START_MS_MAX)
      await site.start()
    }),
  )
  await clock.sleep(between(random, WARM_MS))
  const fromMs = plane.world.nowMs
  const end = begin(scene)
  await clock.sleep(between(random, [lastsSec[0] * 1000, lastsSec[1] * 1000]))
  const healMs = plane.world.nowMs
  end()
  let quietMs = 0
  while (quietMs < QUIET_MS && plane.world.nowMs - healMs < END_MS_MAX) {
    await clock.sleep(POLL_MS)
    quietMs = plane.sites.every((site) => isQuiet(site, ending)) ? quietMs + POLL_MS : 0
  }
  return { fromMs, healMs, endMs: plane.world.nowMs }
}

function between(random: SeededRandom, [low, high]: readonly [number, number]): number {
  return low + (high - low) * random.fraction()
}

function isQuiet({ timeline }: SimSite, ending: Ending): boolean {
  const told = timeline.last
  if (told === null || told.levels.size === 0) return false
  const isWell = [...told.levels.values()].every((level) => level === 'operational')
  return (
    isWell &&
    told.incidents.every(
      ({ state }) => state === 'resolved' || (state === 'monitoring' && ending === 'monitoring'),
    )
  )
}

/** At the end all sites have the same posts. */
function disagreements({ sites }: SimPlane): string[] {
  const told = sites.map(({ timeline }) => {
    const last = timeline.all.at(-2) // behind it is the end
    return (last?.incidents ?? []).map(({ id, posts, state }) => `${id} ${state} ${posts}`).join()
  })
  return new Set(told).size === 1 ? [] : [`sites tell different incidents: ${told.join(' | ')}`]
}

type Times = Pick<Judged, 'detectMs' | 'wellMs' | 'closedMs'>

/** Null where one of those that should have a time has none. */
function worstOf(all: readonly Judged[]): Times {
  const most = (name: keyof Times): number | null => {
    const times = all.flatMap((judged) => judged[name] ?? [])
    return times.length === 0 ? null : Math.max(...times)
  }
  return { detectMs: most('detectMs'), wellMs: most('wellMs'), closedMs: most('closedMs') }
}

function shapeText({ cell, plane, region, site }: Scene, { fromMs, healMs }: Window): string {
  const { probeIntervalSec, proofSec } = plane.config.timing
  const cells = region.cells.map(({ origins }) => origins.length).join('+')
  return (
    `cells of ${cells} hosts, ${plane.sites.length} sites, ${plane.anchors.length} anchors, ` +
    `probes every ${probeIntervalSec} s, proof ${proofSec} s, at ${cell.name} and ${site.name}, ` +
    `from ${Math.round(fromMs / 1000)} to ${Math.round(healMs / 1000)} s`
  )
}
