// An outage draws a crowd, and not all of it is quick: 10,000 connections that begin a request and do
// not go on hold every place that a site has, and a post is taken all the same.
// Takes about 10 s; that a place is made for each who comes, src/platform/plain-server.test.ts shows in small.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { STATUS_CONNECTIONS_MAX } from '../../src/base/limits.ts'
import { openFilesMax } from '../../src/platform/machine.ts'
import { makePlane } from './plane.ts'

const CROWD = 10_000
/** Connects at once; the kernel's queue of a listener is no longer. */
const WAVE = 250
const FILES_NEEDED = CROWD + 1000

async function slowClient(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write('GET / HTTP/1.1\r\nhost: slow.example\r\nx-slow: ')
  return socket
}

const skip = openFilesMax() < FILES_NEEDED ? `needs ${FILES_NEEDED} open files` : false
test('a crowd of 10,000 slow clients does not stop a post', { skip }, async (t) => {
  assert.ok(CROWD > STATUS_CONNECTIONS_MAX, 'there is not room for all')
  const plane = await makePlane(t, { sites: ['a'] })
  const site = await plane.start('a')
  const url = plane.urls['a'] ?? ''
  const crowd: Socket[] = []
  t.after(() => crowd.forEach((socket) => socket.destroy()))
  for (let count = 0; count < CROWD; count += WAVE) {
    const wave = Array.from(
      { length: WAVE },
      async () => await slowClient(Number(new URL(url).port)),
    )
    crowd.push(...(await Promise.all(wave)))
  }
  assert.equal(crowd.length, CROWD)
  const words = ['--title', 'In a crowd', '--text', 'x', '--affected', 'none']
  const posted = await plane.run('post', 'incident', ...words)
  assert.equal(posted.code, 0, posted.stderr)
  const page = await fetch(url)
  assert.equal(page.status, 200)
  assert.match(await page.text(), /<h1/)
  const left = crowd.filter((socket) => !socket.destroyed && !socket.readableEnded).length
  assert.ok(left > 0, 'part of the crowd was there all the time')
  site.child.kill('SIGTERM')
  assert.equal((await site.exit).code, 0, 'and it ends in order')
})
