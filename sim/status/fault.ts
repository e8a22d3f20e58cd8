// What a kind of injected fault is: what it does to the scene, and what each site must tell of it.

import type { HttpAnswer } from '../../src/base/network.ts'
import type { S3Operation } from '../../src/s3/s3-operation.ts'
import type { ComponentId, Level } from '../../src/status/status.ts'
import type { SeededRandom } from '../random.ts'
import type { SimPlane, SimSite } from './plane.ts'
import type { ShapeLeast, SimCell, SimRegion, SimService } from './store.ts'
import { refusal } from './web.ts'
import type { Ask, Happening } from './web.ts'

/** Where a fault strikes, drawn from the seed. */
export interface Scene {
  readonly plane: SimPlane
  readonly random: SeededRandom
  readonly region: SimRegion
  readonly cell: SimCell
  readonly service: SimService
  /** The one that is cut off, where one is. */
  readonly site: SimSite
}

/** What a site must tell while a fault lasts. */
export interface Expected {
  /** Components, each with the levels that are right for it. Of all others nothing ill may be told. */
  readonly told: ReadonlyMap<ComponentId, readonly Level[]>
  /** `steady`: told until the fault ends; `fleeting`: told once. */
  readonly lasting: 'steady' | 'fleeting'
  /** Of what is not to be told: as `degraded` for so long, of each component; 0 for most. */
  readonly doubtMsMax: number
  /** Of the machines, in the fault's region, and nowhere else. */
  readonly incident: 'one' | 'none' | 'any'
}

export interface FaultKind {
  /** One sentence. */
  readonly does: string
  /** For people: which components are told as what. */
  readonly tells: string
  readonly least?: ShapeLeast & { readonly sites?: number; readonly anchors?: number }
  /** Seconds, at least and at most; `SHORT_SEC` unless it takes many probes to see. */
  readonly lastsSec?: readonly [number, number]
  /** Begins it. Answers what ends it. */
  readonly begin: (scene: Scene) => () => void
  /** Null: that site is not asked. */
  readonly expect: (scene: Scene, site: string) => Expected | null
}

export type FaultTable = Readonly<Record<string, FaultKind>>

export const SHORT_SEC: readonly [number, number] = [150, 240]
export const LONG_SEC: readonly [number, number] = [300, 420]

export function nothing(): Expected {
  return { told: new Map(), lasting: 'steady', doubtMsMax: 0, incident: 'none' }
}

/** The same levels of each of these, told until the end, in one incident. */
export function steady(components: readonly ComponentId[], ...levels: Level[]): Expected {
  const told = new Map(components.map((component) => [component, levels]))
  return { told, lasting: 'steady', doubtMsMax: 0, incident: 'one' }
}

export function every(region: SimRegion): ComponentId[] {
  return [
    ...region.cells.flatMap((cell) => cell.components),
    ...region.services.map(({ component }) => component),
  ]
}

/** What happens to these operations of the drawn cell. */
function toOperations(
  operations: readonly S3Operation[],
  happen: (ask: Ask, random: SeededRandom) => Happening | null,
): FaultKind['begin'] {
  return ({ cell, plane, random }) =>
    plane.web.addRule((ask) => {
      if (!cell.origins.includes(ask.origin) || ask.operation === null) return null
      return operations.includes(ask.operation) ? happen(ask, random) : null
    })
}

/** What happens to whatever is asked of these origins, for S3 or not. */
export function toOrigins(
  originsOf: (scene: Scene) => readonly string[],
  happen: (ask: Ask, random: SeededRandom) => Happening | null,
): FaultKind['begin'] {
  return (scene) => {
    const origins = new Set(originsOf(scene))
    return scene.plane.web.addRule((ask) =>
      origins.has(ask.origin) ? happen(ask, scene.random) : null,
    )
  }
}

/** One kind for an operation that fails the same way whatever is asked. */
export function operationKind(
  name: 'get' | 'list' | 'put' | 'delete' | 'multipart' | 'sign-in',
  kind: {
    readonly does: string
    readonly operations: readonly S3Operation[]
    readonly levels: readonly Level[]
    readonly lastsSec?: readonly [number, number]
    readonly happen: (ask: Ask, random: SeededRandom) => Happening | null
  },
): FaultKind {
  const { does, happen, lastsSec = SHORT_SEC, levels, operations } = kind
  return {
    does,
    tells: `${name} of the cell: ${levels.join(' or ')}`,
    lastsSec,
    begin: toOperations(operations, happen),
    expect: ({ cell }) => steady([operationOf(cell, name)], ...levels),
  }
}

export function operationOf(cell: SimCell, operation: string): ComponentId {
  return `${cell.region}/${cell.name}/${operation}` as ComponentId
}

export function answered(status: number, code: string): () => Happening {
  return () => ({ kind: 'answered', answer: refusal(status, code) })
}

export function failed(code: Extract<Happening, { kind: 'failed' }>['code']): () => Happening {
  return () => ({ kind: 'failed', code })
}

export function silent(): Happening {
  return { kind: 'silent', isDone: false }
}

/** Below a client's patience, above what is slow. */
export function late(lowMs: number, highMs: number): (ask: Ask, random: SeededRandom) => Happening {
  return (_, random) => ({
    kind: 'late',
    delayMs: lowMs + (highMs - lowMs) * random.fraction(),
  })
}

export function changed(change: (answer: HttpAnswer) => HttpAnswer): () => Happening {
  return () => ({ kind: 'changed', change })
}
