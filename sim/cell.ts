// The wiring of a simulated machine: the product's own supervisor, writer and workers, each in a
// simulated process, over one drive, one store and one network that outlive them.

import { newId } from '../src/base/id.ts'
import type { WriterId } from '../src/base/id.ts'
import { openSoleWorker, openWorkerCell, openWriterCell } from '../src/cell/embedded.ts'
import type { Ground, WorkerCell, WriterCell } from '../src/cell/embedded.ts'
import type { FromChild, ToChild, Role } from '../src/cell/messages.ts'
import type { CellSettings } from '../src/cell/settings.ts'
import { openSupervisor } from '../src/cell/supervisor.ts'
import type { Supervisor } from '../src/cell/supervisor.ts'
import { SyncTimes } from '../src/cell/sync-times.ts'
import { Link } from '../src/cell/writer-link.ts'
import { ConnectedWorkers, serveWriter } from '../src/cell/writer-socket.ts'
import { openDirectory } from '../src/directory/directory-service.ts'
import { EngineError } from '../src/engine/engine.ts'
import { createMemoryStore, openMemoryEngine } from '../src/engine/memory.ts'
import type { MemoryStore } from '../src/engine/memory-store.ts'
import type { Child } from '../src/platform/child.ts'
import { isDefect } from './client.ts'
import type { ServingWorker } from './client.ts'
import { Network } from './channel.ts'
import type { Pair } from './channel.ts'
import { openSimDisk } from './disk.ts'
import { Drive } from './drive.ts'
import { EpochHolder, simEngines } from './engine.ts'
import type { EngineRecording } from './engine-recording.ts'
import type { Faults } from './faults.ts'
import { SimProcess } from './process.ts'
import type { Death } from './process.ts'
import type { SeededRandom } from './random.ts'
import { OWNER_ID } from './region.ts'
import { UnderWay } from './under-way.ts'
import type { World } from './world.ts'

const MIB = 1024 * 1024
const CACHE_SIZE_BYTES: number = 1 * MIB
/** Between a power cut, or a group that gave up, and the next start. */
const BOOT_MS = [20, 3000] as const
/** A process that is to die by itself does so within so many calls. */
const CALLS_UNTIL_DEATH = [5, 4000] as const
const DRIFT = [0.8, 1.25] as const

export interface CellOptions {
  /** The processes of the group: see the product's supervisor. */
  readonly roles: readonly Role[]
  readonly driveSizeBytes: number
  readonly freeShare: number
  /** Takes down what engines are asked; null: nothing does. */
  readonly recording: EngineRecording | null
}

/** Something that must not happen, whatever the faults. */
export interface CellDefect {
  readonly where: string
  readonly error: unknown
}

export class SimCell {
  readonly world: World
  readonly faults: Faults
  readonly drive: Drive
  readonly store: MemoryStore = createMemoryStore()
  readonly #holder: EpochHolder
  readonly underWay: UnderWay = new UnderWay(() => this.store.isInDoubt)
  readonly network: Network
  readonly driveId: string
  readonly defects: CellDefect[] = []
  /** Batches of engines that were deposed before. */
  readonly breaches: string[] = []
  /** Operators' lines, the last of them. */
  readonly reports: string[] = []
  readonly #options: CellOptions
  readonly #random: SeededRandom
  readonly #processes = new Set<SimProcess>()
  readonly #serving = new Set<ServingWorker>()
  #writers: { readonly process: SimProcess; readonly cell: WriterCell }[] = []
  #supervisor: Supervisor | null = null
  #started = 0
  #isPowerOn = false

