// How a set of components is said: `GET and LIST in Cell A; PUT in all cells`, not a list of seventy.

import type { StatusConfig } from '../config.ts'
import type { Component } from '../status.ts'
import { listOf, shortName } from './words.ts'

/** Some components of one region that are said in one breath. */
export interface Spot {
  readonly what: string
  readonly isMany: boolean
  /** `in Cell A and Cell B`; empty where `what` says it, or the region has no other. */
  readonly where: string
}

export function regionTitle(config: StatusConfig, name: string): string {
  return config.regions.find((region) => region.name === name)?.title ?? name
}

/** `components` are of one region. In the order of the configuration: operations, then services. */
export function spotsOf(
  config: StatusConfig,
  region: string,
  components: readonly Component[],
): Spot[] {
  const cells = config.regions.find(({ name }) => name === region)?.cells ?? []
  const operationsOf = new Map<string, string[]>()
  const services: string[] = []
  for (const component of components) {
    if (component.kind === 'service') services.push(component.title)
    else {
      const operations = operationsOf.get(component.cell) ?? []
      operations.push(shortName(component))
      operationsOf.set(component.cell, operations)
    }
  }
  const totals = new Map<string, number>()
  for (const component of config.components) {
    if (component.region !== region || component.kind !== 'operation') continue
    totals.set(component.cell, (totals.get(component.cell) ?? 0) + 1)
  }
  const whole = cells.filter(({ name }) => {
    const total = totals.get(name) ?? 0
    return total > 0 && operationsOf.get(name)?.length === total
  })
  const wholeNames = new Set(whole.map(({ name }) => name))
  const parts = partSpots(cells, operationsOf, wholeNames)
  const isAll = whole.length === cells.length && cells.length > 1
  const titles = isAll ? 'all cells' : listOf(whole.map(({ title }) => title))
  const spots: Spot[] = []
  if (whole.length > 0) spots.push({ what: titles, isMany: whole.length > 1, where: '' })
  spots.push(...parts)
  if (services.length > 0) {
    spots.push({ what: listOf(services), isMany: services.length > 1, where: '' })
  }
  return spots
}

/** Cells of which some operations are meant: those with the same operations together. */
function partSpots(
  cells: readonly { readonly name: string; readonly title: string }[],
  operationsOf: ReadonlyMap<string, readonly string[]>,
  whole: ReadonlySet<string>,
): Spot[] {
  const cellsOf = new Map<string, { operations: readonly string[]; titles: string[] }>()
  for (const { name, title } of cells) {
    const operations = operationsOf.get(name)
    if (operations === undefined || whole.has(name)) continue
    const key = operations.join()
    const group = cellsOf.get(key) ?? { operations, titles: [] }
    group.titles.push(title)
    cellsOf.set(key, group)
  }
  return [...cellsOf.values()].map(({ operations, titles }) => {
    const isAll = titles.length === cells.length
    const where = cells.length === 1 ? '' : isAll ? 'in all cells' : `in ${listOf(titles)}`
    return { what: listOf(operations), isMany: operations.length > 1, where }
  })
}

/** `GET and LIST in Cell A; Console`. */
export function spotsText(spots: readonly Spot[]): string {
  return spots.map(({ what, where }) => (where === '' ? what : `${what} ${where}`)).join('; ')
}

/** Components of any regions: `EU West: GET in Cell A. US East: all cells.`; empty for none. */
export function componentsText(config: StatusConfig, ids: Iterable<string>): string {
  const wanted = new Set(ids)
  const parts = config.regions.flatMap(({ name, title }) => {
    const components = config.components.filter(
      (component) => component.region === name && wanted.has(component.id),
    )
    if (components.length === 0) return []
    return [`${title}: ${spotsText(spotsOf(config, name, components))}`]
  })
  return parts.join('. ')
}
