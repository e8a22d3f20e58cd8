// Faults of a place: a host, a cell, a region, a dependent service; and what they say of themselves.

import type { HttpAnswer } from '../../src/base/network.ts'
import { answerOf } from '../../src/status/probes/cell-model.ts'
import { answered, every, failed, late, LONG_SEC, nothing, operationOf } from './fault.ts'
import { silent, steady, toOrigins } from './fault.ts'
import type { Expected, FaultKind, FaultTable, Scene } from './fault.ts'
import { jsonOf, originsOf } from './store.ts'

const HOUR_MS = 3_600_000
const CLOCK_OFF_MS = 40 * 60_000
const RECOVERING = { status: 'recovering', recovery: { doneShare: 0.4, leftMs: 600_000 } }
const LAGGING = [{ name: 'usage', lagMs: HOUR_MS, count: 40_000 }]

const CELL_MAJOR = 'all six of the cell: major-outage'

export const PLACE_FAULTS: FaultTable = {
  'cell-down-refused': {
    does: 'nobody listens on any host of a cell',
    tells: CELL_MAJOR,
    begin: toOrigins(cellOrigins, failed('refused')),
    expect: cellMajor,
  },
  'cell-down-silent': {
    does: 'no host of a cell answers anything',
    tells: CELL_MAJOR,
    begin: toOrigins(cellOrigins, silent),
    expect: cellMajor,
  },
  'cell-everything-503': {
    does: 'every request to a cell is answered 503',
    tells: CELL_MAJOR,
    begin: toOrigins(cellOrigins, answered(503, 'SlowDown')),
    expect: cellMajor,
  },
  'cell-refuses-all-keys': {
    does: 'every request to a cell is answered 403: it knows no account any more',
    tells: CELL_MAJOR,
    begin: toOrigins(cellOrigins, answered(403, 'InvalidAccessKeyId')),
    expect: cellMajor,
  },
  'cell-slow': {
    does: 'every answer of a cell takes two and a half seconds or more',
    tells: 'all six of the cell: degraded',
    lastsSec: LONG_SEC,
    begin: toOrigins(cellOrigins, late(2500, 3800)),
    expect: ({ cell }) => steady(cell.components, 'degraded'),
  },
  'tls-broken': {
    does: "a cell's certificate has run out",
    tells: CELL_MAJOR,
    begin: toOrigins(cellOrigins, failed('tls')),
    expect: cellMajor,
  },
  'name-gone': {
    does: "a cell's name is resolved no more",
    tells: CELL_MAJOR,
    begin: toOrigins(cellOrigins, failed('unresolved')),
    expect: cellMajor,
  },
  'proxy-page': {
    does: 'something before a cell answers 200 with a page of its own',
    tells: CELL_MAJOR,
    begin: toOrigins(cellOrigins, () => ({ kind: 'answered', answer: pageAnswer() })),
    expect: cellMajor,
  },
  'all-cells-down': {
    does: 'no cell of a region answers; its services do',
    tells: 'all operations of the region: major-outage',
    begin: toOrigins(({ region }) => region.cells.flatMap(({ origins }) => origins), silent),
    expect: ({ region }) =>
      steady(
        region.cells.flatMap((cell) => cell.components),
        'major-outage',
      ),
  },
  'region-down': {
    does: 'nothing of a region answers, its services neither',
    tells: 'all of the region: major-outage',
    least: { anchors: 1 },
    begin: toOrigins(regionOrigins, silent),
    expect: ({ region }) => steady(every(region), 'major-outage'),
  },
  'everything-503': {
    does: 'everything in a region is answered 503',
    tells: 'all of the region: major-outage',
    begin: toOrigins(regionOrigins, answered(503, 'ServiceUnavailable')),
    expect: ({ region }) => steady(every(region), 'major-outage'),
  },
  'one-host-down': {
    does: 'one host of a cell answers nothing; the others do',
    tells: 'nothing',
    begin: toOrigins(oneHost, silent),
    expect: nothing,
  },
  'one-host-503': {
    does: 'one host of a cell answers 503 to everything',
    tells: 'nothing',
    begin: toOrigins(oneHost, answered(503, 'ServiceUnavailable')),
    expect: nothing,
  },
  'half-of-hosts-failing': {
    does: 'half of the hosts of a cell refuse all accounts, which no client tries again',
    tells: 'all six of the cell: partial-outage; of several requests also major-outage',
    least: { hosts: 4 },
    lastsSec: LONG_SEC,
    begin: toOrigins(
      ({ cell }) => cell.origins.slice(0, cell.origins.length >> 1),
      answered(403, 'InvalidAccessKeyId'),
    ),
    expect: halfFailing,
  },
  'recovering-reported': {
    does: 'a cell says that it recovers, and how far it is; what it serves is well',
    tells: 'all six of the cell: recovering',
    least: { hasReports: true },
    begin: says(({ cell }) => (cell.report = RECOVERING)),
    expect: ({ cell }) => ({ ...steady(cell.components, 'recovering'), incident: 'none' }),
  },
  'degraded-reported': {
    does: 'a cell says that it is degraded; what it serves is well',
    tells: 'all six of the cell: degraded',
    least: { hasReports: true },
    begin: says(({ cell }) => (cell.report = { status: 'degraded' })),
    expect: ({ cell }) => steady(cell.components, 'degraded'),
  },
  'outage-denied': {
    does: 'no host of a cell takes a PUT, and its reports say that all is operational',
    tells: 'put of the cell: major-outage',
    least: { hasReports: true },
    begin: (scene) => {
      scene.cell.report = { status: 'operational' }
      const end = toOrigins(cellOrigins, (ask) =>
        ask.operation === 'PutObject' ? answered(503, 'ServiceUnavailable')() : null,
      )(scene)
      return () => {
        end()
        scene.cell.sayWell()
      }
    },
    expect: ({ cell }) => steady([operationOf(cell, 'put')], 'major-outage'),
  },
  'nobody-ready': {
    does: 'every host of a cell says it takes no requests; it takes them',
    tells: 'all six of the cell: degraded',
    least: { hasReports: true },
    begin: says(({ cell }) => cell.origins.forEach((origin) => cell.notReady.add(origin))),
    expect: ({ cell }) => steady(cell.components, 'degraded'),
  },
  'one-host-not-ready': {
    does: 'one host of a cell says it takes no requests, as in every restart',
    tells: 'nothing',
    least: { hasReports: true },
    begin: says(({ cell }) => cell.notReady.add(cell.origins[0] ?? '')),
    expect: nothing,
  },
  'cell-backlog-reported': {
    does: 'a consumer of a cell says it is an hour behind: none of what clients ask',
    tells: 'nothing',
    least: { hasReports: true },
    begin: says(({ cell }) => (cell.report = { status: 'ready', backlogs: LAGGING })),
    expect: nothing,
  },
  'backlog-reported': {
    does: 'a dependent service says it is an hour behind',
    tells: 'the service: degraded',
    begin: saysService({ status: 'live', backlogs: LAGGING }),
    expect: ({ service }) => steady([service.component], 'degraded'),
  },
  'service-down': {
    does: 'a dependent service answers 500',
    tells: 'the service: major-outage',
    begin: toOrigins(({ service }) => [service.origin], answered(500, 'InternalError')),
    expect: ({ service }) => steady([service.component], 'major-outage'),
  },
  'service-silent': {
    does: 'a dependent service answers nothing',
    tells: 'the service: major-outage',
    begin: toOrigins(({ service }) => [service.origin], silent),
    expect: ({ service }) => steady([service.component], 'major-outage'),
  },
  'service-slow': {
    does: 'a dependent service takes three seconds or more',
    tells: 'the service: degraded',
    lastsSec: LONG_SEC,
    begin: toOrigins(({ service }) => [service.origin], late(3000, 4300)),
    expect: ({ service }) => steady([service.component], 'degraded'),
  },
  'cell-clock-off': {
    does: "a cell's clock is forty minutes off; clients go by its answers' date",
    tells: 'nothing',
    begin: ({ cell, random }) => {
      cell.clockOffsetMs = random.chance(0.5) ? CLOCK_OFF_MS : -CLOCK_OFF_MS
      return () => (cell.clockOffsetMs = 0)
    },
    expect: nothing,
  },
}

function cellOrigins({ cell }: Scene): readonly string[] {
  return cell.origins
}

function oneHost({ cell }: Scene): readonly string[] {
  return cell.origins.slice(0, 1)
}

function regionOrigins({ region }: Scene): readonly string[] {
  return originsOf(region)
}

function cellMajor({ cell }: Scene): Expected {
  return steady(cell.components, 'major-outage')
}

/** Two requests that both succeed are one in four: as good as down, or half of it. */
function halfFailing({ cell }: Scene): Expected {
  const { told, ...rest } = steady(cell.components, 'partial-outage')
  const several = ['list', 'multipart'].map(
    (name) => [operationOf(cell, name), ['partial-outage', 'major-outage'] as const] as const,
  )
  return { ...rest, told: new Map([...told, ...several]) }
}

function says(say: (scene: Scene) => void): FaultKind['begin'] {
  return (scene) => {
    say(scene)
    return () => scene.cell.sayWell()
  }
}

function saysService(report: object): FaultKind['begin'] {
  return ({ service }) => {
    service.answer = () => jsonOf(200, report)
    return () => service.sayWell()
  }
}

function pageAnswer(): HttpAnswer {
  return answerOf(200, '<html><body>Welcome!</body></html>', ['content-type', 'text/html'])
}
