import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Maintenance, Snapshot } from '../snapshot.ts'
import { LEVELS } from '../status.ts'
import type { Level } from '../status.ts'
import { Markdown } from './markdown.ts'
import { crisisSnapshot, raisedOver, wellSnapshot, worstSnapshot } from './sample-snapshot.ts'
import { statuspageDocuments } from './statuspage.ts'

interface Post {
  readonly id: string
  readonly status: string
  readonly body: string
  readonly incident_id: string
  readonly created_at: string
}
interface Component {
  readonly id: string
  readonly name: string
  readonly status: string
  readonly description: string | null
  readonly group: boolean
  readonly group_id: string | null
  readonly components?: readonly string[]
}
interface Event {
  readonly id: string
  readonly status: string
  readonly impact: string
  readonly shortlink: string
  readonly resolved_at: string | null
  readonly scheduled_for?: string
  readonly incident_updates: readonly Post[]
  readonly components: readonly Component[]
}
interface Document {
  readonly page: { readonly id: string; readonly time_zone: string; readonly updated_at: string }
  readonly status: { readonly indicator: string; readonly description: string }
  readonly components: readonly Component[]
  readonly incidents: readonly Event[]
  readonly scheduled_maintenances: readonly Event[]
}

const markdown = new Markdown()

function read(snapshot: Snapshot, name: string): Document {
  const text = statuspageDocuments(snapshot, markdown).get(`/api/v2/${name}.json`)
  assert.ok(text !== undefined, name)
  return JSON.parse(text) as Document
}

function keysOf(value: object | undefined): string[] {
  return Object.keys(value ?? {}).sort()
}

test('the documents of the API are there, each with the page', () => {
  const names = [...statuspageDocuments(crisisSnapshot(), markdown).keys()]
  assert.deepEqual(names, [
    '/api/v2/summary.json',
    '/api/v2/status.json',
    '/api/v2/components.json',
    '/api/v2/incidents.json',
    '/api/v2/incidents/unresolved.json',
    '/api/v2/scheduled-maintenances.json',
    '/api/v2/scheduled-maintenances/upcoming.json',
    '/api/v2/scheduled-maintenances/active.json',
  ])
  for (const text of statuspageDocuments(crisisSnapshot(), markdown).values()) {
    const { page } = JSON.parse(text) as Document
    assert.deepEqual(keysOf(page), ['id', 'name', 'time_zone', 'updated_at', 'url'])
    assert.equal(page.updated_at, '2026-11-26T12:27:00.000Z')
  }
})

test('components, incidents and posts have the fields that Statuspage has', () => {
  const { components, incidents, scheduled_maintenances, status } = read(
    crisisSnapshot(),
    'summary',
  )
  const fields =
    'created_at description group group_id id name only_show_if_degraded page_id position showcase start_date status updated_at'
  const ofIncident =
    'components created_at id impact incident_updates monitoring_at name page_id resolved_at shortlink started_at status updated_at'
  const ofPost =
    'affected_components body created_at custom_tweet deliver_notifications display_at id incident_id status tweet_id updated_at'
  const single = components.find(({ group }) => !group)
  assert.deepEqual(keysOf(single), fields.split(' '))
  const group = components.find((component) => component.group)
  assert.deepEqual(keysOf(group), ['components', ...fields.split(' ')].sort())
  assert.deepEqual(keysOf(incidents[0]), ofIncident.split(' '))
  assert.deepEqual(keysOf(incidents[0]?.incident_updates[0]), ofPost.split(' '))
  const ofMaintenance = [...ofIncident.split(' '), 'scheduled_for', 'scheduled_until'].sort()
  assert.deepEqual(keysOf(scheduled_maintenances[0]), ofMaintenance)
  assert.deepEqual(status, { indicator: 'major', description: 'Partial System Outage' })
})

test('cells are groups, and groups and their members name each other', () => {
  const { components } = read(crisisSnapshot(), 'components')
  const groups = components.filter(({ group }) => group)
  assert.equal(groups.length, 12)
  assert.equal(components.length, 12 + 12 * 6 + 3)
  for (const { components: members, id } of groups) {
    assert.equal(members?.length, 6)
    const naming = components.filter(({ group_id }) => group_id === id)
    assert.deepEqual(
      naming.map((one) => one.id),
      members,
    )
  }
  assert.equal(new Set(components.map(({ id }) => id)).size, components.length)
})

test('ids stay what they are', () => {
  const { components, page } = read(wellSnapshot(), 'components')
  const get = components.find(({ name }) => name === 'EU West, Cell A: GET')
  const group = components.find(({ name }) => name === 'EU West, Cell A')
  assert.deepEqual([page.id, get?.id, group?.id], ['db495791edd6', 'fd50194b0db9', '0a339592f1e8'])
})

