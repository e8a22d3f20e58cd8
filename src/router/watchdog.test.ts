// One timer for all that is under way, and none while nothing is.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../base/manual-clock.ts'
import { AccessLog } from './access-log.ts'
import type { AccessLine } from './access-log.ts'
import { Watchdog } from './watchdog.ts'

const LINE: AccessLine = {
  time: '2026-01-01T00:00:00.000Z',
  requestId: '0',
  remote: '',
  account: null,
  operation: null,
  method: 'GET',
  bucket: 'b',
  key: 'a\nb"\u{1f600}',
  status: 200,
  error: null,
  bytesIn: 0,
  bytesOut: 0,
  ms: 1,
}

test('what is watched is looked at each second until it is removed', async () => {
  const clock = new ManualClock()
  const watchdog = new Watchdog(clock)
  const seen: string[] = []
  const one = { check: (nowMs: number) => seen.push(`one ${nowMs}`) }
  const two = {
    check: (nowMs: number) => {
      seen.push(`two ${nowMs}`)
      watchdog.remove(two)
    },
  }
  watchdog.add(one)
  watchdog.add(two)
  assert.equal(clock.waiting, 1)
  await clock.advance(2000)
  assert.deepEqual(seen, ['one 1000', 'two 1000', 'one 2000'])
  watchdog.remove(one)
  await clock.advance(1000)
  assert.equal(clock.waiting, 0, 'no timer for nothing')
  watchdog.add(one)
  watchdog.close()
  assert.equal(clock.waiting, 0)
})

test('idle comes when the last request leaves, at once where none is', async () => {
  const watchdog = new Watchdog(new ManualClock())
  await watchdog.idle()
  watchdog.count = 2
  let isIdle = false
  const idle = watchdog.idle().then(() => (isIdle = true))
  watchdog.leave()
  await Promise.resolve()
  assert.equal(isIdle, false)
  watchdog.leave()
  await idle
})

test('lines of the access log are whole JSON, and are written in batches', async () => {
  const clock = new ManualClock()
  const written: string[] = []
  const log = new AccessLog('all', clock, (lines) => written.push(lines))
  log.add(LINE)
  log.add({ ...LINE, requestId: '1' })
  assert.deepEqual(written, [])
  await clock.advance(500)
  assert.equal(written.length, 1)
  const lines = (written[0] ?? '').trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => (JSON.parse(line) as AccessLine).requestId),
    ['0', '1'],
  )
  assert.equal((JSON.parse(lines[0] ?? '') as AccessLine).key, LINE.key)
  while (written.length === 1) log.add(LINE) // a full batch does not wait
  assert.ok((written[1] ?? '').length >= 65_536)
  assert.equal(clock.waiting, 0)
  log.flush()
  assert.equal(written.length, 2, 'nothing is written twice')
})

test('errors alone, or nothing, are logged where that is asked for', () => {
  const wants = (level: 'none' | 'errors' | 'all') => {
    const log = new AccessLog(level, new ManualClock(), () => undefined)
    return [log.wants(null), log.wants('NoSuchKey')]
  }
  assert.deepEqual(wants('none'), [false, false])
  assert.deepEqual(wants('errors'), [false, true])
  assert.deepEqual(wants('all'), [true, true])
})
