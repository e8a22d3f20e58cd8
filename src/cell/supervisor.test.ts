import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WriterId } from '../base/id.ts'
import { WORKER_HANG_MS_MAX, WORKER_REPLACED_MS_MAX } from '../base/limits.ts'
import { ManualClock } from '../base/manual-clock.ts'
import type { Child } from '../platform/child.ts'
import type { FromChild, Role, ToChild } from './messages.ts'
import type { CellSettings } from './settings.ts'
import { openSupervisor, StartRefused } from './supervisor.ts'
import type { Supervisor } from './supervisor.ts'

const ADDRESS = { host: '127.0.0.1', port: 9000 }

/** A child that answers pings until it is told to hang, and dies when it is killed. */
class FakeChild implements Child {
  readonly pid: number
  readonly role: Role
  readonly heard: ToChild[] = []
  isHung = false
  isGone = false
  #say: (message: FromChild) => void = () => undefined
  #exits: ((how: { code: number | null; signal: string | null }) => void)[] = []

  constructor(pid: number, role: Role) {
    this.pid = pid
    this.role = role
  }

  send(message: unknown): void {
    const told = message as ToChild
    this.heard.push(told)
    if (this.isHung || this.isGone) return
    if (told.kind === 'ping') this.#say({ kind: 'pong', sequence: told.sequence })
    if (told.kind === 'drain') this.#say({ kind: 'drained' })
    if (told.kind === 'figures') {
      this.#say({ kind: 'figures', requestId: told.requestId, figures: this.pid })
    }
  }

  say(message: FromChild): void {
    this.#say(message)
  }

  beReady(): void {
    this.#say({
      kind: 'ready',
      writerId: `${this.pid}` as WriterId,
      address: this.role === 'writer' ? null : ADDRESS,
    })
  }

  onMessage(receive: (message: unknown) => void): void {
    this.#say = receive
  }

  onExit(gone: (how: { code: number | null; signal: string | null }) => void): void {
    this.#exits.push(gone)
  }

  kill(): void {
    if (this.isGone) return
    this.isGone = true
    for (const gone of this.#exits) gone({ code: null, signal: 'SIGKILL' })
  }
}

interface World {
  readonly clock: ManualClock
  readonly children: FakeChild[]
  readonly supervisor: Supervisor
}

function start(workerCount: number): World {
  const clock = new ManualClock()
  const children: FakeChild[] = []
  const settings = { workerCount } as CellSettings
  const supervisor = openSupervisor({
    settings,
    clock,
    log: () => undefined,
    spawn: (role) => {
      const child = new FakeChild(children.length, role)
      children.push(child)
      return child
    },
  })
  return { clock, children, supervisor }
}

const living = ({ children }: World): FakeChild[] => children.filter((child) => !child.isGone)

async function turn(clock: ManualClock, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 100) await clock.advance(100)
}

test('a group is a writer and its workers, and is ready when all are', async () => {
  const world = start(2)
  assert.deepEqual(
    world.children.map(({ role }) => role),
    ['writer', 'http', 'http'],
  )
  let isReady = false
  void world.supervisor.ready.then(() => (isReady = true))
  world.children[0]?.beReady()
  world.children[1]?.beReady()
  await Promise.resolve()
  assert.equal(isReady, false)
  world.children[2]?.beReady()
  assert.deepEqual(await world.supervisor.ready, ADDRESS)
  world.supervisor.kill()
})

test('with one worker there is no second process', () => {
  const world = start(1)
  assert.deepEqual(
    world.children.map(({ role }) => role),
    ['both'],
  )
  world.supervisor.kill()
})

test('a worker that died is replaced at once, and the writer ends its leases', async () => {
  const world = start(2)
  for (const child of world.children) child.beReady()
  world.children[1]?.kill()
  await turn(world.clock, 100)
  assert.deepEqual(
    living(world)
      .map(({ role }) => role)
      .toSorted(),
    ['http', 'http', 'writer'],
  )
  assert.deepEqual(
    world.children[0]?.heard.filter(({ kind }) => kind === 'writer-dead'),
    [{ kind: 'writer-dead', writerId: '1' }],
  )
  world.supervisor.kill()
})

test('a worker that no longer answers is killed and replaced in time; the others are not', async () => {
  const world = start(2)
  for (const child of world.children) child.beReady()
  const [, hung] = world.children
  assert.ok(hung !== undefined)
  hung.isHung = true
  await turn(world.clock, WORKER_HANG_MS_MAX - 1000)
  assert.equal(hung.isGone, false)
  await turn(world.clock, WORKER_REPLACED_MS_MAX - WORKER_HANG_MS_MAX + 1000)
  assert.equal(hung.isGone, true)
  assert.deepEqual(
    living(world).map(({ pid }) => pid),
    [0, 2, 3],
  )
  world.supervisor.kill()
})

test('a process that dies again and again is started ever more slowly', async () => {
  const world = start(1)
  for (let deaths = 0; deaths < 100; deaths++) {
    for (const child of living(world)) child.kill()
    await turn(world.clock, 1000)
  }
  assert.ok(world.children.length < 40, `${world.children.length} starts in 100 s`)
  assert.ok(world.children.length > 5)
  world.supervisor.kill()
})

test('a start that a child refuses ends the group with its message', async () => {
  const world = start(2)
  world.children[1]?.say({ kind: 'refused', message: 'cannot serve at :80' })
  await assert.rejects(
    world.supervisor.ready,
    (error) => error instanceof StartRefused && error.message === 'cannot serve at :80',
  )
  assert.deepEqual(living(world), [])
  await turn(world.clock, 5000)
  assert.equal(world.children.length, 3)
})

test('draining ends the workers first and the writer last, and replaces nobody', async () => {
  const world = start(2)
  for (const child of world.children) child.beReady()
  const order: number[] = []
  for (const child of world.children) child.onExit(() => order.push(child.pid))
  await world.supervisor.drain()
  assert.equal(order.at(-1), 0)
  await turn(world.clock, 5000)
  assert.equal(world.children.length, 3)
})

test('figures are gathered from every process, and from the living when one hangs', async () => {
  const world = start(2)
  for (const child of world.children) child.beReady()
  const [, asker, other] = world.children
  assert.ok(asker !== undefined && other !== undefined)
  asker.say({ kind: 'gather', requestId: 7 })
  assert.deepEqual(asker.heard.at(-1), { kind: 'gathered', requestId: 7, figures: [0, 1, 2] })
  other.isHung = true
  asker.say({ kind: 'gather', requestId: 8 })
  await turn(world.clock, 1500)
  const gathered = asker.heard.filter(({ kind }) => kind === 'gathered').at(-1)
  assert.deepEqual(gathered, { kind: 'gathered', requestId: 8, figures: [0, 1] })
  world.supervisor.kill()
})
