import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { STATUS_DAYS_SAVE_MS } from '../base/limits.ts'
import { openDisk } from '../platform/disk.ts'
import { SiteDays } from './site-days.ts'
import type { StatusError } from './status.ts'
import type { Component, ComponentId, Health, Level } from './status.ts'

const WALL_MS = Date.UTC(2026, 1, 3, 12)
const COMPONENT: Component = {
  id: 'eu/console' as ComponentId,
  kind: 'service',
  region: 'eu',
  service: 'console',
  title: 'Console',
}

function health(level: Level): Health[] {
  return [
    {
      component: COMPONENT,
      level,
      sinceMs: null,
      why: 'x',
      recovery: null,
      seenBy: [],
      override: null,
    },
  ]
}

interface Kept {
  readonly folder: string
  readonly findings: StatusError[]
  open(components?: readonly Component[]): Promise<SiteDays>
}

function kept(t: { after(end: () => void): void }): Kept {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-days-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const findings: StatusError[] = []
  return {
    folder,
    findings,
    open: async (components = [COMPONENT]) =>
      await SiteDays.open({
        disk: openDisk(folder),
        components,
        onFinding: (error) => findings.push(error),
      }),
  }
}

/** Ten seconds of an outage, one turn a second. */
function tenSeconds(days: SiteDays): void {
  for (let second = 0; second <= 10; second++) {
    days.tick(second * 1000, WALL_MS + second * 1000, health('major-outage'))
  }
}

test('what was told is counted, kept over a start, and forgotten with its component', async (t) => {
  const { findings, open } = kept(t)
  const first = await open()
  tenSeconds(first)
  await first[Symbol.asyncDispose]()
  const second = await open()
  tenSeconds(second)
  assert.equal(second.counts()[0]?.seconds['major-outage'], 20)
  await second[Symbol.asyncDispose]()
  const other = await open([{ ...COMPONENT, id: 'eu/other' as ComponentId }])
  assert.deepEqual(other.counts(), [])
  assert.deepEqual(findings, [])
})

test('it is kept now and then while the site runs', async (t) => {
  const { folder, open } = kept(t)
  const days = await open()
  tenSeconds(days)
  assert.deepEqual(readdirSync(folder), [])
  days.tick(STATUS_DAYS_SAVE_MS + 1, WALL_MS, health('operational'))
  await days[Symbol.asyncDispose]()
  assert.deepEqual(readdirSync(folder), ['days'])
})

test('a damaged file is put aside and told; counting begins anew', async (t) => {
  const { findings, folder, open } = kept(t)
  writeFileSync(join(folder, 'days'), 'holdfast status days 1 00000000\n[]\n')
  const days = await open()
  assert.deepEqual(days.counts(), [])
  assert.equal(findings[0]?.code, 'damaged')
  assert.match(readFileSync(join(folder, 'days.damaged'), 'utf8'), /^holdfast status days/)
  tenSeconds(days)
  await days[Symbol.asyncDispose]()
  assert.equal((await open()).counts().length, 1)
})

test('a disk that keeps nothing does not stop a site', async (t) => {
  const { findings, folder, open } = kept(t)
  const days = await open()
  tenSeconds(days)
  rmSync(folder, { recursive: true })
  await days[Symbol.asyncDispose]()
  assert.equal(findings[0]?.code, 'unavailable')
  mkdirSync(folder)
})

test('uptime is of all sites that told something', async (t) => {
  const { open } = kept(t)
  const days = await open()
  tenSeconds(days)
  const viewOf = (site: string) => ({
    view: {
      site,
      incarnation: 1,
      sequence: 1,
      madeAtMs: WALL_MS,
      footing: 'sure' as const,
      sightings: [],
      days: days.counts(),
    },
    ageMs: 0,
  })
  const [uptime] = days.uptimes([viewOf('a'), viewOf('b')], 0, WALL_MS)
  assert.equal(uptime?.majorSec, 20)
  assert.equal(uptime.share, 0)
})
