import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Incident, Snapshot } from '../../src/status/snapshot.ts'
import type { ComponentId, Level } from '../../src/status/status.ts'
import { nothing, steady } from './fault.ts'
import type { Expected } from './fault.ts'
import { judgeSite } from './judgement.ts'
import { Timeline } from './timeline.ts'

const PUT = 'eu/c1/put' as ComponentId
const GET = 'eu/c1/get' as ComponentId
const SECOND_MS = 1000
const PUT_DOWN = steady([PUT], 'major-outage')

type Levels = readonly [put: Level, get: Level]
const WELL: Levels = ['operational', 'operational']

interface Step {
  readonly atSec: number
  readonly levels: Levels
  readonly incidents?: readonly Partial<Incident>[]
}

function incident(state: Incident['state'], ...named: ComponentId[]): Partial<Incident> {
  const affectedEver = named.map((component) => ({ component, level: 'major-outage' as const }))
  return { state, region: 'eu', title: 'PUT is down', affectedEver, updates: [] }
}

/** A fault from 100 s to 300 s, followed to 700 s. */
function judge(expected: Expected, steps: readonly Step[]) {
  const timeline = new Timeline()
  for (const { atSec, incidents = [], levels } of steps) {
    const health = [PUT, GET].map((id, index) => {
      return { component: { id }, level: levels[index], why: 'because' }
    })
    timeline.take(atSec * SECOND_MS, { health, incidents } as unknown as Snapshot)
  }
  return judgeSite(timeline, {
    expected,
    region: 'eu',
    window: { fromMs: 100 * SECOND_MS, healMs: 300 * SECOND_MS, endMs: 700 * SECOND_MS },
    ending: 'closed',
    detectMsMax: 120 * SECOND_MS,
  })
}

const RIGHT: readonly Step[] = [
  { atSec: 10, levels: WELL },
  { atSec: 120, levels: ['partial-outage', 'operational'] },
  {
    atSec: 130,
    levels: ['major-outage', 'operational'],
    incidents: [incident('investigating', PUT)],
  },
  { atSec: 310, levels: ['recovering', 'operational'], incidents: [incident('identified', PUT)] },
  { atSec: 370, levels: WELL, incidents: [incident('monitoring', PUT)] },
  { atSec: 690, levels: WELL, incidents: [incident('resolved', PUT)] },
]

/** The right steps, but for some. */
function changed(change: Readonly<Record<number, Partial<Step>>>): readonly Step[] {
  return RIGHT.map((step) => ({ ...step, ...change[step.atSec] }))
}

test('what is right has its times', () => {
  assert.deepEqual(judge(PUT_DOWN, RIGHT), {
    findings: [],
    detectMs: 30 * SECOND_MS,
    wellMs: 70 * SECOND_MS,
    closedMs: 390 * SECOND_MS,
  })
})

test('what is wrong is found', () => {
  const cases: readonly [Expected, readonly Step[], RegExp][] = [
    [PUT_DOWN, [{ atSec: 10, levels: WELL }], /eu\/c1\/put \(major-outage\) was told never/],
    [PUT_DOWN, changed({ 130: { atSec: 260 } }), /was told only after 160\.0 s/],
    [PUT_DOWN, changed({ 310: { atSec: 150 } }), /was told 20\.0 s of 170\.0 s/],
    [PUT_DOWN, changed({ 120: { levels: ['major-outage', 'degraded'] } }), /get was told degraded/],
    [PUT_DOWN, changed({ 130: { levels: ['major-outage', 'unknown'] } }), /get was not told oper/],
    [PUT_DOWN, changed({ 10: { levels: ['operational', 'degraded'] } }), /get was told degraded/],
    [PUT_DOWN, changed({ 690: { levels: ['recovering', 'operational'] } }), /not operational ag/],
    [PUT_DOWN, changed({ 690: { incidents: [] } }), /there are 0 incidents, not 1/],
    [PUT_DOWN, changed({ 690: { incidents: [incident('monitoring', PUT)] } }), /is monitoring at/],
    [PUT_DOWN, changed({ 690: { incidents: [incident('resolved')] } }), /no incident names .*put/],
    [PUT_DOWN, changed({ 690: { incidents: [incident('resolved', PUT, GET)] } }), /names .*get/],
    [nothing(), changed({}), /eu\/c1\/put was told partial-outage/],
    [steady([PUT], 'unknown'), changed({}), /eu\/c1\/put was told partial-outage/],
  ]
  for (const [expected, steps, message] of cases) {
    const { findings } = judge(expected, steps)
    assert.ok(
      findings.some((finding) => message.test(finding)),
      `${message}: ${findings.join('; ')}`,
    )
  }
})

test('what may be doubted for a while may not be for longer, nor be called an outage', () => {
  const doubted = (levels: Levels, untilSec: number) =>
    judge({ ...nothing(), doubtMsMax: 30_000 }, [
      { atSec: 10, levels: WELL },
      { atSec: 110, levels },
      { atSec: untilSec, levels: WELL },
    ]).findings
  assert.deepEqual(doubted(['degraded', 'operational'], 135), [])
  assert.match(doubted(['degraded', 'operational'], 145).join(), /put was told degraded/)
  assert.match(doubted(['partial-outage', 'operational'], 120).join(), /told partial-outage/)
})

test('where nothing is wrong nothing is to be told', () => {
  const { detectMs, findings } = judge(nothing(), [{ atSec: 10, levels: WELL }])
  assert.deepEqual(findings, [])
  assert.equal(detectMs, null)
})
