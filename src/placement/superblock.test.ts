// The superblock: golden bytes, what is refused and how, and that neither a damaged sector nor a
// crash in init makes a store of what is none or loses one its name.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { DiskError, type Disk } from '../base/disk.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { SeededRandom } from '../object-index/suite-world.ts'
import { openDisk } from '../platform/disk.ts'
import {
  beginInit,
  checkInitable,
  decodeSuperblock,
  encodeSuperblock,
  endInit,
  makeSuperblock,
  readSuperblock,
  SuperblockError,
  type Superblock,
  type SuperblockErrorCode,
} from './superblock.ts'
import { failingAt } from './suite-disk.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-superblock-'))
after(() => rmSync(root, { recursive: true, force: true }))

const SAMPLE: Superblock = {
  format: 1,
  region: 'eu-1',
  setId: '000102030405060708090a0b0c0d0e0f',
  driveId: 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
  siblings: ['f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff'],
  createdAtMs: 1_700_000_000_000,
}
const GOLDEN =
  '{"mark":"holdfast-store","format":1,"region":"eu-1",' +
  '"setId":"000102030405060708090a0b0c0d0e0f","driveId":"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",' +
  '"siblings":["f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"],"createdAtMs":1700000000000,' +
  '"crc32":"80e69c0c"}\n'

function fresh(): { folder: string; disk: Disk } {
  const folder = mkdtempSync(join(root, 'drive-'))
  return { folder, disk: openDisk(folder) }
}

async function init(disk: Disk): Promise<Superblock> {
  await checkInitable(disk, 'it')
  const given = { region: 'eu-1', clock: new ManualClock(5), random: new SeededRandom(7) }
  return await makeSuperblock(disk, 'it', given)
}

async function refused(act: Promise<unknown>, code: SuperblockErrorCode, says: RegExp) {
  await assert.rejects(act, (cause: unknown) => {
    assert.ok(cause instanceof SuperblockError)
    assert.equal(cause.code, code)
    assert.match(cause.message, says)
    return true
  })
}

test('a superblock has its golden bytes and comes back from them', () => {
  assert.equal(encodeSuperblock(SAMPLE).toString(), GOLDEN)
  assert.deepEqual(decodeSuperblock(Buffer.from(GOLDEN), 'it'), SAMPLE)
})

test('no flipped bit and no cut end passes', () => {
  const bytes = Buffer.from(GOLDEN)
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    const decoded = decodeSuperblock(flipped, 'it')
    assert.ok(decoded instanceof SuperblockError, `bit ${bit}`)
    assert.equal(decoded.code, 'damaged')
  }
  for (let end = 0; end < bytes.length; end += 1) {
    assert.ok(decodeSuperblock(bytes.subarray(0, end), 'it') instanceof SuperblockError)
  }
})

test('init makes a store once, and what it made is read', async () => {
  const { disk } = fresh()
  const made = await init(disk)
  assert.deepEqual(await readSuperblock(disk, 'it'), made)
  assert.deepEqual(made.siblings, [made.driveId])
  await refused(init(disk), 'exists', /already/)
  assert.deepEqual(await readSuperblock(disk, 'it'), made, 'and it is what it was')
})

test('a directory that is empty, not there, or of something else is no store', async () => {
  const { folder, disk } = fresh()
  await refused(readSuperblock(disk, 'it'), 'missing', /holdfast init it/)
  await refused(readSuperblock(openDisk(join(folder, 'none')), 'it'), 'missing', /mount/)
  mkdirSync(join(folder, 'lost+found'))
  await refused(readSuperblock(disk, 'it'), 'missing', /init/)
  writeFileSync(join(folder, 'letters.txt'), 'mine')
  await refused(readSuperblock(disk, 'it'), 'foreign', /letters\.txt/)
  await refused(checkInitable(disk, 'it'), 'foreign', /letters\.txt/)
  assert.deepEqual(readdirSync(folder).toSorted(), ['letters.txt', 'lost+found'], 'nothing is made')
})

test('one damaged copy loses nothing, both are refused, and nothing is repaired in passing', async () => {
  for (const [first, second] of [
    ['superblock', 'superblock.copy'],
    ['superblock.copy', 'superblock'],
  ] as const) {
    const { folder, disk } = fresh()
    const made = await init(disk)
    const bytes = readFileSync(join(folder, first))
    bytes[40] = (bytes[40] ?? 0) ^ 4
    writeFileSync(join(folder, first), bytes)
    assert.deepEqual(await readSuperblock(disk, 'it'), made)
    rmSync(join(folder, first))
    assert.deepEqual(await readSuperblock(disk, 'it'), made)
    writeFileSync(join(folder, first), bytes)
    writeFileSync(join(folder, second), '')
    await refused(readSuperblock(disk, 'it'), 'damaged', /checksum/)
    assert.deepEqual(readFileSync(join(folder, first)), bytes)
  }
})

test('a store of a newer release is not touched, and its copy is not taken in its place', async () => {
  const { folder, disk } = fresh()
  const made = await init(disk)
  writeFileSync(join(folder, 'superblock'), encodeSuperblock({ ...made, format: 2 }))
  await refused(readSuperblock(disk, 'it'), 'newer-format', /format 2/)
})

test('an index is thrown away only where an interrupted init left it', async () => {
  const { folder, disk } = fresh()
  mkdirSync(join(folder, 'index'))
  await refused(checkInitable(disk, 'it'), 'foreign', /index/)
  await beginInit(disk)
  await checkInitable(disk, 'it')
  await refused(readSuperblock(disk, 'it'), 'missing', /holdfast init it/)
  mkdirSync(join(folder, 'extents'))
  await refused(checkInitable(disk, 'it'), 'foreign', /extents|index/)
  rmSync(join(folder, 'extents'), { recursive: true })
  await init(disk)
  await refused(checkInitable(disk, 'it'), 'exists', /already/)
  await endInit(disk)
  rmSync(join(folder, 'superblock'))
  await refused(checkInitable(disk, 'it'), 'foreign', /index/)
})

test('init may be interrupted at every step and begun again', async () => {
  let steps = 0
  for (let left = 0; ; left += 1) {
    const { disk } = fresh()
    const counter = { left }
    const failing = failingAt(disk, ['replaceFile'], counter, () => new DiskError('io', 'cut'))
    const outcome = await init(failing).catch((cause: unknown) => cause)
    if (!(outcome instanceof SuperblockError)) break
    steps += 1
    assert.equal(outcome.code, 'io')
    assert.equal((await init(disk)).region, 'eu-1')
  }
  assert.equal(steps, 2)
})
