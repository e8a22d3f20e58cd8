// The lmdb driver over processes: a reader of its own, a writer that is killed, a disk that is full.
// This file is its own child: with a role for an argument it plays that, and registers no test.

import { strict as check } from 'node:assert'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, execPath, getuid } from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { newId, type CommitId } from '../base/id.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { systemClock } from '../platform/clock.ts'
import { openSystemRandom } from '../platform/random.ts'
import type { Engine, EngineReader, Mutation, Versionstamp } from './engine.ts'
import { openLmdbEngine, openLmdbReader } from './lmdb.ts'
import { decodeLogEntry } from './log-entry.ts'
import {
  FIRST,
  add,
  apply,
  bytes,
  counting,
  entriesOf,
  get,
  lookAtSum,
  outcomeOf,
  set,
} from './suite-store.ts'

const WRITERS = 8
const VALUE = 'v'.repeat(3000)

/** What a child tells: a commit it is about to ask for, one that was acknowledged, how it ended. */
type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'begins'; readonly id: CommitId; readonly key: string }
  | { readonly kind: 'acknowledged'; readonly id: CommitId; readonly stamp: Versionstamp | null }
  | { readonly kind: 'value'; readonly value: string | null }
  | { readonly kind: 'ended'; readonly outcomes: unknown[]; readonly unhandled: string[] }

const [, , role, path] = argv
if (role === 'write' && path !== undefined) await write(path)
else if (role === 'read' && path !== undefined) await read(path)
else if (role === 'stall-in-read' && path !== undefined) await stall(path, true)
else if (role === 'stall-behind-read' && path !== undefined) await stall(path, false)
else if (role === 'fill' && path !== undefined) await fill(path)
else if (role === 'set' && path !== undefined) await setOnce(path)
else registerTests()

function tell(told: Told): Promise<void> {
  return new Promise((resolve) => process.send?.(told, () => resolve()))
}

/** Commits for ever, by several at once. Each commit sets a key of its own and counts itself. */
async function write(at: string): Promise<void> {
  const engine = await openLmdbEngine({ path: at, clock: systemClock })
  await engine.takeEpoch()
  await Promise.all(Array.from({ length: WRITERS }, () => writeOn(engine)))
}

async function writeOn(engine: Engine): Promise<void> {
  const random = openSystemRandom()
  for (;;) {
    const id = newId<CommitId>(random)
    await tell({ kind: 'begins', id, key: id })
    const mutations = [set(id, VALUE), add('sum', 1n)]
    const { versionstamp } = await engine.commit({
      id,
      reads: {},
      decide: () => ({ kind: 'apply', mutations, result: null }),
    })
    await tell({ kind: 'acknowledged', id, stamp: versionstamp })
  }
}

/** Answers each key that it is sent with its value. */
async function read(at: string): Promise<void> {
  const reader = await openLmdbReader(at)
  const answer = async (key: string): Promise<void> =>
    await tell({ kind: 'value', value: await get(reader, key) })
  process.on('message', (key: string) => void answer(key))
  await tell({ kind: 'ready' })
}

/** Stops for ever within a read, or in the same turn behind one. */
async function stall(at: string, isWithin: boolean): Promise<void> {
  const reader = await openLmdbReader(at)
  const range = { start: Buffer.alloc(0), end: bytes('z') }
  const visit = (): 'next' => {
    if (isWithin) stopForEver(at)
    return 'next'
  }
  const read = reader.read({ ranges: [{ range, limit: 10, visit }] })
  if (!isWithin) stopForEver(at)
  await read
}

/** No timer fires behind it. */
function stopForEver(at: string): void {
  const pipe = join(at, 'pipe')
  execFileSync('mkfifo', [pipe])
  writeSync(1, 'stalled')
  openSync(pipe, 'r') // nobody opens its other end
}

