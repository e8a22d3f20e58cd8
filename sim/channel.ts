// Channels between simulated processes. Values cross as the real channel has them (structured
// clones), in order within one channel; between channels nothing is ordered. A channel ends when a
// side ends it or dies; what was on its way to who ended it is lost.

import { deserialize, serialize } from 'node:v8'
import type { Channel } from '../src/platform/channel.ts'
import type { Faults } from './faults.ts'
import type { SimProcess } from './process.ts'
import type { UnderWay } from './under-way.ts'
import type { World } from './world.ts'

const DELAY_MS = [0.01, 0.5] as const
const LONG_DELAY_MS = [20, 4000] as const
const HALF_OPEN_MS = [500, 15_000] as const
/** How much later than the one before it a value comes at least. */
const GAP_MS = 0.0001

/** As the kernel says it: nobody listens there, or nobody answers. */
class ConnectRefused extends Error {
  override readonly name = 'ConnectRefused'
  readonly syscall = 'connect'
}

interface Listener {
  readonly process: SimProcess
  readonly accept: (channel: Channel) => void
}

/** What connects the processes of a machine. */
export class Network {
  readonly world: World
  readonly faults: Faults
  readonly #underWay: UnderWay
  readonly #links = new Set<Pair>()
  #listener: Listener | null = null
  #partedUntilMs = 0

  constructor(world: World, faults: Faults, underWay: UnderWay) {
    this.world = world
    this.faults = faults
    this.#underWay = underWay
  }

  /** Takes the one address there is, the writer's socket; whoever had it before is not found now. */
  listen(process: SimProcess, accept: (channel: Channel) => void): void {
    this.#listener = { process, accept }
  }

  /** @throws ConnectRefused */
  async connect(process: SimProcess): Promise<Channel> {
    await process.wait(this.delayMs(), 'connect')
    const listener = this.#listener
    if (listener === null || listener.process.isDead || this.isParted) {
      throw new ConnectRefused('nobody listens at the writer’s socket')
    }
    const pair = this.pair(process, listener.process)
    this.#links.add(pair)
    pair.near.underWay = this.#underWay
    listener.process.schedule(this.delayMs(), 'accept', () => listener.accept(pair.far))
    return pair.near
  }

  /** A channel outside of the network's faults but for delay: a parent's to its child. */
  pair(near: SimProcess, far: SimProcess): Pair {
    return new Pair(this, near, far)
  }

  forget(pair: Pair): void {
    this.#links.delete(pair)
  }

  get isParted(): boolean {
    return this.world.nowMs < this.#partedUntilMs
  }

