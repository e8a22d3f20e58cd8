// Extents kept aside: a rebuild found blobs in them of which it is unsure, so their bytes stay until
// a person has looked and removes the list. It is kept beside the superblock, in no index.
// Source: DESIGN.md, The index, Rebuild.

import { crc32 } from '../base/checksum.ts'
import { DiskError, type Disk } from '../base/disk.ts'
import { parseId, type ExtentId } from '../base/id.ts'
import { PlacementError } from './placement.ts'

export const ASIDE_FILE = 'aside'

/** `damaged`: nobody knows which extents it named, so the bytes of none may go. */
export type Aside =
  | { readonly kind: 'listed'; readonly extentIds: ReadonlySet<ExtentId> }
  | { readonly kind: 'damaged' }

/** Adds extents to the list; durable on return. A damaged list stays one. @throws PlacementError */
export async function keepAside(disk: Disk, extentIds: readonly ExtentId[]): Promise<void> {
  const before = await readAside(disk)
  if (before.kind === 'damaged' || extentIds.length === 0) return
  await writeIds(disk, ASIDE_FILE, [...new Set([...before.extentIds, ...extentIds])])
}

/** @throws PlacementError `io` */
export async function readAside(disk: Disk): Promise<Aside> {
  const ids = await readIds(disk, ASIDE_FILE)
  return ids === null ? { kind: 'damaged' } : { kind: 'listed', extentIds: new Set(ids) }
}

/** A list of extents in a file: none where there is no file, null where it is damaged. */
export async function readIds(disk: Disk, name: string): Promise<readonly ExtentId[] | null> {
  let text: string
  try {
    text = (await disk.readFile(name)).toString('utf8')
  } catch (cause) {
    if (cause instanceof DiskError && cause.code === 'not-found') return []
    throw diskFailure(cause, name)
  }
  const [checksum, ...texts] = text.trimEnd().split(' ')
  if (checksum !== checksumOf(name, texts)) return null
  const ids = texts.map((id) => parseId<ExtentId>(id)).filter((id) => id !== null)
  return ids.length === texts.length ? ids : null
}

/** One line: its CRC-32, then ids. Replaced as a whole; durable on return. @throws PlacementError */
export async function writeIds(disk: Disk, name: string, ids: readonly ExtentId[]): Promise<void> {
  try {
    await disk.replaceFile(name, Buffer.from(`${[checksumOf(name, ids), ...ids].join(' ')}\n`))
  } catch (cause) {
    throw diskFailure(cause, name)
  }
}

function checksumOf(name: string, ids: readonly string[]): string {
  return crc32(Buffer.from(`holdfast-${name}-1 ${ids.join(' ')}`))
    .toString(16)
    .padStart(8, '0')
}

function diskFailure(cause: unknown, name: string): unknown {
  if (!(cause instanceof DiskError)) return cause
  const code = cause.code === 'full' ? 'full' : 'io'
  return new PlacementError(code, `the list ${name}: ${cause.message}`, cause)
}
