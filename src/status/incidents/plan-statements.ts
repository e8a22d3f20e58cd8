// What this site's machine should post now: one incident a region, opened, updated, watched and resolved
// as health goes. Decides only; whoever calls posts, keeps the memory, and asks again a second later.
// All sites decide the same; each leaves the ones before it time to be first.

import {
  INCIDENT_AGAIN_MS_MIN,
  INCIDENT_CALM_RANK_MS,
  INCIDENT_RANK_MS,
} from '../../base/limits.ts'
import type { StatusConfig } from '../config.ts'
import type { Stories } from '../records/fold.ts'
import type { RecordId, Statement } from '../records/record.ts'
import type { Incident } from '../snapshot.ts'
import type { Health } from '../status.ts'
import { planRegion } from './plan-region.ts'
import type { Need } from './plan-region.ts'
import { troublesAfter } from './troubles.ts'
import type { Troubles } from './troubles.ts'

export interface PlanInput {
  readonly config: StatusConfig
  readonly health: readonly Health[]
  readonly stories: Pick<Stories, 'incidents' | 'maintenances'>
  /** How many sites that are heard come before this one: each of them is left time to post. */
  readonly rank: number
  readonly nowMs: number // monotonic
  readonly wallMs: number
  /** Of the plan before; null at a start. */
  readonly memory: PlanMemory | null
}

/** What a site remembers from one plan to the next: durations alone, nothing that others must know. */
export interface PlanMemory {
  readonly troubles: Troubles
  readonly regions: ReadonlyMap<string, RegionMemory>
}

interface RegionMemory {
  /** What is needed, and since when without a break. */
  readonly need: string
  readonly needSinceMs: number
  /** The newest machine's post of the open incident, and when this site first saw it. */
  readonly post: RecordId | null
  readonly postSeenMs: number
  /** When this site last asked for a post about the region. */
  readonly askedMs: number
}

export interface Plan {
  readonly statements: readonly Statement[]
  readonly memory: PlanMemory
}

/** Pure. Statements are of different regions, at most one each. */
export function planStatements(input: PlanInput): Plan {
  const { config, health, memory, nowMs } = input
  const troubles = troublesAfter(memory?.troubles ?? null, health, nowMs)
  const statements: Statement[] = []
  const regions = new Map<string, RegionMemory>()
  for (const { name } of config.regions) {
    const before = memory?.regions.get(name) ?? null
    const { next, statement } = planOne(input, { region: name, troubles, before })
    regions.set(name, next)
    if (statement !== null) statements.push(statement)
  }
  return { statements, memory: { troubles, regions } }
}

interface One {
  readonly region: string
  readonly troubles: Troubles
  readonly before: RegionMemory | null
}

/** One region: what it needs, and whether it is this site's turn. */
function planOne(
  { config, health, nowMs, rank, stories, wallMs }: PlanInput,
  { before, region, troubles }: One,
): { readonly next: RegionMemory; readonly statement: Statement | null } {
  const open = stories.incidents.find((each) => each.region === region && each.state !== 'resolved')
  const post = lastMachinePost(open ?? null)
  const postSeenMs = before !== null && before.post === post ? before.postSeenMs : nowMs
  const need: Need | null = planRegion({
    config,
    region,
    health: health.filter(({ component }) => component.region === region),
    troubles,
    open: open ?? null,
    stories,
    quietMs: nowMs - postSeenMs,
    wallMs,
  })
  const name = need?.name ?? ''
  const needSinceMs = before !== null && before.need === name ? before.needSinceMs : nowMs
  const askedMs = before?.askedMs ?? -Infinity
  const next = { need: name, needSinceMs, post, postSeenMs, askedMs }
  if (need === null) return { next, statement: null }
  const turnMs = need.patienceMs > 0 ? INCIDENT_CALM_RANK_MS : INCIDENT_RANK_MS
  const isTurn = nowMs - needSinceMs >= need.patienceMs + rank * turnMs
  const isAsked = nowMs - askedMs < INCIDENT_AGAIN_MS_MIN
  if (!isTurn || isAsked) return { next, statement: null }
  return { next: { ...next, askedMs: nowMs }, statement: need.statement }
}

function lastMachinePost(incident: Incident | null): RecordId | null {
  return incident?.updates.findLast(({ author }) => author.kind === 'site')?.id ?? null
}