/** Commits until that fails, then tries what is left to try. */
async function fill(at: string): Promise<void> {
  const unhandled: string[] = []
  process.on('unhandledRejection', (reason) => unhandled.push(String(reason)))
  const engine = await openLmdbEngine({ path: at, clock: systemClock })
  const big = Buffer.alloc(100_000, 'b')
  let outcome: unknown = null
  for (let count = 0; count < 1000 && typeof outcome !== 'string'; count += 1) {
    const both = [set(`k${count}`, big), set('count', String(count + 1))]
    const batch = [outcomeOf(apply(engine, ...both)), outcomeOf(apply(engine, set('x', 'x')))]
    const all = await Promise.all(batch)
    outcome = all[0]
    if (typeof outcome === 'string') check.equal(all[1], outcome, 'all of its batch')
  }
  const later = [apply(engine, set('late', 'x')), engine.fate(newId(openSystemRandom()))]
  const outcomes = [outcome, ...(await Promise.all(later.map(outcomeOf)))]
  outcomes.push(await outcomeOf(get(engine, 'late')))
  await engine[Symbol.asyncDispose]()
  await new Promise((resolve) => setImmediate(resolve))
  await tell({ kind: 'ended', outcomes, unhandled })
  process.disconnect()
}

/** One commit, and gone. */
async function setOnce(at: string): Promise<void> {
  await using engine = await openLmdbEngine({ path: at, clock: systemClock })
  await engine.commit(counting('n'))
}

interface Child {
  readonly process: ChildProcess
  readonly told: Told[]
  /** What it prints as errors. */
  readonly printed: string[]
  /** Resolves when it told something that fits. */
  hears(fits: (told: Told) => boolean): Promise<Told>
}

type Role = 'write' | 'read' | 'fill' | 'stall-in-read' | 'stall-behind-read'

function start(as: Role, at: string, shell: string[] = []): Child {
  const command = [...shell, execPath, fileURLToPath(import.meta.url), as, at]
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
  const stdio = ['ignore' as const, 'pipe' as const, 'pipe' as const, 'ipc' as const]
  const child = spawn(command[0] ?? execPath, command.slice(1), { env, stdio })
  const told: Told[] = []
  const printed: string[] = []
  const waiting = new Set<() => void>()
  const wake = (): void => waiting.forEach((look) => look())
  child.stderr?.on('data', (text: Buffer) => printed.push(text.toString()))
  child.on('message', (message) => {
    told.push(message as Told)
    wake()
  })
  child.once('exit', wake)
  const hears = async (fits: (one: Told) => boolean): Promise<Told> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = told.find(fits)
        if (found === undefined && child.exitCode === null && child.signalCode === null) return
        waiting.delete(look)
        if (found === undefined) reject(new TypeError(`it is gone: ${printed.join('')}`))
        else resolve(found)
      }
      waiting.add(look)
      look()
    })
  return { process: child, told, printed, hears }
}

