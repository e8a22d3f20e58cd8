// Every post reaches every receiver at least once, under one id, whatever fails on the way: receivers,
// power, disks. What is not news is not told.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { openSimDisk } from '../../../sim/disk.ts'
import { Drive } from '../../../sim/drive.ts'
import { Faults } from '../../../sim/faults.ts'
import { SimProcess } from '../../../sim/process.ts'
import { World } from '../../../sim/world.ts'
import type { Clock } from '../../base/clock.ts'
import type { Disk } from '../../base/disk.ts'
import { WEBHOOK_AGE_MS_MAX, WEBHOOK_PENDING_MAX, WEBHOOK_TIMEOUT_MS } from '../../base/limits.ts'
import { wellSnapshot } from '../output/sample-snapshot.ts'
import { foldRecords } from '../records/fold.ts'
import { openRecordLog } from '../records/record-log.ts'
import type { RecordLog } from '../records/record-log.ts'
import type { RecordId, Statement } from '../records/record.ts'
import { incident, maintenance, NOON_MS, override, Plane } from '../records/suite-plane.ts'
import type { StatusError } from '../status.ts'
import { openWebhooks } from './open-webhooks.ts'
import { Receivers } from './suite-receivers.ts'
import type { Arrival } from './suite-receivers.ts'
import type { Webhooks } from './webhooks.ts'

const LIMITS = { eventsMax: 1_000_000 }
const FILE = 'webhooks'
const SECRET = 'whsec_c2VjcmV0LW9mLXRoZS10ZXN0'
const ONE = 'https://one.example.com'
const TWO = 'https://two.example.com'

const HOUR_MS = 3_600_000

class Ground {
  readonly world: World
  readonly plane: Plane
  readonly drive: Drive
  readonly faults: Faults
  readonly receivers: Receivers = new Receivers()
  readonly findings: StatusError[] = []
  urls: readonly string[] = [`${ONE}/hook?token=1`, `${TWO}/`]
  #process: SimProcess
  #log: RecordLog | null = null
  #webhooks: Webhooks | null = null
  #starts = 0
  #order = 0

  constructor(seed: string) {
    this.world = new World(seed)
    this.world.wallOffsetMs = NOON_MS
    this.plane = new Plane(this.world.random.fork('plane'))
    this.faults = new Faults({}, this.world.random.fork('faults'))
    this.drive = new Drive(this.world, this.faults, { totalBytes: 2 ** 28, freeShare: 1 })
    this.#process = this.#newProcess()
  }

  async run(act: () => Promise<void>): Promise<void> {
    await this.world.run(act(), LIMITS)
    assert.deepEqual(this.world.defects, [])
  }

  get clock(): Clock {
    return this.#process.clock
  }

