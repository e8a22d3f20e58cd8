// What the sites watch: regions of cells that answer S3 and say how they are, each cell of several
// hosts, and dependent services. It checks signatures; what goes wrong, faults say.

import { assert } from '../../src/base/assert.ts'
import type { HttpAnswer, HttpRequest } from '../../src/base/network.ts'
import { OPERATIONS } from '../../src/status/status.ts'
import type { ComponentId } from '../../src/status/status.ts'
import { answerOf, CellModel, MODEL_SECRET } from '../../src/status/probes/cell-model.ts'
import type { SeededRandom } from '../random.ts'
import type { World } from '../world.ts'
import type { Web } from './web.ts'

const REPORT_PATH = '/-/health/ready'
const READY = { status: 'ready', index: 'serving', storage: 'serving' }
const NOT_READY = { status: 'not-ready', index: 'unavailable', storage: 'serving' }
const SERVICES = ['billing', 'volumes'] as const

/** How many of each there are. */
export interface RegionShape {
  readonly name: string
  /** Hosts of each cell. */
  readonly hosts: readonly number[]
  readonly services: number
  /** Whether cells say how they are. */
  readonly hasReports: boolean
}

export class SimCell {
  readonly region: string
  readonly name: string
  readonly origins: readonly string[]
  readonly model: CellModel = new CellModel()
  /** Of its wall clock. */
  clockOffsetMs = 0
  /** What its hosts say of it. */
  report: Readonly<Record<string, unknown>> = READY
  /** Origins of hosts that say they take no requests. */
  readonly notReady: Set<string> = new Set()

  constructor(region: string, name: string, hostCount: number) {
    this.region = region
    this.name = name
    this.origins = Array.from(
      { length: hostCount },
      (_, index) => `https://h${index + 1}.${name}.${region}.test`,
    )
  }

  /** Every operation of it. */
  get components(): readonly ComponentId[] {
    return OPERATIONS.map((operation) => `${this.region}/${this.name}/${operation}` as ComponentId)
  }

  get bucket(): Map<string, Buffer> {
    return this.model.buckets.get(`canary-${this.name}`) ?? new Map<string, Buffer>()
  }

  sayWell(): void {
    this.report = READY
    this.notReady.clear()
  }

  answer(request: HttpRequest, wallMs: number): HttpAnswer {
    if (request.target !== REPORT_PATH) {
      return this.model.answer(request, wallMs + this.clockOffsetMs)
    }
    if (this.notReady.has(request.origin)) return jsonOf(503, NOT_READY)
    return jsonOf(200, this.report)
  }
}

export class SimService {
  readonly component: ComponentId
  readonly origin: string
  readonly name: string
  answer: () => HttpAnswer = wellAnswer

  constructor(region: string, name: string) {
    this.component = `${region}/${name}` as ComponentId
    this.origin = `https://${name}.${region}.test`
    this.name = name
  }

  sayWell(): void {
    this.answer = wellAnswer
  }
}

export interface SimRegion {
  readonly name: string
  readonly cells: readonly SimCell[]
  readonly services: readonly SimService[]
  readonly hasReports: boolean
}

/** Opens all of a region to the network. */
export function openRegion(
  { hasReports, hosts, name, services }: RegionShape,
  web: Web,
  world: World,
): SimRegion {
  assert(services <= SERVICES.length, 'there are names for all services')
  const region = {
    name,
    cells: hosts.map((count, index) => new SimCell(name, `c${index + 1}`, count)),
    services: SERVICES.slice(0, services).map((service) => new SimService(name, service)),
    hasReports,
  }
  for (const cell of region.cells) {
    for (const origin of cell.origins) {
      web.serve(origin, (request) => cell.answer(request, world.clock.nowMs()))
    }
  }
  for (const service of region.services) web.serve(service.origin, () => service.answer())
  return region
}

/** All that can be asked of it. */
export function originsOf({ cells, services }: SimRegion): string[] {
  return [...cells.flatMap(({ origins }) => origins), ...services.map(({ origin }) => origin)]
}

/** The region as a configuration has it. */
export function regionFile({ cells, hasReports, name, services }: SimRegion): object {
  return {
    name,
    cells: cells.map((cell) => ({
      name: cell.name,
      endpoints: cell.origins,
      signingRegion: 'us-east-1',
      accessKey: 'PROBES',
      secretKey: MODEL_SECRET,
      bucket: `canary-${cell.name}`,
      reports: hasReports ? cell.origins.map((origin) => `${origin}${REPORT_PATH}`) : [],
    })),
    services: services.map((service) => ({
      name: service.name,
      title: service.name,
      url: `${service.origin}/`,
    })),
  }
}

export function jsonOf(status: number, value: unknown): HttpAnswer {
  return answerOf(status, JSON.stringify(value), ['content-type', 'application/json'])
}

function wellAnswer(): HttpAnswer {
  return jsonOf(200, { status: 'live' })
}

/** What a seed draws, at least as large as asked for. */
export interface ShapeLeast {
  readonly cells?: number
  readonly hosts?: number
  readonly hasReports?: boolean
}

export function drawRegion(name: string, random: SeededRandom, least: ShapeLeast): RegionShape {
  const cellCount = Math.max(least.cells ?? 1, random.pick([1, 1, 1, 2, 2, 3]))
  const hostCount = (): number => Math.max(least.hosts ?? 2, random.pick([2, 2, 3, 4]))
  return {
    name,
    hosts: Array.from({ length: cellCount }, hostCount),
    services: random.pick([1, 1, 2]),
    hasReports: random.chance(0.7) || least.hasReports === true,
  }
}
