// The simulated disk is a disk; and every fault of it does what its name says, and is counted.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { diskSuite } from '../src/base/disk-suite.ts'
import { DiskError } from '../src/base/disk.ts'
import type { Disk, DiskErrorCode } from '../src/base/disk.ts'
import { openSimDisk } from './disk.ts'
import { Drive } from './drive.ts'
import { Faults } from './faults.ts'
import type { FaultKind, FaultRates } from './faults.ts'
import { SimProcess } from './process.ts'
import { World } from './world.ts'

const MIB = 1024 * 1024
const LIMITS = { eventsMax: 100_000 }
const SECTOR = 512

interface Ground {
  readonly world: World
  readonly drive: Drive
  readonly faults: Faults
  readonly process: SimProcess
  readonly disk: Disk
}

function open(seed: string, rates: FaultRates = {}, diesAtCall = Infinity): Ground {
  const world = new World(seed)
  const faults = new Faults(rates, world.random.fork('faults'))
  faults.begin()
  const drive = new Drive(world, faults, { totalBytes: 256 * MIB, freeShare: 1 })
  return { world, drive, faults, ...start({ world, drive }, 'p1', diesAtCall) }
}

function start(
  { world, drive }: Pick<Ground, 'world' | 'drive'>,
  name: string,
  diesAtCall = Infinity,
) {
  const process = new SimProcess(world, { name, clockRate: 1, diesAtCall })
  return { process, disk: openSimDisk(drive, process) }
}

async function run<T>({ world }: Ground, act: () => Promise<T>): Promise<T> {
  return await world.run(act(), LIMITS)
}

/** Cuts the power behind all that `act` did, and answers the disk of a process started then. */
async function cutBehind(ground: Ground, act: (disk: Disk) => Promise<void>): Promise<Disk> {
  await run(ground, async () => await act(ground.disk))
  ground.process.die({ kind: 'killed', why: 'power' })
  ground.drive.cutPower()
  return start(ground, 'p2').disk
}

async function refuses(code: DiskErrorCode, act: Promise<unknown>): Promise<void> {
  await assert.rejects(act, (error) => error instanceof DiskError && error.code === code)
}

/** Whether each fault struck in the same run of many seeds, and what `act` answered for each. */
async function overSeeds<T>(
  act: (ground: Ground) => Promise<T>,
  rates: FaultRates = {},
): Promise<{ answers: T[]; count: (kind: FaultKind) => number }> {
  const answers: T[] = []
  const grounds: Ground[] = []
  for (let seed = 0; seed < 60; seed++) {
    const ground = open(`disk ${seed}`, rates)
    grounds.push(ground)
    answers.push(await act(ground))
  }
  return {
    answers,
    count: (kind) => grounds.reduce((sum, { faults }) => sum + faults.counts[kind], 0),
  }
}

diskSuite('simulated disk', async () => {
  const { world, disk } = open('suite')
  const suite = { isOver: false }
  const ended = (async () => {
    while (!suite.isOver) await world.clock.sleep(1)
  })()
  const running = world.run(ended, { eventsMax: 10_000_000 })
  return {
    disk,
    close: async () => {
      suite.isOver = true
      await running
    },
  }
})

test('a durable write and a synced name outlive a power cut, of every seed', async () => {
  const { answers } = await overSeeds(async (ground) => {
    const disk = await cutBehind(ground, async (disk) => {
      const file = await disk.create('a', 'append')
      await file.write([Buffer.alloc(5000, 'a')], 0)
      await disk.syncFolder('')
      const direct = await disk.create('d', 'direct')
      const buffer = await disk.buffer(8192)
      buffer.bytes.fill('d')
      await direct.write([buffer.bytes], 0)
      await direct.sync()
      await disk.syncFolder('')
      await disk.replaceFile('r', Buffer.from('old'))
      await disk.replaceFile('r', Buffer.from('new'))
    })
    return await run(ground, async () => [
      (await disk.readFile('a')).equals(Buffer.alloc(5000, 'a')),
      (await disk.readFile('d')).equals(Buffer.alloc(8192, 'd')),
      (await disk.readFile('r')).toString(),
      await disk.list(''),
    ])
  })
  for (const answer of answers) assert.deepEqual(answer, [true, true, 'new', ['a', 'd', 'r']])
})

