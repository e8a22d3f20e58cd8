// The open connections of a listener that must stay reachable in a crowd: none may wait for long
// without bringing a request or taking its answer, and where all places are taken the one goes
// for which nothing has happened for longest, so that who comes is always let in.

/** What of a connection is asked: a socket. */
export interface Connection {
  readonly bytesRead: number
  destroy(): unknown
}

/**
 * `waiting` for a request (the first or a further one), `sending` its body, `answered` by a handler
 * that is not done, `taking` the answer.
 */
export type Phase = 'waiting' | 'sending' | 'answered' | 'taking'

export interface CrowdLimits {
  readonly connectionsMax: number
  /** Bodies that are received at once; each is in memory as far as it came. */
  readonly bodiesMax: number
  /** A request's head, and the first byte of a connection. */
  readonly headTimeoutMs: number
  /** The same for a whole body, and for an answer to be taken. */
  readonly transferTimeoutMs: number
  /** Silence between two requests. */
  readonly idleMs: number
}

interface Place {
  readonly connection: Connection
  phase: Phase
  sinceMs: number
  /** What had been read when it began to wait; more is the beginning of a request. */
  bytesBefore: number
  hasAsked: boolean
}

/** The connections by a key of their own. The longest without change comes first. */
export class ConnectionCrowd {
  readonly #limits: CrowdLimits
  readonly #places = new Map<string, Place>()
  #bodyCount = 0
  #shedCount = 0

  constructor(limits: CrowdLimits) {
    this.#limits = limits
  }

  get count(): number {
    return this.#places.size
  }

  /** How many had to go for others, or were too slow. */
  get shedCount(): number {
    return this.#shedCount
  }

  /** Lets one in. */
  enter(key: string, connection: Connection, nowMs: number): void {
    if (this.#places.size >= this.#limits.connectionsMax) this.#shedOldest()
    const place: Place = {
      connection,
      phase: 'waiting',
      sinceMs: nowMs,
      bytesBefore: 0,
      hasAsked: false,
    }
    this.#places.set(key, place)
  }

  /** Forgets one that is closed. Its key may be another's by now: then nothing happens. */
  leave(key: string, connection: Connection): void {
    const place = this.#places.get(key)
    if (place?.connection !== connection) return
    if (place.phase === 'sending') this.#bodyCount -= 1
    this.#places.delete(key)
  }

  /** Notes what happens on a connection now. One that has left is let be. */
  turn(key: string, phase: Phase, nowMs: number): void {
    const place = this.#places.get(key)
    if (place === undefined) return
    if (place.phase === 'sending') this.#bodyCount -= 1
    if (phase === 'sending') {
      if (this.#bodyCount >= this.#limits.bodiesMax) this.#shedOldest('sending')
      this.#bodyCount += 1
    }
    place.phase = phase
    place.sinceMs = nowMs
    place.bytesBefore = place.connection.bytesRead
    place.hasAsked = true
    this.#places.delete(key)
    this.#places.set(key, place)
  }

  /** Ends those that took too long. */
  sweep(nowMs: number): void {
    for (const [key, place] of this.#places) {
      if (nowMs - place.sinceMs >= this.#patienceMs(place)) this.#shed(key, place)
    }
  }

  /** Ends all, or those that no handler is at work for. */
  clear({ isAnsweredToo }: { isAnsweredToo: boolean }): void {
    for (const [key, place] of this.#places) {
      const isIdle = place.phase === 'waiting' || place.phase === 'sending'
      if (!isAnsweredToo && !isIdle) continue
      this.leave(key, place.connection)
      place.connection.destroy()
    }
  }

  #patienceMs({ bytesBefore, connection, hasAsked, phase }: Place): number {
    const { headTimeoutMs, idleMs, transferTimeoutMs } = this.#limits
    if (phase === 'answered') return Infinity // the handler has its own deadlines
    if (phase !== 'waiting') return transferTimeoutMs
    return hasAsked && connection.bytesRead === bytesBefore ? idleMs : headTimeoutMs
  }

  /** Bounded: as many as handlers are at work are passed by. */
  #shedOldest(phase: Phase | null = null): void {
    for (const [key, place] of this.#places) {
      const isFree = phase === null ? place.phase !== 'answered' : place.phase === phase
      if (isFree) return this.#shed(key, place)
    }
  }

  #shed(key: string, place: Place): void {
    this.#shedCount += 1
    this.leave(key, place.connection)
    place.connection.destroy()
  }
}
