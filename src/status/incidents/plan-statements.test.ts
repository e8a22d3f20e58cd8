// What machines post, as sites would live it: each plans once a second and folds what all posted.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as check from 'fast-check'
import type { StatusConfig } from '../config.ts'
import { foldRecords } from '../records/fold.ts'
import type { Author, KeyId, KnownRecord, RecordId, Statement } from '../records/record.ts'
import { raisedOver } from '../output/sample-snapshot.ts'
import type { Incident } from '../snapshot.ts'
import { OPERATIONS } from '../status.ts'
import type { Component, ComponentId, Health, Level } from '../status.ts'
import { planStatements } from './plan-statements.ts'
import type { PlanMemory } from './plan-statements.ts'

const WALL_MS = Date.UTC(2026, 10, 26, 14, 0, 0)
const SEC = 1000
const MINUTE = 60 * SEC

const COMPONENTS: readonly Component[] = ['east', 'west'].flatMap((region) =>
  OPERATIONS.map((operation) => ({
    id: `${region}/a/${operation}` as ComponentId,
    kind: 'operation',
    region,
    cell: 'a',
    operation,
  })),
)
const GET = 'east/a/get' as ComponentId
const PUT = 'east/a/put' as ComponentId

const CONFIG: StatusConfig = {
  plane: 'test',
  title: 'Store',
  publicUrl: null,
  sites: [],
  formerSites: [],
  people: [],
  regions: ['east', 'west'].map((name) => ({
    name,
    title: name === 'east' ? 'US East' : 'EU West',
    cells: [
      {
        name: 'a',
        title: 'Cell A',
        endpoints: [],
        signingRegion: name,
        accessKey: 'k',
        secretKey: 's',
        bucket: 'b',
        reports: [],
      },
    ],
    services: [],
  })),
  timing: {
    probeIntervalSec: 15,
    slowMs: 2000,
    proofSec: 120,
    exchangeIntervalSec: 5,
    anchors: [],
  },
  webhooks: [],
  publish: [],
  components: COMPONENTS,
}

/** Levels of components that are not operational. */
type Ills = Readonly<Partial<Record<string, Level>>>

function healthOf(ills: Ills, extra: Partial<Health> = {}): Health[] {
  return COMPONENTS.map((component): Health => {
    const level = ills[component.id] ?? 'operational'
    const why = level === 'operational' ? 'probes succeed' : '3 of 3 failed: 503 SlowDown'
    const seenBy = [{ site: 's', level, why }]
    const isSaid = ills[component.id] !== undefined
    const plain = {
      component,
      level,
      sinceMs: WALL_MS,
      why,
      recovery: null,
      seenBy,
      override: null,
    }
    return isSaid ? { ...plain, ...extra } : plain
  })
}

interface Life {
  readonly health: (atMs: number) => readonly Health[]
  readonly untilMs: number
  readonly siteCount?: number
  /** Posts of people, by when. */
  readonly posts?: (atMs: number, incidents: readonly Incident[]) => readonly Statement[]
  readonly delayMs?: number
  readonly wallMs?: (atMs: number) => number
  /** How much later than others a site, by its rank, sees health. */
  readonly lagsMs?: readonly number[]
}

interface Lived {
  readonly posts: readonly { readonly atMs: number; readonly statement: Statement }[]
  readonly incidents: readonly Incident[]
}

/** Every site plans once a second; what one posts, others see `delayMs` later, and itself at once. */
function live(life: Life): Lived {
  const { delayMs = 5 * SEC, health, lagsMs, posts, siteCount = 1, untilMs, wallMs } = life
  const log: { readonly record: KnownRecord; readonly site: number; readonly atMs: number }[] = []
  const memories = Array.from({ length: siteCount }, (): PlanMemory | null => null)
  const seenAt = (site: number, atMs: number): KnownRecord[] =>
    log
      .filter((each) => each.site === site || each.atMs + delayMs <= atMs)
      .map(({ record }) => record)
  const post = (statement: Statement, site: number, atMs: number): void => {
    log.push({ record: recordOf(statement, log.length + 1, site, atMs), site, atMs })
  }
  for (let atMs = 0; atMs <= untilMs; atMs += SEC) {
    if (posts !== undefined) {
      const { incidents } = foldRecords(log.map(({ record }) => record))
      for (const statement of posts(atMs, incidents)) post(statement, -1, atMs)
    }
    for (const [rank, memory] of memories.entries()) {
      const now = health(Math.max(0, atMs - (lagsMs?.[rank] ?? 0)))
      const stories = foldRecords(seenAt(rank, atMs))
      const clock = { nowMs: atMs, wallMs: wallMs?.(atMs) ?? WALL_MS + atMs }
      const plan = planStatements({ config: CONFIG, health: now, stories, rank, memory, ...clock })
      memories[rank] = plan.memory
      for (const statement of plan.statements) post(statement, rank, atMs)
    }
  }
  return {
    posts: log
      .filter(({ site }) => site >= 0)
      .map(({ atMs, record }) => ({ atMs, statement: record.record.statement })),
    incidents: foldRecords(log.map(({ record }) => record)).incidents,
  }
}

