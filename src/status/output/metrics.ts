// What the page tells as Prometheus' text (format 0.0.4), for who alerts by it.

import type { Snapshot } from '../snapshot.ts'
import { isByWord, LEVELS } from '../status.ts'
import type { Component } from '../status.ts'
import { openIncidents } from './headline.ts'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [Labels, number]

export function metricsText(snapshot: Snapshot): string {
  const { changedAtMs, footing, health, madeAtMs, site, sites, uptimes } = snapshot
  const gauges: readonly (readonly [string, string, readonly Sample[]])[] = [
    [
      'level',
      '1 for the level that the page tells of a component, 0 for the others.',
      health.flatMap(({ component, level }) =>
        LEVELS.map((one): Sample => {
          return [{ ...labelsOf(component), level: one }, one === level ? 1 : 0]
        }),
      ),
    ],
    [
      'by_word',
      'Whether a component is told better than probes see it, by the word of a person.',
      health.map((one): Sample => [labelsOf(one.component), isByWord(one) ? 1 : 0]),
    ],
    [
      'recovery_done_ratio',
      'How far a recovery is, as the subsystem says.',
      health.flatMap(({ component, recovery }): Sample[] =>
        recovery === null || recovery.doneShare === null
          ? []
          : [[labelsOf(component), recovery.doneShare]],
      ),
    ],
    [
      'uptime_ratio',
      'Share of the watched time of 90 days that a component was not down.',
      uptimes.flatMap(({ component, share }): Sample[] =>
        share === null ? [] : [[labelsOf(component), share]],
      ),
    ],
    ['incidents_open', 'Incidents that are not resolved.', [[{}, openIncidents(snapshot).length]]],
    [
      'site_reached',
      'Whether the exchange with a site works.',
      sites.map(({ isReached, name }): Sample => [{ site: name }, isReached ? 1 : 0]),
    ],
    [
      'site_sees',
      'Whether what a site sees counts: it is neither blind nor stale.',
      sites.map((one): Sample => [{ site: one.name }, one.footing === 'sure' ? 1 : 0]),
    ],
    [
      'blind',
      'Whether the site that tells this is cut off.',
      [[{ site }, footing === 'sure' ? 0 : 1]],
    ],
    ['made_timestamp_seconds', 'When this was told.', [[{}, madeAtMs / 1000]]],
    ['changed_timestamp_seconds', 'When it last changed.', [[{}, changedAtMs / 1000]]],
  ]
  return gauges.map(([name, help, samples]) => gaugeText(name, help, samples)).join('')
}

function gaugeText(name: string, help: string, samples: readonly Sample[]): string {
  const full = `holdfast_status_${name}`
  const lines = samples.map(([labels, value]) => `${full}${labelsText(labels)} ${value}\n`)
  return `# HELP ${full} ${help}\n# TYPE ${full} gauge\n${lines.join('')}`
}

function labelsOf(component: Component): Labels {
  const { id, region } = component
  return component.kind === 'service'
    ? { component: id, region, service: component.service }
    : { component: id, region, cell: component.cell, operation: component.operation }
}

function labelsText(labels: Labels): string {
  const texts = Object.entries(labels).map(([name, value]) => `${name}="${labelValue(value)}"`)
  return texts.length === 0 ? '' : `{${texts.join(',')}}`
}

function labelValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
