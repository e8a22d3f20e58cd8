import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordId } from '../records/record.ts'
import { StatusError } from '../status.ts'
import { decodeWebhooks, encodeWebhooks } from './webhooks-file.ts'

const RECORD = 'ab'.repeat(32) as RecordId
const SAVED = {
  startedAtMs: 1_767_614_400_000,
  position: 3,
  last: RECORD,
  receivers: [{ key: 'cd'.repeat(16), pending: [{ record: RECORD, sinceMs: 5 }] }],
}
const GOLDEN = `1 614c2514 {"startedAtMs":1767614400000,"position":3,"last":"${RECORD}","receivers":[{"key":"${'cd'.repeat(16)}","pending":[{"record":"${RECORD}","sinceMs":5}]}]}\n`

test('golden: the file of what was told', () => {
  assert.equal(encodeWebhooks(SAVED).toString(), GOLDEN)
  assert.deepEqual(decodeWebhooks(Buffer.from(GOLDEN)), SAVED)
  const empty = { startedAtMs: 0, position: 0, last: null, receivers: [] }
  assert.deepEqual(decodeWebhooks(encodeWebhooks(empty)), empty)
})

test('any byte that is another is found', () => {
  const bytes = encodeWebhooks(SAVED)
  for (let index = 0; index < bytes.length; index += 1) {
    const damaged = Buffer.from(bytes)
    damaged[index] = (damaged[index] ?? 0) ^ 1
    assert.throws(
      () => decodeWebhooks(damaged),
      (error) => error instanceof StatusError && error.code === 'damaged',
      `byte ${index}`,
    )
  }
  for (let size = 0; size < bytes.length; size += 1) {
    assert.throws(() => decodeWebhooks(bytes.subarray(0, size)), StatusError)
  }
})
