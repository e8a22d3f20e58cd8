// All that goes wrong in a run of convergence, by name. One that never struck does not count as survived.

/** What is done to sites, to what goes between them, and what an attacker tries. */
export const HAPPENINGS = {
  partition: 'two sites do not reach each other, for a while',
  'half-partition': 'what one site asks of another is done, and no answer comes back, for a while',
  isolation: 'a site reaches nothing at all and is reached by nobody, for a while',
  lost: 'a request, or its answer, is lost',
  'answer-cut': 'the connection ends before the answer',
  late: 'an answer comes seconds late',
  duplicated: 'a request arrives twice at once',
  reordered: 'a copy of a request arrives behind later ones, in place of it or beside it',
  'answer-replayed': 'an old answer comes in place of the new one',
  'answer-altered': 'bits or words of an answer are changed, or its end is missing',
  'request-altered': 'bits of a request are changed',
  kill: "a site's process dies between two of its events",
  'kill-at-call': "a site's process dies within a call to clock or disk",
  'power-cut': "a site's process dies, and its drive forgets what was not synced",
  'lost-disk': 'a site starts with an empty drive',
  'rotten-log': 'a bit of the durable record log changes',
  'full-disk': 'a drive has no room, for a while',
  'write-error': 'a write to a drive fails with a part of it done',
  'sync-error': 'a sync fails, and what it should have made durable is not',
  pause: "a site's process stops for a while, and goes on",
  'clock-jump': "a site's wall clock jumps, by a second or by years",
  'clock-drift': "a site's clock runs up to three in a hundred faster or slower",
  'service-down': 'what the sites watch answers 500, for a while',
  'service-silent': 'what the sites watch does not answer, for a while',
  'post-retried': 'a person without an answer hands the same post in again, at any site',
  'forged-key': 'a post by a key that the configuration does not have',
  'forged-signature': "a post with a person's key id, signed by another key",
  'forged-text': 'a post of a person with its text changed',
  'forged-author': 'a post that names another author than who signed it',
  'forged-by-site': "a post of a person's kind, signed by a site's stolen key",
  'forged-purpose': 'a text that a person signed for another use, as a post',
  'forged-plane': 'a post that a person signed for another status plane',
  'forged-distrusted': 'a post by a key that is distrusted',
  'forged-retired': 'a new post by a key that is retired',
  'post-replayed': 'an old post of a person, handed in again by somebody else',
  'post-oversize': 'a post that is too large, signed by a person',
  'post-malformed': 'what is no post',
  'post-nonsense': 'a signed post that says what no post may say',
  'exchange-garbage': 'a question of the exchange that no site asked',
  'peer-lies':
    "answers with a site's stolen key: forged posts and views, old views, what is no record",
} as const

export type HappeningName = keyof typeof HAPPENINGS
export const HAPPENING_NAMES: readonly HappeningName[] = Object.keys(HAPPENINGS) as HappeningName[]

export class Tally {
  readonly counts: Record<HappeningName, number>

  constructor() {
    const entries = HAPPENING_NAMES.map((name) => [name, 0])
    this.counts = Object.fromEntries(entries) as typeof this.counts
  }

  note(name: HappeningName): void {
    this.counts[name] += 1
  }
}
