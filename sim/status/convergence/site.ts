// One whole site: the product's own, as a process with a drive and a clock of its own. What it tells is
// looked at by the witness, at every moment. It dies and starts again as it is told.

import { assert } from '../../../src/base/assert.ts'
import type { Clock } from '../../../src/base/clock.ts'
import type { HttpAnswer } from '../../../src/base/network.ts'
import { Renderer } from '../../../src/status/output/render.ts'
import type { RenderedFile } from '../../../src/status/output/render.ts'
import { answerOf } from '../../../src/status/probes/cell-model.ts'
import { readEnvelope, recordIdOf } from '../../../src/status/records/envelope.ts'
import { formatQuestion, parseAnswer } from '../../../src/status/records/exchange-message.ts'
import { EXCHANGE_PATH } from '../../../src/status/records/exchange-options.ts'
import type { KeyPair } from '../../../src/status/records/keys.ts'
import type { Envelope, RecordId } from '../../../src/status/records/record.ts'
import type { SiteLog } from '../../../src/status/site-members.ts'
import type { Snapshot } from '../../../src/status/snapshot.ts'
import { openStatusSite } from '../../../src/status/status-service.ts'
import { StatusError } from '../../../src/status/status.ts'
import type { SiteRequest, StatusSite } from '../../../src/status/status.ts'
import { openSimDisk } from '../../disk.ts'
import { Drive } from '../../drive.ts'
import { Faults } from '../../faults.ts'
import { SimProcess } from '../../process.ts'
import type { SeededRandom } from '../../random.ts'
import type { Mesh } from './mesh.ts'
import type { Stage, StageSite } from './stage.ts'

const DRIVE_SIZE_BYTES = 64 * 1024 * 1024
const DISK_RATES = { 'write-error': 0.004, 'sync-error': 0.004 }
const DRIFT_MAX = 0.03
/** A bit of a line spoils it; of a line feed, that of both. */
const LINES_PER_BIT = 2
/** Of the starts that die by themselves, at which call. */
const CALLS_MAX = 3000

export interface SiteStage extends Stage {
  readonly mesh: Mesh
}

export interface StartOptions {
  readonly diesAtCall: number
  readonly clockRate: number
}

export const CALM_START: StartOptions = { diesAtCall: Infinity, clockRate: 1 }

export class WholeSite implements StageSite {
  readonly name: string
  readonly stolenPair: KeyPair
  /** How far its wall clock is off. */
  clockOffsetMs = 0
  /** What it tells now; null: nothing. */
  snapshot: Snapshot | null = null
  /** All that was durable in its log when it last died, or was last looked at. */
  #known: ReadonlySet<RecordId> = new Set()
  /** What it was before bits of it turned over, and how many; null: none did since it last started. */
  #rotten: { readonly known: ReadonlySet<RecordId>; bitCount: number } | null = null
  readonly #plane: SiteStage
  readonly #pair: KeyPair
  readonly #random: SeededRandom
  #drive: Drive
  #process: SimProcess | null = null
  #site: StatusSite | null = null
  #startCount = 0
  /** Dies by itself, or has a clock that drifts. */
  #isOdd = false

  constructor(plane: SiteStage, { name, pair }: { name: string; pair: KeyPair }) {
    this.name = name
    this.stolenPair = pair
    this.#plane = plane
    this.#pair = plane.witness.watch(name, pair)
    this.#random = plane.world.random.fork(`site ${name}`)
    this.#drive = this.#newDrive()
    plane.mesh.serve(this)
  }

  get isUp(): boolean {
    return this.#site !== null
  }

  get isPaused(): boolean {
    return this.#process?.state === 'paused'
  }

