// The log of records: what was acknowledged is there after any crash; what was damaged is told and
// moved aside; nothing is there that the configuration does not vouch for.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSimDisk } from '../../../sim/disk.ts'
import { Drive } from '../../../sim/drive.ts'
import { Faults } from '../../../sim/faults.ts'
import type { FaultRates } from '../../../sim/faults.ts'
import { SimProcess } from '../../../sim/process.ts'
import { SeededRandom } from '../../../sim/random.ts'
import { World } from '../../../sim/world.ts'
import type { Disk } from '../../base/disk.ts'
import { openDisk } from '../../platform/disk.ts'
import { Authors } from './authors.ts'
import { decodeLine, encodeLine } from './log-line.ts'
import { openRecordLog } from './record-log.ts'
import type { RecordLog } from './record-log.ts'
import type { KnownRecord, RecordId } from './record.ts'
import { incident, Plane } from './suite-plane.ts'
import { refusesLater } from './suite-refuses.ts'

const FOLDER = 'records'
const FILE = 'records/000001.log'
const LIMITS = { eventsMax: 100_000 }

class Ground {
  readonly world: World
  readonly faults: Faults
  readonly drive: Drive
  readonly plane: Plane
  process: SimProcess
  disk: Disk
  #starts = 1

  constructor(seed: string, rates: FaultRates = {}, diesAtCall = Infinity) {
    this.world = new World(seed)
    this.faults = new Faults(rates, this.world.random.fork('faults'))
    this.drive = new Drive(this.world, this.faults, { totalBytes: 2 ** 28, freeShare: 1 })
    this.plane = new Plane(this.world.random.fork('plane'))
    this.process = new SimProcess(this.world, { name: 'p1', clockRate: 1, diesAtCall })
    this.disk = openSimDisk(this.drive, this.process)
  }

  /** Ends early, with null, where the process dies. */
  async run<T>(act: () => Promise<T>): Promise<T | null> {
    const died = new Promise<null>((resolve) => this.process.onDeath(() => resolve(null)))
    return await this.world.run(Promise.race([act(), died]), LIMITS)
  }

  /** The power goes, and comes again. */
  crash(): void {
    this.process.die({ kind: 'killed', why: 'power' })
    this.drive.cutPower()
    this.restart()
  }

  /** The process dies, and another comes; what the kernel has, it has. */
  restart(): void {
    this.process.die({ kind: 'killed', why: 'by the test' })
    this.#starts += 1
    const name = `p${this.#starts}`
    this.process = new SimProcess(this.world, { name, clockRate: 1, diesAtCall: Infinity })
    this.disk = openSimDisk(this.drive, this.process)
  }

  async open(authors: Authors = this.plane.authors): Promise<RecordLog> {
    const { disk } = this
    return await openRecordLog({ disk, folder: FOLDER, random: this.process.random, authors })
  }

  records(count: number, text = 'We look into it.'): KnownRecord[] {
    return Array.from({ length: count }, (_, index) =>
      this.plane.known(incident({ text }), this.plane.ann, { order: index + 1 }),
    )
  }
}

function idsOf(records: readonly KnownRecord[]): RecordId[] {
  return records.map(({ id }) => id)
}

test('golden: a line of the log', () => {
  const envelope = { key: 'ab'.repeat(16), text: '{"ö":1}', signature: `${'A'.repeat(86)}==` }
  const line = encodeLine(envelope as KnownRecord['envelope'])
  assert.equal(
    line.toString(),
    `1 7714ee7c {"key":"${envelope.key}","text":"{\\"ö\\":1}","signature":"${envelope.signature}"}\n`,
  )
  assert.deepEqual(decodeLine(line.subarray(0, -1)), envelope)
  for (let at = 0; at < line.length - 1; at += 1) {
    const flipped = Buffer.from(line.subarray(0, -1))
    flipped[at] = (flipped[at] ?? 0) ^ 1
    assert.equal(decodeLine(flipped), null, `a bit of byte ${at}`)
    assert.equal(decodeLine(line.subarray(0, at)), null, `cut at ${at}`)
  }
})

test('what was appended is there after a restart, in its order and once', async () => {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-records-'))
  try {
    const plane = new Plane(new SeededRandom('log'))
    const open = async (): Promise<RecordLog> => {
      const { authors, random } = plane
      return await openRecordLog({ disk: openDisk(root), folder: FOLDER, random, authors })
    }
    const records = [3, 1, 2].map((order) => plane.known(incident(), plane.ann, { order }))
    const log = await open()
    const [first, second, third] = records
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    assert.deepEqual(idsOf(await log.append([first, first])), [first.id])
    assert.deepEqual(idsOf(await log.append([second, first])), [second.id])
    const both = await Promise.all([log.append([third]), log.append([third])])
    assert.deepEqual(both.map(idsOf), [[third.id], []], 'the later waits for the earlier')
    assert.deepEqual([log.orderMax, log.has(third.id), log.get(third.id)], [3, true, third])
    await log[Symbol.asyncDispose]()
    const again = await open()
    assert.deepEqual(again.records, records)
    assert.deepEqual([again.orderMax, again.findings], [3, []])
    assert.notEqual(again.incarnation, log.incarnation)
    await again[Symbol.asyncDispose]()
  } finally {
    rmSync(root, { recursive: true })
  }
})

