// What this site's machine posts: asks the plan every turn, and posts what it says, one after another.

import type { StatusConfig } from './config.ts'
import { planStatements } from './incidents/plan-statements.ts'
import type { PlanMemory } from './incidents/plan-statements.ts'
import type { Stories } from './records/fold.ts'
import { postOwn } from './records/post-own.ts'
import type { OwnVoice } from './records/post-own.ts'
import type { KnownRecord, Statement } from './records/record.ts'
import type { SiteState } from './snapshot.ts'
import { StatusError } from './status.ts'
import type { Health } from './status.ts'

export interface MachineVoiceParts {
  readonly config: StatusConfig
  /** This site's name. */
  readonly site: string
  readonly voice: OwnVoice
  /** It is on the disk. */
  readonly onPosted: (record: KnownRecord) => void
  /** What could not be posted; the plan will say it again. */
  readonly onFinding: (error: StatusError) => void
}

/** What was told at this turn. */
export interface Turn {
  readonly health: readonly Health[]
  readonly stories: Stories
  readonly sites: readonly SiteState[]
  readonly nowMs: number // monotonic
  readonly wallMs: number
}

export class MachineVoice implements AsyncDisposable {
  readonly #parts: MachineVoiceParts
  #memory: PlanMemory | null = null
  #posting: Promise<void> = Promise.resolve()

  constructor(parts: MachineVoiceParts) {
    this.#parts = parts
  }

  /** Returns at once; a disk that hangs holds up posts alone. */
  turn({ health, nowMs, sites, stories, wallMs }: Turn): void {
    const { config, site } = this.#parts
    const rank = rankOf(site, sites)
    const memory = this.#memory
    const plan = planStatements({ config, health, stories, rank, nowMs, wallMs, memory })
    this.#memory = plan.memory
    for (const statement of plan.statements) {
      this.#posting = this.#posting.then(async () => await this.#post(statement))
    }
  }

  async #post(statement: Statement): Promise<void> {
    const { onFinding, onPosted, voice } = this.#parts
    try {
      onPosted(await postOwn(statement, voice))
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      onFinding(error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#posting
  }
}

/** How many sites that are heard stand before this one in the configuration. */
export function rankOf(site: string, sites: readonly SiteState[]): number {
  const own = sites.findIndex(({ name }) => name === site)
  return sites.slice(0, own).filter(({ footing }) => footing === 'sure').length
}