  /** What its drive has of the log, as far as is sure. */
  get knownIds(): ReadonlySet<RecordId> {
    if (this.#site !== null) this.#known = new Set(this.log().keys())
    return this.#known
  }

  get drive(): Drive {
    return this.#drive
  }

  drawStart(): StartOptions {
    const { tally } = this.#plane
    const isDrifting = this.#random.chance(0.3)
    if (isDrifting) tally.note('clock-drift')
    return {
      diesAtCall: this.#random.chance(0.15) ? this.#random.below(CALLS_MAX) : Infinity,
      clockRate: isDrifting ? 1 + DRIFT_MAX * (2 * this.#random.fraction() - 1) : 1,
    }
  }

  /** Starts it with what its drive has; resolves once it serves, or has died. */
  async start({ clockRate, diesAtCall }: StartOptions): Promise<void> {
    assert(this.#process === null, `${this.name} is not running`)
    const { world } = this.#plane
    this.#startCount += 1
    this.#isOdd = diesAtCall !== Infinity || clockRate !== 1
    const name = `${this.name}#${this.#startCount}`
    const process = new SimProcess(world, { name, clockRate, diesAtCall })
    this.#process = process
    await new Promise<void>((resolve) => {
      process.onDeath((death) => {
        if (death.kind === 'threw') this.#plane.defects.push(death.error)
        if (death.kind === 'killed' && death.why === 'at a call') {
          this.#plane.tally.note('kill-at-call')
        }
        this.#end()
        resolve()
      })
      this.#open(process).then(
        (site) => {
          if (process.isDead) return
          this.#site = site
          this.#checkStart()
          resolve()
        },
        (error: unknown) => {
          if (!(error instanceof StatusError)) return process.onDefect(error)
          this.#plane.remark(this.name, `does not start: ${error.message}`)
          process.die({ kind: 'killed', why: 'it does not start' })
        },
      )
    })
  }

  /** Resolves at once where it is down, else when it dies. */
  async died(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#process === null) resolve()
      else this.#process.onDeath(() => resolve())
    })
  }

  kill(): void {
    this.#process?.die({ kind: 'killed', why: 'by the run' })
  }

  cutPower(): void {
    this.kill()
    this.#drive.cutPower()
  }

  pause(forMs: number): void {
    this.#process?.pause(forMs)
  }

  /** All its bytes are gone. It is down. */
  loseDrive(): void {
    assert(this.#process === null, `${this.name} is not running`)
    this.#drive = this.#newDrive()
    this.#drive.faults.begin()
    this.#rotten = null
    this.#known = new Set()
  }

  /** A bit of the durable log turns over; false: there is none. It is down. */
  rot(): boolean {
    const names = this.#drive.entry('records').entry
    if (names === null) return false
    const logs = [...this.#drive.folder('records').names.keys()].filter((name) =>
      name.endsWith('.log'),
    )
    if (logs.length === 0) return false
    const file = this.#drive.file(`records/${this.#random.pick(logs)}`)
    if (file.durableSizeBytes === 0) return false
    const offset = this.#random.below(file.durableSizeBytes)
    if (file.isUnsure(offset, 1)) return false
    file.flip(offset, this.#random.below(8))
    this.#rotten ??= { known: this.#known, bitCount: 0 }
    this.#rotten.bitCount += 1
    this.#known = new Set()
    return true
  }

  /** Its drive and clock are right from now on. True: it has to be started anew for that. */
  heal(): boolean {
    this.#drive.faults.end()
    this.#drive.heal()
    this.clockOffsetMs = 0
    this.#process?.resume()
    return this.#isOdd
  }

  /** Counts what befell its drive. */
  tallyDrive(): void {
    const { counts } = this.#drive.faults
    for (const kind of ['write-error', 'sync-error'] as const) {
      this.#plane.tally.counts[kind] += counts[kind]
      counts[kind] = 0
    }
  }

  /** Answers as its listener would, in a turn of its process. Null: nobody listens. */
  answer(request: SiteRequest): Promise<HttpAnswer> | null {
    const process = this.#process
    const site = this.#site
    if (process === null || site === null) return null
    return new Promise((resolve) => {
      process.schedule(0, 'request', () => {
        const looked = (answer: HttpAnswer): void => {
          this.#plane.witness.lookAtAnswer(this.name, request.target, answer.body)
          resolve(answer)
        }
        // Peers ask for a sign of life: to make the page each time is most of a run; readers peek at it.
        const answer = request.target === '/' ? answerOf(200, '') : site.answer(request)
        if (answer instanceof Promise) void answer.then(looked)
        else looked(answer)
      })
    })
  }

  /** What it has ready, read without a way there: no time passes. */
  peek(target: string): string {
    const answer = this.#site?.answer({
      method: 'GET',
      target,
      headers: new Map(),
      body: new Uint8Array(),
    })
    assert(answer !== undefined && !(answer instanceof Promise), `${target} is ready made`)
    this.#plane.witness.lookAtAnswer(this.name, target, answer.body)
    return Buffer.from(answer.body).toString()
  }