test('positions page through all, each page within its size or of one record', async () => {
  const ground = new Ground('pages')
  await ground.run(async () => {
    const log = await ground.open()
    assert.deepEqual(log.after(0, 1000), { envelopes: [], next: 0, isEnd: true })
    const records = ground.records(10)
    await log.append(records)
    const sizeBytes = records[0]?.envelope.text.length ?? 0
    for (const [sizeBytesMax, perPage] of [
      [1, 1],
      [sizeBytes * 3 + 5, 3],
      [1e6, 10],
    ] as const) {
      const seen: unknown[] = []
      for (let page = log.after(0, sizeBytesMax); ; page = log.after(page.next, sizeBytesMax)) {
        assert.ok(page.envelopes.length <= perPage && page.envelopes.length > 0)
        seen.push(...page.envelopes)
        assert.equal(page.next, seen.length)
        if (page.isEnd) break
      }
      assert.deepEqual(
        seen,
        records.map(({ envelope }) => envelope),
      )
    }
  })
})

test('the power goes at any call: what was acknowledged is there, and the log goes on', async () => {
  let crashes = 0
  for (const rates of [{}, { 'write-error': 0.2, 'sync-error': 0.2 }]) {
    for (let diesAtCall = 1; diesAtCall < 60; diesAtCall += 1) {
      const ground = new Ground(`crash ${diesAtCall} ${JSON.stringify(rates)}`, rates, diesAtCall)
      const records = ground.records(12, 'x'.repeat(1500))
      const acknowledged = new Set<RecordId>()
      const finished = await ground.run(async () => {
        const log = await ground.open()
        ground.faults.begin()
        for (let start = 0; start < records.length; start += 2) {
          await log.append(records.slice(start, start + 2)).then(
            (taken) => idsOf(taken).forEach((id) => acknowledged.add(id)),
            (error: unknown) => assert.equal((error as Error).name, 'StatusError'),
          )
          assert.deepEqual(new Set(idsOf(log.records)), acknowledged, 'known is durable')
        }
        return true
      })
      ground.faults.end()
      if (finished === null) crashes += 1
      ground.crash()
      await ground.run(async () => {
        const log = await ground.open()
        const found = idsOf(log.records)
        const expected = idsOf(records)
        for (const id of acknowledged) assert.ok(found.includes(id), `call ${diesAtCall}: ${id}`)
        assert.ok(
          found.every((id) => expected.includes(id)) && new Set(found).size === found.length,
        )
        await log.append(records)
        await log[Symbol.asyncDispose]()
        const again = await ground.open()
        assert.deepEqual(idsOf(again.records).toSorted(), expected.toSorted())
        assert.deepEqual(again.findings, [], 'what was put right stays right')
      })
    }
  }
  assert.ok(crashes > 20, `${crashes} crashes`)
})

test('what a start shows is durable, though the process before it died in its write', async () => {
  let deaths = 0
  let orphans = 0
  for (let index = 0; index < 300; index += 1) {
    const ground = new Ground(`orphan ${index}`, {}, 1 + (index % 30))
    const records = ground.records(8, 'x'.repeat(700))
    let answered = 0
    const finished = await ground.run(async () => {
      const log = await ground.open()
      for (const record of records.slice(0, 6)) answered += (await log.append([record])).length
      return true
    })
    if (finished === null) deaths += 1
    ground.restart()
    const shown = await ground.run(async () => {
      const log = await ground.open()
      if (log.records.length > answered) orphans += 1
      await log.append(records.slice(6))
      return idsOf(log.records)
    })
    ground.crash()
    const found = await ground.run(async () => idsOf((await ground.open()).records))
    assert.deepEqual(found, shown, `seed ${index}`)
  }
  assert.ok(deaths > 100 && orphans > 10, `${deaths} deaths, ${orphans} of them left a whole line`)
})

test('a write that fails is not acknowledged, and the next goes on behind it', async () => {
  const ground = new Ground('full')
  await ground.run(async () => {
    const log = await ground.open()
    const [first, second, third] = ground.records(3)
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    await log.append([first])
    ground.drive.leaveFree(2 ** 17 / 2 ** 28) // names can be made, and little be written
    for (let time = 0; time < 20; time += 1) {
      const long = ground.records(40, 'y'.repeat(4000))
      await refusesLater('full', async () => await log.append(long), /record log cannot be written/)
    }
    assert.deepEqual(idsOf(log.records), [first.id])
    ground.drive.makeRoom()
    await log.append([second, third])
    const names = await ground.disk.list(FOLDER)
    assert.ok(names.length <= 2, `no file is left of what failed: ${names.join()}`)
    const again = await ground.open()
    assert.deepEqual(idsOf(again.records), idsOf([first, second, third]))
  })
})

