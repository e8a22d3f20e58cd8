// The first proof: region, its sign-in and one of two sites are killed. The other serves, tells the
// outage by itself, takes a post; and when all is back both sites tell the same, post for post.

import { isDeepStrictEqual } from 'node:util'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { until } from './asking.mjs'
import {
  ALL_OPERATIONS,
  allAt,
  makePlane,
  missingOf,
  SERVICE_ID,
  standingOf,
  untilWell,
} from './plane.mjs'
import { tallyOf } from './report.mjs'
import { LevelWatch, PageWatch } from './watch.mjs'

/** The issue's own deadlines. */
const SHOWN_SEC_MAX = 60
const POSTED_SEC_MAX = 60
const PAGE_MS_MAX = 1000

/** How long is waited for what has no deadline of the issue's, before it is given up. */
const LATE_SEC_MAX = 180
/** In full, readers are served from a plane whose region is down for so long at least. */
const OUTAGE_SEC_MIN = 150

const MARK = 'The power of the region failed'

export async function proveOutage(scene) {
  const { folder, isShort, main, region, story } = scene
  const timing = { probeIntervalSec: 15, proofSec: isShort ? 20 : 120, exchangeIntervalSec: 5 }
  const plane = await makePlane({
    bucket: 'probes-outage',
    folder: join(folder, 'outage'),
    main,
    timing,
    waysOf: () => ({
      ...Object.fromEntries([...region.ports].map(([name, port]) => [name, originOf(port)])),
      service: originOf(region.servicePort),
      anchors: [], // all that it can see is killed
    }),
  })
  const [a, b] = plane.sites.values()
  const all = { ...scene, plane, a, b, timing }
  try {
    await a.start()
    await b.start()
    story.say('sites a and b answer; the region is under load')
    await untilWell([a, b], LATE_SEC_MAX)
    story.say('both tell that all 19 components are operational')
    await outage(all)
  } finally {
    await a.kill()
    await b.kill()
  }
}

function originOf(port) {
  return `http://127.0.0.1:${port}`
}

async function outage(all) {
  const { a, b, isShort, region, story } = all
  const { load } = region
  const before = { answered: load.answered, failed: load.failed }
  story.check(
    `the region serves: ${before.answered} requests answered, ${before.failed} failed`,
    before.answered > 0 && before.failed === 0 ? null : 'it must without fault',
  )
  const watch = new LevelWatch(b)
  story.zero()
  await Promise.all([region.kill(), a.kill()])
  story.say('SIGKILL: all cells, the sign-in in them, the service, and site a are gone')
  const pages = new PageWatch(b.url)
  try {
    const id = await shown(all)
    if (id !== null) await story.part('a signed post is taken', async () => await posted(all, id))
    const restMs = (OUTAGE_SEC_MIN - story.sec) * 1000
    if (!isShort && restMs > 0) {
      story.say('readers go on reading site b; nothing is there but it')
      await pause(restMs)
    }
    await recovered(all, watch, id)
  } finally {
    await watch.stop()
    const { count, problems, slowest } = await pages.stop()
    const tookMs = slowest.tookMs.toFixed(0)
    story.check(
      `site b answered ${count} requests for its page and summary from the kill on, the slowest ` +
        `in ${tookMs} ms (${(slowest.atMs / 1000).toFixed(0)} s behind it)`,
      problems[0] ??
        (count > 0 && slowest.tookMs < PAGE_MS_MAX ? null : `not in ${PAGE_MS_MAX} ms`),
    )
  }
}

/** The outage on site b, and the machine's incident; its id. Nobody helps. */
async function shown({ b, story }) {
  const isIll = (level) => ['degraded', 'partial-outage', 'major-outage'].includes(level)
  const down = new Map(ALL_OPERATIONS.map((id) => [id, 'major-outage']))
  let isFirstTold = false
  let incident = null
  let downSec = null
  let openedSec = null
  await until('site b shows the outage', LATE_SEC_MAX, async () => {
    const levels = await b.levels()
    const ill = [...levels].filter(([, level]) => isIll(level))
    if (ill.length > 0 && !isFirstTold) {
      story.say(`site b tells the first trouble: ${ill[0].join(' ')}`)
      isFirstTold = true
    }
    const missing = missingOf(levels, down)
    if (missing === null && downSec === null) {
      downSec = story.sec
      story.checkWithin('major outage of all 18 operations of all cells', downSec, SHOWN_SEC_MAX)
      story.say(`the service that depends on it: ${levels.get(SERVICE_ID)}`)
    }
    incident ??= (await b.json('/api/v2/incidents/unresolved.json')).incidents[0] ?? null
    if (incident !== null && openedSec === null) {
      openedSec = story.sec
      story.checkWithin(`an incident is opened by machine, "${incident.name}"`, openedSec, 60)
    }
    if (downSec !== null && openedSec !== null) return null
    return missing ?? 'there is no incident'
  })
  const page = await b.text('/')
  const { status } = await b.json('/api/v2/summary.json')
  story.check(
    'the page and the summary say so, and that site a is not heard',
    page.includes(incident.name) &&
      status.indicator === 'critical' &&
      standingOf(page, 'a')?.startsWith('not reached') === true
      ? null
      : `indicator ${status.indicator}, incident ${page.includes(incident.name)}`,
  )
  return incident.id
}

/** As an operator who does not know which sites are there; answers what the command said. */
async function post(plane, words) {
  const { command, keyFile, sites } = plane
  const urls = [...sites.values()].map(({ url }) => url).join(',')
  return await command('status', 'post', ...words, '--url', urls, '--key', keyFile)
}

