// A binary heap of events by time, then by tie. A cancelled event stays until it comes up.

export interface QueuedEvent {
  atMs: number
  readonly tie: number
  /** Fired or cancelled. */
  isDone: boolean
}

export class EventQueue<E extends QueuedEvent> {
  readonly #heap: E[] = []

  push(event: E): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(event, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  /** The earliest event that was not cancelled; null where there is none. */
  pop(): E | null {
    for (;;) {
      const first = this.#heap[0]
      if (first === undefined) return null
      this.#removeFirst()
      if (!first.isDone) return first
    }
  }

  cancel(event: E): void {
    event.isDone = true
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      let below = heap[child]
      const right = heap[child + 1]
      if (right !== undefined && below !== undefined && isBefore(right, below)) {
        child += 1
        below = right
      }
      if (below === undefined || !isBefore(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
  }
}

function isBefore(one: QueuedEvent, other: QueuedEvent): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.tie < other.tie)
}
