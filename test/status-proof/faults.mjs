// The second proof, of the region's faults: each is told as what it is, on both sites, and nothing
// else is. Every site has ways of its own to every place; a fault of a cell is on both.

import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from './asking.mjs'
import { ALL, missingOf, operationsOf, SERVICE_ID, untilWell } from './plane.mjs'
import { faults } from './proxy.mjs'
import { CELLS, REGION } from './region.mjs'
import { LevelWatch } from './watch.mjs'
import { makeWays } from './ways.mjs'

const TOLD_SEC_MAX = 120
const HEALED_SEC_MAX = 180
const DELAY_MS = 3000

const isS3 = ({ url }) => !url.startsWith('/-/')
const isOfObject = ({ url }) => isS3({ url }) && /^\/[^/?]+\/[^?]+/.test(url)
const isPut = ({ method, url }) => method === 'PUT' && isOfObject({ url })
const isPutObject = (request) => isPut(request) && !request.url.includes('partNumber=')
const isWrite = (request) => isPut(request) || (request.method === 'POST' && isOfObject(request))
const isGetObject = ({ method, url }) =>
  method === 'GET' && isOfObject({ url }) && !url.includes('?')

const of = (cell, operations, level) =>
  new Map(operations.map((operation) => [`${REGION}/${cell}/${operation}`, level]))
const allOf = (cell, level) => new Map(operationsOf(cell).map((id) => [id, level]))

/** Each with its cell, what is told then, and what the page says of why. */
export const FAULTS = [
  {
    name: 'put-fails',
    what: 'only PUT of objects fails in cell 1 (503)',
    cell: 'c1',
    fault: faults.answer(503, 'ServiceUnavailable', isPutObject),
    expected: of('c1', ['put'], 'major-outage'),
    why: /503 ServiceUnavailable/,
  },
  {
    name: 'slow',
    what: `every answer of cell 2 comes ${DELAY_MS / 1000} s later`,
    cell: 'c2',
    fault: faults.delay(DELAY_MS, isS3),
    expected: allOf('c2', 'degraded'),
    why: /median [3-9]\.\d s/,
  },
  {
    name: 'wrong-data',
    what: 'one bit of what GET answers is another in cell 3',
    cell: 'c3',
    fault: faults.flip(isGetObject),
    expected: of('c3', ['get'], 'major-outage'),
    why: /wrong data/,
  },
  {
    name: 'cell-cut',
    what: 'cell 1 alone is down: every connection is reset',
    cell: 'c1',
    fault: faults.cut(),
    expected: allOf('c1', 'major-outage'),
    why: /connection cut/,
  },
  {
    name: 'sign-in-down',
    what: 'the sign-in of cell 1 is down: 403 for all',
    cell: 'c1',
    fault: faults.answer(403, 'AccessDenied', isS3),
    expected: allOf('c1', 'major-outage'),
    why: /403/,
  },
  {
    name: 'writes-fail',
    what: 'nothing new can be placed in cell 3: PUT and multipart fail (503)',
    cell: 'c3',
    fault: faults.answer(503, 'SlowDown', isWrite),
    expected: of('c3', ['put', 'multipart'], 'major-outage'),
    why: /503 SlowDown/,
  },
  {
    name: 'cell-silent',
    isLong: true,
    what: 'packets to cell 2 vanish',
    cell: 'c2',
    fault: faults.silent(),
    expected: allOf('c2', 'major-outage'),
    why: /no answer in time/,
  },
]

/** One after another; in short, those of different cells beside each other, without the last. */
function lanesOf(names, isShort) {
  const chosen = FAULTS.filter(({ name }) => names.length === 0 || names.includes(name))
  if (!isShort) return [{ ids: ALL, chosen }]
  return CELLS.map((cell) => ({
    ids: [...operationsOf(cell), SERVICE_ID],
    chosen: chosen.filter((each) => each.cell === cell && (names.length > 0 || !each.isLong)),
  }))
}

export async function proveFaults(scene) {
  const { isShort, names, story } = scene
  const timing = isShort
    ? { probeIntervalSec: 3, slowMs: 2500, proofSec: 5, exchangeIntervalSec: 2 }
    : { probeIntervalSec: 5, slowMs: 2500, proofSec: 20, exchangeIntervalSec: 5 }
  const folder = join(scene.folder, 'faults')
  const ways = await makeWays({ ...scene, folder, bucket: 'probes-faults', timing })
  const sites = [...ways.plane.sites.values()]
  const watches = sites.map((site) => new LevelWatch(site))
  try {
    for (const site of sites) await site.start()
    await untilWell(sites, HEALED_SEC_MAX)
    story.say('both sites tell that all is operational')
    const own = names.filter((name) => FAULTS.some((each) => each.name === name))
    const holdMs = isShort ? 3000 : 15_000
    const lane = async ({ chosen, ids }) => {
      for (const fault of chosen) {
        const act = async () =>
          await proveFault({ holdMs, ids, sites, story, watches, ways }, fault)
        await story.part(fault.name, act)
        ways.mend(fault.cell)
      }
    }
    await Promise.all(lanesOf(own, isShort).map(lane))
  } finally {
    for (const watch of watches) await watch.stop()
    await ways.close()
  }
}

/** `ids`: the components that nothing else is done to meanwhile. */
async function proveFault({ holdMs, ids, sites, story, watches, ways }, fault) {
  const { cell, expected, name, what } = fault
  const [beganSec, beganMs] = [story.sec, performance.now()]
  ways.break(cell, fault.fault)
  story.say(`begins  ${name}: ${what}`)
  await until(name, TOLD_SEC_MAX, async () => {
    const missing = await Promise.all(
      sites.map(async (site) => missingOf(await site.levels(), expected)),
    )
    const [first] = missing.flatMap((each, index) =>
      each === null ? [] : [`${sites[index].name}: ${each}`],
    )
    return first ?? null
  })
  const sec = story.sec - beganSec
  for (const site of sites) await checkReason(story, site, fault, sec)
  const toldMs = performance.now()
  await pause(holdMs)
  const [level] = expected.values()
  const hit = [...expected.keys()]
  const changed = watches.flatMap((watch) => watch.others(hit, [level], toldMs))
  story.check(`${name}: both sites went on telling it so`, changed[0] ?? null)
  ways.mend(cell)
  const mendedSec = story.sec
  await untilWell(sites, HEALED_SEC_MAX, ids)
  story.say(`${name}: mended; operational again after ${(story.sec - mendedSec).toFixed(1)} s`)
  const rest = ids.filter((id) => !expected.has(id))
  const others = watches.flatMap((watch, index) =>
    watch.others(rest, ['operational'], beganMs).map((each) => `${sites[index].name}: ${each}`),
  )
  story.check(
    `${name}: on both sites the other ${rest.length} components were operational all along`,
    others.length === 0 ? null : others.join('; '),
  )
}

async function checkReason(story, site, { expected, name, why }, sec) {
  const { components } = await site.json('/api/v2/components.json')
  const reasons = components.flatMap(({ description }) => description ?? [])
  const count = reasons.filter((reason) => why.test(reason)).length
  const [level] = expected.values()
  story.check(
    `${name}: site ${site.name} tells within ${sec.toFixed(1)} s: ${level} of ` +
      `${[...expected.keys()].join(', ')}; ${reasons.find((reason) => why.test(reason))}`,
    count >= expected.size ? null : `it says: ${reasons.join(' | ')}`,
  )
}
