// Components as Statuspage's API has them, and what both it and its incidents need: ids, names, times.
// Ids never change: a component's is a hash of its own, a cell's of its region and name.

import { digestHex } from '../../base/digest.ts'
import type { StatusConfig } from '../config.ts'
import { rollUp } from '../health/roll-up.ts'
import type { Maintenance, Snapshot } from '../snapshot.ts'
import type { Component, Level } from '../status.ts'
import { regionTitle } from './spots.ts'
import { LEVEL_WORDS, capital, shortName } from './words.ts'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject

export interface JsonObject {
  readonly [name: string]: Json
}

/** The least of what Statuspage has that is not better than ours. */
export const COMPONENT_STATUS: Readonly<Record<Level, string>> = {
  operational: 'operational',
  unknown: 'degraded_performance',
  recovering: 'degraded_performance',
  degraded: 'degraded_performance',
  'partial-outage': 'partial_outage',
  'major-outage': 'major_outage',
}

/** When a component was added the configuration does not say. */
const NOT_KNOWN = stamp(0)

export type ComponentJson = JsonObject & { readonly id: string }

/** Each cell as a group and its operations in it; services by themselves. */
export function componentsJson(snapshot: Snapshot): ComponentJson[] {
  const { changedAtMs, config, health } = snapshot
  const maintained = new Set(
    snapshot.maintenances.filter(isActive).flatMap(({ components }) => components),
  )
  const common = {
    created_at: NOT_KNOWN,
    showcase: true,
    start_date: null,
    page_id: pageId(config),
    only_show_if_degraded: false,
  }
  const components: ComponentJson[] = []
  const groups = new Map<string, { region: string; cell: string; ids: string[]; levels: Level[] }>()
  for (const { component, level, override, sinceMs, why } of health) {
    const isMaintained = level === 'operational' && maintained.has(component.id)
    const groupId = component.kind === 'operation' ? cellId(component.region, component.cell) : null
    if (component.kind === 'operation' && groupId !== null) {
      const { cell, region } = component
      const group = groups.get(groupId) ?? { region, cell, ids: [], levels: [] }
      group.ids.push(componentJsonId(component))
      group.levels.push(level)
      groups.set(groupId, group)
    }
    components.push({
      ...common,
      id: componentJsonId(component),
      name: componentName(config, component),
      status: isMaintained ? 'under_maintenance' : COMPONENT_STATUS[level],
      updated_at: stamp(sinceMs ?? changedAtMs),
      position: components.length + 1,
      description:
        level === 'operational' && override === null ? null : `${LEVEL_WORDS[level].label}: ${why}`,
      group_id: groupId,
      group: false,
    })
  }
  for (const [id, { cell, ids, levels, region }] of groups) {
    components.push({
      ...common,
      id,
      name: `${regionTitle(config, region)}, ${cellTitle(config, region, cell)}`,
      status: COMPONENT_STATUS[rollUp(levels)],
      updated_at: stamp(changedAtMs),
      position: components.length + 1,
      description: null,
      group_id: null,
      group: true,
      components: ids,
    })
  }
  return components
}

/** Under way now. */
export function isActive({ state }: Maintenance): boolean {
  return state === 'in-progress' || state === 'verifying'
}

/** `EU West, Cell A: GET`. */
export function componentName(config: StatusConfig, component: Component): string {
  const region = regionTitle(config, component.region)
  const name = capital(shortName(component))
  if (component.kind === 'service') return `${region}: ${name}`
  return `${region}, ${cellTitle(config, component.region, component.cell)}: ${name}`
}

function cellTitle(config: StatusConfig, region: string, cell: string): string {
  const cells = config.regions.find(({ name }) => name === region)?.cells ?? []
  return cells.find(({ name }) => name === cell)?.title ?? cell
}

/** What clients know a component by. */
export function componentJsonId({ id }: Pick<Component, 'id'>): string {
  return hash(`component ${id}`)
}

function cellId(region: string, cell: string): string {
  return hash(`cell ${region}/${cell}`)
}

/** Of the address, or of the title where there is none: what a page is told apart by. */
export function pageId({ publicUrl, title }: StatusConfig): string {
  return hash(`page ${publicUrl ?? title}`)
}

/** As long as theirs are, for clients with a fixed column; 48 bits for some hundred components. */
function hash(text: string): string {
  return digestHex('sha256', text).slice(0, 12)
}

/** An instant as Statuspage writes it; one that no calendar has is the first. */
export function stamp(atMs: number): string {
  const date = new Date(atMs)
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString()
}
