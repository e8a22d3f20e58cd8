import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Snapshot } from '../snapshot.ts'
import type { Health, Level } from '../status.ts'
import { headlineOf, overallLevel } from './headline.ts'
import { crisisSnapshot, raisedOver, sampleConfig, wellSnapshot } from './sample-snapshot.ts'

/** All well but for the components whose id a pattern fits. */
function snapshotWith(...ill: readonly (readonly [RegExp, Level])[]): Snapshot {
  const well = wellSnapshot()
  const health = well.health.map((one): Health => {
    const found = ill.find(([pattern]) => pattern.test(one.component.id))
    return found === undefined ? one : { ...one, level: found[1], sinceMs: 1000 }
  })
  return { ...well, health, incidents: [] }
}

const CASES: readonly (readonly [string, Snapshot])[] = [
  ['Everything works', snapshotWith()],
  ['PUT is down in Cell B of EU West', snapshotWith([/^region-0\/cell-1\/put$/, 'major-outage'])],
  ['PUT is down in EU West', snapshotWith([/^region-0\/.*\/put$/, 'major-outage'])],
  [
    'GET and LIST fail in part in Cell A and Cell C of US East',
    snapshotWith([/^region-1\/cell-[02]\/(?:get|list)$/, 'partial-outage']),
  ],
  ['Cell D is down in EU West', snapshotWith([/^region-0\/cell-3\//, 'major-outage'])],
  ['EU West is down', snapshotWith([/^region-0\//, 'major-outage'])],
  ['Console is degraded in Asia South', snapshotWith([/^region-2\/console$/, 'degraded'])],
  ['Major outage in 3 of 3 regions', snapshotWith([/\/get$/, 'major-outage'])],
  ['Sign-in is not known in Cell A of EU West', snapshotWith([/0\/cell-0\/sign-in$/, 'unknown'])],
  ['How the store is, is not known', snapshotWith([/./, 'unknown'])],
  [
    'PUT is down in Cell A of EU West',
    snapshotWith([/0\/cell-0\/put$/, 'major-outage'], [/^region-1/, 'degraded']),
  ],
  ['EU West is down and US East is down', snapshotWith([/^region-[01]\//, 'major-outage'])],
  [
    'Several operations are down in Cell A and Cell B of EU West',
    snapshotWith([/0\/(?:cell-0\/get|cell-1\/put)$/, 'major-outage']),
  ],
]

test('what is told better than probes see is counted in the headline, whatever else is the matter', () => {
  const well = snapshotWith()
  const firstRaised = (seen: Level): Snapshot => {
    const health = well.health.map((one, index) => (index === 0 ? raisedOver(one, seen) : one))
    return { ...well, health }
  }
  const text = 'probes see 1 component worse than a person says'
  const alone = headlineOf(firstRaised('major-outage'))
  assert.equal(alone.title, `Everything works, but ${text}`)
  assert.deepEqual([alone.byWord, alone.wellRegions], [text, ['US East', 'Asia South']])
  assert.equal(headlineOf(firstRaised('operational')).title, 'Everything works')
  const { incidents } = crisisSnapshot()
  const watched = headlineOf({ ...firstRaised('major-outage'), incidents })
  assert.match(
    watched.title,
    /^Probes see 1 component worse than a person says, and 1 incident is open$/,
  )
  const raised = firstRaised('major-outage')
  const down = raised.health.map((one, index): Health => {
    return index === 1 ? { ...one, level: 'major-outage' } : one
  })
  const both = headlineOf({ ...raised, health: down })
  assert.equal(both.byWord, text)
  const twoDown = raised.health.map((one, index): Health => {
    return index < 2 ? { ...one, level: 'major-outage', override: null } : one
  })
  const expected = headlineOf({ ...raised, health: twoDown }).regions[0]?.works
  assert.equal(both.regions[0]?.works, expected, 'it does not stand among what works')
})

for (const [title, snapshot] of CASES) {
  test(`the headline says: ${title}`, () => {
    assert.equal(headlineOf(snapshot).title, title)
  })
}

test('what fails, since when, and what works there are told by region', () => {
  const { regions, sinceMs, wellRegions } = headlineOf(
    snapshotWith([/0\/cell-0\/(?:get|put)$/, 'major-outage'], [/0\/cell-1\/put$/, 'recovering']),
  )
  assert.equal(sinceMs, 1000)
  assert.deepEqual(wellRegions, ['US East', 'Asia South'])
  assert.equal(regions.length, 1)
  assert.deepEqual(
    regions[0]?.troubles.map(({ text }) => text),
    ['GET and PUT are down in Cell A', 'PUT is recovering in Cell B'],
  )
  assert.equal(
    regions[0]?.works,
    'Cell C and Cell D; LIST, DELETE, multipart upload and sign-in in Cell A; GET, LIST, DELETE, multipart upload and sign-in in Cell B; Console',
  )
})

test('nothing that is watched is nothing that is known', () => {
  const nothing = wellSnapshot(sampleConfig(0))
  assert.equal(headlineOf(nothing).level, 'unknown')
  assert.match(headlineOf(nothing).title, /nothing is known/)
})

test('no level but operational of all is told as operational', () => {
  for (const level of [
    'unknown',
    'recovering',
    'degraded',
    'partial-outage',
    'major-outage',
  ] as const) {
    assert.notEqual(overallLevel(snapshotWith([/0\/cell-0\/put$/, level])), 'operational', level)
  }
  assert.equal(overallLevel(snapshotWith()), 'operational')
})

test('an open incident that probes do not see is in the head, until it is only watched', () => {
  const [incident] = crisisSnapshot().incidents
  assert.ok(incident)
  const open = { ...snapshotWith(), incidents: [incident] }
  assert.equal(headlineOf(open).title, 'Probes find nothing wrong, and 1 incident is open')
  assert.equal(headlineOf(open).level, 'partial-outage')
  const watched = { ...open, incidents: [{ ...incident, state: 'monitoring' as const }] }
  assert.equal(headlineOf(watched).level, 'operational')
})
