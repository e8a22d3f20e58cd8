// Views: the newest of each site, whichever way it came; as old as it is; and a site's own are newer than
// all that it ever signed.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { openSimDisk } from '../../../sim/disk.ts'
import { Drive } from '../../../sim/drive.ts'
import { Faults } from '../../../sim/faults.ts'
import { SimProcess } from '../../../sim/process.ts'
import { World } from '../../../sim/world.ts'
import type { Disk } from '../../base/disk.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import type { View } from '../status.ts'
import { raiseIncarnation } from './incarnation.ts'
import { NOON_MS } from './suite-plane.ts'
import { isNewer, ViewTable } from './view-table.ts'

function viewOf(site: string, incarnation: number, sequence: number): View {
  return {
    site,
    incarnation,
    sequence,
    madeAtMs: NOON_MS,
    footing: 'sure',
    sightings: [],
    days: [],
  }
}

const ENVELOPE = { key: '', text: '', signature: '' } as never

test('of each site the newest stays, in whatever order they come', () => {
  const positions = fc.array(
    fc.tuple(fc.constantFrom('a', 'b'), fc.nat({ max: 3 }), fc.nat({ max: 3 })),
  )
  fc.assert(
    fc.property(positions, (all) => {
      const table = new ViewTable(new ManualClock())
      const newest = new Map<string, View>()
      for (const [site, incarnation, sequence] of all) {
        const view = viewOf(site, incarnation, sequence)
        const known = newest.get(site)
        const isTaken = known === undefined || isNewer(view, known)
        assert.equal(table.take(view, ENVELOPE, 0), isTaken)
        if (isTaken) newest.set(site, view)
      }
      assert.deepEqual(
        table.views().map(({ view }) => view),
        [...newest.values()],
      )
    }),
  )
})

test('a view that comes again is not younger for it', async () => {
  const clock = new ManualClock()
  const table = new ViewTable(clock)
  table.take(viewOf('a', 1, 1), ENVELOPE, -500)
  await clock.advance(1000)
  clock.setWall(0)
  assert.equal(table.take(viewOf('a', 1, 1), ENVELOPE, 1000), false)
  assert.equal(table.ageMs('a'), 1500)
  assert.equal(table.ageMs('b'), null)
  assert.equal(table.take(viewOf('a', 1, 2), ENVELOPE, 900), true)
  assert.equal(table.ageMs('a'), 100)
})

test('who asks gets what is newer than what it has, the answerer first, within the size', () => {
  const table = new ViewTable(new ManualClock())
  const views = ['a', 'b', 'c', 'd'].map((site, index) => viewOf(site, 2, index))
  for (const [index, view] of views.entries())
    table.take(view, { ...(ENVELOPE as object), text: view.site } as never, -index)
  const sites = (sizeBytesMax: number, had = table.positions().slice(0, 1)): string[] =>
    table.newerThan(had, { first: 'b', sizeBytesMax }).map(({ envelope }) => envelope.text)
  assert.deepEqual(sites(10_000), ['b', 'd', 'c'])
  assert.deepEqual(sites(80), ['b', 'd'])
  assert.deepEqual(sites(10_000, [{ site: 'd', incarnation: 1, sequence: 99 }]), [
    'b',
    'd',
    'c',
    'a',
  ])
  assert.deepEqual(sites(10_000, table.positions()), [])
})

async function onDisk(act: (disk: Disk, drive: Drive) => Promise<void>): Promise<void> {
  const world = new World('incarnation')
  const faults = new Faults({}, world.random)
  const drive = new Drive(world, faults, { totalBytes: 2 ** 20, freeShare: 1 })
  const process = new SimProcess(world, { name: 'p', clockRate: 1, diesAtCall: Infinity })
  await world.run(act(openSimDisk(drive, process), drive), { eventsMax: 1000 })
}

test('each start has a higher number; one that was lost or cannot be kept is told', async () => {
  await onDisk(async (disk, drive) => {
    const steps = [2, 0, 0xffff_ffff]
    const random = {
      bytes: () => Buffer.from((steps.shift() ?? 0).toString(16).padStart(8, '0'), 'hex'),
      fraction: () => 0,
    }
    const raise = async () => await raiseIncarnation(disk, 'i', random)
    assert.deepEqual(await raise(), { incarnation: 3, findings: [] })
    assert.equal((await disk.readFile('i')).toString(), '1 71cee914 3\n')
    assert.deepEqual(await raise(), { incarnation: 4, findings: [] })
    assert.deepEqual(await raise(), { incarnation: 4 + 2 ** 20, findings: [] })
    for (const bad of ['', '1 71cee914 4\n', '1 71cee914 3', 'x'.repeat(100)]) {
      await disk.replaceFile('i', Buffer.from(bad))
      const { incarnation, findings } = await raise()
      assert.deepEqual([incarnation, findings.map(({ code }) => code)], [1, ['damaged']], bad)
    }
    drive.leaveFree(0)
    const { incarnation, findings } = await raise()
    assert.deepEqual([incarnation, findings.map(({ code }) => code)], [2, ['unavailable']])
  })
})