async function ended({ process: child }: Child): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-lmdb-process-'))
  try {
    await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function registerTests(): void {
  test('another process reads what was acknowledged, at once, while the store grows', testReader)
  test('a read sees what another process committed in the same turn', testSameTurn)
  test('a process that only reads does not make a store', testNoStore)
  test('kill -9 of the writer loses no acknowledged commit, and fate is right', testKills)
  test('a process that reads holds up no page behind its read', testStalledReader)
  test('pages that a killed reader held are used again', testDeadReader)
  test('two processes that write take turns, and the later epoch wins', testTwoWriters)
  test('a write that the system refuses ends the engine, once', testRefusedWrite)
  const isRoot = getuid?.() === 0 && canMount()
  const skip = !isRoot && 'needs to mount a small file system'
  test(
    'a full disk ends the engine; with space it opens with all it acknowledged',
    { skip },
    testFull,
  )
}

async function testReader(): Promise<void> {
  await inFolder(async (folder) => {
    await using engine = await openLmdbEngine({ path: folder, clock: systemClock })
    await apply(engine, set('n', 'first'))
    const child = start('read', folder)
    await child.hears(({ kind }) => kind === 'ready')
    const big = Buffer.alloc(400_000, 'b')
    for (let count = 0; count < 60; count += 1) {
      await apply(engine, set('n', String(count)), set(`big${count}`, big))
      child.told.length = 0
      child.process.send('n')
      const told = await child.hears(({ kind }) => kind === 'value')
      check.deepEqual(told, { kind: 'value', value: String(count) })
    }
    child.told.length = 0
    child.process.send('big59')
    const told = await child.hears(({ kind }) => kind === 'value')
    check.equal(told.kind === 'value' && told.value, big.toString())
    child.process.kill('SIGKILL')
    await ended(child)
    await apply(engine, set('n', 'the reader is gone'))
  })
}

/** While the other process commits, no timer of this one fires that would end lmdb's snapshot. */
async function testSameTurn(): Promise<void> {
  await inFolder(async (folder) => {
    const setOther = (): void => {
      const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
      execFileSync(execPath, [fileURLToPath(import.meta.url), 'set', folder], { env })
    }
    setOther()
    await using reader = await openLmdbReader(folder)
    for (let count = 1; count <= 3; count += 1) {
      check.equal(await get(reader, 'n'), String(count))
      check.deepEqual(await entriesOf(reader), [`n=${count}`])
      setOther()
    }
  })
}

async function testNoStore(): Promise<void> {
  await inFolder(async (folder) => {
    check.equal(await outcomeOf(openLmdbReader(join(folder, 'none'))), 'unavailable')
    mkdirSync(join(folder, 'empty'))
    check.equal(await outcomeOf(openLmdbReader(join(folder, 'empty'))), 'unavailable')
    writeFileSync(join(folder, 'file'), 'no store')
    const options = { path: join(folder, 'file', 'below'), clock: systemClock }
    check.equal(await outcomeOf(openLmdbEngine(options)), 'unavailable')
  })
}

const KILLS = 6

async function testKills(): Promise<void> {
  await inFolder(async (folder) => {
    const begun = new Map<CommitId, string>()
    const acknowledged = new Map<CommitId, Versionstamp | null>()
    for (let round = 1; round <= KILLS; round += 1) {
      const child = start('write', folder)
      const wanted = round * 23
      await child.hears(
        () => child.told.filter(({ kind }) => kind === 'acknowledged').length >= wanted,
      )
      child.process.kill('SIGKILL')
      await ended(child)
      for (const told of child.told) {
        if (told.kind === 'begins') begun.set(told.id, told.key)
        if (told.kind === 'acknowledged') acknowledged.set(told.id, told.stamp)
      }
      await using engine = await openLmdbEngine({ path: folder, clock: systemClock })
      check.equal(engine.status().epoch, round)
      await checkSurvivors(engine, begun, acknowledged)
    }
    check.ok(acknowledged.size >= 23 * KILLS)
  })
}

async function checkSurvivors(
  engine: Engine,
  begun: ReadonlyMap<CommitId, string>,
  acknowledged: ReadonlyMap<CommitId, Versionstamp | null>,
): Promise<void> {
  const stamps = new Map<string, Versionstamp>()
  for (let after = FIRST; ;) {
    const log = await engine.log(after, 1000)
    for (const { bytes: entry } of log) {
      const { id, mutations, versionstamp } = decodeLogEntry(entry)
      check.deepEqual(mutations.map(keyOf), [id, 'sum'])
      stamps.set(id, versionstamp)
    }
    if (log.length === 0) break
    after = log.at(-1)?.versionstamp ?? after
  }
  for (const [id, stamp] of acknowledged) check.deepEqual(stamps.get(id), stamp)
  for (const [id, key] of begun) {
    const fate = await engine.fate(id)
    check.deepEqual(fate, stamps.get(id) ?? 'never')
    check.equal(await get(engine, key), fate === 'never' ? null : VALUE)
  }
  check.equal((await lookAtSum(engine, 'sum'))[0], BigInt(stamps.size))
  check.equal(await countOf(engine), stamps.size + 1, 'a key for each commit, and the sum')
}

function keyOf({ key }: Mutation): string {
  return Buffer.from(key).toString()
}

async function countOf(reader: EngineReader): Promise<number> {
  let count = 0
  const range = { start: Buffer.alloc(0), end: bytes('z') }
  const visit = (): 'next' => {
    count += 1
    return 'next'
  }
  const { isWhole } = await reader.read({ ranges: [{ range, limit: 10_000, visit }] })
  check.deepEqual(isWhole, [true])
  return count
}

/** Megabytes that `count` commits put behind the environment's end; each writes over one key. */
async function growthOf(engine: Engine, folder: string, count: number): Promise<number> {
  const sizeBytes = (): number => statSync(join(folder, 'data.mdb')).size
  const before = sizeBytes()
  const value = Buffer.alloc(20_000, 'b')
  for (let done = 0; done < count; done += 1) {
    await engine.trim(await apply(engine, set('n', value)))
  }
  return (sizeBytes() - before) / 1e6
}

/** An engine with a reader that stalls, when it has stalled; time goes as it is told. */
async function besideStalled(
  as: 'stall-in-read' | 'stall-behind-read',
  run: (engine: Engine, folder: string, child: Child, clock: ManualClock) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const clock = new ManualClock()
    await using engine = await openLmdbEngine({ path: folder, clock })
    check.ok((await growthOf(engine, folder, 50)) > 0)
    const child = start(as, folder)
    try {
      await once(child.process.stdout ?? child.process, 'data')
      await run(engine, folder, child, clock)
    } finally {
      child.process.kill('SIGKILL')
      await ended(child)
    }
  })
}

