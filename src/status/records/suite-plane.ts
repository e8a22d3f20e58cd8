// A status plane for tests: its sites, its people, good and bad, and what they sign.

import type { Random } from '../../base/random.ts'
import type { PersonConfig, PublicKey, StatusConfig } from '../config.ts'
import { OPERATIONS } from '../status.ts'
import type { Component, ComponentId } from '../status.ts'
import { Authors } from './authors.ts'
import { checkRecord } from './check-record.ts'
import { newNonce } from './draft.ts'
import { seal } from './envelope.ts'
import { makeKeyPair } from './keys.ts'
import type { KeyPair } from './keys.ts'
import type { Envelope, KnownRecord, Statement } from './record.ts'

/** 2026-01-05. */
export const NOON_MS = 1_767_614_400_000
export const PUT = 'eu/c1/put' as ComponentId
export const GET = 'eu/c1/get' as ComponentId
export const WEB = 'us/web' as ComponentId

export interface Place {
  readonly order?: number
  readonly atMs?: number
}

export class Plane {
  readonly random: Random
  readonly sites: readonly { readonly name: string; readonly pair: KeyPair }[]
  readonly ann: KeyPair
  readonly bob: KeyPair
  readonly retired: KeyPair
  /** Of a site that is no more. */
  readonly former: KeyPair
  readonly distrusted: KeyPair
  /** Of nobody in the configuration. */
  readonly stranger: KeyPair
  readonly config: StatusConfig
  readonly authors: Authors

  constructor(random: Random, siteCount = 2) {
    this.random = random
    const names = Array.from({ length: siteCount }, (_, index) => `site-${index + 1}`)
    this.sites = names.map((name) => ({ name, pair: makeKeyPair(random) }))
    this.ann = makeKeyPair(random)
    this.bob = makeKeyPair(random)
    this.retired = makeKeyPair(random)
    this.distrusted = makeKeyPair(random)
    this.former = makeKeyPair(random)
    this.stranger = makeKeyPair(random)
    this.config = {
      plane: 'test',
      title: 'Status',
      publicUrl: null,
      sites: this.sites.map(({ name, pair }) => {
        return { name, key: publicKey(pair), url: `http://${name}:80/base/` }
      }),
      formerSites: [{ name: 'site-0', key: publicKey(this.former) }],
      people: [
        person('Ann', this.ann, 'active'),
        person('Bob', this.bob, 'active'),
        person('Old', this.retired, 'retired'),
        person('Mal', this.distrusted, 'distrusted'),
      ],
      regions: [],
      timing: {
        probeIntervalSec: 10,
        slowMs: 2000,
        proofSec: 60,
        exchangeIntervalSec: 5,
        anchors: [],
      },
      webhooks: [],
      publish: [],
      components: [
        ...OPERATIONS.map((operation): Component => {
          const id = `eu/c1/${operation}` as ComponentId
          return { id, kind: 'operation', region: 'eu', cell: 'c1', operation }
        }),
        { id: WEB, kind: 'service', region: 'us', service: 'web', title: 'Web' },
      ],
    }
    this.authors = new Authors(this.config)
  }

  site(index: number): KeyPair {
    const site = this.sites[index]
    if (site === undefined) throw new RangeError(`there is no site ${index}`)
    return site.pair
  }

  /** The text of a record as its author would sign it, right or wrong. */
  text(statement: unknown, author: KeyPair, { order = 1, atMs = NOON_MS }: Place = {}): string {
    const nonce = newNonce(this.random)
    const { plane } = this.config
    return JSON.stringify({ version: 1, plane, author: author.id, atMs, order, nonce, statement })
  }

  sealed(statement: unknown, author: KeyPair, place: Place = {}): Envelope {
    return seal('record', this.text(statement, author, place), author)
  }

  known(statement: Statement, author: KeyPair, place: Place = {}): KnownRecord {
    return checkRecord(this.sealed(statement, author, place), this.authors)
  }
}

export function incident(
  changes: Partial<Extract<Statement, { kind: 'incident' }>> = {},
): Statement {
  return {
    kind: 'incident',
    title: 'PUT fails',
    state: 'investigating',
    text: 'We look into it.',
    affected: [{ component: PUT, level: 'major-outage' }],
    region: null,
    ...changes,
  }
}

export function maintenance(): Statement {
  return {
    kind: 'maintenance',
    title: 'New drives',
    text: 'Cell c1 gets new drives.',
    components: [PUT, GET],
    startMs: NOON_MS,
    endMs: NOON_MS + 3_600_000,
    plan: null,
  }
}

export function override(
  changes: Partial<Extract<Statement, { kind: 'override' }>> = {},
): Statement {
  const reason = 'Customers call.'
  const plain = { component: PUT, level: 'degraded', over: null, reason, untilMs: null } as const
  return { kind: 'override', ...plain, ...changes }
}

function publicKey({ id, publicRaw }: KeyPair): PublicKey {
  return { id, raw: publicRaw }
}

function person(name: string, pair: KeyPair, state: PersonConfig['state']): PersonConfig {
  return { name, key: publicKey(pair), state }
}
