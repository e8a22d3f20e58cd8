// The server that tests of HTTP start: nothing of whoever runs them changes it, and one that does
// not start says why.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratch, startServer } from './serve/group.ts'
import { StartedStore } from './started-store.ts'

test('a variable of whoever runs the tests does not reach the server', async (t) => {
  process.env['HOLDFAST_LISTN'] = '127.0.0.1:1'
  t.after(() => delete process.env['HOLDFAST_LISTN'])
  await using store = await StartedStore.start()
  assert.equal((await store.signed('GET', '/')).status, 200)
})

test('a server that ends before it serves is reported with how it ended and what it said', async (t) => {
  await assert.rejects(
    startServer(scratch(t), ['up'], { HOLDFAST_LISTN: '127.0.0.1:1' }),
    /ended before it said where it serves \(exit code 2\): .*unknown variable HOLDFAST_LISTN/,
  )
})