  /** When what is sent now can cross at the earliest. */
  get opensAtMs(): number {
    return Math.max(this.world.nowMs, this.#partedUntilMs)
  }

  part(forMs: number): void {
    this.#partedUntilMs = this.world.nowMs + forMs
    this.faults.note('partition')
  }

  /** Messages get through again, and what was half open ends. */
  heal(): void {
    this.#partedUntilMs = 0
    for (const link of this.#links) if (link.isHalfOpen) link.cut()
  }

  /** Cuts one of the connections; false where there is none. */
  cutOne(): boolean {
    const links = [...this.#links]
    if (links.length === 0) return false
    this.faults.random.pick(links).cut()
    this.faults.note('channel-cut')
    return true
  }

  /** One side of a connection is not heard any more, until it ends; false where there is none. */
  halfOpenOne(): boolean {
    const links = [...this.#links].filter((link) => !link.isHalfOpen)
    if (links.length === 0) return false
    const { random } = this.faults
    const link = random.pick(links)
    link.halfOpen(random.chance(0.5) ? 'near' : 'far')
    this.world.schedule(null, random.spread(...HALF_OPEN_MS), 'half-open ends', () => link.cut())
    this.faults.note('half-open')
    return true
  }

  delayMs(): number {
    return this.faults.random.spread(...DELAY_MS)
  }

  /** Of one value; some take long. */
  valueDelayMs(): number {
    if (this.faults.strikes('message-delay')) return this.faults.random.spread(...LONG_DELAY_MS)
    return this.delayMs()
  }
}

/** Two ends. */
export class Pair {
  readonly near: End
  readonly far: End
  readonly #network: Network

  constructor(network: Network, near: SimProcess, far: SimProcess) {
    this.#network = network
    this.near = new End(network, near, () => this.far)
    this.far = new End(network, far, () => this.near)
    for (const end of [this.near, this.far]) {
      end.process.onDeath(() => end.destroy())
      end.onceClosed(() => this.#network.forget(this))
    }
  }

  get isHalfOpen(): boolean {
    return this.near.isMute || this.far.isMute
  }

  halfOpen(side: 'near' | 'far'): void {
    this[side].isMute = true
  }

  /** Both sides hear that it ended; what was on its way is lost. */
  cut(): void {
    this.near.destroy()
    this.far.destroy()
    this.near.closeSoon()
    this.far.closeSoon()
  }
}

/** A value that came, and who is told that it is on its way no more. */
interface Arrived {
  readonly value: unknown
  readonly taken: (() => void) | null
}

class End implements Channel {
  readonly process: SimProcess
  /** What it sends gets lost. */
  isMute = false
  /** Where what it sends are requests, which may change something as long as they are on their way. */
  underWay: UnderWay | null = null
  readonly #network: Network
  readonly #peer: () => End
  #receive: (value: unknown) => void = () => undefined
  readonly #onClose: (() => void)[] = []
  /** Values that came before anybody asked for them. */
  #early: Arrived[] | null = []
  /** Ended by this side, or heard that it ended. */
  #isOver = false
  #isClosed = false
  #lastAtMs = 0

  constructor(network: Network, process: SimProcess, peer: () => End) {
    this.#network = network
    this.process = process
    this.#peer = peer
  }

  send(value: unknown): void {
    if (this.#isOver || !this.process.step() || this.isMute) return
    const bytes = serialize(value)
    const peer = this.#peer()
    const { world, opensAtMs } = this.#network
    const atMs = Math.max(opensAtMs + this.#network.valueDelayMs(), this.#lastAtMs + GAP_MS)
    this.#lastAtMs = atMs
    const taken = this.underWay?.begin(peer.process) ?? null
    peer.process.schedule(atMs - world.nowMs, 'value', () =>
      peer.#take({ value: deserialize(bytes), taken }),
    )
  }

  #take(arrived: Arrived): void {
    if (this.#isOver) arrived.taken?.()
    else if (this.#early === null) this.#hand(arrived)
    else this.#early.push(arrived)
  }

  /** Whatever is begun for it is under way before it is taken. */
  #hand({ value, taken }: Arrived): void {
    this.#receive(value)
    taken?.()
  }

  onValue(receive: (value: unknown) => void): void {
    this.#receive = receive
    const early = this.#early ?? []
    this.#early = null
    for (const arrived of early) this.#hand(arrived)
  }

  onClose(closed: () => void): void {
    if (this.#isClosed) this.process.schedule(0, 'closed', closed)
    else this.#onClose.push(closed)
  }

  /** Also where its process is dead. */
  onceClosed(closed: () => void): void {
    this.#onClose.push(closed)
  }

  destroy(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.closeSoon()
    const peer = this.#peer()
    if (!this.isMute && !peer.isMute) peer.#endAt(this.#lastAtMs)
  }

  end(): void {
    this.destroy()
  }

  /** The other side has ended: heard behind all that it sent. */
  #endAt(atMs: number): void {
    const { world, opensAtMs } = this.#network
    const delayMs = Math.max(
      opensAtMs - world.nowMs + this.#network.delayMs(),
      atMs + GAP_MS - world.nowMs,
    )
    this.process.schedule(
      delayMs,
      'end',
      () => this.#close(),
      () => this.#close(),
    )
  }

  closeSoon(): void {
    this.process.schedule(
      this.#network.delayMs(),
      'closed',
      () => this.#close(),
      () => this.#close(),
    )
  }

  #close(): void {
    this.#isOver = true
    if (this.#isClosed) return
    this.#isClosed = true
    for (const closed of this.#onClose.splice(0)) if (!this.process.isDead) closed()
  }
}
