// The ballast: a file that takes up room from init on and is given up once, when the drive is full,
// so that DELETE still works. It is written in full, with bytes that no file system can pack away.
// Source: DESIGN.md, Disk full.

import { DiskError, type Disk } from '../base/disk.ts'
import { BALLAST_SIZE_BYTES, PIECE_SIZE_BYTES } from '../base/limits.ts'
import type { Random } from '../base/random.ts'

export const BALLAST_FILE = 'ballast'
const UNFINISHED_FILE = 'ballast.new'
/** On a small drive it takes this share of it at most. */
const SHARE_MAX = 1 / 32
const MIB = 1024 * 1024

/** How large a drive's ballast is. */
export function ballastSizeBytes(totalBytes: number): number {
  const share = Math.floor((totalBytes * SHARE_MAX) / MIB) * MIB
  return Math.max(MIB, Math.min(BALLAST_SIZE_BYTES, share))
}

/**
 * Makes the ballast where there is none; durable on return. One that was begun and never finished
 * is begun anew. @throws DiskError
 */
export async function makeBallast(disk: Disk, sizeBytes: number, random?: Random): Promise<void> {
  if (await hasBallast(disk)) return
  await removeFile(disk, UNFINISHED_FILE)
  const file = await disk.create(UNFINISHED_FILE, 'direct')
  try {
    const buffer = await disk.buffer(PIECE_SIZE_BYTES)
    try {
      for (let offset = 0; offset < sizeBytes; offset += PIECE_SIZE_BYTES) {
        const piece = buffer.bytes.subarray(0, PIECE_SIZE_BYTES)
        fillNoise(piece, random === undefined ? offset + 1 : seedFrom(random))
        await file.write([piece], offset)
      }
    } finally {
      buffer.release()
    }
    await file.sync()
  } catch (cause) {
    await file.close()
    await removeFile(disk, UNFINISHED_FILE)
    throw cause
  }
  await file.close()
  await disk.rename(UNFINISHED_FILE, BALLAST_FILE)
  await disk.syncFolder('')
}

export async function hasBallast(disk: Disk): Promise<boolean> {
  return (await disk.list('')).includes(BALLAST_FILE)
}

/** Gives the room back. Safe to do twice. @throws DiskError */
export async function giveUpBallast(disk: Disk): Promise<void> {
  await removeFile(disk, BALLAST_FILE)
  await removeFile(disk, UNFINISHED_FILE)
  await disk.syncFolder('')
}

async function removeFile(disk: Disk, name: string): Promise<void> {
  try {
    await disk.remove(name)
  } catch (cause) {
    if (!(cause instanceof DiskError) || cause.code !== 'not-found') throw cause
  }
}

function seedFrom(random: Random): number {
  return Buffer.from(random.bytes(4)).readUInt32LE(0)
}

/** Xorshift: nothing secret, only nothing that compresses. */
function fillNoise(bytes: Buffer, seed: number): void {
  let state = (seed ^ 0x9e3779b9) | 1
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    bytes.writeInt32LE(state, at)
  }
}
