import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { DiskError } from '../base/disk.ts'
import type { Disk } from '../base/disk.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { openDisk } from '../platform/disk.ts'
import { openSystemRandom } from '../platform/random.ts'
import type { StatusConfig } from './config.ts'
import { MachineVoice, rankOf } from './machine-voice.ts'
import { crisisSnapshot } from './output/sample-snapshot.ts'
import { Authors } from './records/authors.ts'
import { foldRecords } from './records/fold.ts'
import { makeKeyPair } from './records/keys.ts'
import { openRecordLog } from './records/record-log.ts'
import type { KnownRecord } from './records/record.ts'
import type { SiteState } from './snapshot.ts'
import type { StatusError } from './status.ts'

const random = openSystemRandom()
const START_MS = Date.UTC(2026, 1, 3)

function state(name: string, footing: SiteState['footing']): SiteState {
  return { name, isReached: true, heardAtMs: 0, footing }
}

test('a site waits for those before it that are heard and see', () => {
  const sites = [state('a', 'sure'), state('b', 'stale'), state('c', 'blind'), state('d', 'sure')]
  assert.deepEqual(
    sites.map(({ name }) => rankOf(name, sites)),
    [0, 1, 1, 1],
  )
})

/** A disk on which nothing new can be written. */
function full(disk: Disk): Disk {
  const refuse = async (): Promise<never> =>
    await Promise.reject(new DiskError('full', 'no space is left'))
  return {
    ...bound(disk),
    create: refuse,
    replaceFile: refuse,
    open: async (path, mode) => {
      const file = await disk.open(path, mode)
      return { ...bound(file), write: refuse }
    },
  }
}

/** Its methods as a plain object's. */
function bound<T extends object>(of: T): T {
  const prototype = Object.getPrototypeOf(of) as Record<string, unknown>
  const names = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor')
  return Object.fromEntries(
    names.map((name) => [
      name,
      (...args: unknown[]): unknown =>
        (of as unknown as Record<string, (...args: unknown[]) => unknown>)[name]?.(...args),
    ]),
  ) as unknown as T
}

interface Spoken {
  readonly posted: KnownRecord[]
  readonly findings: StatusError[]
}

/** Two minutes of a crisis in which nobody else posts. */
async function speak(
  t: { after(end: () => void): void },
  wrap: (disk: Disk) => Disk,
): Promise<Spoken> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-voice-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const clock = new ManualClock(START_MS)
  const pair = makeKeyPair(random)
  const { config: sample, health } = crisisSnapshot()
  const key = { id: pair.id, raw: pair.publicRaw }
  const sites = [{ name: 'a', url: 'http://a.example', key }]
  const config: StatusConfig = { ...sample, sites, people: [] }
  const authors = new Authors(config)
  const log = await openRecordLog({ disk: wrap(openDisk(folder)), folder: 'r', random, authors })
  const spoken: Spoken = { posted: [], findings: [] }
  const machine = new MachineVoice({
    config,
    site: 'a',
    voice: { pair, authors, log, clock, random },
    onPosted: (record) => spoken.posted.push(record),
    onFinding: (error) => spoken.findings.push(error),
  })
  for (let second = 0; second < 120; second++) {
    const stories = foldRecords(log.records)
    const [nowMs, wallMs] = [clock.monotonicMs(), clock.nowMs()]
    machine.turn({ health, stories, sites: [state('a', 'sure')], nowMs, wallMs })
    await machine[Symbol.asyncDispose]() // what it began to post is posted
    await clock.advance(1000)
  }
  await log[Symbol.asyncDispose]()
  return spoken
}

test('what the plan says is posted once, and is on the disk', async (t) => {
  const { findings, posted } = await speak(t, (disk) => disk)
  assert.deepEqual(findings, [])
  const opened = posted.filter(({ record }) => record.statement.kind === 'incident')
  const regions = opened.map(({ record }) =>
    record.statement.kind === 'incident' ? record.statement.region : null,
  )
  assert.ok(regions.length > 0)
  assert.equal(new Set(regions).size, regions.length, 'one a region')
})

test('what cannot be posted is told, and tried again', async (t) => {
  const { findings, posted } = await speak(t, full)
  assert.deepEqual(posted, [])
  assert.ok(findings.length > 1)
  assert.ok(findings.every(({ code }) => code === 'full' || code === 'unavailable'))
})
