import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ManualClock } from '../base/manual-clock.ts'
import { NetworkError } from '../base/network.ts'
import type { HttpAnswer, Network } from '../base/network.ts'
import { openDisk } from '../platform/disk.ts'
import { openSystemRandom } from '../platform/random.ts'
import { checkConfig } from './parse-config.ts'
import { draftRecord, newNonce } from './records/draft.ts'
import { seal } from './records/envelope.ts'
import { makeKeyPair } from './records/keys.ts'
import type { KeyPair } from './records/keys.ts'
import type { Statement } from './records/record.ts'
import { openStatusSite } from './status-service.ts'
import type { SiteLog } from './site-members.ts'
import { StatusError } from './status.ts'
import type { ComponentId, SiteRequest, StatusSite } from './status.ts'

const random = openSystemRandom()
const [KEY, ADA, FOREIGN] = [makeKeyPair(random), makeKeyPair(random), makeKeyPair(random)]
const START_MS = Date.UTC(2026, 1, 3, 12)
const SERVICE = 'http://service.example'

/** One site, one service. */
function configOf() {
  const { config, problems } = checkConfig(
    JSON.stringify({
      plane: 'one',
      title: 'One',
      sites: [{ name: 'a', key: KEY.publicRaw, url: 'http://a.example' }],
      people: [{ name: 'Ada', key: ADA.publicRaw }],
      regions: [{ name: 'eu', services: [{ name: 'bills', title: 'Bills', url: SERVICE }] }],
      timing: { probeIntervalSec: 2, proofSec: 10, anchors: ['http://anchor.example'] },
    }),
    () => '',
  )
  assert.deepEqual(problems, [])
  assert.ok(config !== null)
  return config
}

interface World {
  readonly clock: ManualClock
  readonly site: StatusSite
  readonly logged: string[]
  /** How hosts answer; `null`: not at all. */
  readonly hosts: Map<string, number | null>
  /** Lets the site work for so long. What it asked of its disk may still be under way. */
  pass(seconds: number): Promise<void>
  /** Resolves once a line that begins so was logged. */
  heard(beginning: string): Promise<void>
  read(target: string): Promise<Record<string, unknown>>
}

async function open(
  t: { after(end: () => Promise<void> | void): void },
  { folder = mkdtempSync(join(tmpdir(), 'holdfast-site-')), pair = KEY } = {},
): Promise<World> {
  const clock = new ManualClock(START_MS)
  const hosts = new Map<string, number | null>([
    [SERVICE, 200],
    ['http://anchor.example', 404],
  ])
  const network: Network = {
    request: async ({ origin }) => {
      const status = await Promise.resolve(hosts.get(origin) ?? null)
      if (status === null) throw new NetworkError('unreachable', `no way to ${origin}`)
      return { status, headers: new Map(), body: new Uint8Array(0) }
    },
  }
  const logged: string[] = []
  const waiting = new Set<() => void>()
  const tell = (_fields: object, message: string): void => {
    logged.push(message)
    for (const look of waiting) look()
  }
  const log: SiteLog = { debug: tell, info: tell, warn: tell, error: tell }
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const site = await openStatusSite({
    config: configOf(),
    site: 'a',
    pair,
    disk: openDisk(folder),
    openFolder: (path) => openDisk(path),
    network,
    clock,
    random,
    log,
  })
  t.after(async () => {
    await site[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true }) // it wrote at its end
  })
  return {
    clock,
    site,
    logged,
    hosts,
    pass: async (seconds) => {
      for (let second = 0; second < seconds; second++) await clock.advance(1000)
    },
    heard: async (beginning) =>
      await new Promise((resolve) => {
        const look = (): void => {
          if (logged.some((line) => line.startsWith(beginning))) resolve()
        }
        waiting.add(look)
        look()
      }),
    read: async (target) => jsonOf(await site.answer(requestOf('GET', target))),
  }
}

