// The real disk: the suite on the file system of the temporary folder and, where there is one, on
// tmpfs; and what only a kernel can say.

import assert from 'node:assert/strict'
import { accessSync, constants, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { diskSuite } from '../base/disk-suite.ts'
import type { SuiteDisk } from '../base/disk-suite.ts'
import { DiskError } from '../base/disk.ts'
import { diskError } from './disk-error.ts'
import { behind } from './disk-file.ts'
import { openDisk } from './disk.ts'

function openIn(parent: string): () => Promise<SuiteDisk & { readonly root: string }> {
  return async () => {
    const root = mkdtempSync(join(parent, 'holdfast-disk-'))
    const close = async (): Promise<void> => rmSync(root, { recursive: true, force: true })
    return { root, disk: openDisk(root), close }
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    return false // there is no such folder on this machine
  }
}

const openHere = openIn(tmpdir())
diskSuite('temporary folder', openHere)
if (isWritable('/dev/shm')) diskSuite('tmpfs', openIn('/dev/shm'))

test('the kernel codes are told apart, and all others are I/O errors', () => {
  for (const [kernel, code] of [
    ['ENOSPC', 'full'],
    ['EDQUOT', 'full'],
    ['EIO', 'io'],
    ['EROFS', 'io'],
    ['ENOENT', 'not-found'],
    ['EEXIST', 'exists'],
  ] as const) {
    const cause = Object.assign(new RangeError(kernel), { code: kernel })
    const error = diskError('write', 'extents/a', cause)
    assert.equal(error.code, code)
    assert.match(error.message, new RegExp(`write of extents/a failed: ${kernel}`))
    assert.equal(error.cause, cause)
  }
})

test('a write to a device that is full says so', { skip: !isWritable('/dev/full') }, async () => {
  const { close, disk, root } = await openHere()
  symlinkSync('/dev/full', join(root, 'full'))
  const file = await disk.open('full', 'append')
  const write = file.write([Buffer.from('x')], 0)
  await assert.rejects(write, (error) => error instanceof DiskError && error.code === 'full')
  await file.close()
  await close()
})

test('behind a failed sync a file is neither written nor synced again', async () => {
  const { close, disk, root } = await openHere()
  symlinkSync('/dev/full', join(root, 'device'))
  const file = await disk.open('device', 'append')
  const isIo = (error: unknown): boolean => error instanceof DiskError && error.code === 'io'
  await assert.rejects(file.sync(), isIo) // a device of this kind has no sync: EINVAL
  await assert.rejects(file.write([Buffer.from('x')], 0), (error) => {
    return isIo(error) && /behind a failure/.test(String(error))
  })
  await assert.rejects(file.sync(), /behind a failure/)
  await file.close()
  await close()
})

test('files and folders are their owner alone', async () => {
  const { close, disk, root } = await openHere()
  await disk.makeFolder('f')
  await (await disk.create('f/a', 'direct')).close()
  await disk.replaceFile('f/b', Buffer.from('x'))
  assert.equal(statSync(join(root, 'f')).mode & 0o077, 0)
  for (const name of ['a', 'b']) assert.equal(statSync(join(root, 'f', name)).mode & 0o077, 0)
  await close()
})

test('a short write goes on behind its last byte, wherever that falls', () => {
  const pieces = ['abc', 'de', 'fghi'].map((text) => Buffer.from(text))
  for (let count = 0; count <= 9; count += 1) {
    const rest = Buffer.concat(behind(pieces, count)).toString()
    assert.equal(rest, 'abcdefghi'.slice(count))
    assert.ok(behind(pieces, count).every((piece) => piece.length > 0))
  }
  assert.throws(() => behind(pieces, 10), { name: 'AssertionError' })
})
