import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WriterId } from '../base/id.ts'
import {
  DRAIN_MS_MAX,
  WORKER_BOOT_MS_MAX,
  WORKER_HANG_MS_MAX,
  WORKER_REPLACED_MS_MAX,
} from '../base/limits.ts'
import { ManualClock } from '../base/manual-clock.ts'
import type { Child } from '../platform/child.ts'
import type { FromChild, Role, ToChild } from './messages.ts'
import type { CellSettings } from './settings.ts'
import { openSupervisor, rolesOf, StartRefused } from './supervisor.ts'
import type { Supervisor } from './supervisor.ts'

const ADDRESS = { host: '127.0.0.1', port: 9000 }

/** A child that answers pings until it is told to hang, and dies when it is killed. */
class FakeChild implements Child {
  readonly pid: number
  readonly role: Role
  readonly heard: ToChild[] = []
  isHung = false
  isSlowToDrain = false
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
    const isEnd = told.kind === 'drain' || told.kind === 'quiesce'
    if (isEnd && !this.isSlowToDrain) this.#say({ kind: 'drained' })
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
      address: this.role === 'writer' ? null : ADDRESS,
    })
  }

  onMessage(receive: (message: unknown) => void): void {
    this.#say = receive
  }

  onExit(gone: (how: { code: number | null; signal: string | null }) => void): void {
    this.#exits.push(gone)
  }

  stopDealing(): void {
    assert.equal(this.heard.at(-1)?.kind === 'drain', false, 'before it is told to drain')
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
  /** Time passes in which the supervisor does not run: no timer of it fires. */
  readonly standStill: (ms: number) => void
}

/** A writer and two workers. */
const APART: readonly Role[] = ['writer', 'http', 'http']

function start(roles: readonly Role[] = APART, how: CellSettings['start'] = 'serve'): World {
  const clock = new ManualClock()
  let stoodStillMs = 0
  const children: FakeChild[] = []
  const settings = { start: how } as CellSettings
  const supervisor = openSupervisor({
    settings,
    roles,
    clock: {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs() + stoodStillMs,
      uptimeMs: () => clock.uptimeMs(),
      after: (delayMs, fire) => clock.after(delayMs, fire),
      sleep: async (delayMs, signal) => await clock.sleep(delayMs, signal),
    },
    log: () => undefined,
    drawWriterId: () => `w${children.length - 1}` as WriterId,
    spawn: (role) => {
      const child = new FakeChild(children.length, role)
      children.push(child)
      return child
    },
  })
  return { clock, children, supervisor, standStill: (ms) => (stoodStillMs += ms) }
}

const living = ({ children }: World): FakeChild[] => children.filter((child) => !child.isGone)

async function turn(clock: ManualClock, ms: number): Promise<void> {
  for (let passedMs = 0; passedMs < ms; passedMs += 100) await clock.advance(100)
}

