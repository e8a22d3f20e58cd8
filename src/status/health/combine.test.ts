// All sites' views as one health: each rule by example, and the laws for any views and words.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as check from 'fast-check'
import { VIEW_DOUBTED_MS, VIEW_STALE_MS } from '../../base/limits.ts'
import type { Override } from '../records/fold.ts'
import type { KeyId, RecordId } from '../records/record.ts'
import { isIll, isWorse, LEVELS, worse } from '../status.ts'
import type { Component, ComponentId, Health, Level, Sighting, View } from '../status.ts'
import { combineViews } from './combine.ts'
import type { AgedView } from './combine.ts'

const NOW_MS = 1_000_000
const GET: Component = {
  id: 'r/c/get' as ComponentId,
  kind: 'operation',
  region: 'r',
  cell: 'c',
  operation: 'get',
}
const PUT: Component = { ...GET, id: 'r/c/put' as ComponentId, operation: 'put' }
const COMPONENTS = [GET, PUT]

type Brief = Partial<Omit<Sighting, 'component'>> & { readonly level: Level }

function sightingOf({ id }: Component, brief: Brief): Sighting {
  return {
    component: id,
    sinceMs: 500,
    why: `it is ${brief.level}`,
    probeCount: 4,
    failedCount: 0,
    isSilent: false,
    medianMs: null,
    recovery: null,
    ...brief,
  }
}

interface Site {
  readonly get: Brief
  readonly put?: Brief
  readonly ageMs?: number
  readonly footing?: View['footing']
  readonly sequence?: number
}

function viewOf(
  site: string,
  { ageMs = 0, footing = 'sure', get, put, sequence = 1 }: Site,
): AgedView {
  const sightings = [sightingOf(GET, get), ...(put === undefined ? [] : [sightingOf(PUT, put)])]
  const view = { site, incarnation: 1, sequence, madeAtMs: 0, footing, sightings, days: [] }
  return { view, ageMs }
}

function wordOf(
  level: Level,
  { over = null, ...times }: Partial<Pick<Override, 'atMs' | 'over' | 'untilMs'>> = {},
): Override {
  const untilMs = over === null ? null : NOW_MS + 1
  const author = { key: 'k' as KeyId, name: 'ada', kind: 'person' } as const
  const id = 'o' as RecordId
  const reason = 'the probe is broken'
  const plain = { id, component: GET.id, level, over, reason, author, atMs: 600, untilMs }
  return { ...plain, ...times }
}

function combined(views: readonly AgedView[], ...words: readonly Override[]): Health[] {
  const overrides = new Map(words.map((word) => [word.component, word]))
  return combineViews({ components: COMPONENTS, views, overrides, nowMs: NOW_MS })
}

/** Health of GET. */
function getOf(views: readonly AgedView[], ...words: readonly Override[]): Health {
  const [health] = combined(views, ...words)
  assert.ok(health !== undefined)
  return health
}

const silent = { level: 'major-outage', isSilent: true, probeCount: 3, failedCount: 3 } as const

test('where sites agree that it is ill, the worst counts, since the first of them', () => {
  const one = viewOf('a', { get: { level: 'major-outage', sinceMs: 300, why: '3 of 3 failed' } })
  const other = viewOf('b', { get: { level: 'partial-outage', sinceMs: 100 } })
  const health = getOf([one, other])
  assert.equal(health.level, 'major-outage')
  assert.equal(health.sinceMs, 300)
  assert.equal(health.why, '3 of 3 failed')
  assert.deepEqual(
    health.seenBy.map(({ site, level }) => `${site} ${level}`),
    ['a major-outage', 'b partial-outage'],
  )
})

test('where one site sees it ill and another well, it is degraded, and says from where', () => {
  const one = viewOf('a', { get: { level: 'operational' } })
  const other = viewOf('b', { get: { level: 'major-outage', why: '3 of 3 failed' } })
  const health = getOf([one, other])
  assert.equal(health.level, 'degraded')
  assert.equal(health.why, 'seen from b only: 3 of 3 failed')
  const third = viewOf('c', { get: { level: 'recovering' } })
  assert.equal(getOf([other, third]).level, 'major-outage', 'recovering does not deny it')
})