async function posted({ b, plane, story }, id) {
  const beganSec = story.sec
  const text = `${MARK}; we are *on site*.`
  const words = ['update', id.slice(0, 12), '--state', 'identified', '--text', text]
  const { exitCode, stderr, stdout } = await post(plane, words)
  const said = stdout.trim() || stderr.trim()
  story.say(`holdfast status post: "${said}" after ${(story.sec - beganSec).toFixed(1)} s`)
  story.check('the post was taken', exitCode === 0 ? null : stderr)
  await until('the post is on the page', LATE_SEC_MAX, async () => {
    const isOnPage = (await b.text('/')).includes(MARK)
    const incident = (await b.incidents()).find((each) => each.id === id)
    const isInJson = incident?.incident_updates.some(({ body }) => body.includes(MARK)) === true
    return isOnPage && isInJson ? null : `page ${isOnPage}, JSON ${isInJson}`
  })
  story.checkWithin('from the command to the page', story.sec - beganSec, POSTED_SEC_MAX)
}

async function recovered(all, watch, id) {
  const { a, b, region, story, timing } = all
  const [backSec, backMs] = [story.sec, performance.now()]
  await Promise.all([region.start(), a.start()])
  story.say(
    `region and site a are started again, ${(story.sec - backSec).toFixed(1)} s later ready`,
  )
  await until('site b tells that the region recovers', LATE_SEC_MAX, async () => {
    const levels = await b.levels()
    const recovering = ALL_OPERATIONS.filter((each) => levels.get(each) === 'recovering')
    if (recovering.length === ALL_OPERATIONS.length) return null
    return tallyOf(levels.values())
  })
  story.say('site b tells: recovering, all 18')
  await untilWell([b, a], timing.proofSec + LATE_SEC_MAX)
  story.say(`both tell that all is operational, after a proof of ${timing.proofSec} s`)
  const unproved = ALL_OPERATIONS.filter((each) => {
    const told = watch.levelsOf(each, backMs)
    return told.at(-1) !== 'operational' || told.at(-2) !== 'recovering'
  })
  story.check(
    'each operation was recovering before it was operational',
    unproved.length === 0
      ? null
      : unproved.map((each) => `${each} ${watch.levelsOf(each, backMs)}`).join(),
  )
  if (id !== null) await story.part('the incident ends', async () => await ended(all, id))
  await same(all)
  const { count, problems } = await region.load.readBack()
  story.check(
    `${count} objects that were acknowledged before, or since, read back`,
    problems[0] ?? (count > 0 ? null : 'there were none'),
  )
}

async function ended({ a, b, plane, story }, id) {
  const stateAt = async (site) => (await site.incidents()).find((each) => each.id === id)?.status
  await until('the machine says that it only watches', LATE_SEC_MAX, async () => {
    const state = await stateAt(b)
    return state === 'monitoring' ? null : `it is ${state}`
  })
  story.say('the incident is monitoring, by machine; a person took part, so a person ends it')
  const words = ['update', id.slice(0, 12), '--state', 'resolved', '--text', 'Power is back.']
  const { exitCode, stderr, stdout } = await post(plane, words)
  story.check(`resolved by a post: "${stdout.trim()}"`, exitCode === 0 ? null : stderr)
  for (const site of [a, b]) {
    await until(`site ${site.name} tells that it is resolved`, LATE_SEC_MAX, async () => {
      const state = await stateAt(site)
      return state === 'resolved' ? null : `it is ${state}`
    })
  }
  story.say('both tell that it is resolved')
}

/** Post for post: ids, order, states, texts, times; in JSON, on pages and in feeds. */
async function same({ a, b, story }) {
  let stories = [null, null]
  const read = async (site) => {
    const incidents = (await site.incidents()).map((incident) => ({
      ...incident,
      components: incident.components.map(({ id }) => id),
    }))
    const { incidents: open } = await site.json('/api/v2/summary.json')
    const atom = await site.text('/history.atom')
    const pages = await Promise.all(
      incidents.map(async ({ id }) => articleOf(await site.text(`/incidents/${id}`))),
    )
    return {
      incidents,
      open: open.map(({ id, incident_updates: posts }) => [id, posts.map((post) => post.id)]),
      entries: [...atom.matchAll(/<id>[^<]*<\/id>/g)].map(String),
      pages,
    }
  }
  await until('both sites tell the same', LATE_SEC_MAX, async () => {
    stories = await Promise.all([read(a), read(b)])
    return isDeepStrictEqual(stories[0], stories[1]) ? null : 'they differ'
  }).catch((error) => story.say(error.message))
  const posts = stories[0].incidents.flatMap(({ incident_updates: updates }) => updates)
  story.check(
    `sites a and b tell the same, post for post: ${stories[0].incidents.length} incident(s), ` +
      `${posts.length} posts, in incidents.json, summary.json, history.atom and their pages`,
    posts.length > 0 && isDeepStrictEqual(stories[0], stories[1])
      ? null
      : JSON.stringify(stories).slice(0, 4000),
  )
  for (const { body, status } of posts.toReversed()) {
    story.say(`  ${status}: ${body.split('\n')[0].slice(0, 90)}`)
  }
  const levels = await Promise.all([a.levels(), b.levels()])
  story.check(
    'and all is operational on both',
    missingOf(levels[0], allAt('operational')) ?? missingOf(levels[1], allAt('operational')),
  )
}

/** The posts of an incident's page, without how long ago they were. */
function articleOf(page) {
  const article = /<article[\s\S]*?<\/article>/.exec(page)?.[0] ?? ''
  return article.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ')
}
