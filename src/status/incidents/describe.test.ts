// Texts of machines' posts: by example, and bounded whatever stands in them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { INCIDENT_TITLE_CHARS_MAX, STATUS_TEXT_CHARS_MAX } from '../../base/limits.ts'
import type { CellConfig, StatusConfig } from '../config.ts'
import { raisedOver } from '../output/sample-snapshot.ts'
import { OPERATIONS } from '../status.ts'
import type { Component, ComponentId, Health, Level, Recovery } from '../status.ts'
import { betterText, openingText, resolvedText, titleOf, wellText, worseText } from './describe.ts'
import type { Scene } from './describe.ts'

const SINCE_MS = Date.UTC(2026, 10, 26, 14, 2, 31)

function cellOf(name: string): CellConfig {
  const title = `Cell ${name.toUpperCase()}`
  const keys = { accessKey: 'k', secretKey: 's', bucket: 'b', signingRegion: 'east' }
  return { name, title, endpoints: [], reports: [], ...keys }
}

interface Said {
  readonly level: Level
  readonly why?: string
  readonly recovery?: Recovery
}

/** A region of cells `a`, `b`, … and a console; all operational but what is said. */
function sceneOf(said: Readonly<Partial<Record<string, Said>>>, cellCount = 2): Scene {
  const cells = Array.from({ length: cellCount }, (_, index) =>
    cellOf(String.fromCharCode(97 + index)),
  )
  const operations = cells.flatMap(({ name }) =>
    OPERATIONS.map((operation): Component => {
      const id = `east/${name}/${operation}` as ComponentId
      return { id, kind: 'operation', region: 'east', cell: name, operation }
    }),
  )
  const service = { kind: 'service', region: 'east', service: 'console', title: 'Console' } as const
  const components = [...operations, { id: 'east/console' as ComponentId, ...service }]
  const timing = {
    probeIntervalSec: 15,
    slowMs: 2000,
    proofSec: 120,
    exchangeIntervalSec: 5,
    anchors: [],
  }
  const regions = [{ name: 'east', title: 'US East', cells, services: [] }]
  const config: StatusConfig = {
    plane: 'test',
    title: 'Store',
    publicUrl: null,
    sites: [],
    formerSites: [],
    people: [],
    regions,
    timing,
    webhooks: [],
    publish: [],
    components,
  }
  const health = components.map((component): Health => {
    const { level = 'operational', recovery = null, why = 'so' } = said[component.id] ?? {}
    return { component, level, sinceMs: SINCE_MS, why, recovery, seenBy: [], override: null }
  })
  const affected = health.filter(({ component }) => said[component.id] !== undefined)
  return { config, region: 'east', health, affected }
}

const failing = { level: 'major-outage', why: '3 of 3 failed: 503 SlowDown' } as const

test('the first post says what, where, since when, and what still works', () => {
  const scene = sceneOf({
    'east/a/put': failing,
    'east/a/multipart': { level: 'major-outage', why: '5 of 5 failed: 503 SlowDown' },
    'east/b/get': { level: 'degraded', why: 'median 4.2 s' },
  })
  assert.equal(titleOf(scene), 'US East: PUT and multipart upload are down in Cell A')
  assert.equal(
    openingText(scene),
    [
      'Our probes, which are clients like yours, do not get what they should. Since 14:02 UTC.',
      '',
      '- **PUT and multipart upload in Cell A**: are down (3 of 3 failed: 503 SlowDown)',
      '- **GET in Cell B**: is degraded (median 4.2 s)',
      '',
      'Still working in US East: GET, LIST, DELETE and sign-in in Cell A; LIST, PUT, DELETE, multipart upload and sign-in in Cell B; Console.',
      '',
      'This was found and posted by a machine. It is being investigated.',
    ].join('\n'),
  )
})

test('a whole cell and a whole region are said as such', () => {
  const cell = Object.fromEntries(OPERATIONS.map((operation) => [`east/a/${operation}`, failing]))
  assert.equal(titleOf(sceneOf(cell)), 'US East: Cell A is down')
  const all = sceneOf({
    ...cell,
    ...Object.fromEntries(OPERATIONS.map((operation) => [`east/b/${operation}`, failing])),
    'east/console': { level: 'major-outage', why: 'connection refused' },
  })
  assert.equal(titleOf(all), 'US East: all cells are down; Console is down')
  assert.match(openingText(all), /Nothing that is probed in US East is known to work\./)
})

test('a recovery says how far it is', () => {
  const scene = sceneOf({
    'east/a/get': { level: 'recovering', recovery: { doneShare: 0.4, leftMs: 150_000 } },
    'east/a/put': { level: 'operational' },
  })
  const text = betterText(scene)
  assert.match(text, /^Probes succeed again\./)
  assert.match(text, /\*\*GET in Cell A\*\*: is recovering \(40 % done, about 2 min 30 s left\)/)
  assert.match(text, /\*\*PUT in Cell A\*\*: works\n/)
  assert.match(betterText(sceneOf({ 'east/a/get': failing })), /^Some of it got better\./)
  assert.match(worseText(sceneOf({ 'east/a/get': failing })), /^More is affected now/)
  assert.match(wellText(120), /for at least 2 min every probe/)
  assert.equal(resolvedText(300_000), 'It stayed well for 5 min more. This incident is over.')
})

test('texts and titles are bounded, and what a store answered brings no markup', () => {
  const wild = {
    level: 'major-outage',
    why: `1 of 1 failed: 500 <script>*_[x](y)\`\n${'w'.repeat(280)}`,
  } as const
  const many = sceneOf(
    Object.fromEntries(
      Array.from({ length: 16 }, (_, cell) =>
        OPERATIONS.slice(0, 1 + (cell % 5)).map((operation, index) => [
          `east/${String.fromCharCode(97 + cell)}/${operation}`,
          { ...wild, why: `${wild.why}${cell}${index}` },
        ]),
      ).flat(),
    ),
    16,
  )
  assert.ok(titleOf(many).length <= INCIDENT_TITLE_CHARS_MAX)
  assert.match(titleOf(many), /^US East: \d+ components are down$/)
  for (const text of [openingText(many), worseText(many), betterText(many)]) {
    assert.ok(text.length <= STATUS_TEXT_CHARS_MAX, `${text.length}`)
    assert.doesNotMatch(text, /[<>`[\]]/)
    assert.match(text, /- and \d+ more/)
  }
})

test('what a person raised does not stand among what works', () => {
  const scene = sceneOf({ 'a/put': { level: 'major-outage' } })
  const raised = scene.health.map((each) =>
    each.component.id === 'east/console' ? raisedOver(each, 'degraded') : each,
  )
  assert.match(openingText(scene), /Still working in US East: .*Console/)
  assert.doesNotMatch(openingText({ ...scene, health: raised }), /Console/)
})