test('unknown, stale and blind views do not count, and none left is unknown', () => {
  const unknown = viewOf('a', { get: { level: 'unknown' } })
  const well = viewOf('b', { get: { level: 'operational' } })
  const stale = viewOf('c', { get: { level: 'major-outage' }, ageMs: VIEW_STALE_MS + 1 })
  const blind = viewOf('d', { get: { level: 'major-outage' }, footing: 'blind' })
  assert.equal(getOf([unknown, well, stale, blind]).level, 'operational')
  assert.equal(getOf([unknown, stale, blind]).level, 'unknown')
  const wellButStale = viewOf('b', { get: { level: 'operational' }, ageMs: VIEW_STALE_MS + 1 })
  assert.equal(getOf([wellButStale]).level, 'unknown')
  assert.equal(getOf([]).level, 'unknown')
})

test('a site whose every probe is silent while another gets answers is taken for blind', () => {
  const cut = viewOf('a', { get: silent, put: silent })
  const well = viewOf('b', { get: { level: 'operational' }, put: { level: 'operational' } })
  const answered = viewOf('b', { get: { level: 'degraded' }, put: silent })
  assert.equal(getOf([cut, well]).level, 'operational')
  assert.equal(getOf([cut, answered]).level, 'degraded')
  assert.equal(getOf([cut]).level, 'major-outage', 'nobody says otherwise')
  assert.equal(getOf([cut, viewOf('b', { get: silent, put: silent })]).level, 'major-outage')
  const partly = viewOf('a', { get: silent, put: { level: 'operational' } })
  assert.equal(getOf([partly, well]).level, 'degraded', 'it gets answers to something')
})

test('a site that may be down with the store does not contradict the one that is left', () => {
  const answered = { level: 'operational' } as const
  const last = (ageMs: number): AgedView => viewOf('a', { get: answered, put: answered, ageMs })
  const ill = viewOf('b', { get: { level: 'major-outage' } })
  assert.equal(getOf([last(VIEW_DOUBTED_MS), ill]).level, 'degraded')
  assert.equal(getOf([last(VIEW_DOUBTED_MS + 1), ill]).level, 'major-outage')
  const allSilent = viewOf('b', { get: silent, put: silent })
  assert.equal(getOf([last(VIEW_DOUBTED_MS), allSilent]).level, 'operational')
  assert.equal(getOf([last(VIEW_DOUBTED_MS + 1), allSilent]).level, 'major-outage')
  assert.equal(getOf([last(VIEW_DOUBTED_MS + 1)]).level, 'operational', 'it is still the last word')
  const old = viewOf('a', { get: { level: 'major-outage' }, ageMs: VIEW_STALE_MS })
  const well = viewOf('b', { get: answered })
  assert.equal(getOf([old, well]).level, 'degraded', 'what is worse counts until it is stale')
})

test('a site that was started behind an outage does not make the one that saw it blind', () => {
  const seen = (level: Level, sinceMs: number): Brief => ({
    ...silent,
    level,
    sinceMs: NOW_MS - sinceMs,
  })
  const of = (site: string, get: Brief, put: Brief = get): AgedView => {
    const { ageMs, view } = viewOf(site, { get, put })
    return { ageMs, view: { ...view, madeAtMs: NOW_MS } }
  }
  const well = (sinceMs: number): AgedView =>
    of('a', { level: 'operational', sinceMs: NOW_MS - sinceMs })
  const down = of('b', seen('major-outage', 160_000))
  assert.equal(getOf([well(5000), down]).level, 'degraded', 'it still counts')
  assert.equal(getOf([well(200_000), down]).level, 'operational', 'who was there before can tell')
  const mending = of('b', seen('recovering', 10_000))
  assert.equal(getOf([well(20_000), mending]).level, 'recovering', 'the proof is not cut short')
  assert.equal(getOf([well(600_000), mending]).level, 'operational', 'it was its own network')
})

test('of two views of one site the newer counts, whatever their order', () => {
  const old = viewOf('a', { get: { level: 'major-outage' }, sequence: 1 })
  const young = viewOf('a', { get: { level: 'operational' }, sequence: 2 })
  assert.equal(getOf([old, young]).level, 'operational')
  assert.equal(getOf([young, old]).level, 'operational')
})

test('of recoveries the least that is done and the longest that is left is told', () => {
  const one = viewOf('a', {
    get: { level: 'recovering', recovery: { doneShare: 0.5, leftMs: 60 } },
  })
  const other = viewOf('b', {
    get: { level: 'recovering', recovery: { doneShare: 0.7, leftMs: 90 } },
  })
  assert.deepEqual(getOf([one, other]).recovery, { doneShare: 0.5, leftMs: 90 })
  const unsaid = viewOf('a', {
    get: { level: 'recovering', recovery: { doneShare: null, leftMs: null } },
  })
  assert.deepEqual(getOf([unsaid]).recovery, { doneShare: null, leftMs: null })
})