test('a group is a writer and its workers, and is ready when all are', async () => {
  const world = start()
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

test('the first worker of a few commits too; of many, a process of its own does', () => {
  assert.deepEqual(rolesOf(1), ['both'])
  assert.deepEqual(rolesOf(2), ['both', 'http'])
  assert.deepEqual(rolesOf(3), ['both', 'http', 'http'])
  assert.deepEqual(rolesOf(4), ['writer', 'http', 'http', 'http', 'http'])
})

test('a first worker that died is replaced, and its successor told of deaths as it was', async () => {
  const world = start(rolesOf(2))
  for (const child of world.children) child.beReady()
  world.children[0]?.kill()
  await turn(world.clock, 100)
  world.children[2]?.beReady()
  world.children[1]?.kill()
  await turn(world.clock, 100)
  assert.deepEqual(
    world.children.map(({ role }) => role),
    ['both', 'http', 'both', 'http'],
  )
  const deaths = world.children[2]?.heard.filter(({ kind }) => kind === 'writer-dead')
  assert.deepEqual(deaths, [{ kind: 'writer-dead', writerId: 'w1' }])
  world.supervisor.kill()
})

test('a worker that died is replaced at once, and the writer ends its leases', async () => {
  const world = start()
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
    [{ kind: 'writer-dead', writerId: 'w1' }],
  )
  world.supervisor.kill()
})

test('a worker that no longer answers is killed and replaced in time; the others are not', async () => {
  const world = start()
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
  const world = start(['both'])
  for (let deaths = 0; deaths < 100; deaths++) {
    for (const child of living(world)) {
      child.beReady()
      child.kill()
    }
    await turn(world.clock, 1000)
  }
  assert.ok(world.children.length < 40, `${world.children.length} starts in 100 s`)
  assert.ok(world.children.length > 5)
  world.supervisor.kill()
})

test('a start that a child refuses ends the group with its message', async () => {
  const world = start()
  world.children[1]?.say({
    kind: 'refused',
    subject: 'listener',
    message: 'cannot serve at :80',
  })
  await assert.rejects(
    world.supervisor.ready,
    (error) => error instanceof StartRefused && error.message === 'cannot serve at :80',
  )
  assert.deepEqual(living(world), [])
  await turn(world.clock, 5000)
  assert.equal(world.children.length, 3)
})

test('draining ends the workers first and the writer last, and replaces nobody', async () => {
  const world = start()
  for (const child of world.children) child.beReady()
  const order: number[] = []
  for (const child of world.children) child.onExit(() => order.push(child.pid))
  await world.supervisor.drain()
  assert.equal(order.at(-1), 0)
  await turn(world.clock, 5000)
  assert.equal(world.children.length, 3)
})

test('figures are gathered from every process, and from the living when one hangs', async () => {
  const world = start()
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

/** The reason with which a group ended by itself, or null while it goes on. */
function reasonOf({ supervisor }: World): { reason: string | null } {
  const seen: { reason: string | null } = { reason: null }
  void supervisor.failed.then((reason) => (seen.reason = reason))
  return seen
}

test('a process that dies at each start of the group ends it, and leaves no timer', async () => {
  const world = start()
  world.children[0]?.beReady()
  world.children[1]?.beReady()
  const refused = assert.rejects(
    world.supervisor.ready,
    (error) => error instanceof StartRefused && error.message.includes('3 times at its start'),
  )
  for (let deaths = 0; deaths < 3; deaths++) {
    world.children.at(-1)?.kill()
    await turn(world.clock, 1000)
  }
  await refused
  assert.deepEqual(living(world), [])
  await turn(world.clock, 60_000)
  assert.equal(world.children.length, 5)
})

test('a writer that cannot start again ends the group with the reason; a worker does not', async () => {
  const world = start()
  for (const child of world.children) child.beReady()
  const ended = reasonOf(world)
  for (let deaths = 0; deaths < 20; deaths++) {
    living(world)
      .filter(({ role }) => role === 'http')
      .at(-1)
      ?.kill()
    await turn(world.clock, 10_000)
  }
  assert.equal(ended.reason, null)
  for (let deaths = 0; deaths < 7; deaths++) {
    for (const child of living(world)) if (child.role === 'writer') child.kill()
    await turn(world.clock, 10_000)
  }
  assert.match(ended.reason ?? '', /a writer process ended 6 times at its start: SIGKILL/)
  assert.deepEqual(living(world), [])
})

test('a store that cannot be opened any more ends the group with its own words', async () => {
  const world = start()
  for (const child of world.children) child.beReady()
  const ended = reasonOf(world)
  world.children[0]?.kill()
  await turn(world.clock, 100)
  world.children.at(-1)?.say({ kind: 'refused', subject: 'store', message: 'the index is missing' })
  await turn(world.clock, 100)
  assert.equal(ended.reason, 'the index is missing')
  assert.deepEqual(living(world), [])
})

test('a replaced worker that cannot listen is tried again, and the others serve on', async () => {
  const world = start()
  for (const child of world.children) child.beReady()
  const ended = reasonOf(world)
  world.children[2]?.kill()
  await turn(world.clock, 100)
  const broken = { kind: 'refused', subject: 'listener', message: 'a broken certificate' } as const
  world.children[3]?.say(broken)
  await turn(world.clock, 1000)
  assert.equal(ended.reason, null)
  assert.deepEqual(
    living(world).map(({ pid }) => pid),
    [0, 1, 4],
  )
  world.supervisor.kill()
})

test('a first worker that cannot listen is tried again for as long as that takes', async () => {
  const world = start(rolesOf(2))
  for (const child of world.children) child.beReady()
  const ended = reasonOf(world)
  world.children[0]?.kill()
  const broken = { kind: 'refused', subject: 'listener', message: 'a broken certificate' } as const
  for (let tries = 0; tries < 20; tries++) {
    await turn(world.clock, 10_000)
    living(world)
      .find(({ role }) => role === 'both')
      ?.say(broken)
  }
  assert.equal(ended.reason, null)
  await turn(world.clock, 10_000)
  assert.deepEqual(
    living(world)
      .map(({ role }) => role)
      .toSorted(),
    ['both', 'http'],
  )
  world.supervisor.kill()
})

test('a process whose runtime has not come up has longer than one that fell silent', async () => {
  const world = start()
  for (const child of world.children) child.isHung = true
  await turn(world.clock, WORKER_BOOT_MS_MAX - 1000)
  assert.equal(living(world).length, 3)
  await turn(world.clock, 3000)
  assert.equal(world.children.filter(({ isGone }) => isGone).length, 3)
  world.supervisor.kill()
})

test('after the supervisor itself stood still nobody is killed for its silence', async () => {
  const world = start()
  for (const child of world.children) child.beReady()
  await turn(world.clock, 3000)
  for (const child of world.children) child.isHung = true
  world.standStill(20 * WORKER_HANG_MS_MAX)
  await turn(world.clock, 1000)
  for (const child of world.children) child.isHung = false
  await turn(world.clock, 10_000)
  assert.equal(living(world).length, 3)
  assert.equal(world.children.length, 3)
  world.supervisor.kill()
})

test('a first worker takes nothing new from the start of draining, and commits to its end', async () => {
  const world = start(rolesOf(2))
  for (const child of world.children) child.beReady()
  const [first, other] = world.children
  assert.ok(first !== undefined && other !== undefined)
  other.isSlowToDrain = true
  const drained = world.supervisor.drain()
  await turn(world.clock, 1000)
  const ends = (child: FakeChild): string[] =>
    child.heard.map(({ kind }) => kind).filter((kind) => kind === 'drain' || kind === 'quiesce')
  assert.deepEqual(ends(first), ['quiesce'])
  assert.deepEqual(ends(other), ['drain'])
  other.say({ kind: 'drained' })
  await drained
  assert.deepEqual(ends(first), ['quiesce', 'drain'])
  assert.deepEqual(living(world), [])
})

test('draining ends though a process is dead, in its pause before a restart, or never drains', async () => {
  const world = start()
  for (const child of world.children) child.beReady()
  for (let deaths = 0; deaths < 3; deaths++) {
    living(world)
      .filter(({ role }) => role === 'http')
      .at(-1)
      ?.kill()
    await turn(world.clock, 100)
  }
  assert.equal(living(world).length, 2, 'one waits to be started again')
  const [writer] = world.children
  assert.ok(writer !== undefined)
  let isDrained = false
  writer.isHung = true
  const drained = world.supervisor.drain().then(() => (isDrained = true))
  await turn(world.clock, WORKER_HANG_MS_MAX + 2000)
  await drained
  assert.equal(isDrained, true)
  assert.deepEqual(living(world), [])
  const started = world.children.length
  await turn(world.clock, 60_000)
  assert.equal(world.children.length, started)
})

test('a worker that lives on but does not drain is ended at the deadline', async () => {
  const world = start()
  for (const child of world.children) child.beReady()
  const [, slow] = world.children
  assert.ok(slow !== undefined)
  slow.isSlowToDrain = true
  let isDrained = false
  const drained = world.supervisor.drain().then(() => (isDrained = true))
  await turn(world.clock, DRAIN_MS_MAX)
  assert.equal(isDrained, false)
  await turn(world.clock, WORKER_HANG_MS_MAX + 1000)
  await drained
  assert.deepEqual(living(world), [])
})

test('every child is told by which id it fills extents, and none twice', () => {
  const world = start(['writer', 'http', 'http', 'http'])
  const ids = world.children.flatMap(({ heard }) =>
    heard.flatMap((told) => (told.kind === 'start' ? [told.writerId] : [])),
  )
  assert.equal(new Set(ids).size, 4)
  world.supervisor.kill()
})

test('strict holds requests at the start of the group, not at a replaced process', async () => {
  const world = start(APART, 'strict')
  for (const child of world.children) child.beReady()
  await world.supervisor.ready
  world.children[0]?.kill()
  await turn(world.clock, 100)
  const starts = world.children.flatMap(({ heard }) =>
    heard.flatMap((told) => (told.kind === 'start' ? [told.settings.start] : [])),
  )
  assert.deepEqual(starts, ['strict', 'strict', 'strict', 'serve'])
  world.supervisor.kill()
})
