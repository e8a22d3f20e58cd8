// What tests of placement put between the store and its surroundings: a disk of which they say how
// much is free, calls that fail at the n-th, and an event loop's turns.

import type { Disk, DiskSpace } from '../base/disk.ts'
import type { ManualClock } from '../base/manual-clock.ts'

const MIB = 1024 * 1024

/** A disk of which tests say how much is free; or nothing: then its own word counts. */
export class SizedDisk implements Disk {
  readonly #disk: Disk
  size: DiskSpace | null = { totalBytes: 100_000 * MIB, freeBytes: 50_000 * MIB }

  constructor(disk: Disk) {
    this.#disk = disk
  }

  /** Free from now on, as a share of the whole. */
  setFree(share: number): void {
    const totalBytes = this.size?.totalBytes ?? 100_000 * MIB
    this.size = { totalBytes, freeBytes: Math.floor(totalBytes * share) }
  }

  open: Disk['open'] = (path, mode) => this.#disk.open(path, mode)
  create: Disk['create'] = (path, mode) => this.#disk.create(path, mode)
  list: Disk['list'] = (folder) => this.#disk.list(folder)
  makeFolder: Disk['makeFolder'] = (folder) => this.#disk.makeFolder(folder)
  syncFolder: Disk['syncFolder'] = (folder) => this.#disk.syncFolder(folder)
  rename: Disk['rename'] = (from, to) => this.#disk.rename(from, to)
  remove: Disk['remove'] = (path) => this.#disk.remove(path)
  readFile: Disk['readFile'] = (path) => this.#disk.readFile(path)
  replaceFile: Disk['replaceFile'] = (path, content) => this.#disk.replaceFile(path, content)
  buffer: Disk['buffer'] = (sizeBytes, signal) => this.#disk.buffer(sizeBytes, signal)
  space: Disk['space'] = async () => this.size ?? (await this.#disk.space())
}

/** Counts down over all targets that share it: the call that finds 0 fails, and all behind it. */
export interface FaultCounter {
  left: number
}

/** `target`, of which the named methods fail from the call on that finds the counter at 0. */
export function failingAt<T extends object>(
  target: T,
  methods: readonly string[],
  counter: FaultCounter,
  error: () => Error,
): T {
  return new Proxy(target, {
    get: (object, name) => {
      const value = Reflect.get(object, name, object) as unknown
      if (typeof value !== 'function') return value
      if (typeof name !== 'string' || !methods.includes(name)) {
        return (value as (...args: unknown[]) => unknown).bind(object)
      }
      return (...args: unknown[]) => {
        counter.left -= 1
        if (counter.left < 0) return Promise.reject(error())
        return (value as (...inner: unknown[]) => unknown).apply(object, args)
      }
    },
  })
}

const TURNS_MAX = 20_000

/** Turns the clock by `stepMs` a turn, real input and output between, until it is so. */
export async function until(
  { clock, disk }: { readonly clock: ManualClock; readonly disk: Disk },
  stepMs: number,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let turn = 0; turn < TURNS_MAX; turn += 1) {
    if (await isSo()) return
    await disk.list('')
    await clock.advance(stepMs)
  }
  throw new RangeError(`it did not come to be in ${TURNS_MAX} turns`)
}