test('a damaged line is moved aside and told; those before and behind are there', async () => {
  const ground = new Ground('damage')
  await ground.run(async () => {
    const log = await ground.open()
    const records = ground.records(5)
    await log.append(records)
    await log[Symbol.asyncDispose]()
    const bytes = await ground.disk.readFile(FILE)
    const at = bytes.indexOf('\n') + 30 // within the second line
    bytes[at] = (bytes[at] ?? 0) ^ 4
    await ground.disk.replaceFile(FILE, bytes)
    const found = await ground.open()
    const [first, second, ...rest] = records
    assert.ok(first !== undefined && second !== undefined)
    assert.deepEqual(idsOf(found.records), idsOf([first, ...rest]))
    assert.deepEqual(
      found.findings.map(({ code, message }) => [code, /000001\.log: 1 lines/.test(message)]),
      [['damaged', true]],
    )
    const evidence = (await ground.disk.readFile(`${FILE}.damaged`)).toString()
    assert.ok(evidence.startsWith('1 ') && evidence.endsWith('\n'))
    await found.append([second])
    const again = await ground.open()
    assert.deepEqual(idsOf(again.records), idsOf([first, ...rest, second]))
    assert.deepEqual(again.findings, [])
  })
})

test('a torn end is cut off; it was acknowledged to nobody', async () => {
  const ground = new Ground('torn')
  await ground.run(async () => {
    const log = await ground.open()
    const [first, second] = ground.records(2)
    assert.ok(first !== undefined && second !== undefined)
    await log.append([first])
    await log[Symbol.asyncDispose]()
    const bytes = await ground.disk.readFile(FILE)
    const torn = encodeLine(second.envelope).subarray(0, 100)
    await ground.disk.replaceFile(FILE, Buffer.concat([bytes, torn]))
    const found = await ground.open()
    assert.deepEqual([idsOf(found.records), found.findings], [[first.id], []])
    assert.deepEqual(await ground.disk.readFile(FILE), bytes)
  })
})

test('a file that cannot be read or put right does not keep the site from its others', async () => {
  const ground = new Ground('unreadable')
  await ground.run(async () => {
    const log = await ground.open()
    const records = ground.records(2)
    await log.append(records)
    await log[Symbol.asyncDispose]()
    const { disk } = ground
    const blind: Disk = Object.create(disk, {
      readFile: {
        value: async (path: string) => {
          if (path === FILE) return await disk.readFile('records/none')
          return await disk.readFile(path)
        },
      },
      list: { value: async (folder: string) => await disk.list(folder) },
      makeFolder: { value: async (folder: string) => await disk.makeFolder(folder) },
      syncFolder: { value: async (folder: string) => await disk.syncFolder(folder) },
      create: { value: async (path: string) => await disk.create(path, 'append') },
    }) as Disk
    const { authors, random } = ground.plane
    const found = await openRecordLog({ disk: blind, folder: FOLDER, random, authors })
    assert.deepEqual(found.records, [])
    assert.match(found.findings[0]?.message ?? '', /000001\.log cannot be read/)
    const more = ground.records(1)
    await found.append(more)
    const again = await ground.open()
    assert.deepEqual(idsOf(again.records), idsOf([...records, ...more]))
  })
})

test('records of whom the configuration does not name are kept, and not shown', async () => {
  const ground = new Ground('unknown')
  await ground.run(async () => {
    const { plane } = ground
    const log = await ground.open()
    const [ann, bob] = [plane.known(incident(), plane.ann), plane.known(incident(), plane.bob)]
    await log.append([ann, bob])
    await log[Symbol.asyncDispose]()
    const people = plane.config.people.map((person) =>
      person.name === 'Ann' ? { ...person, state: 'distrusted' as const } : person,
    )
    const found = await ground.open(new Authors({ ...plane.config, people }))
    assert.deepEqual(idsOf(found.records), [bob.id])
    assert.match(found.findings[0]?.message ?? '', /1 records .* not shown.*distrusted/)
    await found[Symbol.asyncDispose]()
    assert.deepEqual(idsOf((await ground.open()).records), [ann.id, bob.id], 'trusted again')
  })
})

test('a log of several files is one', async () => {
  const ground = new Ground('files')
  await ground.run(async () => {
    const log = await ground.open()
    const records = ground.records(500, '字'.repeat(4000))
    for (let start = 0; start < records.length; start += 50) {
      await log.append(records.slice(start, start + 50))
    }
    await log[Symbol.asyncDispose]()
    assert.ok((await ground.disk.list(FOLDER)).length >= 2)
    const again = await ground.open()
    assert.deepEqual(idsOf(again.records), idsOf(records))
  })
})
