// The lock belongs to the group: it outlives a parent that was killed, and ends with the last child.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { tryLockFile } from './lock.ts'

/** Lives until its input ends or it is killed. */
const WAIT = 'process.stdin.resume()'

async function inFolder(run: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-lock-'))
  try {
    await run(join(folder, 'lock'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

test('a lock is had once, is given back, and giving it back twice is fine', async () => {
  await inFolder(async (path) => {
    const lock = await tryLockFile(path)
    assert.ok(lock)
    assert.equal(await tryLockFile(path), null)
    await lock.release()
    await lock.release()
    const again = await tryLockFile(path)
    assert.ok(again)
    await again.release()
  })
})

test('a child that inherited the descriptor keeps the lock, and frees it when killed', async () => {
  await inFolder(async (path) => {
    const lock = await tryLockFile(path)
    assert.ok(lock)
    const stdio = ['pipe' as const, 'ignore' as const, 'ignore' as const, lock.fd]
    const child = spawn(process.execPath, ['-e', WAIT], { stdio })
    await once(child, 'spawn')
    await lock.release()
    assert.equal(await tryLockFile(path), null, 'the child has it')
    child.kill('SIGKILL')
    await ended(child)
    const again = await tryLockFile(path)
    assert.ok(again)
    await again.release()
  })
})

/** Takes the lock, starts a child that inherits it, tells the child's pid, and lives on. */
const PARENT = `
  const { tryLock } = require('fs-native-extensions')
  const { openSync } = require('node:fs')
  const fd = openSync(process.argv[1], 'w+')
  if (!tryLock(fd)) process.exit(1)
  const { spawn } = require('node:child_process')
  const child = spawn(process.execPath, ['-e', ${JSON.stringify(WAIT)}],
    { stdio: [0, 'ignore', 'ignore', fd] })
  child.once('spawn', () => console.log(child.pid))
  process.stdin.on('error', () => {})
`

test('a parent killed with SIGKILL leaves the lock to the child that lives', async () => {
  await inFolder(async (path) => {
    const stdio = ['pipe' as const, 'pipe' as const, 'inherit' as const]
    const parent = spawn(process.execPath, ['-e', PARENT, path], { stdio })
    assert.ok(parent.stdin && parent.stdout)
    const [line] = (await once(parent.stdout, 'data')) as [Buffer]
    const childPid = Number(line.toString())
    assert.ok(childPid > 0)
    parent.kill('SIGKILL')
    await ended(parent)
    assert.equal(await tryLockFile(path), null, 'the child still has it')
    process.kill(childPid, 'SIGKILL')
    await waitUntilGone(path)
  })
})

/** The child is nobody's here, so its end is no event: the lock itself tells. */
async function waitUntilGone(path: string): Promise<void> {
  for (let tries = 0; tries < 10_000; tries += 1) {
    const lock = await tryLockFile(path)
    if (lock !== null) return await lock.release()
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.fail('the lock was never freed')
}