  constructor(world: World, faults: Faults, options: CellOptions) {
    this.world = world
    this.faults = faults
    this.#options = options
    this.#holder = new EpochHolder(({ name }) => {
      this.breaches.push(`${name} committed behind the end of its epoch, ${world.nowMs.toFixed(1)}`)
    })
    this.#random = world.random.fork('cell')
    const { driveSizeBytes: totalBytes, freeShare } = options
    this.drive = new Drive(world, faults, { totalBytes, freeShare })
    this.network = new Network(world, faults, this.underWay)
    world.onTurnEnd = () => this.underWay.judge()
    this.driveId = Buffer.from(this.#random.bytes(16)).toString('hex')
  }

  /** Workers that said they serve, and are not known to have died. */
  get serving(): readonly ServingWorker[] {
    return [...this.#serving]
  }

  /** The writer that was started last, once it is ready; null while there is none. */
  get writer(): WriterCell | null {
    const last = this.#writers.at(-1)
    return last === undefined || last.process.isDead ? null : last.cell
  }

  get processes(): readonly SimProcess[] {
    return [...this.#processes]
  }

  /** What `holdfast init` does: the ballast's name, an index with the account of all clients. */
  async init(): Promise<void> {
    const process = new SimProcess(this.world, { name: 'init', clockRate: 1, diesAtCall: Infinity })
    const disk = openSimDisk(this.drive, process)
    await disk.replaceFile('ballast', Buffer.from('a ballast'))
    const { clock } = this.world
    const opening = this.#options.recording?.opening(clock, this.store) ?? null
    await using engine = openMemoryEngine({ clock, store: opening?.watched ?? this.store })
    opening?.engine(engine)
    await engine.takeEpoch()
    const directory = openDirectory({ engine, random: this.#random.fork('init') })
    const account = { id: OWNER_ID, displayName: 'owner', email: '', isRoot: true }
    await directory.apply({ kind: 'add-account', account })
    opening?.end()
  }

  /** Switches the machine on. */
  boot(): void {
    this.#isPowerOn = true
    const process = this.#openProcess('supervisor', { mayDie: false })
    const supervisor = openSupervisor({
      settings: SETTINGS,
      roles: this.#options.roles,
      clock: process.clock,
      spawn: (role) => this.#spawn(role, process),
      drawWriterId: () => newId<WriterId>(process.random),
      log: (level, message) => this.#report(`supervisor: ${level}: ${message}`),
    })
    this.#supervisor = supervisor
    const again = (why: string): void => {
      this.#report(`the group ended: ${why}`)
      if (why.includes('another store')) this.#defect('supervisor', new GroupRefused(why))
      process.die({ kind: 'killed', why: 'the group ended' })
      this.world.clock.after(this.#random.spread(...BOOT_MS), () => {
        if (this.#supervisor === supervisor && this.#isPowerOn) this.boot()
      })
    }
    supervisor.ready.catch((error: unknown) => again(String(error)))
    supervisor.failed.then(again, () => undefined)
  }

  /** All is dark at once; what the drive had not synced is lost. It comes back by itself. */
  cutPower(): void {
    this.stopAll('power cut')
    this.drive.cutPower()
    this.faults.note('power-cut')
    this.world.clock.after(this.#random.spread(...BOOT_MS), () => {
      if (!this.#isPowerOn) this.boot()
    })
  }

  /** Ends all processes at once; the drive keeps what they wrote. */
  stopAll(why: string): void {
    this.#isPowerOn = false
    this.#supervisor = null
    for (const process of this.#processes) process.die({ kind: 'killed', why })
  }

  /** Boots and waits until writer and workers are ready. */
  async start(): Promise<void> {
    this.boot()
    await this.ready()
  }

  async ready(): Promise<void> {
    const count = this.#options.roles.filter((role) => role !== 'writer').length
    while (this.writer === null || this.#serving.size < count) {
      await this.world.clock.sleep(5)
    }
  }

  #openProcess(name: string, { mayDie }: { mayDie: boolean }): SimProcess {
    const { faults } = this
    const isShortLived = mayDie && faults.strikes('kill-at-call')
    const process = new SimProcess(this.world, {
      name: `${name}-${this.#started++}`,
      clockRate: mayDie && faults.strikes('clock-drift') ? faults.random.spread(...DRIFT) : 1,
      diesAtCall: isShortLived ? Math.round(faults.random.spread(...CALLS_UNTIL_DEATH)) : Infinity,
    })
    this.#processes.add(process)
    process.onDeath((death) => {
      this.#processes.delete(process)
      this.#noteDeath(process, death)
    })
    return process
  }

  #noteDeath({ name }: SimProcess, death: Death): void {
    if (death.kind === 'killed') return
    // An engine that ended ends its process; that is how the product replaces it.
    if (death.error instanceof EngineError) this.#report(`${name} ended: ${death.error.message}`)
    else this.#defect(name, death.error)
  }

  #defect(where: string, error: unknown): void {
    this.defects.push({ where, error })
  }

  #report(line: string): void {
    this.reports.push(`${this.world.nowMs.toFixed(1)} ${line}`)
    if (this.reports.length > 200) this.reports.shift()
  }

  /** A child of the supervisor, as platform/child.ts gives one. */
  #spawn(role: Role, parent: SimProcess): Child {
    const process = this.#openProcess(role, { mayDie: true })
    const pair = this.network.pair(parent, process)
    const exits: ((how: { code: number | null; signal: string | null }) => void)[] = []
    let isGone = false
    const exit = (code: number | null): void => {
      if (isGone) return
      isGone = true
      for (const gone of exits.splice(0)) gone({ code, signal: code === null ? 'SIGKILL' : null })
    }
    process.onDeath(({ kind }) =>
      parent.schedule(this.network.delayMs(), 'child exits', () =>
        exit(kind === 'threw' ? 1 : null),
      ),
    )
    // The supervisor gone, its children end by themselves.
    parent.onDeath(() => process.die({ kind: 'killed', why: 'its parent is gone' }))
    this.#runChild(process, pair)
    return {
      pid: this.#started,
      send: (message) => pair.near.send(message),
      onMessage: (receive) => pair.near.onValue(receive),
      onExit: (gone) => void exits.push(gone),
      stopDealing: () => undefined,
      kill: () => {
        const isZombie = process.state === 'paused' && this.faults.strikes('zombie')
        if (isZombie) parent.schedule(0, 'zombie', () => exit(null))
        else process.die({ kind: 'killed', why: 'by its parent' })
      },
    }
  }

  /** What a child does from 'start' on: as runWriter and runWorker do, without sockets and HTTP. */
  #runChild(process: SimProcess, { far }: Pair): void {
    const say = (message: FromChild): void => far.send(message)
    let endWorker: ((writerId: WriterId) => Promise<void>) | null = null
    const hear = async (message: ToChild): Promise<void> => {
      if (message.kind === 'ping') return say({ kind: 'pong', sequence: message.sequence })
      if (message.kind === 'writer-dead') return await endWorker?.(message.writerId)
      if (message.kind !== 'start') return
      const { role, writerId } = message
      if (role === 'http') await this.#startWorker(process, writerId)
      else {
        const writer = await this.#startWriter(process)
        endWorker = writer.endWorker
        if (role === 'both') {
          this.#serve(process, openSoleWorker(this.#workerGround(process), writerId, writer.cell))
        }
      }
      say({ kind: 'ready', address: SETTINGS.listen })
    }
    far.onValue((value) => {
      const message = value as ToChild
      hear(message).catch((error: unknown) => {
        if (isDefect(error)) throw error
        // As in the product: what it cannot do for its parent ends it, and its successor does it.
        if (message.kind !== 'start') return process.die({ kind: 'killed', why: String(error) })
        if (error instanceof Error && error.name === 'StoreRefused') {
          return say({ kind: 'refused', subject: 'store', message: error.message })
        }
        this.#report(`${process.name} does not start: ${String(error)}`)
        process.die({ kind: 'killed', why: 'its start failed' })
      })
    })
  }

  async #startWriter(
    process: SimProcess,
  ): Promise<{ cell: WriterCell; endWorker: (writerId: WriterId) => Promise<void> }> {
    const cell = this.#noted(process, await openWriterCell(this.#groundOf(process)))
    const workers = new ConnectedWorkers()
    this.network.listen(process, (channel) => serveWriter(channel, cell, workers))
    this.#writers.push({ process, cell })
    process.onDeath(() => {
      this.#writers = this.#writers.filter((writer) => writer.process !== process)
    })
    const endWorker = async (writerId: WriterId): Promise<void> => {
      workers.end(writerId)
      await cell.placement.sealAllOf(writerId)
    }
    return { cell, endWorker }
  }

  /** With all that is asked of its index noted while it is under way. */
  #noted(process: SimProcess, cell: WriterCell): WriterCell {
    const { index } = cell
    const apply: typeof index.apply = (operation, id) => {
      const ended = this.underWay.begin(process)
      const outcome = index.apply(operation, id)
      outcome.then(ended, ended)
      return outcome
    }
    return { ...cell, index: { ...index, apply } }
  }

  async #startWorker(process: SimProcess, writerId: WriterId): Promise<void> {
    const connect = async () => await this.network.connect(process)
    const link = new Link({ connect, clock: process.clock, writerId })
    await link.open()
    this.#serve(process, await openWorkerCell(this.#workerGround(process), writerId, link))
  }

  /** From now on clients find it; dead, their next requests find a port that others listen at. */
  #serve(process: SimProcess, cell: WorkerCell): void {
    const serving = { process, cell }
    this.#serving.add(serving)
    process.onDeath(() => this.#serving.delete(serving))
  }

  #workerGround(process: SimProcess) {
    return { ...this.#groundOf(process), cacheSizeBytes: CACHE_SIZE_BYTES }
  }

  #groundOf(process: SimProcess): Ground {
    const { faults } = this
    const { recording } = this.#options
    return {
      folder: '/store',
      driveId: this.driveId,
      clock: process.clock,
      random: process.random,
      disk: openSimDisk(this.drive, process),
      engines: simEngines(process, this.store, { faults, holder: this.#holder, recording }),
      defer: (act) => process.schedule(0, 'turn', act),
      syncTimes: new SyncTimes(),
      report: (message) => this.#report(`${process.name}: ${message}`),
    }
  }
}

/** The group says that its store is not its own. */
class GroupRefused extends Error {
  override readonly name = 'GroupRefused'
}

const SETTINGS: CellSettings = {
  folder: '/store',
  listen: { host: 'sim', port: 9000 },
  adminListen: null,
  region: 'sim',
  domains: [],
  tls: null,
  workerCount: 2,
  start: 'serve',
  accessLog: 'none',
  logLevel: 'error',
  version: 'sim',
  rootKey: null,
  objectOwnership: 'BucketOwnerEnforced',
}