test('a person lowers it at any time, for as long as they say, and never hides what is worse', () => {
  const well = [viewOf('a', { get: { level: 'operational' } })]
  const down = [viewOf('a', { get: { level: 'major-outage', sinceMs: 700 } })]
  const lowered = getOf(well, wordOf('degraded'))
  assert.equal(lowered.level, 'degraded')
  assert.equal(lowered.override?.kind, 'lowered')
  assert.equal(lowered.why, 'ada: the probe is broken')
  assert.equal(getOf(down, wordOf('degraded')).level, 'major-outage')
  const timed = wordOf('degraded', { untilMs: NOW_MS + 1 })
  assert.equal(getOf(well, timed).level, 'degraded')
  assert.equal(getOf(down, timed).level, 'major-outage', 'it got worse since they spoke')
  const before = wordOf('degraded', { atMs: 800, untilMs: NOW_MS + 1 })
  assert.equal(getOf(down, before).level, 'major-outage', 'they had not seen it yet')
  assert.equal(getOf(well, wordOf('degraded', { untilMs: NOW_MS })).override, null, 'it has ended')
})

test('a person raises it for a time; the reason is shown', () => {
  const down = [viewOf('a', { get: { level: 'major-outage', sinceMs: 500 } })]
  const raised = getOf(down, wordOf('operational', { over: 'major-outage' }))
  assert.equal(raised.level, 'operational')
  assert.equal(raised.override?.kind, 'raised')
  assert.equal(raised.override?.reason, 'the probe is broken')
  assert.equal(raised.why, 'ada: the probe is broken')
  assert.deepEqual(
    raised.seenBy.map(({ level }) => level),
    ['major-outage'],
    'what sites see stays',
  )
  assert.equal(getOf(down, wordOf('degraded', { over: 'major-outage' })).level, 'degraded')
  const ended = wordOf('operational', { over: 'major-outage', untilMs: NOW_MS })
  assert.equal(getOf(down, ended).level, 'major-outage')
  const restarted = [viewOf('a', { get: { level: 'major-outage', sinceMs: 700 } })]
  const degraded = wordOf('degraded', { over: 'major-outage' })
  assert.equal(getOf(restarted, degraded).level, 'degraded', 'a raise stays one')
})

test('a raise hides nothing that is worse than what its author knew of', () => {
  const wordOver = (over: Level): Override => wordOf('operational', { over })
  const seen = (level: Level): AgedView[] => [viewOf('a', { get: { level, sinceMs: 500 } })]
  assert.equal(getOf(seen('degraded'), wordOver('degraded')).level, 'operational')
  const told = getOf(seen('major-outage'), wordOver('degraded'))
  assert.equal(told.level, 'major-outage')
  assert.equal(told.override, null, 'its reason explains none of that')
  assert.equal(getOf(seen('partial-outage'), wordOver('degraded')).level, 'partial-outage')
})

test('a raise makes nothing green that no site sees, or that is not proved to be well', () => {
  const raise = wordOf('operational', { over: 'major-outage' })
  assert.equal(getOf([], raise).level, 'unknown')
  assert.equal(getOf([], wordOf('degraded', { over: 'major-outage' })).level, 'unknown')
  const mending = [viewOf('a', { get: { level: 'recovering', sinceMs: 500 } })]
  assert.equal(getOf(mending, raise).level, 'recovering', 'behind what was worse, too')
})

test('a raise makes nothing worse, and is not shown where probes see as much', () => {
  const seen = (level: Level): AgedView[] => [viewOf('a', { get: { level, sinceMs: 500 } })]
  const partial = wordOf('partial-outage', { over: 'major-outage' })
  assert.equal(getOf(seen('degraded'), partial).level, 'degraded')
  assert.equal(getOf(seen('degraded'), partial).override, null)
  assert.equal(
    getOf(seen('operational'), wordOf('operational', { over: 'degraded' })).override,
    null,
  )
})

const level: check.Arbitrary<Level> = check.constantFrom(...LEVELS)
const sighting = (component: Component): check.Arbitrary<Sighting> =>
  check
    .record({
      level,
      sinceMs: check.nat(1000),
      isSilent: check.boolean(),
      probeCount: check.nat(5),
    })
    .map((brief) => sightingOf(component, brief))
