// How a process's calls reach the drive: each takes its time, and never comes back once the process
// is dead.

import type { Drive } from './drive.ts'
import { never } from './process.ts'
import type { SimProcess } from './process.ts'

/** How long calls take, in milliseconds, when nothing is wrong. */
const LATENCIES_MS = {
  name: [0.005, 0.05],
  read: [0.02, 0.4],
  write: [0.05, 1],
  sync: [0.2, 4],
} as const
/** Of calls that the page cache or the folder cache answers. */
const CACHED_SHARE = 0.6

export type CallKind = keyof typeof LATENCIES_MS

/** How a process's calls reach the drive. */
export class DiskCalls {
  readonly drive: Drive
  readonly process: SimProcess

  constructor(drive: Drive, process: SimProcess) {
    this.drive = drive
    this.process = process
  }

  /** Carries `effect` out when the call's time has passed; `orphan` where its process died in it. */
  async run<T>(kind: CallKind, what: string, effect: () => T, orphan?: () => void): Promise<T> {
    const { process } = this
    if (!process.step()) {
      orphan?.()
      return await never()
    }
    const delayMs = this.#delayMs(kind)
    if (delayMs > 0) {
      await new Promise<void>((resolve) => process.schedule(delayMs, what, resolve, orphan))
      if (process.isDead) return await never()
    }
    return effect()
  }

  #delayMs(kind: CallKind): number {
    const { slowness } = this.drive
    const { random } = this.process
    const isCached = slowness === 1 && (kind === 'name' || kind === 'read')
    if (isCached && random.chance(CACHED_SHARE)) return 0
    const [low, high] = LATENCIES_MS[kind]
    return random.spread(low, high) * slowness
  }
}
