// The superblock of a store's directory (docs/formats/superblock.md): which region, set and drive
// it is, and in which format. A directory without one is no store, and is never made into one by
// reading it. It stands there twice, so that one damaged sector does not lose a store its name.

import { crc32 } from '../base/checksum.ts'
import type { Clock } from '../base/clock.ts'
import { DiskError, type Disk } from '../base/disk.ts'
import type { Random } from '../base/random.ts'

/** The format that this release reads and writes. */
const STORE_FORMAT = 1
const SUPERBLOCK_FILE = 'superblock'
const SUPERBLOCK_COPY_FILE = 'superblock.copy'
/** Is there while init makes a store: tells an index that it left unfinished from somebody's. */
const BEGUN_FILE = 'init.begun'
/** The index's own folder in a store's directory. */
export const INDEX_FOLDER = 'index'
const EXTENTS_FOLDER = 'extents'
/** What may lie in a directory that init takes: a mount point's own, and an interrupted init's. */
const HARMLESS: ReadonlySet<string> = new Set([
  'lost+found',
  'lock',
  'ballast',
  'ballast.new',
  BEGUN_FILE,
  `${BEGUN_FILE}.next`,
  'superblock.next',
  'superblock.copy.next',
])
const MARK = 'holdfast-store'
/** The line but for its end, and the checksum of that with a brace behind it. */
const LINE = /^(\{.*),"crc32":"([0-9a-f]{8})"\}\n$/
const ID_SIZE_BYTES = 16
const ID_PATTERN = /^[0-9a-f]{32}$/

export interface Superblock {
  readonly format: number
  readonly region: string
  /** 32 hex digits each. Drives of one store share the set. */
  readonly setId: string
  readonly driveId: string
  /** All drives of the set, this one among them. */
  readonly siblings: readonly string[]
  readonly createdAtMs: number
}

export type SuperblockErrorCode =
  | 'missing' // the directory is empty or not there: no store
  | 'foreign' // other files, no superblock
  | 'damaged'
  | 'newer-format'
  | 'exists' // it is a store already
  | 'io'

