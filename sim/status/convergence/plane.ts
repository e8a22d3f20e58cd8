// One run's status plane: its configuration, keys of all kinds, what it watches, and its whole sites.

import { assert } from '../../../src/base/assert.ts'
import type { StatusConfig } from '../../../src/status/config.ts'
import { checkConfig } from '../../../src/status/parse-config.ts'
import { answerOf } from '../../../src/status/probes/cell-model.ts'
import { Authors } from '../../../src/status/records/authors.ts'
import { makeKeyPair } from '../../../src/status/records/keys.ts'
import type { KeyPair } from '../../../src/status/records/keys.ts'
import type { SeededRandom } from '../../random.ts'
import type { World } from '../../world.ts'
import { openRegion, regionFile } from '../store.ts'
import type { SimRegion } from '../store.ts'
import { Web } from '../web.ts'
import { Mesh } from './mesh.ts'
import { Tally } from './happenings.ts'
import { WholeSite } from './site.ts'
import type { SiteStage } from './site.ts'
import { siteOrigin } from './stage.ts'
import type { Person } from './stage.ts'
import { Witness } from './witness.ts'

const SITE_NAMES = ['a', 'b', 'c', 'd'].map((letter) => `site-${letter}`)
const REMARKS_MAX = 4000
const ANCHOR = 'https://anchor.test'

export class ChaosPlane implements SiteStage {
  readonly world: World
  readonly web: Web
  readonly mesh: Mesh
  readonly tally: Tally = new Tally()
  readonly witness: Witness = new Witness()
  readonly regions: readonly SimRegion[]
  readonly people: readonly Person[]
  readonly retired: KeyPair
  readonly distrusted: KeyPair
  readonly stranger: KeyPair
  readonly config: StatusConfig
  readonly authors: Authors
  readonly sites: readonly WholeSite[]
  /** What operators were told, the last of it. */
  readonly remarks: string[] = []
  readonly defects: unknown[] = []

  constructor(world: World, random: SeededRandom) {
    this.world = world
    this.web = new Web(world)
    this.web.serve(ANCHOR, () => answerOf(404, ''))
    const shape = { hosts: [], hasReports: false }
    const first = openRegion({ ...shape, name: 'eu', services: 2 }, this.web, world)
    const second = openRegion({ ...shape, name: 'us', services: 1 }, this.web, world)
    this.regions = random.chance(0.5) ? [first, second] : [first]
    const keys = world.random.fork('keys')
    const pairs = SITE_NAMES.slice(0, random.pick([2, 2, 3, 3, 4])).map((name) => ({
      name,
      pair: makeKeyPair(keys),
    }))
    this.people = ['Ann', 'Bob', 'Cem'].map((name) => {
      const rawPair = makeKeyPair(keys)
      return { name, pair: this.witness.watch(name, rawPair), rawPair }
    })
    this.retired = makeKeyPair(keys)
    this.distrusted = makeKeyPair(keys)
    this.stranger = makeKeyPair(keys)
    this.config = this.#configOf(pairs, random)
    this.authors = new Authors(this.config)
    this.mesh = new Mesh(this)
    this.sites = pairs.map((named) => new WholeSite(this, named))
  }

  stolenKey(random: SeededRandom): KeyPair {
    return random.pick(this.sites).stolenPair
  }

  remark(site: string, message: string): void {
    this.remarks.push(`${(this.world.nowMs / 1000).toFixed(1)} ${site}: ${message}`)
    if (this.remarks.length > REMARKS_MAX) this.remarks.shift()
  }

  #configOf(
    sites: readonly { readonly name: string; readonly pair: KeyPair }[],
    random: SeededRandom,
  ): StatusConfig {
    const text = JSON.stringify({
      title: 'Simulated',
      plane: 'simulated',
      sites: sites.map(({ name, pair }) => ({ name, key: pair.publicRaw, url: siteOrigin(name) })),
      people: [
        ...this.people.map(({ name, pair }) => ({ name, key: pair.publicRaw })),
        { name: 'Old', key: this.retired.publicRaw, state: 'retired' },
        { name: 'Mal', key: this.distrusted.publicRaw, state: 'distrusted' },
      ],
      regions: this.regions.map((region) => regionFile(region)),
      timing: {
        probeIntervalSec: random.pick([5, 10]),
        proofSec: random.pick([10, 20]),
        exchangeIntervalSec: random.pick([2, 5]),
        anchors: random.chance(0.7) ? [ANCHOR] : [],
      },
    })
    const { config, problems } = checkConfig(text, () => '')
    assert(config !== null, `the configuration is one: ${problems.join('; ')}`)
    return config
  }
}
