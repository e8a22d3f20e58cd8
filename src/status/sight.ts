// What this site sees: a judge for each component, fed by probes and reports.

import { assert } from '../base/assert.ts'
import type { StatusConfig } from './config.ts'
import { Judge } from './health/judge.ts'
import type { Look } from './health/judge.ts'
import type { SelfReport } from './probes/report.ts'
import type { ComponentId, ProbeResult, Sighting } from './status.ts'

export class Sight {
  /** In the order of the configuration. */
  readonly #judges: ReadonlyMap<ComponentId, Judge>

  constructor({ components, timing }: Pick<StatusConfig, 'components' | 'timing'>) {
    this.#judges = new Map(components.map(({ id }) => [id, new Judge(id, timing)]))
  }

  take(result: ProbeResult): void {
    this.#judgeOf(result.component).take(result)
  }

  takeReport(components: readonly ComponentId[], report: SelfReport | null, nowMs: number): void {
    for (const component of components) this.#judgeOf(component).takeReport(report, nowMs)
  }

  look(look: Look): Sighting[] {
    return [...this.#judges.values()].map((judge) => judge.look(look))
  }

  #judgeOf(component: ComponentId): Judge {
    const judge = this.#judges.get(component)
    assert(judge !== undefined, 'what is probed is of the configuration')
    return judge
  }
}

/** Whether peers should know at once; counts and times they get with the next view. */
export function isOtherSight(one: readonly Sighting[], other: readonly Sighting[]): boolean {
  return (
    one.length !== other.length ||
    one.some(({ isSilent, level }, index) => {
      const now = other[index]
      return now?.level !== level || now.isSilent !== isSilent
    })
  )
}