test('no level is told better than it is', () => {
  const order = ['operational', 'degraded_performance', 'partial_outage', 'major_outage']
  const least: Readonly<Record<Level, number>> = {
    operational: 0,
    unknown: 1,
    recovering: 1,
    degraded: 1,
    'partial-outage': 2,
    'major-outage': 3,
  }
  for (const level of LEVELS) {
    const well = wellSnapshot()
    const health = well.health.map((one) => ({ ...one, level, why: 'because' }))
    const { components, status } = read({ ...well, health }, 'summary')
    for (const component of components) {
      assert.equal(order.indexOf(component.status), least[level], level)
    }
    assert.equal(status.indicator === 'none', level === 'operational', level)
    if (level === 'unknown') assert.equal(components[0]?.description, 'Unknown: because')
  }
})

test('a raise has its reason in the JSON', () => {
  const well = wellSnapshot()
  const health = well.health.map((one) => raisedOver(one, 'degraded'))
  const { components } = read({ ...well, health }, 'summary')
  assert.equal(components[0]?.status, 'operational')
  assert.equal(components[0]?.description, 'Operational: ada: r')
})

test('incidents have their newest post first, their worst as impact, and what they hit', () => {
  const { incidents } = read(crisisSnapshot(), 'incidents')
  const [open, resolved] = incidents
  assert.deepEqual(
    open?.incident_updates.map(({ status }) => status),
    ['identified', 'investigating'],
  )
  assert.equal(open.impact, 'critical')
  assert.equal(open.components.length, 10)
  assert.equal(open.shortlink, `https://status.example.com/incidents/${open.id}`)
  assert.ok(open.incident_updates.every(({ incident_id }) => incident_id === open.id))
  assert.equal(resolved?.status, 'resolved')
  assert.ok(resolved.resolved_at !== null)
  assert.deepEqual(
    read(crisisSnapshot(), 'incidents/unresolved').incidents.map(({ id }) => id),
    [open.id],
  )
})

test('a post is told as plain text, harmless also where it is taken for HTML', () => {
  const crisis = crisisSnapshot()
  const incidents = crisis.incidents.map((one) => ({
    ...one,
    title: '<script>a</script>',
    updates: one.updates.map((update) => ({ ...update, text: '**b** <script>c</script>' })),
  }))
  const text = statuspageDocuments({ ...crisis, incidents }, markdown).get('/api/v2/summary.json')
  assert.ok(text !== undefined && !text.includes('<'))
  const { body } = (JSON.parse(text) as Document).incidents[0]?.incident_updates[0] ?? {}
  assert.equal(body, 'b <script>c</script>')
})

test('maintenance is upcoming, then active, then neither; what works is told as maintained', () => {
  const crisis = crisisSnapshot()
  const at = (state: Maintenance['state']): Snapshot => ({
    ...wellSnapshot(),
    maintenances: crisis.maintenances.map((one) => ({ ...one, state })),
  })
  const counts = (snapshot: Snapshot): number[] =>
    [
      'scheduled-maintenances',
      'scheduled-maintenances/upcoming',
      'scheduled-maintenances/active',
    ].map((name) => read(snapshot, name).scheduled_maintenances.length)
  assert.deepEqual(counts(at('scheduled')), [1, 1, 0])
  assert.deepEqual(counts(at('in-progress')), [1, 0, 1])
  assert.deepEqual(counts(at('completed')), [1, 0, 0])
  assert.deepEqual(counts(at('canceled')), [1, 0, 0])
  const { components, scheduled_maintenances, status } = read(at('in-progress'), 'summary')
  assert.equal(status.indicator, 'maintenance')
  assert.equal(scheduled_maintenances[0]?.status, 'in_progress')
  assert.equal(components.filter((one) => one.status === 'under_maintenance').length, 6)
  const ill = { ...crisis, maintenances: at('in-progress').maintenances }
  assert.equal(read(ill, 'status').status.indicator, 'major')
})

test('documents are bounded, and each incident keeps its newest post', () => {
  const worst = worstSnapshot()
  const documents = statuspageDocuments(worst, markdown)
  for (const [path, text] of documents) assert.ok(text.length < 2_000_000, `${path} ${text.length}`)
  const { incidents } = read(worst, 'incidents')
  assert.equal(incidents.length, 50)
  for (const [index, { incident_updates }] of incidents.entries()) {
    assert.equal(incident_updates[0]?.id, worst.incidents[index]?.updates.at(-1)?.id)
  }
  assert.ok(incidents.some(({ incident_updates }) => incident_updates.length > 1))
})
