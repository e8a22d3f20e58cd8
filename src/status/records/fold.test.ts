// What records come to: by example, and that neither order nor repetition nor place changes it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SeededRandom } from '../../../sim/random.ts'
import { LEVELS } from '../status.ts'
import { compareRecords, foldRecords } from './fold.ts'
import type { KeyPair } from './keys.ts'
import { INCIDENT_STATES, MAINTENANCE_STATES } from './record.ts'
import type { Affected, IncidentState, KnownRecord, RecordId, Statement } from './record.ts'
import { GET, incident, maintenance, NOON_MS, override, Plane, PUT, WEB } from './suite-plane.ts'

const open = (): Plane => new Plane(new SeededRandom('fold'), 3)
const EU = { region: 'eu' }

function update(
  to: KnownRecord,
  state: IncidentState,
  affected: readonly Affected[] | null = null,
): Statement {
  return { kind: 'incident-update', incident: to.id, state, text: `Now ${state}.`, affected }
}

function onlyIncident(records: readonly KnownRecord[]) {
  const { incidents } = foldRecords(records)
  assert.equal(incidents.length, 1)
  const [only] = incidents
  assert.ok(only !== undefined)
  return only
}

test('an incident is what its updates made of it', () => {
  const plane = open()
  const first = plane.known(incident(), plane.ann, { order: 1, atMs: 10 })
  const more: Affected[] = [
    { component: PUT, level: 'degraded' },
    { component: GET, level: 'degraded' },
  ]
  const second = plane.known(update(first, 'identified', more), plane.bob, { order: 2, atMs: 20 })
  const third = plane.known(update(first, 'resolved', []), plane.ann, { order: 3, atMs: 15 })
  const told = onlyIncident([third, first, second])
  assert.equal(told.id, first.id)
  assert.deepEqual([told.title, told.state, told.region], ['PUT fails', 'resolved', null])
  assert.deepEqual([told.openedAtMs, told.resolvedAtMs], [10, 15])
  assert.deepEqual(told.affected, [])
  assert.deepEqual(told.affectedEver, [
    { component: PUT, level: 'major-outage' },
    { component: GET, level: 'degraded' },
  ])
  assert.deepEqual(
    told.updates.map(({ id, state, author }) => [id, state, author.name]),
    [
      [first.id, 'investigating', 'Ann'],
      [second.id, 'identified', 'Bob'],
      [third.id, 'resolved', 'Ann'],
    ],
  )
  const reopened = plane.known(update(first, 'monitoring'), plane.bob, { order: 4 })
  const again = onlyIncident([first, second, third, reopened])
  assert.deepEqual([again.state, again.resolvedAtMs], ['monitoring', null])
})

test('incidents are told newest first, by order and not by their clocks', () => {
  const plane = open()
  const old = plane.known(incident({ title: 'Old' }), plane.ann, { order: 1, atMs: NOON_MS })
  const young = plane.known(incident({ title: 'Young' }), plane.ann, { order: 2, atMs: 0 })
  assert.deepEqual(
    foldRecords([old, young]).incidents.map(({ title }) => title),
    ['Young', 'Old'],
  )
})

test('two machines that open about one region at once make one incident', () => {
  const plane = open()
  const one = plane.known(incident(EU), plane.site(0), { order: 5 })
  const same = plane.known(incident(EU), plane.site(1), { order: 5 })
  const [first, second] = [one, same].toSorted(compareRecords)
  assert.ok(first !== undefined && second !== undefined)
  const told = onlyIncident([one, same])
  assert.equal(told.id, first.id)
  assert.equal(told.updates.length, 1, 'the other says nothing new')

  const wider: Affected[] = [
    { component: PUT, level: 'degraded' },
    { component: GET, level: 'partial-outage' },
  ]
  const third = plane.known(incident({ ...EU, affected: wider }), plane.site(2), { order: 6 })
  const identified = plane.known(update(second, 'identified'), plane.ann, { order: 6 })
  const joined = onlyIncident([one, same, third, identified])
  assert.equal(
    joined.state,
    'identified',
    'an update of the other is one of this; what is said stands',
  )
  assert.deepEqual(joined.affected, [
    { component: PUT, level: 'major-outage' },
    { component: GET, level: 'partial-outage' },
  ])
  assert.deepEqual(
    new Set(joined.updates.map(({ id }) => id)),
    new Set([first.id, third.id, identified.id]),
  )
})

