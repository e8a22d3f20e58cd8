import assert from 'node:assert/strict'
import { test } from 'node:test'
import { STATUS_REFUSALS_LOGGED_MAX } from '../base/limits.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { RefusalLog } from './refusal-log.ts'
import { StatusError } from './status.ts'
import type { StatusErrorCode } from './status.ts'

test('a flood of refusals is told in lines that can be read, and hides no other kind', async () => {
  const clock = new ManualClock()
  const lines: object[] = []
  const log = { debug: () => undefined, warn: (fields: object) => void lines.push(fields) }
  const refusals = new RefusalLog(clock, log)
  const request = { method: 'POST', target: '/-/post?x=1', headers: new Map(), body: Buffer.of() }
  const refuse = (code: StatusErrorCode): void => {
    refusals.note(request, new StatusError(code, 'no'))
  }
  for (let count = 0; count < 10_000; count += 1) refuse('bad-request')
  assert.equal(lines.length, STATUS_REFUSALS_LOGGED_MAX)
  assert.deepEqual(lines[0], { code: 'bad-request', method: 'POST', path: '/-/post' })
  refuse('bad-signature')
  assert.equal(lines.length, STATUS_REFUSALS_LOGGED_MAX + 1, 'a forged post is told all the same')
  await clock.advance(2000)
  refuse('bad-request')
  const leftOutCount = 10_000 - STATUS_REFUSALS_LOGGED_MAX
  assert.deepEqual(lines.at(-1), {
    code: 'bad-request',
    method: 'POST',
    path: '/-/post',
    leftOutCount,
  })
})