test('no power cut puts back what stood unsynced where a durable write went', async () => {
  const { answers } = await overSeeds(async (ground) => {
    const disk = await cutBehind(ground, async (disk) => {
      const unsure = await disk.create('f', 'direct')
      await disk.syncFolder('')
      const buffer = await disk.buffer(8192)
      buffer.bytes.fill('a')
      await unsure.write([buffer.bytes], 0)
      await unsure.truncate(4096)
      const durable = await disk.open('f', 'append')
      await durable.write([Buffer.alloc(SECTOR, 'b')], 4096)
    })
    const found = await run(ground, async () => await disk.readFile('f'))
    return found.subarray(4096, 4096 + SECTOR).toString()
  })
  for (const answer of answers) assert.equal(answer, 'b'.repeat(SECTOR))
})

test('what is not synced is lost, torn by sectors or reordered, and each is counted', async () => {
  const { answers, count } = await overSeeds(async (ground) => {
    const disk = await cutBehind(ground, async (disk) => {
      const file = await disk.create('a', 'direct')
      await file.sync()
      await disk.syncFolder('')
      for (const [index, letter] of ['x', 'y'].entries()) {
        const buffer = await disk.buffer(4096)
        buffer.bytes.fill(letter)
        await file.write([buffer.bytes], index * 4096)
        buffer.release()
      }
    })
    return await run(ground, async () => await disk.readFile('a'))
  })
  const sizes = new Set(answers.map((bytes) => bytes.length))
  assert.ok(sizes.has(0) && sizes.has(8192), 'all, or nothing')
  for (const bytes of answers) {
    for (let at = 0; at < bytes.length; at += SECTOR) {
      const sector = bytes.subarray(at, at + SECTOR)
      const expected = at < 4096 ? 'x' : 'y'
      const isWhole = sector.equals(Buffer.alloc(sector.length, expected))
      assert.ok(isWhole || sector.equals(Buffer.alloc(sector.length)), 'a sector is new or old')
    }
  }
  for (const kind of ['lost-write', 'torn-write', 'reordered-write'] as const) {
    assert.ok(count(kind) > 0, kind)
  }
})

test('a name that was not synced may be undone, a rename whole or not at all', async () => {
  const { answers, count } = await overSeeds(async (ground) => {
    const disk = await cutBehind(ground, async (disk) => {
      await disk.replaceFile('old', Buffer.from('1'))
      await disk.rename('old', 'new')
      await (await disk.create('made', 'append')).close()
    })
    return await run(ground, async () => (await disk.list('')).join())
  })
  const seen = new Set(answers)
  assert.deepEqual([...seen].sort(), ['made,new', 'made,old', 'new', 'old'])
  assert.ok(count('lost-name') > 0)
})

test('a process that dies in a write leaves none, some or all of it, and never comes back', async () => {
  const { answers, count } = await overSeeds(async (ground) => {
    let hasReturned = false
    await run(ground, async () => {
      const file = await ground.disk.create('a', 'append')
      void file.write([Buffer.alloc(1000, 'w')], 0).then(() => (hasReturned = true))
      await ground.world.clock.sleep(0.01)
      ground.process.die({ kind: 'killed', why: 'test' })
      await ground.world.clock.sleep(100)
    })
    assert.equal(hasReturned, false)
    return ground.drive.file('a').sizeBytes
  })
  assert.ok(answers.includes(0) && answers.includes(1000))
  assert.ok(answers.some((size) => size > 0 && size < 1000))
  assert.equal(count('cut-write'), answers.filter((size) => size > 0).length)
})