const agedView: check.Arbitrary<AgedView> = check
  .record({
    site: check.constantFrom('a', 'b', 'c', 'd'),
    sequence: check.integer({ min: 1, max: 1_000_000 }),
    footing: check.constantFrom('sure', 'sure', 'blind' as const),
    get: sighting(GET),
    put: check.option(sighting(PUT)),
    ageMs: check.constantFrom(0, 5000, VIEW_DOUBTED_MS + 1, VIEW_STALE_MS, VIEW_STALE_MS + 1),
  })
  .map(({ ageMs, footing, get, put, sequence, site }) => {
    const sightings = put === null ? [get] : [get, put]
    const view = {
      site,
      incarnation: 1,
      sequence,
      madeAtMs: 0,
      footing,
      sightings,
      days: [],
    } as const
    return { view, ageMs }
  })
const word = check
  .record({
    level,
    over: check.option(level),
    atMs: check.nat(1000),
    untilMs: check.option(check.constantFrom(NOW_MS - 1, NOW_MS, NOW_MS + 1)),
  })
  .map(({ atMs, level, over: known, untilMs }) => {
    const over = known !== null && isWorse(level, known) ? known : null
    return wordOf(level, { atMs, over, untilMs: over === null ? untilMs : (untilMs ?? NOW_MS + 1) })
  })
const views = check.uniqueArray(agedView, { maxLength: 7, selector: ({ view }) => view.sequence })
const words = check.array(word, { maxLength: 1 })

test('the order of views changes nothing', () => {
  check.assert(
    check.property(views, words, check.func(check.nat()), (views, words, rank) => {
      const shuffled = views.toSorted((one, other) => rank(one) - rank(other))
      assert.deepEqual(combined(shuffled, ...words), combined(views, ...words))
      assert.deepEqual(combined(views.toReversed(), ...words), combined(views, ...words))
    }),
  )
})

test('a stale or a blind view changes nothing, so it never makes green', () => {
  check.assert(
    check.property(views, words, agedView, check.boolean(), (views, words, extra, isStale) => {
      const view = { ...extra.view, site: 'e', footing: isStale ? 'sure' : 'blind' } as const
      const useless = { view, ageMs: isStale ? VIEW_STALE_MS + 1 : 0 }
      assert.deepEqual(combined([...views, useless], ...words), combined(views, ...words))
    }),
  )
})

test('green is told only where a fresh view that sees says so, and none that counts sees it ill', () => {
  check.assert(
    check.property(views, (views) => {
      for (const health of combined(views)) {
        if (health.level !== 'operational') continue
        const fresh = views.filter(
          ({ ageMs, view }) => ageMs <= VIEW_STALE_MS && view.footing === 'sure',
        )
        const said = fresh.flatMap(({ view }) => view.sightings)
        const own = said.filter(({ component }) => component === health.component.id)
        assert.ok(own.some(({ level }) => level === 'operational'))
        assert.ok(
          health.seenBy.every(({ level }) => level === 'operational' || level === 'unknown'),
        )
      }
    }),
    { numRuns: 2000 },
  )
})

test('a lowering shows at least its level and what machines see; a raise shows its reason', () => {
  check.assert(
    check.property(views, word, (views, word) => {
      const plain = getOf(views)
      const told = getOf(views, word)
      if (told.override === null) {
        const hasEnded = word.untilMs !== null && word.untilMs <= NOW_MS
        const isAbout =
          isIll(plain.level) &&
          isWorse(word.level, plain.level) &&
          !isWorse(word.over ?? word.level, plain.level)
        assert.ok(hasEnded || (word.over !== null && !isAbout))
        assert.deepEqual(told, plain)
      } else if (told.override.kind === 'lowered') {
        assert.equal(told.level, worse(word.level, plain.level))
      } else {
        assert.ok(word.over !== null && !isWorse(word.over, plain.level))
        assert.ok(isIll(plain.level) && isWorse(word.level, plain.level))
        assert.equal(told.level, word.level)
        assert.equal(told.override.seen, plain.level)
        assert.equal(told.override.reason, word.reason)
        assert.ok(told.why.includes(word.reason))
      }
    }),
    { numRuns: 2000 },
  )
})

test('what is worse than a lowering is shown, whenever it began and whatever clocks say', () => {
  check.assert(
    check.property(views, word, (views, word) => {
      const plain = getOf(views)
      if (word.over !== null) return
      assert.equal(worse(plain.level, getOf(views, word).level), getOf(views, word).level)
    }),
    { numRuns: 2000 },
  )
})