function recordOf(statement: Statement, order: number, site: number, atMs: number): KnownRecord {
  const key = `k${site}` as KeyId
  const author: Author = {
    key,
    name: site < 0 ? 'ada' : `s${site}`,
    kind: site < 0 ? 'person' : 'site',
  }
  const id = order.toString(16).padStart(64, '0') as RecordId
  const record = {
    version: 1,
    plane: 'test',
    author: key,
    atMs: WALL_MS + atMs,
    order,
    nonce: '',
    statement,
  } as const
  return { id, envelope: { key, text: '', signature: '' }, record, author }
}

function statesOf({ posts }: Lived): string[] {
  return posts.map(({ atMs, statement }) => {
    const state = 'state' in statement ? statement.state : statement.kind
    return `${atMs / SEC} ${statement.kind} ${state}`
  })
}

test('an outage becomes an incident within a quarter of a minute, is watched, and ends', () => {
  const lived = live({
    untilMs: 20 * MINUTE,
    health: (atMs) => {
      if (atMs < MINUTE || atMs >= 6 * MINUTE) return healthOf({})
      return healthOf({ [GET]: atMs < 4 * MINUTE ? 'major-outage' : 'recovering' })
    },
  })
  assert.deepEqual(statesOf(lived), [
    '75 incident investigating',
    '300 incident-update investigating', // recovering for a minute
    '375 incident-update monitoring',
    '676 incident-update resolved',
  ])
  const [incident] = lived.incidents
  assert.equal(incident?.title, 'US East: GET is down')
  assert.equal(incident.region, 'east')
  assert.deepEqual(incident.affected, [{ component: GET, level: 'operational' }])
  assert.deepEqual(incident.affectedEver, [{ component: GET, level: 'major-outage' }])
  assert.equal(lived.incidents.length, 1)
})

test('a hiccup is none: a short outage, a short slowness, and what is unknown for hours', () => {
  const lived = live({
    untilMs: 200 * MINUTE,
    health: (atMs) => {
      const second = (atMs / SEC) % 3600
      if (second < 14) return healthOf({ [GET]: 'major-outage' })
      if (second < 130) return healthOf({ [GET]: 'recovering' })
      if (second >= 1000 && second < 1044) return healthOf({ [PUT]: 'degraded' })
      return healthOf(second >= 2000 ? { [GET]: 'unknown', [PUT]: 'unknown' } : {})
    },
  })
  assert.deepEqual(lived.posts, [])
})

test('hiccups that come again before it was well add up', () => {
  const lived = live({
    untilMs: 4 * MINUTE,
    health: (atMs) => healthOf({ [GET]: (atMs / SEC) % 60 < 9 ? 'partial-outage' : 'recovering' }),
  })
  assert.equal(lived.posts[0]?.statement.kind, 'incident')
})

test('more and worse is told in the same incident, in its state', () => {
  const lived = live({
    untilMs: 5 * MINUTE,
    health: (atMs) =>
      healthOf(
        atMs < 2 * MINUTE
          ? { [GET]: 'degraded' }
          : { [GET]: 'major-outage', [PUT]: 'major-outage' },
      ),
  })
  assert.deepEqual(statesOf(lived), [
    '45 incident investigating',
    '120 incident-update investigating',
  ])
  assert.deepEqual(lived.incidents[0]?.affected, [
    { component: GET, level: 'major-outage' },
    { component: PUT, level: 'major-outage' },
  ])
})

test('each region has its own', () => {
  const both = { [GET]: 'major-outage', 'west/a/put': 'partial-outage' } as const
  const lived = live({ untilMs: MINUTE, health: () => healthOf(both) })
  assert.deepEqual(
    new Set(lived.incidents.map(({ title }) => title)),
    new Set(['US East: GET is down', 'EU West: PUT fails in part']),
  )
})

test('of three sites one posts; the others come in where it does not', () => {
  const health = (atMs: number): Health[] =>
    healthOf(atMs < MINUTE || atMs > 5 * MINUTE ? {} : { [GET]: 'major-outage' })
  const lived = live({ untilMs: 20 * MINUTE, siteCount: 3, delayMs: 4 * SEC, health })
  assert.equal(lived.posts.length, 3, statesOf(lived).join('\n'))
  const cut = live({ untilMs: 20 * MINUTE, siteCount: 2, delayMs: 1000 * MINUTE, health })
  assert.equal(cut.incidents.length, 1, 'what two opened apart is one once they meet')
  assert.equal(cut.incidents[0]?.state, 'resolved')
})