test("other regions, persons' incidents and what came after a resolve stay apart", () => {
  const plane = open()
  const eu = plane.known(incident(EU), plane.site(0), { order: 1 })
  const us = plane.known(
    incident({ region: 'us', affected: [{ component: WEB, level: 'degraded' }] }),
    plane.site(1),
    { order: 2 },
  )
  const person = plane.known(incident(), plane.ann, { order: 3 })
  const resolved = plane.known(update(eu, 'resolved'), plane.site(1), { order: 4 })
  const next = plane.known(incident(EU), plane.site(1), { order: 5 })
  assert.deepEqual(
    foldRecords([eu, us, person, resolved, next]).incidents.map(({ id }) => id),
    [next.id, person.id, us.id, eu.id],
  )
})

test('a machine touches no incident of a person, reopens nothing, resolves nothing that a person took up', () => {
  const plane = open()
  const site = plane.site(0)
  const mine = plane.known(incident(), plane.ann, { order: 1 })
  const resolveMine = plane.known(update(mine, 'resolved'), site, { order: 2 })
  assert.equal(onlyIncident([mine, resolveMine]).state, 'investigating')

  const machine = plane.known(incident(EU), site, { order: 1 })
  const resolve = plane.known(update(machine, 'resolved'), site, { order: 2 })
  const late = plane.known(update(machine, 'investigating'), plane.site(1), { order: 3 })
  assert.equal(onlyIncident([machine, resolve, late]).state, 'resolved')

  const took = plane.known(update(machine, 'identified'), plane.ann, { order: 2 })
  const resolveLater = plane.known(update(machine, 'resolved'), site, { order: 3 })
  assert.equal(onlyIncident([machine, took, resolveLater]).state, 'identified')
  const widen = plane.known(update(machine, 'identified', []), site, { order: 4 })
  assert.deepEqual(onlyIncident([machine, took, widen]).affected, [], 'it may say what it sees')
})

test('an update of nothing, or that stands before what it answers, is left out', () => {
  const plane = open()
  const first = plane.known(incident(), plane.ann, { order: 5 })
  const early = plane.known(update(first, 'resolved'), plane.bob, { order: 4 })
  const lost = plane.known(
    update({ ...first, id: 'ab'.repeat(32) as RecordId }, 'resolved'),
    plane.bob,
    {
      order: 6,
    },
  )
  assert.equal(onlyIncident([early, first, lost]).updates.length, 1)
  const planned = plane.known(maintenance(), plane.ann, { order: 1 })
  const crossed = plane.known(update(planned, 'resolved'), plane.ann, { order: 2 })
  const stories = foldRecords([planned, crossed])
  assert.deepEqual([stories.incidents.length, stories.maintenances[0]?.state], [0, 'scheduled'])
})

test('the last word on a component counts, until it is taken back', () => {
  const plane = open()
  const first = plane.known(override(), plane.ann, { order: 1 })
  const other = plane.known(override({ component: GET }), plane.ann, { order: 2 })
  const second = plane.known(override({ level: 'major-outage' }), plane.bob, { order: 3, atMs: 7 })
  const { overrides } = foldRecords([second, other, first])
  assert.deepEqual([...overrides.keys()].toSorted(), [GET, PUT])
  assert.deepEqual(overrides.get(PUT), {
    id: second.id,
    component: PUT,
    level: 'major-outage',
    over: null,
    reason: 'Customers call.',
    author: second.author,
    atMs: 7,
    untilMs: null,
  })
  const raise = override({ level: 'operational', over: 'degraded', untilMs: NOON_MS + 1 })
  const third = plane.known(raise, plane.ann, { order: 5 })
  assert.equal(foldRecords([third, second]).overrides.get(PUT)?.over, 'degraded')
  const end = plane.known(override({ level: null, reason: '' }), plane.ann, { order: 4 })
  assert.deepEqual([...foldRecords([end, second, other, first]).overrides.keys()], [GET])
})