function requestOf(method: string, target: string, body = ''): SiteRequest {
  return { method, target, headers: new Map(), body: Buffer.from(body) }
}

function jsonOf({ body }: HttpAnswer): Record<string, unknown> {
  return JSON.parse(Buffer.from(body).toString()) as Record<string, unknown>
}

async function levelOf({ read }: World): Promise<string> {
  const { components } = await read('/-/posting')
  return (components as { id: string; level: string }[])[0]?.level ?? ''
}

async function handIn(world: World, statement: Statement, pair: KeyPair): Promise<HttpAnswer> {
  const { orderMax, plane } = await world.read('/-/posting')
  const text = draftRecord({
    plane: String(plane),
    statement,
    order: Number(orderMax) + 1,
    atMs: world.clock.nowMs(),
    nonce: newNonce(random),
    author: pair.id,
  })
  const body = JSON.stringify(seal('record', text, pair))
  return await world.site.answer(requestOf('POST', '/-/post', body))
}

const LOWER: Statement = {
  kind: 'override',
  component: 'eu/bills' as ComponentId,
  level: 'partial-outage',
  over: null,
  reason: 'customers say so',
  untilMs: null,
}

test('pages are there at once, and say that nothing is known', async (t) => {
  const world = await open(t)
  const page = world.site.answer(requestOf('GET', '/'))
  assert.ok(!(page instanceof Promise))
  assert.equal(page.status, 200)
  assert.equal(await levelOf(world), 'unknown')
})

test('what probes see is told: well, ill within a minute, and well after a proof', async (t) => {
  const world = await open(t)
  await world.pass(20)
  assert.equal(await levelOf(world), 'operational')
  world.hosts.set(SERVICE, 500)
  await world.pass(30)
  assert.equal(await levelOf(world), 'major-outage')
  await world.heard('a post was taken')
  await world.pass(2)
  const { incidents } = await world.read('/-/posting')
  assert.equal((incidents as unknown[]).length, 1, 'the machine has posted')
  assert.ok(world.logged.some((line) => line.startsWith('eu/bills is major-outage: ')))
  world.hosts.set(SERVICE, 200)
  await world.pass(70)
  assert.equal(await levelOf(world), 'operational')
})

test('a site without a sign of its own network claims no outage', async (t) => {
  const world = await open(t)
  await world.pass(20)
  for (const host of world.hosts.keys()) world.hosts.set(host, null)
  for (let second = 0; second < 60; second += 5) {
    await world.pass(5)
    assert.ok(['operational', 'unknown'].includes(await levelOf(world)))
  }
  assert.equal(await levelOf(world), 'unknown')
  assert.deepEqual((await world.read('/-/posting'))['incidents'], [])
})

test('a post is told within a turn; a forged one is refused, told nowhere, and logged', async (t) => {
  const world = await open(t)
  await world.pass(20)
  const forged = await handIn(world, LOWER, FOREIGN)
  assert.equal(forged.status, 403)
  await world.pass(2)
  assert.equal(await levelOf(world), 'operational')
  assert.ok(world.logged.some((line) => line.startsWith('refused: the configuration has no key')))
  const taken = await handIn(world, LOWER, ADA)
  assert.equal(taken.status, 201)
  await world.pass(2)
  assert.equal(await levelOf(world), 'partial-outage')
})

test('another start tells the same', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-site-'))
  const first = await open(t, { folder })
  assert.equal((await handIn(first, LOWER, ADA)).status, 201)
  await first.site[Symbol.asyncDispose]()
  const second = await open(t, { folder })
  assert.equal(await levelOf(second), 'partial-outage', 'also before the first probe')
})

test('a directory with another key is refused before anything is opened', async (t) => {
  await assert.rejects(
    async () => await open(t, { pair: FOREIGN }),
    (error) =>
      error instanceof StatusError &&
      error.code === 'bad-config' &&
      /not that of site a .* but of no site there/.test(error.message),
  )
})
