// Processes of a group that die, or stand still, under write load: each is replaced, what was
// acknowledged is there, and what it left behind is sealed.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { describe, test, type TestContext } from 'node:test'
import { cli, isRunning, scratch, Served, signalIfThere, until } from './group.ts'
import { Load } from './load.ts'

/** Which process of a group: the first of several that run the same entry commits, if it is a worker. */
interface Victim {
  readonly workers: string
  readonly entry: 'worker' | 'writer'
  readonly place: number
}

async function openLoaded(
  t: TestContext,
  workers: string,
): Promise<{ served: Served; load: Load }> {
  const served = await Served.make(scratch(t), { words: ['--workers', workers] })
  assert.equal((await served.send('PUT', '/load')).status, 200)
  const load = new Load(served)
  load.start(8)
  // One extent each and the archive's: whichever dies has one to be sealed.
  await until('all workers write', async () => {
    return load.acknowledged > 50 && (await extentsOf(served)).open === Number(workers) + 1
  })
  return { served, load }
}

interface Extents {
  readonly open: number
  readonly sealed: number
}

async function extentsOf(served: Served): Promise<Extents> {
  const info = await cli(served.folder, ['info', '--json', served.folder])
  assert.equal(info.code, 0, info.stderr)
  return (JSON.parse(info.stdout) as { placement: { extents: Extents } }).placement.extents
}

/** Ends or stops one process, and answers how long it took until another stood in its place. */
async function replace(
  served: Served,
  { entry, place }: Omit<Victim, 'workers'>,
  signal: NodeJS.Signals,
): Promise<number> {
  const before = served.children(entry)
  const victim = before[place]
  assert.ok(victim !== undefined)
  const startMs = performance.now()
  process.kill(victim, signal)
  await until(`another ${entry} stands in its place`, () => {
    const now = served.children(entry)
    return now.length === before.length && !now.includes(victim)
  })
  const tookMs = performance.now() - startMs
  assert.equal(isRunning(victim), false, 'the one before is gone for good')
  return tookMs
}

/** Asks as often as there are workers, twice: connections are dealt to them in turn. */
async function areAllReady(served: Served): Promise<boolean> {
  const asks = 2 * served.children('worker').length
  for (let asked = 0; asked < asks; asked++) {
    if ((await served.page('/-/health/ready')).status !== 200) return false
  }
  return true
}

/** Inodes of the unix sockets that are listened at in a folder. Source: proc(5), /proc/net/unix. */
function listenersIn(folder: string): readonly string[] {
  return readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , flags, , , , path = '']) => flags === '00010000' && path.startsWith(folder))
    .map(([, , , , , , inode = '']) => inode)
}

function hasSocket(pid: number | undefined, inode: string): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`
    } catch {
      return false // closed meanwhile
    }
  })
}

// Most of their time is waiting for a silent process to be given up, so they run at once.
describe('processes that end or stand still', { concurrency: 4 }, () => {
  const victims: readonly (Victim & { readonly title: string })[] = [
    { title: 'a first worker, which commits,', workers: '2', entry: 'worker', place: 0 },
    { title: 'a worker', workers: '2', entry: 'worker', place: 1 },
    { title: 'a writer', workers: '4', entry: 'writer', place: 0 },
  ]
  const ends = victims.flatMap((victim) => [
    { ...victim, how: 'killed', signal: 'SIGKILL' as const },
    { ...victim, how: 'stopped', signal: 'SIGSTOP' as const },
  ])
  for (const { title, how, signal, ...victim } of ends) {
    test(`${title} that is ${how} under load is replaced, and nothing acknowledged is lost`, async (t) => {
      const { served, load } = await openLoaded(t, victim.workers)
      await using _ = served
      const { sealed } = await extentsOf(served)
      const tookMs = await replace(served, victim, signal)
      t.diagnostic(`replaced within ${Math.round(tookMs)} ms; ${load.unavailable} times 503`)
      const before = load.acknowledged
      await until('writes go on', () => load.acknowledged > before + 50)
      await load.stop()
      await load.check(served)
      await until('the extent of the dead one is sealed', async () => {
        return (await extentsOf(served)).sealed > sealed
      })
      await until('every worker says that it is ready', async () => await areAllReady(served))
    })
  }

  test('with one worker, a killed one is replaced at the same port', async (t) => {
    await using served = await Served.make(scratch(t), { words: ['--workers', '1'] })
    assert.equal((await served.send('PUT', '/bucket')).status, 200)
    assert.equal((await served.send('PUT', '/bucket/key', 'body')).status, 200)
    await replace(served, { entry: 'worker', place: 0 }, 'SIGKILL')
    await until('it answers again', async () => {
      return (await served.send('GET', '/bucket/key').catch(() => null))?.body === 'body'
    })
  })

  test('while the writer is gone reads are answered, writes 503, and then they go on', async (t) => {
    await using served = await Served.make(scratch(t), { words: ['--workers', '4'] })
    assert.equal((await served.send('PUT', '/bucket')).status, 200)
    assert.equal((await served.send('PUT', '/bucket/key', 'body')).status, 200)
    const [writer] = served.children('writer')
    assert.ok(writer !== undefined)
    process.kill(writer, 'SIGSTOP')
    const put = served.send('PUT', '/bucket/other', 'x')
    const get = await served.send('GET', '/bucket/key')
    assert.equal(get.body, 'body')
    assert.equal(isRunning(writer), true, 'it still stood there, stopped')
    const { status, headers } = await put
    assert.equal(status, 503)
    assert.match(headers['retry-after'] ?? '', /^\d+$/)
    assert.equal(isRunning(writer), false)
    signalIfThere(writer, 'SIGCONT')
    await until('writes go on', async () => {
      return (await served.send('PUT', '/bucket/other', 'x')).status === 200
    })
  })

  test('the first worker itself listens for the others and for commands', async (t) => {
    await using served = await Served.make(scratch(t), { words: ['--workers', '2'] })
    const sockets = listenersIn(served.folder)
    assert.equal(sockets.length, 2)
    const [first] = served.children('worker')
    for (const socket of sockets) {
      assert.equal(hasSocket(served.pid, socket), false, 'not the supervisor')
      assert.equal(hasSocket(first, socket), true)
    }
  })

  test('a whole group that was stopped and goes on kills none of its processes', async (t) => {
    await using served = await Served.make(scratch(t), { words: ['--workers', '2'] })
    const members = [...served.children('worker'), ...served.children('writer')]
    assert.equal(members.length, 2)
    for (const pid of [served.pid, ...members]) process.kill(pid, 'SIGSTOP')
    const stoppedAtMs = performance.now()
    await until(
      'longer than a silent process is given',
      () => performance.now() > stoppedAtMs + 6500,
    )
    for (const pid of [...members, served.pid]) process.kill(pid, 'SIGCONT')
    assert.equal((await served.send('PUT', '/bucket')).status, 200)
    assert.doesNotMatch(served.log, /no longer answers/)
    const after = [...served.children('worker'), ...served.children('writer')]
    assert.deepEqual(after, members)
  })
})
