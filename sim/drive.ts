// The simulated drive of a machine: it outlives processes and power cuts, and knows what damage it
// did. Processes see it through disk.ts.

import { assert } from '../src/base/assert.ts'
import { DiskError } from '../src/base/disk.ts'
import { parseId } from '../src/base/id.ts'
import type { ExtentId } from '../src/base/id.ts'
import { DriveFile } from './drive-file.ts'
import { DriveFolder } from './drive-folder.ts'
import type { DriveEntry } from './drive-folder.ts'
import type { Faults } from './faults.ts'
import type { Damage } from './region.ts'
import type { World } from './world.ts'

/** A write that a process asked for and that has not come back. */
export interface InFlight {
  readonly file: DriveFile
  readonly bytes: Buffer
  readonly offset: number
}

const EXTENTS = 'extents'
const SLOW_FACTOR = 100

export class Drive {
  readonly world: World
  readonly faults: Faults
  readonly totalBytes: number
  readonly damage: Damage[] = []
  readonly inFlight: Set<InFlight> = new Set()
  /** Told, once, when the next write, sync or change of names begins. */
  #onTouch: (() => void) | null = null
  readonly #root = new DriveFolder()
  /** Of the drive, when it is as it should be. */
  readonly #freeShare: number
  /** Of others on the same drive. */
  #foreignBytes = 0
  #slowUntilMs = 0

  constructor(world: World, faults: Faults, size: { totalBytes: number; freeShare: number }) {
    this.world = world
    this.faults = faults
    this.totalBytes = size.totalBytes
    this.#freeShare = size.freeShare
    this.makeRoom()
  }

  get freeBytes(): number {
    const usedBytes = [...filesOf(this.#root)].reduce((sum, file) => sum + file.allocatedBytes, 0)
    return Math.max(0, this.totalBytes - this.#foreignBytes - usedBytes)
  }

  /** Calls `touched` when the drive is next written, synced or given other names. */
  onTouch(touched: () => void): void {
    this.#onTouch = touched
  }

  touch(): void {
    const touched = this.#onTouch
    this.#onTouch = null
    touched?.()
  }

  /** Others take what they have when all is well. */
  makeRoom(): void {
    this.leaveFree(this.#freeShare)
  }

  /** Others take all but this share of the drive. */
  leaveFree(share: number): void {
    this.#foreignBytes = Math.floor(this.totalBytes * (1 - share))
  }

  slowDown(forMs: number): void {
    this.#slowUntilMs = this.world.nowMs + forMs
  }

  /** Room and speed are as they should be; damage stays. */
  heal(): void {
    this.makeRoom()
    this.#slowUntilMs = 0
  }

  /** How many times as long as usual everything takes now. */
  get slowness(): number {
    return this.world.nowMs < this.#slowUntilMs ? SLOW_FACTOR : 1
  }

  /** @throws DiskError `not-found` */
  folder(path: string): DriveFolder {
    let at: DriveEntry | undefined = this.#root
    for (const name of path === '' ? [] : path.split('/')) {
      at = at instanceof DriveFolder ? at.names.get(name) : undefined
    }
    if (at instanceof DriveFolder) return at
    throw new DiskError('not-found', `${path}: there is no such folder`)
  }

  entry(path: string): { folder: DriveFolder; name: string; entry: DriveEntry | null } {
    const cut = path.lastIndexOf('/')
    const folder = this.folder(cut < 0 ? '' : path.slice(0, cut))
    const name = path.slice(cut + 1)
    return { folder, name, entry: folder.names.get(name) ?? null }
  }

  /** @throws DiskError `not-found` */
  file(path: string): DriveFile {
    const { entry } = this.entry(path)
    if (entry instanceof DriveFile) return entry
    throw new DiskError('not-found', `${path}: there is no such file`)
  }

  /** All that is not durable is lost, or not, as the seed has it. Every process must be dead. */
  cutPower(): void {
    const writing = [...this.inFlight]
    this.inFlight.clear()
    this.#root.cutPower(this.faults, (file) =>
      file.cutPower(
        this.faults,
        writing.filter((each) => each.file === file),
      ),
    )
  }

  /** Flips a bit somewhere in an extent; false where there is nothing to damage. */
  flipBit(): boolean {
    const { random } = this.faults
    const found = [...this.#extents()].filter(([, file]) => file.durableSizeBytes > 0)
    if (found.length === 0) return false
    const [path, file] = random.pick(found)
    const offset = random.below(file.durableSizeBytes)
    if (file.isUnsure(offset, 1)) return false
    file.flip(offset, random.below(8))
    this.faults.note('bit-flip')
    this.noteDamage('bit-flip', path, offset, 1)
    return true
  }

  /** A place that a write may go to by mistake: another offset of the same file, or another file. */
  wrongPlace(path: string, file: DriveFile, lengthBytes: number): { path: string; offset: number } {
    const { random } = this.faults
    const found = [...this.#extents()].filter(([, each]) => each !== file)
    const other = found.length > 0 && random.chance(0.5) ? random.pick(found) : null
    const [toPath, to] = other ?? [path, file]
    const sectors = Math.max(1, Math.floor(to.sizeBytes / 512))
    assert(lengthBytes > 0, 'a write that goes astray has bytes')
    return { path: toPath, offset: random.below(sectors) * 512 }
  }

  noteDamage(kind: Damage['kind'], path: string, offset: number, lengthBytes: number): void {
    const [folder, name] = path.split('/')
    const extentId = folder === EXTENTS ? parseId<ExtentId>(name ?? '') : null
    this.damage.push({ kind, extentId, path, offset, lengthBytes, atMs: this.world.nowMs })
    this.world.note('drive', `${kind} in ${path} at ${offset}`)
  }

  *#extents(): Iterable<[path: string, file: DriveFile]> {
    const folder = this.#root.names.get(EXTENTS)
    if (!(folder instanceof DriveFolder)) return
    for (const [name, file] of folder.names) {
      if (file instanceof DriveFile) yield [`${EXTENTS}/${name}`, file]
    }
  }
}

function* filesOf(folder: DriveFolder): Iterable<DriveFile> {
  for (const entry of folder.names.values()) {
    if (entry instanceof DriveFile) yield entry
    else yield* filesOf(entry)
  }
}