test('a maintenance goes as its updates say', () => {
  const plane = open()
  const planned = plane.known(maintenance(), plane.ann, { order: 1 })
  const begun: Statement = {
    kind: 'maintenance-update',
    maintenance: planned.id,
    state: 'in-progress',
    text: 'We begin.',
  }
  const update = plane.known(begun, plane.bob, { order: 2 })
  const [told] = foldRecords([update, planned]).maintenances
  assert.ok(told !== undefined)
  assert.deepEqual([told.id, told.state, told.components], [planned.id, 'in-progress', [PUT, GET]])
  assert.deepEqual(
    told.updates.map(({ state, text }) => [state, text]),
    [
      ['scheduled', 'Cell c1 gets new drives.'],
      ['in-progress', 'We begin.'],
    ],
  )
})

/** Records of all kinds by all authors, that answer each other or nothing, with few orders. */
function history(seed: number): KnownRecord[] {
  const random = new SeededRandom(`history ${seed}`)
  const plane = new Plane(random, 3)
  const people: KeyPair[] = [plane.ann, plane.bob, plane.retired]
  const sites = [0, 1, 2].map((index) => plane.site(index))
  const records: KnownRecord[] = []
  const affected = (): Affected[] =>
    [PUT, GET]
      .filter(() => random.chance(0.6))
      .map((component) => ({ component, level: random.pick(LEVELS) }))
  const target = (): RecordId =>
    records.length > 0 && random.chance(0.95)
      ? random.pick(records).id
      : (Buffer.from(random.bytes(32)).toString('hex') as RecordId)
  const draw = (isSite: boolean): Statement => {
    const dice = random.below(isSite ? 2 : 5)
    const state = random.pick(INCIDENT_STATES)
    if (dice === 0) return incident({ state, affected: affected(), region: isSite ? 'eu' : null })
    if (dice === 1) {
      const changed = random.chance(0.5) ? affected() : null
      return {
        kind: 'incident-update',
        incident: target(),
        state,
        text: 'More.',
        affected: changed,
      }
    }
    if (dice === 2) return override({ level: random.chance(0.3) ? null : 'degraded' })
    if (dice === 3) return maintenance()
    const now = random.pick(MAINTENANCE_STATES)
    return { kind: 'maintenance-update', maintenance: target(), state: now, text: 'More.' }
  }
  for (let count = random.below(30); count >= 0; count -= 1) {
    const isSite = random.chance(0.5)
    const author = random.pick(isSite ? sites : people)
    const place = { order: 1 + random.below(12), atMs: random.below(1000) }
    records.push(plane.known(draw(isSite), author, place))
  }
  return records
}

test('any permutation with any duplication comes to the same, byte for byte', () => {
  let merged = 0
  fc.assert(
    fc.property(fc.nat({ max: 1_000_000 }), fc.nat({ max: 1_000_000 }), (seed, order) => {
      const records = history(seed)
      const random = new SeededRandom(`order ${order}`)
      const mixed = [...records, ...records.filter(() => random.chance(0.5))]
        .map((record) => ({ record, key: random.word() }))
        .toSorted((one, other) => one.key - other.key)
        .map(({ record }) => record)
      const tell = (all: readonly KnownRecord[]): string => {
        const { overrides, ...rest } = foldRecords(all)
        return JSON.stringify([rest, [...overrides]])
      }
      assert.equal(tell(mixed), tell(records))
      const opened = records.filter(({ record }) => record.statement.kind === 'incident').length
      if (foldRecords(records).incidents.length < opened) merged += 1
    }),
    { numRuns: 150 },
  )
  assert.ok(merged > 5, 'incidents were merged in some')
})

test('whatever came, each story has its opening first and is told once', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1_000_000 }), (seed) => {
      const { incidents, maintenances } = foldRecords(history(seed))
      for (const { id, state, updates, resolvedAtMs } of [
        ...incidents,
        ...maintenances.map((each) => ({ ...each, resolvedAtMs: undefined })),
      ]) {
        assert.equal(updates[0]?.id, id)
        assert.equal(updates.at(-1)?.state, state)
        assert.equal(new Set(updates.map((each) => each.id)).size, updates.length)
        if (resolvedAtMs !== undefined) assert.equal(resolvedAtMs !== null, state === 'resolved')
      }
    }),
    { numRuns: 150 },
  )
})
