// The file of day counts: golden bytes, the way there and back, and that damage is told.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openDisk } from '../../platform/disk.ts'
import { StatusError } from '../status.ts'
import type { ComponentId, DayCount } from '../status.ts'
import { decodeDays, encodeDays, loadDays, saveDays } from './day-file.ts'

const DAYS: readonly DayCount[] = [
  {
    component: 'r/c/get' as ComponentId,
    day: 20_783,
    seconds: {
      operational: 86_000,
      unknown: 100,
      recovering: 120,
      degraded: 60,
      'partial-outage': 90,
      'major-outage': 30,
    },
  },
]
const GOLDEN = 'holdfast status days 1 ccf87d41\n[["r/c/get",20783,[86000,100,120,60,90,30]]]\n'

test('golden bytes of version 1', () => {
  assert.equal(encodeDays(DAYS).toString(), GOLDEN)
  assert.deepEqual(decodeDays(Buffer.from(GOLDEN)), DAYS)
})

test('each damaged byte is found, and each shorter file', () => {
  const bytes = encodeDays(DAYS)
  const isDamaged = (content: Uint8Array): void =>
    assert.throws(
      () => decodeDays(content),
      (error) => error instanceof StatusError && error.code === 'damaged',
    )
  for (let index = 0; index < bytes.length; index += 1) {
    const damaged = Buffer.from(bytes)
    damaged.writeUInt8(damaged.readUInt8(index) ^ 1, index)
    isDamaged(damaged)
    isDamaged(bytes.subarray(0, index))
  }
})

test('what was saved is loaded; where nothing was, nothing is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-days-'))
  const disk = openDisk(folder)
  try {
    assert.deepEqual(await loadDays(disk, 'days'), [])
    await saveDays(disk, 'days', DAYS)
    await saveDays(disk, 'days', [...DAYS, ...DAYS])
    assert.deepEqual(await loadDays(disk, 'days'), [...DAYS, ...DAYS])
  } finally {
    await rm(folder, { recursive: true })
  }
})
