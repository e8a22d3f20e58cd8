// Sites come to the same, whatever the network, the disks and the clocks do on the way; and nothing
// gets in by the exchange that would not get in by hand.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSimDisk } from '../../../sim/disk.ts'
import { Drive } from '../../../sim/drive.ts'
import { Faults } from '../../../sim/faults.ts'
import { SimProcess } from '../../../sim/process.ts'
import type { SeededRandom } from '../../../sim/random.ts'
import { World } from '../../../sim/world.ts'
import { StatusError } from '../status.ts'
import { formatAnswer, parseQuestion } from './exchange-message.ts'
import { openExchange } from './exchange.ts'
import type { Exchange } from './exchange.ts'
import { foldRecords } from './fold.ts'
import { seal } from './envelope.ts'
import { formatView } from './parse-view.ts'
import { postOwn } from './post-own.ts'
import { openRecordLog } from './record-log.ts'
import type { RecordLog } from './record-log.ts'
import type { Envelope, KnownRecord, RecordId } from './record.ts'
import { GET, incident, NOON_MS, override, Plane, PUT, WEB } from './suite-plane.ts'
import { CALM, Wire } from './suite-wire.ts'
import { PostRates, takePost } from './take-post.ts'
import type { ViewDraft } from './views.ts'

const LIMITS = { eventsMax: 2_000_000 }
const INTERVAL_MS = 5000
const DRAFT: ViewDraft = { madeAtMs: NOON_MS, footing: 'sure', sightings: [], days: [] }

/** A site that can be killed, lose its power or its disk, and start again. */
class Site {
  readonly name: string
  readonly index: number
  readonly region: Region
  readonly findings: StatusError[] = []
  readonly heard: KnownRecord[] = []
  readonly faults: Faults
  drive: Drive
  process: SimProcess
  log: RecordLog | null = null
  exchange: Exchange | null = null
  #starts = 0

  constructor(region: Region, index: number) {
    this.region = region
    this.index = index
    this.name = region.plane.sites[index]?.name ?? '?'
    this.faults = new Faults({}, region.random.fork(`faults ${this.name}`))
    this.drive = this.newDrive()
    this.process = this.newProcess()
  }

  newDrive(): Drive {
    return new Drive(this.region.world, this.faults, { totalBytes: 2 ** 28, freeShare: 1 })
  }

  newProcess(): SimProcess {
    this.#starts += 1
    const name = `${this.name}.${this.#starts}`
    return new SimProcess(this.region.world, { name, clockRate: 1, diesAtCall: Infinity })
  }

  async start(): Promise<void> {
    const { plane, wire } = this.region
    const { authors, config } = plane
    if (this.process.isDead) this.process = this.newProcess()
    const { clock, random } = this.process
    const disk = openSimDisk(this.drive, this.process)
    const log = await openRecordLog({ disk, folder: 'records', random, authors })
    const exchange = await openExchange({
      config,
      site: this.name,
      pair: plane.site(this.index),
      log,
      authors,
      disk,
      incarnationFile: 'incarnation',
      network: wire.from(this.name, clock),
      clock,
      random,
      events: {
        onRecords: (records) => this.heard.push(...records),
        onViews: () => undefined,
        onHeard: () => undefined,
        onReached: () => undefined,
        onFinding: (error) => this.findings.push(error),
      },
    })
    this.log = log
    this.exchange = exchange
    wire.serve(this.name, exchange)
  }

  kill({ losesDisk = false } = {}): void {
    this.region.wire.stop(this.name)
    this.process.die({ kind: 'killed', why: 'test' })
    if (losesDisk) this.drive = this.newDrive()
    else this.drive.cutPower()
    this.log = null
    this.exchange = null
  }

  async post(envelope: Envelope): Promise<RecordId> {
    const { log, process, region } = this
    assert.ok(log !== null)
    const { authors, config } = region.plane
    const { clock } = process
    return (await takePost(envelope, { config, authors, log, clock, rates: new PostRates(clock) }))
      .id
  }

