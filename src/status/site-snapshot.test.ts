import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HISTORY_INCIDENTS_MAX, VIEW_STALE_MS } from '../base/limits.ts'
import { crisisSnapshot, wellSnapshot } from './output/sample-snapshot.ts'
import type { PeerState } from './records/peer-link.ts'
import type { AgedView } from './records/view-table.ts'
import type { RecordId } from './records/record.ts'
import { snapshotOf } from './site-snapshot.ts'
import type { SnapshotParts } from './site-snapshot.ts'

const WELL = wellSnapshot()
const CRISIS = crisisSnapshot(WELL.config)
const [OWN = '', OTHER = ''] = WELL.config.sites.map(({ name }) => name)

function partsOf(more: Partial<SnapshotParts> = {}): SnapshotParts {
  return {
    config: WELL.config,
    site: OWN,
    nowMs: 1_000_000,
    footing: 'sure',
    health: WELL.health,
    stories: { incidents: [], maintenances: [], overrides: new Map() },
    uptimes: [],
    peers: [],
    views: [],
    ...more,
  }
}

function viewOf(site: string, ageMs: number): AgedView {
  const view = { site, incarnation: 1, sequence: 1, madeAtMs: 0, sightings: [], days: [] }
  return { view: { ...view, footing: 'sure' }, ageMs }
}

test('what changed last is told by its time, and stays until something else does', () => {
  const first = snapshotOf(partsOf(), null)
  assert.equal(first.changedAtMs, 1_000_000)
  const second = snapshotOf(partsOf({ nowMs: 2_000_000 }), first)
  assert.deepEqual([second.madeAtMs, second.changedAtMs], [2_000_000, 1_000_000])
  const words = WELL.health.map((each) => ({ ...each, why: 'in other numbers' }))
  const third = snapshotOf(partsOf({ nowMs: 3_000_000, health: words }), second)
  assert.equal(third.changedAtMs, 1_000_000, 'numbers in words are no news')
  const changes: Partial<SnapshotParts>[] = [
    { health: CRISIS.health },
    { footing: 'blind' },
    { stories: { incidents: CRISIS.incidents, maintenances: [], overrides: new Map() } },
    { views: [viewOf(OTHER, 0)] },
  ]
  for (const change of changes) {
    const next = snapshotOf(partsOf({ nowMs: 4_000_000, ...change }), third)
    assert.equal(next.changedAtMs, 4_000_000, Object.keys(change).join())
  }
})

test('a site whose view is old, or that was never heard, is stale', () => {
  const peer: PeerState = {
    name: OTHER,
    isReached: true,
    heardAtMs: 999_000,
    viewAgeMs: 0,
    error: null,
  }
  const of = (ageMs: number): unknown =>
    snapshotOf(partsOf({ peers: [peer], views: [viewOf(OTHER, ageMs)] }), null).sites.find(
      ({ name }) => name === OTHER,
    )
  const reached = { name: OTHER, isReached: true, heardAtMs: 999_000 }
  assert.deepEqual(of(VIEW_STALE_MS), { ...reached, footing: 'sure' })
  assert.deepEqual(of(VIEW_STALE_MS + 1), { ...reached, footing: 'stale' })
  const [own, other] = snapshotOf(partsOf({ footing: 'blind' }), null).sites
  assert.deepEqual(own, { name: OWN, isReached: true, heardAtMs: 1_000_000, footing: 'blind' })
  assert.deepEqual(other, { name: OTHER, isReached: false, heardAtMs: null, footing: 'stale' })
})

test('history is bounded; an open incident is told however old it is', () => {
  const [sample] = CRISIS.incidents
  assert.ok(sample !== undefined)
  const incidents = Array.from({ length: HISTORY_INCIDENTS_MAX + 10 }, (_, index) => ({
    ...sample,
    id: String(index) as RecordId,
    state: index === HISTORY_INCIDENTS_MAX + 5 ? ('monitoring' as const) : ('resolved' as const),
  }))
  const stories = { incidents, maintenances: [], overrides: new Map() }
  const told = snapshotOf(partsOf({ stories }), null).incidents
  assert.equal(told.length, HISTORY_INCIDENTS_MAX + 1)
  assert.equal(told.at(-1)?.state, 'monitoring')
})
