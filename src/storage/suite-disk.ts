// A disk over a real one whose calls go wrong as a test says, and that can lose its power: what was
// not synced is then there, gone or in between, sector by sector. It counts what is held of it.

import type { Disk, DiskBuffer, DiskErrorCode, DiskFile, OpenMode } from '../base/disk.ts'
import { DiskError } from '../base/disk.ts'
import { DISK_PAGE_SIZE_BYTES } from '../base/limits.ts'
import type { Random } from '../base/random.ts'

export interface Call {
  readonly what:
    | 'open'
    | 'create'
    | 'read'
    | 'write'
    | 'sync'
    | 'size'
    | 'list'
    | 'make'
    | 'sync-folder'
    | 'remove'
  readonly path: string
}

/**
 * What becomes of a call: it does what it should, fails and does nothing, finds the disk full, does
 * it and fails all the same, does half of it (and fails where it writes), or reads a flipped bit.
 */
export type Outcome = 'well' | 'fail' | 'full' | 'done-but-fail' | 'half' | 'flip'
export type OnCall = (call: Call, index: number) => Outcome | Promise<Outcome>

/** A write that no sync has covered yet, with what stood there before. */
interface Pending {
  readonly offset: number
  readonly sizeBytes: number
  readonly before: Buffer
  isDone: boolean
}

export interface FlippedBit {
  readonly path: string
  readonly offset: number
  readonly bit: number
}

const SECTOR_SIZE_BYTES = 512
const FAILURES: Readonly<Partial<Record<Outcome, DiskErrorCode>>> = { fail: 'io', full: 'full' }

export class FaultyDisk implements Disk {
  readonly #disk: Disk
  readonly #pending = new Map<string, Set<Pending>>()
  /** Names that no sync of their folder has covered. */
  readonly #unsure = new Set<string>()
  onCall: OnCall = () => 'well'
  /** Every read of this place sees the bit flipped. */
  flipped: FlippedBit | null = null
  calls: Call[] = []
  buffersOut = 0
  filesOpen = 0
  /** Which of its lives between losses of power this is. */
  life = 0

  constructor(disk: Disk) {
    this.#disk = disk
  }

  async run<T>(call: Call, act: (outcome: Outcome) => Promise<T>): Promise<T> {
    this.calls.push(call)
    const { life } = this
    const outcome = await this.onCall(call, this.calls.length - 1)
    const code = life === this.life ? FAILURES[outcome] : 'closed'
    if (code !== undefined) throw new DiskError(code, `${call.what} of ${call.path}: as planned`)
    const result = await act(outcome)
    if (outcome === 'done-but-fail' || (outcome === 'half' && call.what === 'write')) {
      throw new DiskError('io', `${call.what} of ${call.path}: as planned`)
    }
    return result
  }

  open: Disk['open'] = async (path, mode) => await this.#opened('open', path, mode)
  create: Disk['create'] = async (path, mode) => await this.#opened('create', path, mode)