  ids(): RecordId[] {
    return (this.log?.records ?? []).map(({ id }) => id).toSorted()
  }

  view(site: string) {
    return this.exchange?.views().find(({ view }) => view.site === site) ?? null
  }
}

class Region {
  readonly world: World
  readonly random: SeededRandom
  readonly plane: Plane
  readonly wire: Wire
  readonly sites: readonly Site[]

  constructor(seed: string, siteCount: number) {
    this.world = new World(seed)
    this.world.wallOffsetMs = NOON_MS
    this.random = this.world.random
    this.plane = new Plane(this.random.fork('plane'), siteCount)
    this.wire = new Wire(this.random.fork('wire'))
    this.sites = this.plane.sites.map((_, index) => new Site(this, index))
  }

  site(index: number): Site {
    const site = this.sites[index]
    assert.ok(site !== undefined)
    return site
  }

  pass = async (ms: number): Promise<void> => await this.world.clock.sleep(ms)

  sealed(order: number): Envelope {
    return this.plane.sealed(incident(), this.plane.ann, { order, atMs: this.nowMs })
  }

  get nowMs(): number {
    return Math.floor(this.world.clock.nowMs())
  }
}

async function inRegion(
  seed: string,
  siteCount: number,
  act: (region: Region) => Promise<void>,
): Promise<void> {
  const region = new Region(seed, siteCount)
  await region.world.run(act(region), LIMITS)
  assert.deepEqual(region.world.defects, [])
}

test('a post and a view at one site are at the other one exchange later', async () => {
  await inRegion('two', 2, async (region) => {
    const [one, other] = [region.site(0), region.site(1)]
    await one.start()
    await other.start()
    const id = await one.post(region.sealed(1))
    one.exchange?.setView(DRAFT)
    await region.pass(2 * INTERVAL_MS)
    assert.deepEqual(other.ids(), [id])
    assert.deepEqual(
      other.heard.map((record) => record.id),
      [id],
      'told once',
    )
    const seen = other.view(one.name)
    assert.deepEqual(seen?.view, one.view(one.name)?.view)
    assert.ok(seen !== null && seen.ageMs >= 9000 && seen.ageMs < 11_000, `${seen?.ageMs}`)
    const [peer] = other.exchange?.peers() ?? []
    assert.deepEqual([peer?.name, peer?.isReached, peer?.error], [one.name, true, null])
    assert.deepEqual([...one.findings, ...other.findings], [])
    one.kill()
    await region.pass(60_000)
    const [gone] = other.exchange?.peers() ?? []
    assert.deepEqual([gone?.isReached, gone?.error], [false, 'nobody listens at site-1'])
    assert.ok(gone?.heardAtMs !== null && (gone?.heardAtMs ?? 0) <= region.nowMs - 55_000)
    assert.equal(other.findings.filter(({ code }) => code === 'unavailable').length, 1, 'said once')
    await other.exchange?.[Symbol.asyncDispose]()
  })
})

test('what two sites cannot tell each other comes by a third, and is no younger for it', async () => {
  await inRegion('route', 3, async (region) => {
    const [one, middle, other] = [region.site(0), region.site(1), region.site(2)]
    region.wire.cut(one.name, other.name)
    for (const site of region.sites) await site.start()
    const id = await one.post(region.sealed(1))
    one.exchange?.setView(DRAFT)
    await region.pass(4 * INTERVAL_MS)
    assert.deepEqual(other.ids(), [id])
    const ageMs = other.view(one.name)?.ageMs ?? 0
    assert.ok(ageMs >= 4 * INTERVAL_MS - 100 && ageMs < 4 * INTERVAL_MS + 100, `${ageMs}`)

    // A site that starts when the first is long gone gets its last view, and how old it is.
    one.kill()
    other.kill()
    await region.pass(600_000)
    await other.start()
    await region.pass(2 * INTERVAL_MS)
    assert.equal(middle.view(one.name)?.view.sequence, 1)
    assert.ok((other.view(one.name)?.ageMs ?? 0) > 600_000)
  })
})