test('what got better is posted once, though sites see it at moments that lie two exchanges apart', () => {
  for (const lagsMs of [
    [8 * SEC, 0],
    [13 * SEC, 0],
    [0, 13 * SEC],
  ]) {
    const lived = live({
      siteCount: 2,
      lagsMs,
      delayMs: 6 * SEC,
      untilMs: 20 * MINUTE,
      health: (atMs) => healthOf(atMs < 3 * MINUTE ? { [GET]: 'major-outage' } : {}),
    })
    const states = lived.posts.map(({ statement }) => 'state' in statement && statement.state)
    for (const state of ['monitoring', 'resolved']) {
      assert.equal(states.filter((each) => each === state).length, 1, `${state} ${lagsMs.join()}`)
    }
  }
})

test('flapping is one incident with few posts, at any pace', () => {
  for (const periodSec of [20, 60, 120, 240, 600, 1200, 2400]) {
    const lived = live({
      untilMs: 6 * 60 * MINUTE,
      health: (atMs) => {
        const phase = (atMs / SEC) % periodSec
        if (phase < periodSec / 2) return healthOf({ [GET]: 'major-outage' })
        return healthOf(phase < periodSec / 2 + 120 ? { [GET]: 'recovering' } : {})
      },
    })
    // In ten minutes of health an incident ends, and the next one is another.
    const isSlow = periodSec > 600
    const what = `${periodSec} s: ${lived.incidents.length} incidents\n${statesOf(lived).join('\n')}`
    assert.ok(lived.incidents.length <= (isSlow ? 5 : 1), what)
    assert.ok(lived.posts.length <= (isSlow ? 18 : 7), what)
  }
})

test('whatever health does for hours, posts stay few and each incident opens once', () => {
  const level = check.constantFrom<Level>(
    'operational',
    'recovering',
    'degraded',
    'partial-outage',
    'major-outage',
    'unknown',
  )
  const phase = check.record({
    forSec: check.integer({ min: 1, max: 900 }),
    get: level,
    put: level,
  })
  check.assert(
    check.property(check.array(phase, { minLength: 1, maxLength: 20 }), (phases) => {
      const levels = phases.flatMap(({ forSec, get, put }) =>
        Array.from({ length: forSec }, () => ({ get, put })),
      )
      const lived = live({
        untilMs: 120 * MINUTE,
        health: (atMs) => {
          const now = levels[(atMs / SEC) % levels.length]
          return healthOf({ [GET]: now?.get ?? 'operational', [PUT]: now?.put ?? 'operational' })
        },
      })
      assert.ok(lived.posts.length <= 24, statesOf(lived).join('\n'))
      const opened = lived.posts.filter(({ statement }) => statement.kind === 'incident')
      assert.equal(opened.length, lived.incidents.length)
      for (const [index, { atMs }] of lived.posts.entries()) {
        const last = lived.posts[index - 1]
        assert.ok(last === undefined || atMs - last.atMs >= 10 * SEC, statesOf(lived).join('\n'))
      }
    }),
    { numRuns: 12 },
  )
})

test('an incident in which a person took part is not resolved by a machine', () => {
  const lived = live({
    untilMs: 60 * MINUTE,
    health: (atMs) => healthOf(atMs < 2 * MINUTE ? { [GET]: 'major-outage' } : {}),
    posts: (atMs, [incident]) =>
      atMs === MINUTE && incident !== undefined
        ? [
            {
              kind: 'incident-update',
              incident: incident.id,
              state: 'identified',
              text: 'a disk',
              affected: null,
            },
          ]
        : [],
  })
  assert.equal(lived.incidents[0]?.state, 'monitoring')
  assert.deepEqual(statesOf(lived), ['15 incident investigating', '135 incident-update monitoring'])
})

test('what a person resolved while it is still ill stays resolved for a while, unless it gets worse', () => {
  const resolve = (atMs: number, [incident]: readonly Incident[]): Statement[] =>
    atMs === MINUTE && incident !== undefined
      ? [
          {
            kind: 'incident-update',
            incident: incident.id,
            state: 'resolved',
            text: 'known',
            affected: null,
          },
        ]
      : []
  const same = live({
    untilMs: 10 * MINUTE,
    health: () => healthOf({ [GET]: 'partial-outage' }),
    posts: resolve,
  })
  assert.deepEqual(statesOf(same), ['15 incident investigating'])
  const worse = live({
    untilMs: 10 * MINUTE,
    health: (atMs) => healthOf({ [GET]: atMs < 2 * MINUTE ? 'partial-outage' : 'major-outage' }),
    posts: resolve,
  })
  assert.equal(worse.incidents.length, 2)
  const later = live({
    untilMs: 12 * MINUTE,
    health: () => healthOf({ [GET]: 'partial-outage' }),
    posts: resolve,
  })
  assert.equal(later.incidents.length, 2)
})