  get log(): RecordLog {
    assert.ok(this.#log !== null)
    return this.#log
  }

  get webhooks(): Webhooks {
    assert.ok(this.#webhooks !== null)
    return this.#webhooks
  }

  async start(): Promise<void> {
    const { clock, random } = this.#process
    const disk = openSimDisk(this.drive, this.#process)
    const { authors } = this.plane
    this.#log = await openRecordLog({ disk, folder: 'records', random, authors })
    this.#webhooks = await openWebhooks({
      config: { webhooks: this.urls.map((url) => ({ url, secret: SECRET })) },
      disk,
      file: FILE,
      log: this.#log,
      network: this.receivers.from(clock),
      clock,
      random,
      onFinding: (error) => this.findings.push(error),
    })
    this.look()
  }

  async stop(): Promise<void> {
    await this.webhooks[Symbol.asyncDispose]()
    await this.log[Symbol.asyncDispose]()
  }

  /** The power goes. */
  crash(): void {
    this.#process.die({ kind: 'killed', why: 'power' })
    this.drive.cutPower()
    this.#process = this.#newProcess()
  }

  /** Its disk, as a hand from outside has it. */
  openDisk(): Disk {
    const world = { name: 'hand', clockRate: 1, diesAtCall: Infinity }
    return openSimDisk(this.drive, new SimProcess(this.world, world))
  }

  async post(
    statement: Statement,
    atMs: number = this.world.nowMs + this.world.wallOffsetMs,
  ): Promise<RecordId> {
    this.#order += 1
    const place = { order: this.#order, atMs: Math.round(atMs) }
    const [taken] = await this.log.append([this.plane.known(statement, this.plane.ann, place)])
    assert.ok(taken !== undefined)
    this.look()
    return taken.id
  }

  look(): void {
    const { incidents, maintenances } = foldRecords(this.log.records)
    const snapshot = wellSnapshot(this.plane.config)
    this.webhooks.look({ ...snapshot, incidents, maintenances })
  }

  async pass(ms: number): Promise<void> {
    await this.world.clock.sleep(ms)
  }

  #newProcess(): SimProcess {
    this.#starts += 1
    const name = `p${this.#starts}`
    return new SimProcess(this.world, { name, clockRate: 1, diesAtCall: Infinity })
  }
}

function update(opener: RecordId, state: 'identified' | 'resolved'): Statement {
  return { kind: 'incident-update', incident: opener, state, text: 'News.', affected: null }
}

function bodyOf({ request }: Arrival): {
  page: { status_indicator: string }
  incident: { status: string; name: string; incident_updates: { id: string }[] }
} {
  return JSON.parse(Buffer.from(request.body).toString())
}

test('a post reaches every receiver, signed, and says what its incident was behind it', async () => {
  const ground = new Ground('signed')
  await ground.run(async () => {
    await ground.start()
    const opener = await ground.post(incident())
    const second = await ground.post(update(opener, 'resolved'))
    await ground.pass(1000)
    const ids = [`msg_${opener}`, `msg_${second}`]
    assert.deepEqual(ground.receivers.ids(ONE), ids)
    assert.deepEqual(ground.receivers.ids(TWO), ids)
    const [first, last] = ground.receivers.arrivals.filter(({ origin }) => origin === ONE)
    assert.ok(first !== undefined && last !== undefined)
    const { headers, body, method, target, timeoutMs } = first.request
    assert.equal(`${method} ${target}`, 'POST /hook?token=1')
    assert.equal(timeoutMs, WEBHOOK_TIMEOUT_MS)
    const header = (name: string): string => headers[headers.indexOf(name) + 1] ?? ''
    const seconds = header('webhook-timestamp')
    assert.ok(Math.abs(Number(seconds) * 1000 - first.atMs) <= 1000)
    const mac = createHmac('sha256', Buffer.from('secret-of-the-test'))
    mac.update(`msg_${opener}.${seconds}.${Buffer.from(body).toString()}`)
    assert.equal(header('webhook-signature'), `v1,${mac.digest('base64')}`)
    assert.equal(bodyOf(first).incident.status, 'investigating', 'as it was behind this post')
    assert.equal(bodyOf(first).incident.incident_updates.length, 1)
    assert.equal(bodyOf(last).incident.status, 'resolved')
    assert.deepEqual(
      bodyOf(last).incident.incident_updates.map(({ id }) => id),
      [second, opener],
    )
    assert.equal(ground.webhooks.states()[0]?.deliveredCount, 2)
    assert.equal(ground.webhooks.states()[0]?.receiver, ONE, 'what stands behind it may be secret')
    await ground.stop()
  })
})

test('a maintenance is told; a level that a person set is no story, and is not', async () => {
  const ground = new Ground('kinds')
  await ground.run(async () => {
    await ground.start()
    await ground.post(override())
    const planned = await ground.post(maintenance())
    await ground.pass(1000)
    assert.deepEqual(ground.receivers.ids(ONE), [`msg_${planned}`])
    const [arrival] = ground.receivers.arrivals
    assert.ok(arrival !== undefined)
    assert.equal(bodyOf(arrival).incident.name, 'New drives')
    await ground.stop()
  })
})

test('what a receiver does not take is tried again with growing pauses, and stops no other', async () => {
  const ground = new Ground('again')
  await ground.run(async () => {
    ground.receivers.answers = (origin) => (origin === ONE ? 'never' : 200)
    await ground.start()
    const first = await ground.post(incident())
    await ground.pass(500)
    const second = await ground.post(update(first, 'identified'))
    await ground.pass(500)
    assert.deepEqual(ground.receivers.ids(TWO), [`msg_${first}`, `msg_${second}`])
    await ground.pass(4 * HOUR_MS)
    const tries = ground.receivers.arrivals.filter((each) => {
      return each.origin === ONE && each.id === `msg_${first}`
    })
    const pauses = tries.slice(1).map(({ atMs }, index) => atMs - (tries[index]?.atMs ?? 0))
    assert.ok((pauses[0] ?? 0) < 40_000, `the first pause: ${pauses[0]}`)
    assert.ok((pauses.at(-1) ?? 0) > 14 * 60_000, `the last pause: ${pauses.at(-1)}`)
    assert.ok(Math.max(...pauses) < 32 * 60_000, `the longest: ${Math.max(...pauses)}`)
    const [state] = ground.webhooks.states()
    assert.equal(state?.pending.length, 2)
    assert.equal(state?.pending[0]?.error, `timeout: POST ${ONE}: no answer`, 'and no token')
    ground.receivers.answers = () => 204
    await ground.pass(HOUR_MS)
    assert.equal(ground.webhooks.states()[0]?.pending.length, 0)
    assert.equal(ground.webhooks.states()[0]?.deliveredCount, 2)
    await ground.stop()
  })
})

test('a post that one receiver never takes does not hold up the next', async () => {
  const ground = new Ground('poison')
  await ground.run(async () => {
    await ground.start()
    let bad = ''
    ground.receivers.answers = (_, id) => (id === bad ? 400 : 200)
    bad = `msg_${await ground.post(incident())}`
    await ground.pass(60_000)
    const next = await ground.post(maintenance())
    await ground.pass(1000)
    assert.ok(ground.receivers.ids(ONE).includes(`msg_${next}`))
    await ground.stop()
  })
})

test('after a day a post is given up, and who operates sees it', async () => {
  const ground = new Ground('given up')
  await ground.run(async () => {
    ground.receivers.answers = (origin) => (origin === ONE ? 503 : 200)
    await ground.start()
    const id = await ground.post(incident())
    await ground.pass(WEBHOOK_AGE_MS_MAX - HOUR_MS)
    assert.equal(ground.webhooks.states()[0]?.pending.length, 1)
    await ground.pass(2 * HOUR_MS)
    const [state] = ground.webhooks.states()
    assert.equal(state?.pending.length, 0)
    assert.equal(state?.givenUpCount, 1)
    assert.deepEqual(
      state?.givenUp.map(({ record, error }) => [record, error]),
      [[id, 'HTTP status 503']],
    )
    const tries = ground.receivers.arrivals.length
    await ground.pass(2 * HOUR_MS)
    assert.equal(ground.receivers.arrivals.length, tries)
    await ground.stop()
  })
})

test('a receiver that is gone is not asked again about that post; one that is busy says when', async () => {
  const ground = new Ground('answers')
  await ground.run(async () => {
    ground.receivers.answers = (origin) => (origin === ONE ? 410 : [429, '600'])
    await ground.start()
    await ground.post(incident())
    await ground.pass(590_000)
    assert.equal(ground.receivers.ids(ONE).length, 1)
    assert.equal(ground.webhooks.states()[0]?.givenUpCount, 1)
    assert.equal(ground.receivers.ids(TWO).length, 1)
    await ground.pass(20_000)
    assert.equal(ground.receivers.ids(TWO).length, 2)
    await ground.stop()
  })
})

test('what was delivered is not delivered again after a restart; what was not is', async () => {
  const ground = new Ground('restart')
  await ground.run(async () => {
    ground.receivers.answers = (origin) => (origin === TWO ? 500 : 200)
    await ground.start()
    const id = await ground.post(incident())
    await ground.pass(100)
    await ground.stop()
    ground.receivers.answers = () => 200
    await ground.start()
    await ground.pass(HOUR_MS)
    assert.deepEqual(ground.receivers.ids(ONE), [`msg_${id}`])
    assert.deepEqual(new Set(ground.receivers.ids(TWO)), new Set([`msg_${id}`]))
    assert.equal(ground.webhooks.states()[1]?.deliveredCount, 1)
    const next = await ground.post(maintenance())
    await ground.pass(1000)
    assert.deepEqual(ground.receivers.ids(ONE), [`msg_${id}`, `msg_${next}`])
    await ground.stop()
  })
})

test('a day is a day, whatever restarts there were', async () => {
  const ground = new Ground('old')
  await ground.run(async () => {
    ground.receivers.answers = () => 500
    await ground.start()
    await ground.post(incident())
    for (let hour = 0; hour < 26; hour += 2) {
      await ground.stop()
      await ground.pass(2 * HOUR_MS)
      await ground.start()
      await ground.pass(10)
    }
    const [state] = ground.webhooks.states()
    assert.equal(state?.pending.length, 0)
    await ground.stop()
  })
})

test('a delivery that a stop cut off is made behind the next start', async () => {
  const ground = new Ground('cut off')
  await ground.run(async () => {
    ground.receivers.answers = () => 'never'
    await ground.start()
    const id = await ground.post(incident())
    await ground.pass(1000)
    await ground.stop()
    ground.receivers.answers = () => 200
    await ground.start()
    await ground.pass(1000)
    assert.deepEqual(ground.receivers.ids(ONE), [`msg_${id}`, `msg_${id}`])
    assert.equal(ground.webhooks.states()[0]?.deliveredCount, 1)
    await ground.stop()
  })
})

test('whenever the power goes, a post that is on the disk is delivered', async () => {
  let keptCount = 0
  const moments = Array.from({ length: 80 }, (_, index) => (index < 40 ? index / 2 : index * 40))
  for (const crashMs of moments) {
    const ground = new Ground(`power ${crashMs}`)
    await ground.run(async () => {
      ground.receivers.answers = () => 500
      await ground.start()
      await ground.pass(2000)
      const posted = ground.post(incident()).catch(() => null)
      await ground.pass(crashMs)
      ground.crash()
      void posted
      const before = ground.receivers.arrivals.length
      ground.receivers.answers = () => 200
      await ground.start()
      await ground.pass(60_000)
      const after = ground.receivers.arrivals.slice(before)
      const ids = ground.log.records.map(({ id }) => `msg_${id}`)
      keptCount += ids.length
      for (const origin of [ONE, TWO]) {
        const told = after.filter((each) => each.origin === origin).map(({ id }) => id)
        assert.deepEqual(told, ids, `crash after ${crashMs} ms`)
      }
      await ground.stop()
    })
  }
  assert.ok(keptCount > 0 && keptCount < moments.length, `${keptCount} posts were on the disk`)
})

test('what was posted before the first start is not told, not even where a peer brings it later', async () => {
  const ground = new Ground('before')
  await ground.run(async () => {
    ground.urls = []
    await ground.start()
    await ground.post(incident())
    await ground.stop()
    await ground.pass(HOUR_MS)
    ground.urls = [ONE]
    await ground.start()
    await ground.post(incident(), NOON_MS + 1000)
    const id = await ground.post(maintenance())
    await ground.pass(HOUR_MS)
    assert.deepEqual(ground.receivers.ids(ONE), [`msg_${id}`])
    await ground.stop()
  })
})

test('what a peer brings a day late is no news', async () => {
  const ground = new Ground('late')
  await ground.run(async () => {
    await ground.start()
    await ground.pass(WEBHOOK_AGE_MS_MAX + HOUR_MS)
    await ground.post(incident(), NOON_MS + 1000)
    await ground.pass(1000)
    assert.deepEqual(ground.receivers.ids(ONE), [])
    await ground.stop()
  })
})

test('a clock that was far ahead at the first start silences nothing', async () => {
  const ground = new Ground('ahead')
  await ground.run(async () => {
    ground.world.wallOffsetMs += 365 * 24 * HOUR_MS
    await ground.start()
    ground.world.wallOffsetMs = NOON_MS
    const id = await ground.post(incident())
    await ground.pass(1000)
    assert.deepEqual(ground.receivers.ids(ONE), [`msg_${id}`])
    await ground.stop()
  })
})

test('what waits for one receiver is bounded: the oldest is given up', async () => {
  const ground = new Ground('bound')
  await ground.run(async () => {
    ground.receivers.answers = (origin) => (origin === ONE ? 'never' : 200)
    await ground.start()
    const { ann } = ground.plane
    const known = Array.from({ length: WEBHOOK_PENDING_MAX + 3 }, (_, index) =>
      ground.plane.known(incident(), ann, { order: index + 1, atMs: NOON_MS + 5000 }),
    )
    await ground.pass(5000)
    await ground.log.append(known)
    ground.look()
    const [state] = ground.webhooks.states()
    assert.equal(state?.pending.length, WEBHOOK_PENDING_MAX)
    assert.equal(state?.givenUpCount, 3)
    assert.equal(state?.givenUp[0]?.record, known[2]?.id)
    assert.equal(state?.pending[0]?.record, known[3]?.id)
    await ground.stop()
  })
})

test('a post that no story tells of yet waits; one that none ever tells of is left out', async () => {
  const ground = new Ground('untold')
  await ground.run(async () => {
    await ground.start()
    const known = ground.plane.known(incident(), ground.plane.ann, { atMs: NOON_MS + 1000 })
    await ground.log.append([known])
    ground.webhooks.look(wellSnapshot(ground.plane.config)) // made before it came
    await ground.pass(2000)
    assert.deepEqual(ground.receivers.ids(ONE), [])
    ground.look()
    await ground.pass(10_000)
    assert.deepEqual(ground.receivers.ids(ONE), [`msg_${known.id}`])
    const lost = update('f'.repeat(64) as RecordId, 'identified')
    await ground.post(lost)
    await ground.pass(HOUR_MS)
    assert.equal(ground.receivers.ids(ONE).length, 1)
    assert.equal(ground.webhooks.states()[0]?.pending.length, 0)
    assert.equal(ground.webhooks.states()[0]?.givenUpCount, 0)
    await ground.stop()
  })
})

test('where the file is damaged, or the log lost its end, nothing old is told, and it is said', async () => {
  const ground = new Ground('damaged')
  await ground.run(async () => {
    await ground.start()
    await ground.post(incident())
    await ground.pass(2000)
    await ground.stop()
    const told = ground.receivers.arrivals.length
    const disk = ground.openDisk()
    const bytes = await disk.readFile(FILE)
    bytes[20] = (bytes[20] ?? 0) ^ 1
    await disk.replaceFile(FILE, bytes)
    await ground.start()
    await ground.pass(HOUR_MS)
    assert.equal(ground.receivers.arrivals.length, told)
    assert.deepEqual(
      ground.findings.map(({ code }) => code),
      ['damaged'],
    )
    const id = await ground.post(maintenance())
    await ground.pass(2000)
    assert.equal(ground.receivers.ids(ONE).at(-1), `msg_${id}`)
    await ground.stop()
    for (const name of await disk.list('records')) await disk.remove(`records/${name}`)
    await ground.start()
    assert.equal(ground.findings.length, 2)
    await ground.post(incident())
    await ground.pass(2000)
    await ground.stop()
  })
})
