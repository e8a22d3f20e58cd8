// The schedule, on a clock that is turned by hand: how often, how soon after a failure, with what signs.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../base/manual-clock.ts'
import type { Random } from '../../base/random.ts'
import type { CellConfig, StatusConfig } from '../config.ts'
import { OPERATIONS, type Component, type ComponentId, type ProbeResult } from '../status.ts'
import { answerOf, CellModel, MODEL_SECRET, ModelNetwork } from './cell-model.ts'
import { Footing } from './footing.ts'
import { openProber } from './prober.ts'
import type { SelfReport } from './report.ts'

const ANCHOR = 'http://anchor'
const CELL: CellConfig = {
  name: 'c1',
  title: 'Cell 1',
  endpoints: ['http://one', 'http://two'],
  signingRegion: 'us-east-1',
  accessKey: 'key',
  secretKey: MODEL_SECRET,
  bucket: 'canaries',
  reports: ['http://report/-/health/ready'],
}

function configOf(anchors: readonly string[]): StatusConfig {
  const components: Component[] = OPERATIONS.map((operation) => ({
    id: `r1/c1/${operation}` as ComponentId,
    kind: 'operation',
    region: 'r1',
    cell: 'c1',
    operation,
  }))
  const id = 'r1/billing' as ComponentId
  components.push({ id, kind: 'service', region: 'r1', service: 'billing', title: 'Billing' })
  const services = [{ name: 'billing', title: 'Billing', url: 'http://billing/health?deep=1' }]
  return {
    plane: 'test',
    title: 'Test',
    publicUrl: null,
    sites: [],
    formerSites: [],
    people: [],
    regions: [{ name: 'r1', title: 'Region 1', cells: [CELL], services }],
    timing: { probeIntervalSec: 10, slowMs: 2000, proofSec: 60, exchangeIntervalSec: 5, anchors },
    webhooks: [],
    publish: [],
    components,
  }
}

/** The same numbers for the same seed. */
function randomOf(seed: number): Random {
  let state = seed
  return {
    bytes: (count) => new Uint8Array(count),
    fraction: () => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
      return state / 2_147_483_648
    },
  }
}

class World implements AsyncDisposable {
  readonly clock = new ManualClock(Date.UTC(2024, 0, 1))
  readonly network: ModelNetwork = new ModelNetwork(this.clock)
  readonly footing: Footing
  readonly results: ProbeResult[] = []
  readonly reports: { components: readonly ComponentId[]; report: SelfReport | null }[] = []
  readonly unsure: ComponentId[] = []
  readonly #prober: AsyncDisposable

  constructor({
    anchors = [ANCHOR],
    seed = 7,
  }: { anchors?: readonly string[]; seed?: number } = {}) {
    const cell = new CellModel()
    for (const origin of CELL.endpoints) this.network.cells.set(origin, cell)
    this.network.others.set('http://report', () => answerOf(200, '{"status":"ready"}'))
    this.network.others.set('http://billing', () => answerOf(200, '{"status":"degraded"}'))
    this.network.others.set(ANCHOR, () => answerOf(404, ''))
    this.footing = new Footing({ hasAnchors: anchors.length > 0 })
    this.#prober = openProber({
      config: configOf(anchors),
      site: 'site-a',
      network: this.network,
      clock: this.clock,
      random: randomOf(seed),
      footing: this.footing,
      onResult: (result) => this.results.push(result),
      onReport: (components, report) => this.reports.push({ components, report }),
      onUnsure: (component) => this.unsure.push(component),
    })
  }

  of(component: string): ProbeResult[] {
    return this.results.filter((each) => each.component === component)
  }

  /** In steps, so that whatever a timer leads to has run before the next. */
  async pass(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += 50) await this.clock.advance(50)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#prober[Symbol.asyncDispose]()
    await this.pass(100)
    await closed
  }
}

test('every component is probed each interval, and is well', async () => {
  await using world = new World()
  await world.pass(2500)
  assert.equal(new Set(world.results.map(({ component }) => component)).size, 7)
  await world.pass(97_500)
  for (const { id } of configOf([]).components) {
    const results = world.of(id)
    assert.ok(results.length >= 10 && results.length <= 13, `${id}: ${results.length}`)
    assert.deepEqual(
      results.filter(({ failure }) => failure !== null),
      [],
    )
  }
  assert.deepEqual(world.unsure, [])
  assert.equal(world.footing.isBlind(world.clock.monotonicMs()), false)
})

test('the same seed gives the same run', async () => {
  const [one, two, other] = [new World(), new World(), new World({ seed: 8 })]
  for (const world of [one, two, other]) {
    world.network.fault = ({ request }) =>
      request.target.includes('put/') ? { kind: 'slow', delayMs: 700 } : null
    await world.pass(40_000)
    await world[Symbol.asyncDispose]()
  }
  assert.ok(one.results.length > 20)
  assert.deepEqual(one.results, two.results)
  assert.notDeepEqual(one.results, other.results)
})

test('after a failure the next probe follows within two seconds, and the others go on', async () => {
  await using world = new World()
  await world.pass(20_000)
  world.network.fault = ({ operation }) =>
    operation === 'DeleteObject' ? { kind: 'refused', status: 500, code: 'InternalError' } : null
  await world.pass(40_000)
  const failed = world.of('r1/c1/delete').filter(({ failure }) => failure !== null)
  assert.ok(failed.length > 10)
  failed.slice(1).forEach(({ beganMs }, index) => {
    const before = failed[index]
    assert.ok(before !== undefined)
    assert.ok(beganMs - before.beganMs - before.durationMs <= 2000)
  })
  assert.equal(world.results.filter(({ failure }) => failure !== null).length, failed.length)
})

