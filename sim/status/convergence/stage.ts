// What a run is made of, as its parts see each other: keys, sites by name, and where what happens is noted.

import type { HttpAnswer } from '../../../src/base/network.ts'
import type { StatusConfig } from '../../../src/status/config.ts'
import type { Authors } from '../../../src/status/records/authors.ts'
import type { KeyPair } from '../../../src/status/records/keys.ts'
import type { SiteRequest } from '../../../src/status/status.ts'
import type { SeededRandom } from '../../random.ts'
import type { World } from '../../world.ts'
import type { Web } from '../web.ts'
import type { Tally } from './happenings.ts'
import type { Witness } from './witness.ts'

export interface Person {
  readonly name: string
  readonly pair: KeyPair
  /** The same, where the witness is to hear nothing of it. */
  readonly rawPair: KeyPair
}

export interface StageSite {
  readonly name: string
  /** The same key, in other hands. */
  readonly stolenPair: KeyPair
  /** Null: nobody listens. */
  answer(request: SiteRequest): Promise<HttpAnswer> | null
}

export interface Stage {
  readonly world: World
  readonly web: Web
  readonly tally: Tally
  readonly witness: Witness
  readonly people: readonly Person[]
  readonly retired: KeyPair
  readonly distrusted: KeyPair
  /** Of nobody in the configuration. */
  readonly stranger: KeyPair
  readonly config: StatusConfig
  readonly authors: Authors
  readonly sites: readonly StageSite[]
  /** Of sites' processes that ended by themselves. */
  readonly defects: unknown[]
  /** The stolen key of a site, of which the witness hears nothing. */
  stolenKey(random: SeededRandom): KeyPair
  /** What an operator was told, of a site or of the run. */
  remark(site: string, message: string): void
}

export function siteOrigin(name: string): string {
  return `https://${name}.status.test`
}