test("a person's incident or a maintenance that explains it is enough; a total outage is not explained by maintenance", () => {
  const byPerson = (level: Level): Lived =>
    live({
      untilMs: 5 * MINUTE,
      health: (atMs) => healthOf(atMs < MINUTE ? {} : { [GET]: level }),
      posts: (atMs) => {
        const affected = [{ component: GET, level: 'partial-outage' }] as const
        const said = {
          kind: 'incident',
          title: 't',
          state: 'identified',
          text: 'x',
          affected,
          region: null,
        } as const
        return atMs === 0 ? [said] : []
      },
    })
  assert.deepEqual(byPerson('partial-outage').posts, [])
  assert.equal(byPerson('major-outage').posts.length, 1, 'it is worse than they said')
  const planned = (level: Level): Lived =>
    live({
      untilMs: 5 * MINUTE,
      health: () => healthOf({ [GET]: level }),
      posts: (atMs) => {
        const times = { startMs: WALL_MS - 1, endMs: WALL_MS + 100 * MINUTE }
        const said = {
          kind: 'maintenance',
          title: 't',
          text: 'x',
          components: [GET],
          plan: null,
          ...times,
        } as const
        return atMs === 0 ? [said] : []
      },
    })
  assert.deepEqual(planned('partial-outage').posts, [])
  assert.equal(planned('major-outage').posts.length, 1)
})

test('what people raised or lowered is theirs', () => {
  const override = {
    level: 'major-outage',
    reason: 'r',
    seen: 'operational',
    author: 'ada',
    atMs: 0,
    kind: 'lowered',
  } as const
  const seenBy = [{ site: 's', level: 'operational', why: 'probes succeed' }] as const
  const lowered = healthOf({ [GET]: 'major-outage' }, { override, seenBy })
  assert.deepEqual(live({ untilMs: 5 * MINUTE, health: () => lowered }).posts, [])
  const alsoSeen = healthOf({ [GET]: 'major-outage' }, { override })
  assert.equal(live({ untilMs: MINUTE, health: () => alsoSeen }).posts.length, 1)
  const raise = { ...override, kind: 'raised', seen: 'major-outage' } as const
  const raised = healthOf({ [GET]: 'degraded' }, { override: raise })
  assert.deepEqual(live({ untilMs: 5 * MINUTE, health: () => raised }).posts, [])
})

test('of what a person raised no machine says that it works', () => {
  const down = healthOf({ [GET]: 'major-outage' })
  const raised = down.map((each) =>
    each.component.id === GET ? raisedOver(each, 'major-outage') : each,
  )
  const lived = live({
    untilMs: 15 * MINUTE,
    health: (atMs) => (atMs < MINUTE ? down : raised),
  })
  assert.deepEqual(statesOf(lived), ['15 incident investigating'])
})

test('what nobody sees any more is neither better nor well', () => {
  const lived = live({
    untilMs: 60 * MINUTE,
    health: (atMs) => healthOf({ [GET]: atMs < MINUTE ? 'major-outage' : 'unknown' }),
  })
  assert.deepEqual(statesOf(lived), ['15 incident investigating'])
  assert.deepEqual(lived.incidents[0]?.affected, [{ component: GET, level: 'major-outage' }])
})

test('what was asked for and is not seen yet is asked for again only after a while', () => {
  const asked: number[] = []
  let memory: PlanMemory | null = null
  for (let nowMs = 0; nowMs <= 40 * SEC; nowMs += SEC) {
    const clock = { nowMs, wallMs: WALL_MS + nowMs }
    const health = healthOf({ [GET]: 'major-outage' })
    const plan = planStatements({
      config: CONFIG,
      health,
      stories: foldRecords([]),
      rank: 0,
      memory,
      ...clock,
    })
    memory = plan.memory
    if (plan.statements.length > 0) asked.push(nowMs / SEC)
  }
  assert.deepEqual(asked, [15, 25, 35])
})

test('a clock that jumps makes no posts', () => {
  const health = (atMs: number): Health[] =>
    healthOf(atMs < 3 * MINUTE ? { [GET]: 'major-outage' } : {})
  const steady = live({ untilMs: 30 * MINUTE, health })
  const jumping = live({
    untilMs: 30 * MINUTE,
    health,
    wallMs: (atMs) => WALL_MS + (atMs % (2 * MINUTE) < MINUTE ? 1e9 : -1e9),
  })
  assert.deepEqual(statesOf(jumping), statesOf(steady))
})