test('a site that lost its disk gets its records back, and its views count again', async () => {
  await inRegion('lost disk', 2, async (region) => {
    const [one, other] = [region.site(0), region.site(1)]
    for (let start = 0; start < 3; start += 1) {
      await one.start()
      if (start === 0) await other.start()
      one.exchange?.setView(DRAFT)
      one.exchange?.setView(DRAFT)
      await region.pass(2 * INTERVAL_MS)
      if (start < 2) one.kill()
    }
    assert.deepEqual(other.view(one.name)?.view, one.view(one.name)?.view)
    const before = other.view(one.name)?.view.incarnation ?? 0
    const id = await one.post(region.sealed(1))
    await region.pass(2 * INTERVAL_MS)
    one.kill({ losesDisk: true })
    await one.start()
    one.exchange?.setView({ ...DRAFT, footing: 'blind' })
    await region.pass(4 * INTERVAL_MS)
    assert.deepEqual(one.ids(), [id])
    const seen = other.view(one.name)?.view
    assert.equal(seen?.footing, 'blind')
    assert.ok(seen.incarnation > before)
    one.kill()
    await one.start()
    const next = one.exchange?.setView(DRAFT).incarnation ?? 0
    assert.ok(next > seen.incarnation, 'what it learned is on its disk')
  })
})

test('a peer that lies: what is forged is not taken, what is true beside it is', async () => {
  await inRegion('liar', 2, async (region) => {
    const { plane, wire } = region
    const [liar, honest] = [region.site(0), region.site(1)]
    const pair = plane.site(0)
    const right = plane.sealed(incident(), plane.ann)
    const forged = [
      { ...plane.sealed(incident(), plane.ann), text: right.text },
      { ...plane.sealed(override(), plane.stranger), key: plane.ann.id },
      plane.sealed(incident(), plane.stranger),
      plane.sealed(incident(), plane.distrusted),
      plane.sealed(override(), pair),
      seal('record', '{"version":1}', plane.ann),
      seal('record', 'x'.repeat(70_000), plane.ann),
      seal('view', right.text, plane.ann),
      { key: plane.ann.id },
      null,
    ]
    const view = { ...DRAFT, site: honest.name, incarnation: 9, sequence: 9 }
    const views = [
      seal('view', formatView(view), pair),
      seal('view', formatView({ ...view, site: liar.name }), plane.ann),
      seal('record', formatView({ ...view, site: liar.name }), pair),
      seal('view', '[]', pair),
    ]
    wire.serve(liar.name, {
      answer: (query) => {
        const { question } = parseQuestion(query, liar.name, plane.authors)
        const all = [...forged, right].slice(question.after) as Envelope[]
        return formatAnswer(
          {
            nonce: question.nonce,
            incarnation: '00'.repeat(16),
            from: question.after,
            next: question.after + all.length,
            isEnd: true,
            records: all,
            views: views.map((envelope) => ({ envelope, ageMs: 0 })),
          },
          pair,
        )
      },
    })
    await honest.start()
    await region.pass(2 * INTERVAL_MS)
    assert.deepEqual(
      honest.log?.records.map(({ envelope }) => envelope),
      [right],
    )
    assert.deepEqual(honest.exchange?.views(), [])
    assert.notEqual(honest.exchange?.setView(DRAFT).incarnation, 10, 'it outdid no forgery')
    assert.ok(
      honest.findings.some(({ message }) => /gave 10 records that are not taken/.test(message)),
    )
    assert.ok(
      honest.findings.some(({ message }) => /gave 4 views that are not taken/.test(message)),
    )
  })
})