  /** All of its log, by the exchange, as a peer would be given it. Empty: it is down. */
  log(): Map<RecordId, Envelope> {
    const all = new Map<RecordId, Envelope>()
    if (this.#site === null) return all
    const { authors, config, sites, witness } = this.#plane
    const asker = sites.find(({ name }) => name !== this.name)
    const key = config.sites.find(({ name }) => name === this.name)?.key.id
    assert(asker !== undefined && key !== undefined, 'there are two sites')
    let incarnation: string | null = null
    for (let after = 0; ;) {
      const nonce = Buffer.from(this.#random.bytes(16)).toString('hex')
      const question = { to: this.name, nonce, incarnation, after, views: [] }
      const query = formatQuestion(question, asker.stolenPair)
      const body = Buffer.from(this.peek(`${EXCHANGE_PATH}?${query}`))
      const page = parseAnswer(body, { key, nonce, authors })
      for (const value of page.records) {
        const envelope = readEnvelope(value)
        const id = recordIdOf(envelope.text)
        if (all.has(id)) witness.find(`${this.name} has ${id} twice in its log`)
        all.set(id, envelope)
      }
      incarnation = page.incarnation
      after = page.next
      if (page.isEnd) return all
    }
  }

  async #open(process: SimProcess): Promise<StatusSite> {
    const { config, mesh, web, witness } = this.#plane
    const renderer = new Renderer()
    const tell = (_: object, message: string): void => {
      this.#plane.remark(this.name, message)
    }
    const log: SiteLog = { debug: () => undefined, info: tell, warn: tell, error: tell }
    return await openStatusSite({
      config,
      site: this.name,
      pair: this.#pair,
      disk: openSimDisk(this.#drive, process),
      openFolder: () => openSimDisk(this.#drive, process),
      network: web.from({ name: this.name, process }),
      clock: this.#clockOf(process),
      random: process.random,
      log,
      renderer: {
        render: (snapshot) => {
          this.snapshot = snapshot
          witness.lookAtSnapshot(this.name, snapshot, mesh.aloneMs(this.name))
          return new LazyFiles(() => renderer.render(snapshot))
        },
      },
    })
  }

  /** Whatever ended it, and however it starts: what was durable is there, and what rotted took no other with it. */
  #checkStart(): void {
    const log = this.log()
    const known = this.#rotten?.known ?? this.#known
    const mayLack = LINES_PER_BIT * (this.#rotten?.bitCount ?? 0)
    this.#rotten = null
    const lost = [...known].filter((id) => !log.has(id))
    this.#plane.remark(this.name, `has ${log.size} records, of ${known.size} known`)
    if (lost.length <= mayLack) return
    this.#plane.witness.find(`${this.name} lost ${lost.length} durable records: ${lost.join()}`)
  }

  #end(): void {
    this.#known = this.knownIds
    this.#plane.remark(this.name, `ended with ${this.#known.size}`)
    this.tallyDrive()
    this.#process = null
    this.#site = null
    this.snapshot = null
  }

  #newDrive(): Drive {
    const { world } = this.#plane
    const faults = new Faults(DISK_RATES, this.#random.fork(`drive ${this.#startCount}`))
    return new Drive(world, faults, { totalBytes: DRIVE_SIZE_BYTES, freeShare: 1 })
  }

  #clockOf(process: SimProcess): Clock {
    return { ...process.clock, nowMs: () => process.clock.nowMs() + this.clockOffsetMs }
  }
}

/** The product's own pages and JSON, made when somebody reads them: else they take most of a run. */
class LazyFiles extends Map<string, RenderedFile> {
  #make: (() => ReadonlyMap<string, RenderedFile>) | null

  constructor(make: () => ReadonlyMap<string, RenderedFile>) {
    super()
    this.#make = make
  }

  override get(path: string): RenderedFile | undefined {
    if (this.#make !== null && !path.startsWith('/-/')) {
      const files = this.#make()
      this.#make = null
      for (const [name, file] of files) this.set(name, file)
    }
    return super.get(path)
  }
}
