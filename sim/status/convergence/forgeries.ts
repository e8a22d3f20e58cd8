// Every way to put words into somebody's mouth. What is forged says so in its text, and must be refused,
// whoever hands it in.

import { seal } from '../../../src/status/records/envelope.ts'
import type { KeyPair } from '../../../src/status/records/keys.ts'
import type { Envelope, Statement } from '../../../src/status/records/record.ts'
import type { ComponentId } from '../../../src/status/status.ts'
import type { SeededRandom } from '../../random.ts'
import type { HappeningName } from './happenings.ts'
import type { Person, Stage } from './stage.ts'
import { FORGED } from './witness.ts'

/** Such that nothing but the forgery is wrong. */
export interface Moment {
  readonly orderMax: number
  readonly nowMs: number
  /** A post of a person that was once taken; null: there is none yet. */
  readonly old: Envelope | null
}

export type ForgeryName = Extract<
  HappeningName,
  | 'forged-key'
  | 'forged-signature'
  | 'forged-text'
  | 'forged-author'
  | 'forged-by-site'
  | 'forged-purpose'
  | 'forged-distrusted'
  | 'forged-plane'
>

type Forge = (parts: Parts) => Envelope

interface Parts extends Moment {
  readonly plane: Stage
  readonly random: SeededRandom
  readonly victim: Person
}

const FORGERIES: Readonly<Record<ForgeryName, Forge>> = {
  'forged-key': (parts) => signed(parts, parts.plane.stranger),
  'forged-signature': (parts) => {
    const { stranger } = parts.plane
    const text = textOf(parts, parts.victim.pair)
    return { ...seal('record', text, stranger), key: parts.victim.pair.id }
  },
  'forged-text': (parts) => {
    const { old } = parts
    if (old === null) return FORGERIES['forged-signature'](parts)
    return { ...old, text: old.text.replaceAll(/post-\d+/g, FORGED) }
  },
  'forged-author': (parts) => {
    const { plane, random, victim } = parts
    const others = plane.people.filter((person) => person !== victim).map(({ rawPair }) => rawPair)
    const thief = random.chance(0.5) ? plane.stolenKey(random) : random.pick(others)
    return seal('record', textOf(parts, victim.pair), thief)
  },
  'forged-by-site': (parts) => signed(parts, parts.plane.stolenKey(parts.random)),
  'forged-purpose': (parts) => {
    // They did sign it: for a session, as a view, as a question.
    const purpose = parts.random.pick(['session', 'view', 'question', 'answer'] as const)
    return seal(purpose, textOf(parts, parts.victim.pair), parts.victim.pair)
  },
  'forged-plane': (parts) => {
    // They did sign it, for another status plane.
    const { rawPair } = parts.victim
    return seal('record', textOf(parts, rawPair, 'staging'), rawPair)
  },
  'forged-distrusted': (parts) => signed(parts, parts.plane.distrusted),
}

export const FORGERY_NAMES: readonly ForgeryName[] = Object.keys(FORGERIES) as ForgeryName[]

export function forge(
  name: ForgeryName,
  { moment, plane, random }: { moment: Moment; plane: Stage; random: SeededRandom },
): Envelope {
  return FORGERIES[name]({ ...moment, plane, random, victim: random.pick(plane.people) })
}

/** What a person could say, signed in all form by whoever this is. */
export function signed(
  parts: Pick<Parts, 'plane' | 'random' | keyof Moment>,
  pair: KeyPair,
): Envelope {
  return seal('record', textOf(parts, pair), pair)
}

function textOf(
  { nowMs, orderMax, plane, random }: Pick<Parts, 'plane' | 'random' | keyof Moment>,
  { id }: Pick<KeyPair, 'id'>,
  planeName: string = plane.config.plane,
): string {
  const component = random.pick(plane.config.components).id
  const statement = forgedStatement(component, random)
  const nonce = Buffer.from(random.bytes(16)).toString('hex')
  const order = orderMax + 1
  const head = { version: 1, plane: planeName, author: id }
  return JSON.stringify({ ...head, atMs: nowMs, order, nonce, statement })
}

function forgedStatement(component: ComponentId, random: SeededRandom): Statement {
  return random.pick<Statement>([
    {
      kind: 'incident',
      title: `${FORGED} incident`,
      state: 'investigating',
      text: `${FORGED}: all is lost.`,
      affected: [{ component, level: 'major-outage' }],
      region: null,
    },
    {
      kind: 'override',
      component,
      level: 'major-outage',
      over: null,
      reason: FORGED,
      untilMs: null,
    },
    {
      kind: 'maintenance',
      title: `${FORGED} maintenance`,
      text: FORGED,
      components: [component],
      startMs: 1_767_600_000_000,
      endMs: 1_767_700_000_000,
      plan: null,
    },
  ])
}
