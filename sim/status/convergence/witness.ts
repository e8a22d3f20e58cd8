// Who knows what was really signed and acknowledged, and looks at all that any site ever tells: nothing
// forged, nothing under another name, nothing twice.

import { recordIdOf } from '../../../src/status/records/envelope.ts'
import type { SeededRandom } from '../../random.ts'
import type { KeyPair } from '../../../src/status/records/keys.ts'
import type { Envelope, RecordId } from '../../../src/status/records/record.ts'
import type { Snapshot } from '../../../src/status/snapshot.ts'

/** Stands in every text that nobody of the configuration said. */
export const FORGED = 'FORGED'
const RECORD_HEAD = Buffer.from('holdfast status record 1\n')
/** Behind that a site that hears nobody has nothing left to go by. */
const ALONE_MS_MAX = 90_000
const FINDINGS_MAX = 40

export class Witness {
  /** Why this run is wrong. */
  readonly findings: string[] = []
  /** Every record that somebody of the configuration signed, with the author's name. */
  readonly signed: Map<RecordId, string> = new Map()
  /** Posts that a site answered as taken. */
  readonly acknowledged: Set<RecordId> = new Set()
  /** Of those, what lay on a lost disk alone. */
  readonly excused: Set<RecordId> = new Set()
  /** Posts of people that were handed in, as they went over the wire. */
  readonly #handedIn: Envelope[] = []
  readonly #reasons = new Set<string>()
  snapshotCount = 0
  answerCount = 0
  /** Of these, by a site that had heard nobody for long. */
  blindCount = 0

  find(finding: string): void {
    if (this.findings.length < FINDINGS_MAX) this.findings.push(finding)
  }

  /** The pair as its honest owner has it. */
  watch(name: string, pair: KeyPair): KeyPair {
    const sign = (bytes: Uint8Array): Uint8Array => {
      const head = Buffer.from(bytes.subarray(0, RECORD_HEAD.length))
      if (head.equals(RECORD_HEAD)) {
        this.#note(name, Buffer.from(bytes.subarray(RECORD_HEAD.length)).toString())
      }
      return pair.sign(bytes)
    }
    return { ...pair, sign }
  }

  #note(name: string, text: string): void {
    this.signed.set(recordIdOf(text), name)
    const { statement } = JSON.parse(text) as { statement: { reason?: string } }
    if (statement.reason !== undefined) this.#reasons.add(statement.reason)
  }

  noteHandedIn(envelope: Envelope): void {
    this.#handedIn.push(envelope)
  }

  /** One that whoever listened has kept. */
  oldPost(random: SeededRandom): Envelope | null {
    return this.#handedIn.length === 0 ? null : random.pick(this.#handedIn)
  }

  /** What a site answers to anybody. */
  lookAtAnswer(site: string, target: string, body: Uint8Array): void {
    this.answerCount += 1
    if (Buffer.from(body.buffer, body.byteOffset, body.length).includes(FORGED)) {
      this.find(`${site} answers what was forged at ${target.slice(0, 60)}`)
    }
  }

  /** What a site tells from now on. */
  lookAtSnapshot(site: string, snapshot: Snapshot, aloneMs: number): void {
    const { health, incidents, maintenances } = snapshot
    this.snapshotCount += 1
    if (aloneMs > ALONE_MS_MAX) this.#lookAtBlind(site, snapshot)
    const shown = new Set<RecordId>()
    for (const { title, updates } of [...incidents, ...maintenances]) {
      for (const { author, id, text } of updates) {
        if (this.signed.get(id) !== author.name) {
          this.find(`${site} shows ${id} of ${author.name}, who never signed it: ${title}, ${text}`)
        }
        if (shown.has(id)) this.find(`${site} shows ${id} twice`)
        shown.add(id)
      }
    }
    for (const { component, override } of health) {
      if (override !== null && !this.#reasons.has(override.reason)) {
        this.find(`${site} shows a word that nobody said of ${component.id}: ${override.reason}`)
      }
    }
    const told = JSON.stringify([health.map(({ why }) => why), incidents, maintenances])
    if (told.includes(FORGED)) this.find(`${site} shows what was forged`)
  }

  /** Who hears nobody tells nothing good, but for what a person raised. */
  #lookAtBlind(site: string, { footing, health }: Snapshot): void {
    this.blindCount += 1
    if (footing !== 'blind') this.find(`${site} hears nobody, and says it sees`)
    for (const { component, level, override } of health) {
      if (level !== 'operational' || override?.kind === 'raised') continue
      this.find(`${site} hears nobody, and tells that ${component.id} is operational`)
    }
  }
}