test('an answer that is not to what was asked leaves nothing behind, and the peer is not reached', async () => {
  await inRegion('answers', 2, async (region) => {
    const { plane, wire } = region
    const honest = region.site(1)
    const pair = plane.site(0)
    const records = [plane.sealed(incident(), plane.ann)]
    let change: object = {}
    wire.serve('site-1', {
      answer: (query) => {
        const { nonce } = parseQuestion(query, 'site-1', plane.authors).question
        const place = { incarnation: '00'.repeat(16), from: 0, next: 1, isEnd: true }
        return formatAnswer({ nonce, ...place, records, views: [], ...change }, pair)
      },
    })
    const cases: [object, RegExp][] = [
      [{ nonce: '11'.repeat(16) }, /to another question/],
      [{ from: 3, next: 4 }, /from another place/],
    ]
    for (const [wrong, says] of cases) {
      change = wrong
      await honest.start()
      await region.pass(60_000)
      assert.deepEqual(honest.ids(), [])
      assert.match(honest.exchange?.peers()[0]?.error ?? '', says)
      assert.match(honest.findings.at(-1)?.message ?? '', says)
      honest.kill()
    }
    change = {}
    await honest.start()
    await region.pass(60_000)
    assert.equal(honest.ids().length, 1, 'and the right one is taken')
  })
})

test('a site whose disk was full gets what it could not keep', async () => {
  await inRegion('full', 2, async (region) => {
    const [one, other] = [region.site(0), region.site(1)]
    await one.start()
    await other.start()
    other.drive.leaveFree(0)
    const id = await one.post(region.sealed(1))
    await region.pass(60_000)
    assert.deepEqual([other.ids(), other.exchange?.peers()[0]?.isReached], [[], false])
    other.drive.makeRoom()
    await region.pass(60_000)
    assert.deepEqual(other.ids(), [id])
  })
})

test('a site that was away long catches up page by page, and records come once', async () => {
  await inRegion('pages', 2, async (region) => {
    const [one, other] = [region.site(0), region.site(1)]
    await one.start()
    const { plane } = region
    const long = { text: '字'.repeat(4000) }
    const records = Array.from({ length: 200 }, (_, index) =>
      plane.known(incident(long), plane.ann, { order: index + 1 }),
    )
    await one.log?.append(records)
    await other.start()
    await region.pass(2 * INTERVAL_MS)
    assert.deepEqual(other.ids(), one.ids())
    assert.equal(other.heard.length, records.length)
    assert.ok(region.wire.counts.asked > 10, 'it took several pages')
  })
})