/** Why a directory is refused, and the way out, in the message. */
export class SuperblockError extends Error {
  override readonly name = 'SuperblockError'
  readonly code: SuperblockErrorCode
  constructor(code: SuperblockErrorCode, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** The directory's superblock. `name` is what people call the directory. @throws SuperblockError */
export async function readSuperblock(disk: Disk, name: string): Promise<Superblock> {
  const first = await readOne(disk, name, SUPERBLOCK_FILE)
  if (first !== null && !(first instanceof SuperblockError)) return first
  if (first?.code === 'newer-format') throw first
  const second = await readOne(disk, name, SUPERBLOCK_COPY_FILE)
  if (second !== null && !(second instanceof SuperblockError)) return second
  const error = first ?? second
  if (error !== null) throw error
  const others = othersIn(await names(disk, name))
  if (others.length === 0) {
    throw new SuperblockError(
      'missing',
      `${name}: there is no store here. Make one with \`holdfast init ${name}\`, or, if this is ` +
        'where a drive should be mounted, mount it',
    )
  }
  throw new SuperblockError(
    'foreign',
    `${name}: this is no store: it has no superblock, but ${quoteSome(others)}. Name the right ` +
      'directory; if this was a store, put its superblock back from a backup',
  )
}

/** Null where there is no such file; the error of one that is not sound. */
async function readOne(
  disk: Disk,
  name: string,
  file: string,
): Promise<Superblock | SuperblockError | null> {
  let bytes: Buffer
  try {
    bytes = await disk.readFile(file)
  } catch (cause) {
    if (cause instanceof DiskError && cause.code === 'not-found') return null
    throw new SuperblockError('io', `${name}: ${file} cannot be read: ${messageOf(cause)}`, cause)
  }
  return decodeSuperblock(bytes, `${name}/${file}`)
}

/**
 * Makes a directory a store of one drive; durable on return. It comes last of all that init makes:
 * what has a superblock is whole. @throws SuperblockError `exists`, `io`
 */
export async function makeSuperblock(
  disk: Disk,
  name: string,
  given: { readonly region: string; readonly clock: Clock; readonly random: Random },
): Promise<Superblock> {
  const { region, clock, random } = given
  if ((await names(disk, name)).includes(SUPERBLOCK_FILE)) throw existsError(name)
  const driveId = drawId(random)
  const superblock: Superblock = {
    format: STORE_FORMAT,
    region,
    setId: drawId(random),
    driveId,
    siblings: [driveId],
    createdAtMs: Math.floor(clock.nowMs()),
  }
  const bytes = encodeSuperblock(superblock)
  try {
    await disk.replaceFile(SUPERBLOCK_COPY_FILE, bytes)
    await disk.replaceFile(SUPERBLOCK_FILE, bytes)
  } catch (cause) {
    throw new SuperblockError(
      'io',
      `${name}: the superblock cannot be written: ${messageOf(cause)}`,
      cause,
    )
  }
  return superblock
}

/**
 * Throws unless init may make a store here: in an empty directory, or one that an interrupted init
 * left. The folder `index` of such a one is nobody's. @throws SuperblockError `exists`, `foreign`, `io`
 */
export async function checkInitable(disk: Disk, name: string): Promise<void> {
  const present = await names(disk, name)
  if (present.includes(SUPERBLOCK_FILE)) throw existsError(name)
  const others = othersIn(present)
  if (others.length > 0) {
    throw new SuperblockError(
      'foreign',
      `${name} is not empty: it holds ${quoteSome(others)}. ` +
        'init makes a store in an empty directory only: name another, or empty this one',
    )
  }
}

/** What neither an interrupted init left nor a mount point has. */
function othersIn(present: readonly string[]): string[] {
  // Whoever served it made extents, and then it is a store, whatever became of its superblock.
  const isBegun = present.includes(BEGUN_FILE) && !present.includes(EXTENTS_FOLDER)
  return present.filter((name) => {
    if (HARMLESS.has(name) || name === SUPERBLOCK_COPY_FILE) return false
    return !(isBegun && name === INDEX_FOLDER)
  })
}

/** Durable on return: until `endInit`, what init makes here can be thrown away. @throws DiskError */
export async function beginInit(disk: Disk): Promise<void> {
  await disk.replaceFile(BEGUN_FILE, new Uint8Array())
}

/** Behind `makeSuperblock`; durable on return. @throws DiskError */
export async function endInit(disk: Disk): Promise<void> {
  await disk.remove(BEGUN_FILE)
  await disk.syncFolder('')
}

/** The file's bytes: one line of JSON with its own CRC-32. */
export function encodeSuperblock(superblock: Superblock): Buffer {
  const text = canonical(superblock)
  return Buffer.from(`${text.slice(0, -1)},"crc32":"${crcOf(Buffer.from(text))}"}\n`)
}

/** The superblock in `bytes`, or why it is none. `name` is the file's, for the message. */
export function decodeSuperblock(bytes: Uint8Array, name: string): Superblock | SuperblockError {
  const damaged = new SuperblockError(
    'damaged',
    `${name} is damaged: it does not carry its checksum. Put it back from a backup; the data in ` +
      'this directory has not been touched',
  )
  // The checksum first, over the text as it is: damage is never taken for a newer format.
  const [, text, checksum] = LINE.exec(Buffer.from(bytes).toString('latin1')) ?? []
  if (text === undefined || crcOf(Buffer.from(`${text}}`, 'latin1')) !== checksum) return damaged
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    return damaged // what does not parse is damage, whatever the parser says of it
  }
  if (typeof parsed !== 'object' || parsed === null) return damaged
  const fields = parsed as Readonly<Record<string, unknown>>
  if (fields['mark'] !== MARK) return damaged
  if (typeof fields['format'] === 'number' && fields['format'] > STORE_FORMAT) {
    return new SuperblockError(
      'newer-format',
      `${name} has format ${fields['format']}; this release reads up to ${STORE_FORMAT}. ` +
        'Use the release that wrote it, or a newer one',
    )
  }
  return fieldsOf(fields) ?? damaged
}

/** Null where a field is missing or of another type. */
function fieldsOf(fields: Readonly<Record<string, unknown>>): Superblock | null {
  const { format, region, setId, driveId, siblings, createdAtMs } = fields
  if (typeof format !== 'number' || typeof region !== 'string') return null
  if (!isId(setId) || !isId(driveId) || typeof createdAtMs !== 'number') return null
  if (!Array.isArray(siblings) || !siblings.every(isId) || !siblings.includes(driveId)) return null
  return { format, region, setId, driveId, siblings, createdAtMs }
}

function canonical(superblock: Superblock): string {
  const { format, region, setId, driveId, siblings, createdAtMs } = superblock
  return JSON.stringify({ mark: MARK, format, region, setId, driveId, siblings, createdAtMs })
}

function crcOf(text: Uint8Array): string {
  return crc32(text).toString(16).padStart(8, '0')
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && ID_PATTERN.test(value)
}

function drawId(random: Random): string {
  return Buffer.from(random.bytes(ID_SIZE_BYTES)).toString('hex')
}

async function names(disk: Disk, name: string): Promise<string[]> {
  try {
    return await disk.list('')
  } catch (cause) {
    if (cause instanceof DiskError && cause.code === 'not-found') return []
    throw new SuperblockError('io', `${name} cannot be read: ${messageOf(cause)}`, cause)
  }
}

function existsError(name: string): SuperblockError {
  return new SuperblockError(
    'exists',
    `${name} is a store already. Serve it with \`holdfast serve ${name}\``,
  )
}

function quoteSome(others: readonly string[]): string {
  const shown = others
    .slice(0, 3)
    .map((other) => JSON.stringify(other))
    .join(', ')
  return others.length > 3 ? `${shown} and ${others.length - 3} more` : shown
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
