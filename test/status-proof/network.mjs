// The second proof, of a site's own network: it is down, and the store is well. Neither page may claim
// an outage; the site that is cut off says that it cannot tell, the other which one it does not reach.

import { join } from 'node:path'
import { until } from './asking.mjs'
import { ALL, allAt, missingOf, standingOf, untilWell } from './plane.mjs'
import { faults } from './proxy.mjs'
import { LevelWatch } from './watch.mjs'
import { makeWays } from './ways.mjs'

const TOLD_SEC_MAX = 150
const HEALED_SEC_MAX = 180

export const CUTS = [
  { name: 'site-silent', what: 'packets from and to site a vanish', fault: faults.silent() },
  { name: 'site-cut', what: 'every connection from and to site a is reset', fault: faults.cut() },
]

export async function proveNetwork(scene) {
  const { isShort, names, story } = scene
  const timing = { probeIntervalSec: 5, slowMs: 2500, proofSec: 10, exchangeIntervalSec: 2 }
  const folder = join(scene.folder, 'network')
  const ways = await makeWays({ ...scene, folder, bucket: 'probes-network', timing })
  const [a, b] = ways.plane.sites.values()
  const named = CUTS.filter(({ name }) => names.includes(name))
  const chosen = named.length > 0 ? named : isShort ? CUTS.slice(0, 1) : CUTS
  try {
    await a.start()
    await b.start()
    await untilWell([a, b], HEALED_SEC_MAX)
    story.say('both sites tell that all is operational')
    for (const cut of chosen) {
      await untilHeard([a, b])
      const watches = [new LevelWatch(a), new LevelWatch(b)]
      await story.part(cut.name, async () => await proveCut({ story, ways, a, b, watches }, cut))
      ways.heal()
      for (const watch of watches) await watch.stop()
    }
  } finally {
    await ways.close()
  }
}

async function proveCut({ a, b, story, watches, ways }, cut) {
  const indicators = new Set()
  const note = async () => {
    for (const site of [a, b]) {
      indicators.add((await site.json('/api/v2/status.json')).status.indicator)
    }
  }
  await story.part(cut.name, async () => await tellWhatTheySee({ a, b, note, story, ways }, cut))
  ways.heal()
  const mendedSec = story.sec
  await untilWell([a, b], HEALED_SEC_MAX)
  await until('site b reaches site a', HEALED_SEC_MAX, async () => {
    await note()
    return standingOf(await b.text('/'), 'a')?.startsWith('reached') ? null : 'not yet'
  })
  story.say(`mended; all operational on both after ${(story.sec - mendedSec).toFixed(1)} s`)
  const wrong = [
    ...watches[0].others(ALL, ['operational', 'unknown'], 0).map((each) => `a: ${each}`),
    ...watches[1].others(ALL, ['operational'], 0).map((each) => `b: ${each}`),
  ]
  const posts = (await Promise.all([a.incidents(), b.incidents()])).flat()
  story.check(
    `${cut.name}: neither page ever claimed an outage, in levels, summary or incidents`,
    wrong[0] ??
      (posts.length > 0 ? `an incident: ${posts[0].name}` : null) ??
      (indicators.has('major') || indicators.has('critical') ? [...indicators].join() : null),
  )
}

/** Until site a's own word and the last one that it had of site b have lost their weight. */
async function tellWhatTheySee({ a, b, note, story, ways }, { fault, name, what }) {
  ways.breakSite('a', fault)
  const beganSec = story.sec
  const since = () => `${(story.sec - beganSec).toFixed(1)} s`
  story.say(`begins  ${name}: ${what}`)
  await until('site b says that it does not reach site a', TOLD_SEC_MAX, async () => {
    await note()
    const standing = standingOf(await b.text('/'), 'a')
    return standing?.startsWith('not reached') ? null : `it says ${standing}`
  })
  story.check(`${name}: site b says after ${since()} that site a is not reached`, null)
  await until('site a says that it is blind', TOLD_SEC_MAX, async () => {
    await note()
    const standing = standingOf(await a.text('/'), 'a')
    return standing?.includes('cut off') ? null : `it says ${standing}`
  })
  story.check(`${name}: site a says after ${since()} that it is cut off`, null)
  await until('site a tells nothing of the store any more', TOLD_SEC_MAX, async () => {
    await note()
    return missingOf(await a.levels(), allAt('unknown'))
  })
  story.check(`${name}: site a says after ${since()} that all 19 components are unknown`, null)
  story.check(
    `${name}: on site b all 19 are operational`,
    missingOf(await b.levels(), allAt('operational')),
  )
}

/** Each site has the other's word that all is operational: it is to lose its weight, not to be missing. */
async function untilHeard(sites) {
  await until('each site has the word of the other', HEALED_SEC_MAX, async () => {
    for (const site of sites) {
      const page = await site.text('/')
      const standings = sites.map(({ name }) => standingOf(page, name) ?? '')
      const other = standings.find((standing) => !standing.includes(`${ALL.length} operational`))
      if (other !== undefined) return other
    }
    return null
  })
}
