// All kinds of injected faults by name. docs/status-detection.md lists the same.

import { every, failed, LONG_SEC, nothing, operationOf, silent, steady } from './fault.ts'
import { answered } from './fault.ts'
import type { Expected, FaultTable, Scene } from './fault.ts'
import { OPERATION_FAULTS } from './faults-operations.ts'
import { PLACE_FAULTS } from './faults-places.ts'
import { siteOrigin } from './plane.ts'
import { originsOf } from './store.ts'

const FLAP_MS = [15_000, 60_000] as const
const BLIP_MS = 1500
/** Until the last probe of a site that reaches nothing has failed too. */
const DOUBT_MS_MAX = 30_000
/** Of a network that loses, and is not down. */
const LOSSY = 0.08

const NETWORK_FAULTS: FaultTable = {
  'site-cut-off': {
    does: 'one site loses all of its network',
    tells: 'at that site everything: unknown; at the others nothing',
    begin: ({ plane, site }) => cutOff(plane, [site.name]),
    expect: ({ plane, site }, name) => (name === site.name ? allUnknown(plane) : nothing()),
  },
  'all-sites-cut': {
    does: 'every site loses all of its network, also to the others',
    tells: 'everything: unknown',
    begin: ({ plane }) =>
      cutOff(
        plane,
        plane.sites.map(({ name }) => name),
      ),
    expect: ({ plane }) => allUnknown(plane),
  },
  'site-to-cell-cut': {
    does: 'one site reaches a cell no more; the others do',
    tells: 'all six of the cell: degraded, seen from that site only',
    begin: ({ cell, plane, site }) =>
      plane.web.addRule(({ from, origin }) =>
        from === site.name && cell.origins.includes(origin) ? silent() : null,
      ),
    expect: ({ cell }) => steady(cell.components, 'degraded'),
  },
  'site-lossy': {
    does: 'of what one site asks of anybody, one request in twelve is lost',
    tells: 'nothing',
    lastsSec: LONG_SEC,
    begin: ({ plane, random, site }) =>
      plane.web.addRule(({ from }) =>
        from === site.name && random.chance(LOSSY) ? silent() : null,
      ),
    expect: nothing,
  },
  'sites-parted': {
    does: 'no site reaches another; each reaches the store',
    tells: 'nothing',
    begin: ({ plane }) => {
      const origins = new Set(plane.sites.map(({ name }) => siteOrigin(name)))
      return plane.web.addRule(({ origin }) => (origins.has(origin) ? silent() : null))
    },
    expect: nothing,
  },
  'site-killed': {
    does: 'one site dies, and is started when the fault ends',
    tells: 'nothing, at the others',
    begin: ({ site }) => {
      site.kill()
      return () => void site.start()
    },
    expect: ({ site }, name) => (name === site.name ? null : nothing()),
  },
  'site-dies-with-cell': {
    does: 'one site dies, and with it a cell goes silent',
    tells: 'all six of the cell: major-outage, at the other sites',
    begin: ({ cell, plane, site }) => {
      site.kill()
      const end = plane.web.addRule(({ origin }) =>
        cell.origins.includes(origin) ? silent() : null,
      )
      return () => {
        end()
        void site.start()
      }
    },
    expect: ({ cell, site }, name) =>
      name === site.name ? null : steady(cell.components, 'major-outage'),
  },
  'site-to-store-cut': {
    does: 'one site reaches nothing of the store; it reaches anchors and other sites',
    tells: 'nothing; for half a minute maybe degraded, seen from that site only',
    begin: ({ plane, site }) => {
      const origins = new Set(plane.regions.flatMap((region) => originsOf(region)))
      return plane.web.addRule(({ from, origin }) =>
        from === site.name && origins.has(origin) ? silent() : null,
      )
    },
    expect: () => ({ ...nothing(), doubtMsMax: DOUBT_MS_MAX }),
  },
  'anchors-down': {
    does: 'the anchors answer nothing; the store does',
    tells: 'nothing',
    least: { anchors: 1 },
    begin: ({ plane }) =>
      plane.web.addRule(({ origin }) => (plane.anchors.includes(origin) ? silent() : null)),
    expect: nothing,
  },
  'cell-blip': {
    does: 'nobody listens on any host of a cell for a second and a half, once: a fail-over',
    tells: 'nothing',
    begin: ({ cell, plane }) => {
      const end = plane.web.addRule(({ origin }) =>
        cell.origins.includes(origin) ? failed('refused')() : null,
      )
      plane.world.schedule(null, BLIP_MS, 'blip ends', end)
      return end
    },
    expect: nothing,
  },
  flapping: {
    does: 'PUTs of a cell fail for 15 to 60 seconds, then work for as long, and so on',
    tells: 'put of the cell, again and again: any ill level; in few posts',
    lastsSec: LONG_SEC,
    begin: flap,
    expect: ({ cell }) => ({
      told: new Map([
        [operationOf(cell, 'put'), ['degraded', 'partial-outage', 'major-outage'] as const],
      ]),
      lasting: 'fleeting',
      doubtMsMax: 0,
      incident: 'any',
    }),
  },
}

export const FAULTS: FaultTable = { ...OPERATION_FAULTS, ...PLACE_FAULTS, ...NETWORK_FAULTS }
export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS)

function cutOff(plane: Scene['plane'], names: readonly string[]): () => void {
  const origins = new Set(names.map((name) => siteOrigin(name)))
  return plane.web.addRule(({ from, origin }) =>
    names.includes(from) ? failed('unreachable')() : origins.has(origin) ? silent() : null,
  )
}

function allUnknown({ regions }: Scene['plane']): Expected {
  const told = steady(
    regions.flatMap((region) => every(region)),
    'unknown',
  )
  return { ...told, incident: 'none' }
}

function flap({ cell, plane, random }: Scene): () => void {
  const { world } = plane
  let isOver = false
  let isDown = false
  const turn = (): void => {
    if (isOver) return
    isDown = !isDown
    world.schedule(null, FLAP_MS[0] + (FLAP_MS[1] - FLAP_MS[0]) * random.fraction(), 'flap', turn)
  }
  turn()
  const take = plane.web.addRule(({ operation, origin }) =>
    isDown && operation === 'PutObject' && cell.origins.includes(origin)
      ? answered(500, 'InternalError')()
      : null,
  )
  return () => {
    isOver = true
    take()
  }
}
