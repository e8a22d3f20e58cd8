// Answers of the exchange by whoever stole a site's key: the answer is signed, what is in it is not.

import type { HttpAnswer } from '../../../src/base/network.ts'
import { answerOf } from '../../../src/status/probes/cell-model.ts'
import { seal } from '../../../src/status/records/envelope.ts'
import { formatAnswer } from '../../../src/status/records/exchange-message.ts'
import type { RelayedView } from '../../../src/status/records/exchange-message.ts'
import { formatView } from '../../../src/status/records/parse-view.ts'
import type { Envelope } from '../../../src/status/records/record.ts'
import type { SeededRandom } from '../../random.ts'
import { forge, FORGERY_NAMES } from './forgeries.ts'
import type { Stage } from './stage.ts'
import { FORGED } from './witness.ts'

const RECORDS_MAX = 12
/** Of all incarnations: what the liar says counts for newer than all that is true. */
const NEWER = 2 ** 40

/** Answers a question of the exchange in place of the site that it was to. */
export function lyingAnswer(plane: Stage, target: string, random: SeededRandom): HttpAnswer {
  const asked = readQuestion(target)
  const liar = plane.sites.find(({ name }) => name === asked?.to)
  if (asked === null || liar === undefined) return answerOf(400, 'no question')
  const records = Array.from({ length: 1 + random.below(RECORDS_MAX) }, () =>
    lyingRecord(plane, random),
  )
  const answer = {
    nonce: asked.nonce,
    // Of a log that nobody has: what is true is asked for from the start again.
    incarnation: Buffer.from(random.bytes(16)).toString('hex'),
    from: 0,
    next: records.length,
    isEnd: true,
    records,
    views: lyingViews(plane, random),
  }
  return answerOf(200, formatAnswer(answer, liar.stolenPair))
}

function lyingRecord(plane: Stage, random: SeededRandom): Envelope {
  const old = plane.witness.oldPost(random)
  if (old !== null && random.chance(0.2)) return old // a true one: there is nothing to refuse
  const orderMax = random.below(2000)
  const moment = { orderMax, nowMs: Math.floor(plane.world.clock.nowMs()), old }
  return forge(random.pick(FORGERY_NAMES), { moment, plane, random })
}

/** Of each site one in its name, that this or another key signed. */
function lyingViews(plane: Stage, random: SeededRandom): RelayedView[] {
  return plane.sites.map(({ name, stolenPair }) => {
    const text = formatView({
      site: name,
      incarnation: NEWER,
      sequence: 1,
      madeAtMs: 0,
      footing: 'sure',
      sightings: plane.config.components.map(({ id }) => ({
        component: id,
        level: 'major-outage',
        sinceMs: 0,
        why: FORGED,
        probeCount: 9,
        failedCount: 9,
        isSilent: false,
        medianMs: null,
        recovery: null,
      })),
      days: [],
    })
    const others = plane.sites.filter((site) => site.name !== name)
    const envelope = random.pick([
      () => seal('view', text, random.pick(others).stolenPair),
      () => ({ ...seal('view', text, random.pick(others).stolenPair), key: stolenPair.id }),
      () => seal('view', text, random.pick(plane.people).pair),
      () => seal('record', text, stolenPair),
    ])()
    return { envelope, ageMs: 0 }
  })
}

function readQuestion(target: string): { readonly to: string; readonly nonce: string } | null {
  const parameter = new URL(target, 'https://site').searchParams.get('q') ?? ''
  try {
    const { text } = JSON.parse(Buffer.from(parameter, 'base64url').toString()) as Envelope
    return JSON.parse(text) as { to: string; nonce: string }
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