/** All that may go wrong, for two minutes; then all is well for two, and the sites tell the same. */
async function chaos(seed: number, siteCount: number): Promise<Wire['counts'] & { kills: number }> {
  let kills = 0
  const region = new Region(`chaos ${seed}`, siteCount)
  const { plane, random, sites, wire, world } = region
  const dice = random.fork('dice')
  const acknowledged = new Set<RecordId>()
  const trusted = new Set<string>()
  const acts: (() => Promise<void>)[] = [
    async () => await post(dice.pick(sites)),
    async () => await post(dice.pick(sites)),
    async () => await machine(dice.pick(sites)),
    async () => await forge(dice.pick(sites)),
    async () => void dice.pick(sites).exchange?.setView({ ...DRAFT, madeAtMs: dice.below(1e6) }),
    async () => wire.cut(dice.pick(sites).name, dice.pick(sites).name),
    async () => wire.healAll(),
    async () => void (world.wallOffsetMs += dice.spread(1, 1e7) * (dice.chance(0.5) ? 1 : -1)),
    async () => await restart(dice.pick(sites)),
  ]
  const note = (id: RecordId): void => void acknowledged.add(id)
  async function post(site: Site): Promise<void> {
    if (site.log === null) return
    const place = { order: site.log.orderMax + 1, atMs: region.nowMs }
    const component = dice.pick([PUT, GET, WEB])
    const said = dice.chance(0.5) ? override({ component }) : incident()
    const envelope = plane.sealed(said, dice.pick([plane.ann, plane.bob]), place)
    trusted.add(envelope.text)
    void site.post(envelope).then(note) // it may die before it answers
  }
  async function machine(site: Site): Promise<void> {
    const { log, process } = site
    if (log === null) return
    const { authors } = plane
    const { clock, random } = process
    const voice = { pair: plane.site(site.index), authors, log, clock, random }
    void postOwn(incident({ region: 'eu' }), voice).then(({ id, envelope }) => {
      trusted.add(envelope.text)
      note(id)
    })
  }
  async function forge(site: Site): Promise<void> {
    if (site.log === null) return
    const place = { order: site.log.orderMax + 1, atMs: region.nowMs }
    const { key } = plane.sealed(incident(), plane.ann, place)
    const forged = { ...plane.sealed(override(), plane.stranger, place), key }
    await assert.rejects(site.post(forged), StatusError)
  }
  async function restart(site: Site): Promise<void> {
    kills += 1
    // Then a lost disk loses nothing that was acknowledged.
    const others = sites.filter((other) => other !== site)
    const isElsewhere = others.some(({ log }) => site.ids().every((id) => log?.has(id)))
    if (site.exchange !== null) site.kill({ losesDisk: isElsewhere && dice.chance(0.5) })
    await region.pass(dice.below(20_000))
    await site.start()
  }
  const act = async (): Promise<void> => {
    for (const site of sites) await site.start()
    wire.faults = { lost: 0.2, duplicated: 0.3, replayed: 0.4, changed: 0.25, delayMsMax: 3000 }
    while (world.nowMs < 120_000) {
      await dice.pick(acts)()
      await region.pass(dice.below(1500))
    }
    wire.faults = CALM
    wire.healAll()
    const [first, second] = sites
    if (siteCount > 2 && dice.chance(0.5)) wire.cut(first?.name ?? '', second?.name ?? '')
    for (const site of sites) if (site.exchange === null) await site.start()
    const madeAtMs = dice.below(1e6)
    for (const site of sites) site.exchange?.setView({ ...DRAFT, madeAtMs })
    await region.pass(120_000)
    checkSame(sites, acknowledged, trusted, madeAtMs)
  }
  await world.run(act(), LIMITS)
  assert.deepEqual(world.defects, [])
  return { ...wire.counts, kills }
}

function checkSame(
  sites: readonly Site[],
  acknowledged: ReadonlySet<RecordId>,
  trusted: ReadonlySet<string>,
  madeAtMs: number,
): void {
  const [first] = sites
  assert.ok(first !== undefined)
  const told = (site: Site): string => {
    const { overrides, ...rest } = foldRecords(site.log?.records ?? [])
    return JSON.stringify([rest, [...overrides]])
  }
  for (const site of sites) {
    assert.deepEqual(site.ids(), first.ids(), `${site.name} has what ${first.name} has`)
    assert.equal(told(site), told(first))
    for (const id of acknowledged) assert.ok(site.log?.has(id), `${site.name} lacks ${id}`)
    for (const { author, envelope } of site.log?.records ?? []) {
      assert.ok(trusted.has(envelope.text) || author.kind === 'site', envelope.text)
    }
    for (const other of sites) {
      const view = site.view(other.name)?.view
      assert.equal(view?.madeAtMs, madeAtMs, `${site.name} sees ${other.name}`)
      assert.deepEqual(view, other.view(other.name)?.view)
    }
  }
}

test('two sites come to the same, of every seed', async () => {
  await manySeeds(2)
})

test('three sites come to the same, through each other too, of every seed', async () => {
  await manySeeds(3)
})

async function manySeeds(siteCount: number): Promise<void> {
  const sum = { lost: 0, duplicated: 0, replayed: 0, changed: 0, cut: 0, kills: 0 }
  for (let seed = 0; seed < 30; seed += 1) {
    try {
      const counts = await chaos(seed, siteCount)
      for (const kind of Object.keys(sum) as (keyof typeof sum)[]) sum[kind] += counts[kind]
    } catch (error) {
      throw new AggregateError([], `seed ${seed} of ${siteCount} sites`, { cause: error })
    }
  }
  for (const [kind, count] of Object.entries(sum)) assert.ok(count > 10, `${kind}: ${count}`)
}