test('reads, writes and syncs fail as drawn; behind a failed one nothing is written', async () => {
  for (const [kind, rates] of [
    ['read-error', { 'read-error': 1 }],
    ['write-error', { 'write-error': 1 }],
    ['sync-error', { 'sync-error': 1 }],
  ] as const) {
    const ground = open('1', rates)
    await run(ground, async () => {
      const file = await ground.disk.create('a', 'append')
      if (kind === 'read-error') await refuses('io', file.read(Buffer.alloc(1), 0))
      if (kind === 'write-error') await refuses('io', file.write([Buffer.alloc(10)], 0))
      if (kind === 'sync-error') await refuses('io', file.sync())
      ground.faults.end()
      if (kind !== 'read-error') await refuses('io', file.write([Buffer.alloc(10)], 0))
    })
    assert.equal(ground.faults.counts[kind], 1)
  }
})

test('what a failed sync should have made durable never is, whatever is synced later', async () => {
  const { answers } = await overSeeds(
    async (ground) => {
      const disk = await cutBehind(ground, async (disk) => {
        const file = await disk.create('a', 'direct')
        const buffer = await disk.buffer(4096)
        buffer.bytes.fill('x')
        await file.write([buffer.bytes], 0)
        await refuses('io', file.sync())
        ground.faults.end()
        await disk.syncFolder('')
      })
      return await run(ground, async () => (await disk.readFile('a')).length)
    },
    { 'sync-error': 1 },
  )
  assert.ok(answers.includes(0))
})

test('a misdirected write is answered as done, and its damage is known', async () => {
  const ground = open('3', { 'misdirected-write': 1 })
  await run(ground, async () => {
    await ground.disk.makeFolder('extents')
    const file = await ground.disk.create(`extents/${'a'.repeat(32)}`, 'append')
    await file.write([Buffer.alloc(3000, 'm')], 0)
    await file.write([Buffer.alloc(3000, 'n')], 3000)
  })
  assert.equal(ground.faults.counts['misdirected-write'], 2)
  assert.equal(ground.drive.damage.length, 4)
  assert.equal(ground.drive.damage[0]?.extentId, 'a'.repeat(32))
})

test('a flipped bit is one bit of durable data, noted where it is', async () => {
  const ground = open('5')
  const path = `extents/${'b'.repeat(32)}`
  const written = Buffer.alloc(1000, 'f')
  const read = await run(ground, async () => {
    await ground.disk.makeFolder('extents')
    const file = await ground.disk.create(path, 'append')
    assert.equal(ground.drive.flipBit(), false, 'there is nothing to damage yet')
    await file.write([written], 0)
    assert.equal(ground.drive.flipBit(), true)
    return await ground.disk.readFile(path)
  })
  const different = [...read.keys()].filter((at) => read[at] !== written[at])
  assert.deepEqual(different, [ground.drive.damage[0]?.offset])
  assert.equal(ground.faults.counts['bit-flip'], 1)
})

test('a full drive refuses what needs room, and gives way when there is some', async () => {
  const ground = open('1')
  await run(ground, async () => {
    const file = await ground.disk.create('a', 'append')
    ground.drive.leaveFree(0)
    await refuses('full', file.write([Buffer.alloc(MIB)], 0))
    await refuses('full', ground.disk.create('b', 'append'))
    assert.equal((await ground.disk.space()).freeBytes, 0)
    ground.drive.makeRoom()
    await file.write([Buffer.alloc(MIB)], 0)
  })
})

test('a slow drive takes a hundred times as long', async () => {
  const timeOf = async (isSlow: boolean): Promise<number> => {
    const ground = open('1')
    if (isSlow) ground.drive.slowDown(1_000_000)
    await run(ground, async () => {
      const file = await ground.disk.create('a', 'append')
      for (let index = 0; index < 20; index++) await file.write([Buffer.alloc(10)], index * 10)
    })
    return ground.world.nowMs
  }
  assert.ok((await timeOf(true)) > 20 * (await timeOf(false)))
})

test('a process that dies at any of its calls leaves a disk that opens', async () => {
  for (let call = 1; call < 14; call++) {
    const ground = open(`call ${call}`, {}, call)
    void ground.disk.replaceFile('a', Buffer.from('whole')).then(() => undefined)
    await run(ground, async () => await ground.world.clock.sleep(1000))
    const { disk } = start(ground, 'p2')
    const names = await run(ground, async () => await disk.list(''))
    if (names.includes('a')) {
      assert.equal((await run(ground, async () => await disk.readFile('a'))).toString(), 'whole')
    }
  }
})