  async #opened(what: 'open' | 'create', path: string, mode: OpenMode): Promise<DiskFile> {
    let file: DiskFile | null = null
    try {
      return await this.run({ what, path }, async () => {
        file = await this.#disk[what](path, mode)
        if (what === 'create') this.#unsure.add(path)
        this.filesOpen += 1
        return new FaultyFile(this, file, path, mode)
      })
    } catch (error) {
      if (file !== null) this.filesOpen -= 1
      await (file as DiskFile | null)?.close()
      throw error
    }
  }

  list: Disk['list'] = async (folder) =>
    await this.run({ what: 'list', path: folder }, async () => await this.#disk.list(folder))

  makeFolder: Disk['makeFolder'] = async (folder) =>
    await this.run({ what: 'make', path: folder }, async () => {
      if (!(await this.#disk.list('')).includes(folder)) this.#unsure.add(folder)
      await this.#disk.makeFolder(folder)
    })

  syncFolder: Disk['syncFolder'] = async (folder) =>
    await this.run({ what: 'sync-folder', path: folder }, async () => {
      await this.#disk.syncFolder(folder)
      for (const name of this.#unsure) if (folderOf(name) === folder) this.#unsure.delete(name)
    })

  remove: Disk['remove'] = async (path) =>
    await this.run({ what: 'remove', path }, async () => {
      await this.#disk.remove(path)
      this.#unsure.delete(path)
      this.#pending.delete(path)
    })

  rename: Disk['rename'] = async (from, to) => await this.#disk.rename(from, to)
  readFile: Disk['readFile'] = async (path) => await this.#disk.readFile(path)
  replaceFile: Disk['replaceFile'] = async (path, content) =>
    await this.#disk.replaceFile(path, content)
  space: Disk['space'] = async () => await this.#disk.space()

  buffer: Disk['buffer'] = async (sizeBytes, signal): Promise<DiskBuffer> => {
    const buffer = await this.#disk.buffer(sizeBytes, signal)
    this.buffersOut += 1
    const release = (): void => {
      buffer.release()
      this.buffersOut -= 1
    }
    return { bytes: buffer.bytes, release }
  }

  /** Notes a write before it is made. */
  async begin(file: DiskFile, path: string, offset: number, sizeBytes: number): Promise<Pending> {
    const before = Buffer.alloc(sizeBytes)
    await file.read(before, offset)
    const pending = { offset, sizeBytes, before, isDone: false }
    const all = this.#pending.get(path) ?? new Set()
    this.#pending.set(path, all.add(pending))
    return pending
  }

  /** The writes that a sync which begins now makes durable. */
  covered(path: string): readonly Pending[] {
    return [...(this.#pending.get(path) ?? [])].filter(({ isDone }) => isDone)
  }

  settle(path: string, durable: readonly Pending[]): void {
    for (const pending of durable) this.#pending.get(path)?.delete(pending)
  }

  /** The power goes and comes back: nothing of before answers, and calls go well again. */
  async losePower(random: Random): Promise<void> {
    this.life += 1
    this.onCall = () => 'well'
    for (const [path, writes] of this.#pending) {
      const file = await this.#disk.open(path, 'append')
      for (const pending of writes) await tear(file, pending, random)
      await file.close()
    }
    for (const folder of [...this.#unsure].filter((name) => !name.includes('/'))) {
      for (const name of await this.#disk.list(folder)) await this.#disk.remove(`${folder}/${name}`)
    }
    for (const path of this.#unsure) {
      if (path.includes('/')) await this.#disk.remove(path).catch(() => undefined)
    }
    this.#pending.clear()
    this.#unsure.clear()
  }
}

/** Each sector of a write that was not synced is the new one or the old one. */
async function tear(file: DiskFile, pending: Pending, random: Random): Promise<void> {
  const { offset, sizeBytes, before } = pending
  const bytes = Buffer.alloc(sizeBytes)
  await file.read(bytes, offset)
  const share = random.fraction()
  let at = 0
  while (at < sizeBytes) {
    const end = Math.min(sizeBytes, at + SECTOR_SIZE_BYTES - ((offset + at) % SECTOR_SIZE_BYTES))
    if (random.fraction() < share) before.copy(bytes, at, at, end)
    at = end
  }
  await file.write([bytes], offset)
}

class FaultyFile implements DiskFile {
  readonly #disk: FaultyDisk
  readonly #file: DiskFile
  readonly #path: string
  readonly #mode: OpenMode
  readonly #life: number
  #isClosed = false

  constructor(disk: FaultyDisk, file: DiskFile, path: string, mode: OpenMode) {
    this.#disk = disk
    this.#file = file
    this.#path = path
    this.#mode = mode
    this.#life = disk.life
  }

  async #run<T>(what: Call['what'], act: (outcome: Outcome) => Promise<T>): Promise<T> {
    if (this.#life !== this.#disk.life) throw new DiskError('closed', 'of a life before')
    return await this.#disk.run({ what, path: this.#path }, act)
  }

  async read(into: Uint8Array, offset: number): Promise<number> {
    return await this.#run('read', async (outcome) => {
      const count = await this.#file.read(into, offset)
      const { flipped } = this.#disk
      if (flipped !== null && flipped.path === this.#path) {
        const at = flipped.offset - offset
        if (at >= 0 && at < count) into[at] = (into[at] ?? 0) ^ (1 << flipped.bit)
      }
      if (outcome === 'flip' && count > 0) into[count >> 1] = (into[count >> 1] ?? 0) ^ 1
      return outcome === 'half' ? count >> 1 : count
    })
  }

  async write(pieces: readonly Uint8Array[], offset: number): Promise<void> {
    const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
    await this.#run('write', async (outcome) => {
      const pending = await this.#disk.begin(this.#file, this.#path, offset, sizeBytes)
      if (outcome === 'half') {
        const unitBytes = this.#mode === 'direct' ? DISK_PAGE_SIZE_BYTES : 1
        await this.#file.write(halfOf(pieces, unitBytes), offset)
        return
      }
      await this.#file.write(pieces, offset)
      pending.isDone = true
      if (this.#mode === 'append' && outcome === 'well') this.#disk.settle(this.#path, [pending])
    })
  }

  async sync(): Promise<void> {
    await this.#run('sync', async () => {
      const covered = this.#disk.covered(this.#path)
      await this.#file.sync()
      this.#disk.settle(this.#path, covered)
    })
  }

  async sizeBytes(): Promise<number> {
    return await this.#run('size', async () => await this.#file.sizeBytes())
  }

  async truncate(sizeBytes: number): Promise<void> {
    await this.#file.truncate(sizeBytes)
  }

  async close(): Promise<void> {
    if (!this.#isClosed) this.#disk.filesOpen -= 1
    this.#isClosed = true
    await this.#file.close()
  }
}

/** The first half, in whole units. */
function halfOf(pieces: readonly Uint8Array[], unitBytes: number): Uint8Array[] {
  const half = pieces.reduce((sum, piece) => sum + piece.length, 0) >> 1
  let left = half - (half % unitBytes)
  const taken: Uint8Array[] = []
  for (const piece of pieces) {
    taken.push(piece.subarray(0, left))
    left -= Math.min(left, piece.length)
  }
  return taken
}

function folderOf(name: string): string {
  const end = name.lastIndexOf('/')
  return end < 0 ? '' : name.slice(0, end)
}