async function testStalledReader(): Promise<void> {
  await besideStalled('stall-behind-read', async (engine, folder) => {
    check.ok((await growthOf(engine, folder, 100)) < 0.2)
  })
}

async function testDeadReader(): Promise<void> {
  await besideStalled('stall-in-read', async (engine, folder, child, clock) => {
    check.ok((await growthOf(engine, folder, 50)) > 2, 'what it reads is kept for it')
    child.process.kill('SIGKILL')
    await ended(child)
    clock.advance(1000)
    await growthOf(engine, folder, 1)
    check.ok((await growthOf(engine, folder, 100)) < 0.2)
  })
}

async function testTwoWriters(): Promise<void> {
  await inFolder(async (folder) => {
    const child = start('write', folder)
    await child.hears(({ kind }) => kind === 'acknowledged')
    await using engine = await openLmdbEngine({ path: folder, clock: systemClock })
    check.equal(await engine.takeEpoch(), 2)
    await ended(child) // its writers fail, so it ends by itself
    check.notEqual(child.process.exitCode, 0)
    check.match(child.printed.join(''), /deposed|was taken over by epoch 2/)
    const { sequence } = engine.status().versionstamp
    check.equal((await apply(engine, set('mine', 'x'))).sequence, sequence + 1)
    check.equal((await lookAtSum(engine, 'sum'))[0], BigInt(sequence))
  })
}

/** What a filled store answers, and that no promise of it was left unhandled. */
async function outcomesOf(child: Child): Promise<unknown[]> {
  const told = await child.hears(({ kind }) => kind === 'ended')
  await ended(child)
  check.ok(told.kind === 'ended')
  check.deepEqual(told.unhandled, [])
  return told.outcomes
}

async function checkFilled(folder: string): Promise<void> {
  await using engine = await openLmdbEngine({ path: folder, clock: systemClock })
  const count = Number(await get(engine, 'count'))
  check.ok(count > 3, `${count} commits`)
  check.equal(engine.status().versionstamp.sequence, 2 * count, 'two commits a batch')
  const range = { start: bytes('k'), end: bytes('l') }
  check.equal((await entriesOf(engine, range)).length, count)
  let seen = 0
  for (let after = FIRST; after.sequence < 2 * count;) {
    const log = await engine.log(after, 1000)
    seen += log.length
    after = log.at(-1)?.versionstamp ?? after
  }
  check.equal(seen, 2 * count)
  await apply(engine, set('again', 'x'))
  check.equal(await get(engine, 'again'), 'x')
}

async function testRefusedWrite(): Promise<void> {
  await inFolder(async (folder) => {
    const limit = ['/bin/sh', '-c', 'ulimit -f 8000 && exec "$0" "$@"']
    const outcomes = await outcomesOf(start('fill', folder, limit))
    check.deepEqual(outcomes, ['failed', 'failed', 'failed', null])
    await checkFilled(folder)
  })
}

async function testFull(): Promise<void> {
  await inFolder(async (folder) => {
    execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=6m', 'holdfast-test', folder])
    try {
      const ballast = join(folder, 'ballast')
      writeFileSync(ballast, Buffer.alloc(1_500_000))
      const at = join(folder, 'engine')
      const outcomes = await outcomesOf(start('fill', at))
      // A write that was cut short is an i/o error to lmdb, one of which nothing was written is not.
      const code = outcomes[0]
      check.ok(code === 'full' || code === 'failed')
      check.deepEqual(outcomes, [code, code, code, null])
      rmSync(ballast)
      await checkFilled(at)
    } finally {
      execFileSync('/bin/umount', [folder])
    }
  })
}

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mount-'))
  try {
    execFileSync('/bin/mount', ['-t', 'tmpfs', 'holdfast-test', folder], { stdio: 'ignore' })
    execFileSync('/bin/umount', [folder])
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
