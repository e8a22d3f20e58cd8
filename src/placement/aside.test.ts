// Lists of extents on a drive: golden bytes, and what is made of damage.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { ExtentId } from '../base/id.ts'
import { openDisk } from '../platform/disk.ts'
import { ASIDE_FILE, keepAside, readAside, readIds, writeIds } from './aside.ts'
import { REMOVING_FILE } from './removal.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-aside-'))
after(() => rmSync(root, { recursive: true, force: true }))
const [A, B] = [
  '000102030405060708090a0b0c0d0e0f' as ExtentId,
  'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff' as ExtentId,
]
const GOLDEN: Readonly<Record<string, string>> = {
  [ASIDE_FILE]: `ec2cc10a ${A} ${B}\n`,
  [REMOVING_FILE]: `406b18a0 ${A} ${B}\n`,
}

test('lists have their golden bytes, each under its own name', async () => {
  const disk = openDisk(root)
  for (const [name, golden] of Object.entries(GOLDEN)) {
    await writeIds(disk, name, [A, B])
    assert.equal(readFileSync(join(root, name), 'utf8'), golden)
    assert.deepEqual(await readIds(disk, name), [A, B])
    writeFileSync(join(root, 'other'), golden)
    assert.equal(await readIds(disk, 'other'), null)
  }
})

test('no file is an empty list; a flipped bit or a cut end is damage', async () => {
  const disk = openDisk(mkdtempSync(join(root, 'drive-')))
  assert.deepEqual(await readIds(disk, ASIDE_FILE), [])
  assert.deepEqual(await readAside(disk), { kind: 'listed', extentIds: new Set() })
  await writeIds(disk, ASIDE_FILE, [A, B])
  const bytes = await disk.readFile(ASIDE_FILE)
  for (let bit = 0; bit < (bytes.length - 1) * 8; bit += 1) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    await disk.replaceFile(ASIDE_FILE, flipped)
    assert.deepEqual(await readAside(disk), { kind: 'damaged' }, `bit ${bit}`)
  }
  for (const end of [0, 8, 9, 41, 50]) {
    await disk.replaceFile(ASIDE_FILE, bytes.subarray(0, end))
    assert.deepEqual(await readAside(disk), { kind: 'damaged' }, `cut at ${end}`)
  }
})

test('what is kept aside adds up, and a damaged list is not written over', async () => {
  const disk = openDisk(mkdtempSync(join(root, 'drive-')))
  await keepAside(disk, [])
  assert.deepEqual(await disk.list(''), [])
  await keepAside(disk, [A])
  await keepAside(disk, [B, A])
  assert.deepEqual(await readAside(disk), { kind: 'listed', extentIds: new Set([A, B]) })
  await disk.replaceFile(ASIDE_FILE, Buffer.from('nonsense\n'))
  await keepAside(disk, [A])
  assert.deepEqual(await readAside(disk), { kind: 'damaged' })
})