test('one endpoint that is lost fails nothing, and slows down next to nothing', async () => {
  await using world = new World()
  await world.pass(20_000)
  world.network.fault = ({ request }) =>
    request.origin === 'http://one' ? { kind: 'silent' } : null
  const before = world.results.length
  await world.pass(200_000)
  const results = world.results.slice(before)
  assert.ok(results.length > 100)
  assert.deepEqual(
    results.filter(({ failure }) => failure !== null),
    [],
  )
  const slow = results.filter(({ durationMs }) => durationMs > 2000)
  assert.ok(slow.length > 0 && slow.length < results.length / 4, `${slow.length} were slow`)
})

test('a cell that is silent fails with a sign for each failure', async () => {
  await using world = new World()
  await world.pass(20_000)
  const cutMs = world.clock.monotonicMs()
  world.network.fault = ({ request }) =>
    CELL.endpoints.includes(request.origin) ? { kind: 'silent' } : null
  await world.pass(60_000)
  const failed = world.results.filter(({ failure }) => failure !== null)
  assert.ok(failed.length >= 18, `${failed.length} failed`)
  for (const { beganMs, durationMs, failure } of failed) {
    assert.equal(failure?.kind, 'timeout')
    assert.ok(durationMs <= 18_000)
    assert.equal(world.footing.hasSignAfter(beganMs, beganMs + durationMs), true)
  }
  assert.equal(world.footing.isBlind(world.clock.monotonicMs()), false)
  const twoFailedMs = world.of('r1/c1/get').filter(({ failure }) => failure !== null)[1]
  assert.ok(twoFailedMs !== undefined)
  assert.ok(twoFailedMs.beganMs + twoFailedMs.durationMs - cutMs < 45_000)
})

test('after a failure without an answer the anchors are asked at once', async () => {
  await using world = new World()
  await world.pass(20_000)
  world.network.fault = ({ request }) =>
    request.origin === ANCHOR ? null : { kind: 'lost', code: 'unreachable' }
  await world.pass(30_000)
  const failed = world.results.filter(({ failure }) => failure !== null)
  assert.ok(failed.length > 30)
  for (const { beganMs, durationMs } of failed) {
    assert.equal(world.footing.hasSignAfter(beganMs, beganMs + durationMs), true, `${beganMs}`)
  }
  const asked = world.network.seen.filter(({ request }) => request.origin === ANCHOR)
  assert.ok(asked.length <= 5 + 30_000 / 250, `${asked.length} times`)
})

test('with all that is asked silent no failure has a sign, also not when the network is back', async () => {
  for (const fault of [{ kind: 'silent' }, { kind: 'lost', code: 'unreachable' }] as const) {
    await using world = new World()
    await world.pass(20_000)
    const cutMs = world.clock.monotonicMs()
    world.network.fault = () => fault
    await world.pass(45_000)
    assert.equal(world.footing.isBlind(world.clock.monotonicMs()), true)
    const backMs = world.clock.monotonicMs()
    world.network.fault = () => null
    await world.pass(60_000)
    assert.equal(world.footing.isBlind(world.clock.monotonicMs()), false)
    const failed = world.results.filter(({ failure }) => failure !== null)
    assert.ok(failed.length > 10)
    // Only what still went on when the network came back may have one.
    const told = failed.filter(({ beganMs, durationMs }) =>
      world.footing.hasSignAfter(beganMs, beganMs + durationMs),
    )
    for (const { beganMs, durationMs } of told) {
      const isCutWithin = beganMs < cutMs
      assert.ok(isCutWithin || beganMs + durationMs > backMs - 1000, `${beganMs} + ${durationMs}`)
    }
    assert.ok(told.length <= 7, `${told.length} of ${failed.length}`)
  }
})

test('without anchors a refused connection is a sign', async () => {
  await using world = new World({ anchors: [] })
  await world.pass(20_000)
  world.network.cells.clear()
  world.network.others.clear()
  await world.pass(30_000)
  const failed = world.of('r1/c1/get').filter(({ failure }) => failure !== null)
  assert.ok(failed.length > 5)
  for (const { beganMs, durationMs, failure } of failed) {
    assert.equal(failure?.kind, 'refused')
    assert.equal(world.footing.hasSignAfter(beganMs, beganMs + durationMs), true)
  }
})

test('reports come for all of a cell, a service reports by its probe, silence says nothing', async () => {
  await using world = new World()
  await world.pass(20_000)
  const ofCell = world.reports.filter(({ components }) => components.length === OPERATIONS.length)
  assert.equal(ofCell.at(-1)?.report?.level, 'operational')
  const ofService = world.reports.filter(({ components }) => components[0] === 'r1/billing')
  assert.equal(ofService.at(-1)?.report?.level, 'degraded')
  world.network.others.clear()
  await world.pass(20_000)
  const newest = world.reports.findLast(({ components }) => components.length === OPERATIONS.length)
  assert.equal(newest?.report, null)
  const service = world.of('r1/billing').at(-1)
  assert.equal(service?.failure?.kind, 'refused')
})

test('an end stops what is under way, tells nothing more, and waits', async () => {
  const world = new World()
  world.network.fault = () => ({ kind: 'silent' })
  await world.pass(3000)
  await world[Symbol.asyncDispose]()
  const { length } = world.results
  await world.pass(60_000)
  assert.equal(world.results.length, length)
  assert.equal(world.clock.waiting, 0)
})
