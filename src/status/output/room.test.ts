// The front page keeps its size at the most that a configuration may have, and still names all that is ill.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  STATUS_COMPONENTS_MAX,
  STATUS_PAGE_SIZE_BYTES_MAX,
  STATUS_REGIONS_MAX,
  STATUS_SERVICES_PER_REGION_MAX,
} from '../../base/limits.ts'
import type { StatusConfig } from '../config.ts'
import type { Snapshot } from '../snapshot.ts'
import type { Component, ComponentId } from '../status.ts'
import { Markdown } from './markdown.ts'
import { componentsPage, frontPage } from './page.ts'
import { crisisSnapshot, sampleConfig, wellSnapshot, worstSnapshot } from './sample-snapshot.ts'

const markdown = new Markdown()

/** Services alone, as many as there may be, with titles of their own. */
function servicesConfig(titleOf: (index: number) => string): StatusConfig {
  const config = sampleConfig(STATUS_REGIONS_MAX, 0)
  const regions = config.regions.map((region, index) => ({
    ...region,
    services: Array.from({ length: STATUS_SERVICES_PER_REGION_MAX }, (_, service) => ({
      name: `s-${service}`,
      title: titleOf(index * STATUS_SERVICES_PER_REGION_MAX + service),
      url: 'http://127.0.0.1:9001',
    })),
  }))
  const components = regions.flatMap(({ name: region, services }) =>
    services.map(({ name: service, title }): Component => {
      return { id: `${region}/${service}` as ComponentId, kind: 'service', region, service, title }
    }),
  )
  return { ...config, regions, components }
}

/** Of 80 characters, each of which is six bytes on the page; the first few tell them apart. */
const longTitle = (index: number): string => `${index} `.padEnd(80, '"')

const CONFIGS: Readonly<Record<string, StatusConfig>> = {
  '16 regions of 4 cells': sampleConfig(16, 4),
  '4 regions of 16 cells': sampleConfig(4, 16),
  '256 services': servicesConfig((index) => `Service ${index}.`),
  '256 services with titles of the longest': servicesConfig(longTitle),
}
const KINDS = { well: wellSnapshot, crisis: crisisSnapshot, worst: worstSnapshot, all: allSnapshot }

/** Every open incident and every planned maintenance is about everything, in the longest words. */
function allSnapshot(config: StatusConfig): Snapshot {
  const worst = worstSnapshot(config)
  const affected = worst.health.map(({ component, level }) => ({ component: component.id, level }))
  const title = '"'.repeat(200)
  const [planned] = worst.maintenances
  assert.ok(planned !== undefined)
  const components = affected.map(({ component }) => component)
  return {
    ...worst,
    incidents: worst.incidents.map((one) => ({ ...one, title, affected, affectedEver: affected })),
    maintenances: Array.from({ length: 20 }, (_, index) => {
      return { ...planned, id: worst.incidents[index]?.id ?? planned.id, title, components }
    }),
  }
}

for (const [name, config] of Object.entries(CONFIGS)) {
  for (const [kind, snapshotOf] of Object.entries(KINDS)) {
    test(`the front page is below its size: ${name}, ${kind}`, () => {
      assert.ok(config.components.length <= STATUS_COMPONENTS_MAX)
      const sizeBytes = Buffer.byteLength(frontPage(snapshotOf(config), markdown))
      assert.ok(sizeBytes <= STATUS_PAGE_SIZE_BYTES_MAX, `${sizeBytes} bytes`)
    })
  }
}

/** What the head of the page says. */
function headOf(page: string): string {
  return page.slice(page.indexOf('<section class="now'), page.indexOf('</section>'))
}

test('whatever is left out, the head names every component that is ill', () => {
  const config = servicesConfig((index) => `Service ${index}.`)
  for (const snapshot of [worstSnapshot(config), allSnapshot(config)]) {
    const head = headOf(frontPage(snapshot, markdown))
    for (const { component, level } of snapshot.health) {
      assert.notEqual(level, 'operational')
      if (component.kind === 'service') assert.ok(head.includes(component.title), component.id)
    }
  }
})

test('what works is counted before a post is cut; what is ill, and what a person raised, has its row', () => {
  const config = servicesConfig((index) => `Service ${index}.`)
  const well = wellSnapshot(config)
  const word = { author: 'Anna', atMs: 0, reason: 'the probe was wrong', seen: 'degraded' as const }
  const health = well.health.map((one, index) => {
    if (index === 7) return { ...one, level: 'degraded' as const, why: 'median 4.2 s' }
    if (index !== 40) return one
    return { ...one, override: { ...word, level: 'operational' as const, kind: 'raised' as const } }
  })
  const { incidents } = crisisSnapshot()
  const page = frontPage({ ...well, health, incidents }, markdown)
  assert.match(page, /<th role="rowheader" scope="row">Service 7\.<\/th>/)
  assert.match(page, /<th role="rowheader" scope="row">Service 40\.<\/th>/)
  for (const said of ['median 4.2 s', 'the probe was wrong', '15 more: all operational.']) {
    assert.ok(page.includes(said), said)
  }
  assert.doesNotMatch(page, /<th role="rowheader" scope="row">Service 8\.<\/th>/)
  assert.match(page, /<span>Region 5<\/span>.*\n?<small>16 operational<\/small>/s)
  assert.ok(page.includes('what was acknowledged is safe'), 'the post is whole')
  assert.ok(page.includes('href="/components"'))
})

test('the page of components has each with its health and its arithmetic, however many', () => {
  const snapshot = worstSnapshot(servicesConfig(longTitle))
  const page = componentsPage(snapshot)
  assert.equal(page.split('<th role="rowheader"').length - 1, snapshot.health.length)
  assert.equal(page.split('<dt>Arithmetic</dt>').length - 1, snapshot.health.length)
  assert.ok(page.includes('&quot;'.repeat(75)), 'titles are whole')
})
