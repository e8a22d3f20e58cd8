import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Snapshot, Uptime, UptimeDay } from '../snapshot.ts'
import { SAMPLE_NOW_MS, crisisSnapshot, sampleConfig, wellSnapshot } from './sample-snapshot.ts'
import { arithmeticText, uptimeHtml } from './uptime.ts'

const [component] = sampleConfig().components
const TODAY = Math.floor(SAMPLE_NOW_MS / 86_400_000)

function day(index: number, more: Partial<UptimeDay> = {}): UptimeDay {
  const well = { watchedSec: 86_400, majorSec: 0, partialSec: 0, share: 1 }
  return { day: TODAY - 89 + index, worst: 'operational', ...well, ...more }
}

function uptime(more: Partial<Uptime>): Uptime {
  assert.ok(component)
  const days = Array.from({ length: 90 }, (_, index) => day(index))
  const sums = { watchedSec: 90 * 86_400, majorSec: 0, partialSec: 0, share: 1 }
  return { component, days, ...sums, ...more }
}

/** Of one component, in a page with nothing else: bars by level, each a day's position. */
function barsOf(days: readonly UptimeDay[]): Record<string, number[]> {
  const snapshot: Snapshot = { ...wellSnapshot(), uptimes: [uptime({ days })] }
  const svg = /<svg.*?<\/svg>/s.exec(uptimeHtml(snapshot, { bars: 'all' }).text)?.[0] ?? ''
  const bars: Record<string, number[]> = {}
  for (const [, level = '', line = ''] of svg.matchAll(/class="([\w-]+)"[^>]* d="([^"]*)"/g)) {
    bars[level] = [...line.matchAll(/M(\d+) [\d.]+h(\d+)/g)].flatMap(([, from, width]) => {
      const first = Number(from) / 4
      return Array.from({ length: (Number(width) + 1) / 4 }, (_, index) => first + index)
    })
  }
  return bars
}

test('a bar a day, each in the line of its level, none twice and none left out', () => {
  const bars = barsOf(
    Array.from({ length: 90 }, (_, index) => {
      if (index === 3 || index === 89) return day(index, { worst: 'major-outage' })
      if (index === 4) return day(index, { worst: 'degraded' })
      if (index === 5) return day(index, { worst: null, watchedSec: 0, share: null })
      return day(index)
    }),
  )
  assert.deepEqual(bars['major-outage'], [3, 89])
  assert.deepEqual(bars['degraded'], [4])
  assert.deepEqual(bars['unknown'], [5])
  const all = Object.values(bars).flat()
  assert.equal(all.length, 90)
  assert.equal(new Set(all).size, 90)
})

test('a day of which less than half was watched is not shown as well', () => {
  const bars = barsOf(
    Array.from({ length: 90 }, (_, index) => {
      if (index === 7) return day(index, { watchedSec: 40_000 })
      if (index === 8) return day(index, { watchedSec: 44_000, worst: 'unknown' })
      // Today is not over: half of what has passed of it is enough.
      if (index === 89) return day(index, { watchedSec: 30_000 })
      return day(index)
    }),
  )
  assert.deepEqual(bars['unknown'], [7])
})

test('the arithmetic says what the share was computed from', () => {
  assert.equal(arithmeticText(uptime({})), '100 %: no outage in 90 d watched.')
  assert.equal(
    arithmeticText(uptime({ share: null, watchedSec: 0 })),
    'No site watched it in this time.',
  )
  const days = [day(0, { majorSec: 864, share: 0.99 }), ...uptime({}).days.slice(1)]
  const share = 1 - 864 / (90 * 86_400)
  assert.equal(
    arithmeticText(uptime({ days, majorSec: 864, share })),
    '99.988 % = 1 − 14 min 24 s major ÷ 90 d watched. Worst: 99 % on 29 Aug 2026.',
  )
  assert.match(
    arithmeticText(uptime({ days, majorSec: 864, partialSec: 60, share })),
    /= 1 − \(14 min 24 s major \+ 0\.3 × 1 min partial\) ÷ 90 d watched\./,
  )
})

test('a cell has the figure of its lowest operation', () => {
  const text = uptimeHtml(crisisSnapshot(), { bars: 'cells' }).text
  assert.match(text, /Cell A<\/h4>\s*<span>99\.99\d* % \(GET\)<\/span>/)
})

test('ninety days cost a few hundred bytes a component', () => {
  const { text } = uptimeHtml(wellSnapshot(), { bars: 'all' })
  assert.ok(text.length / wellSnapshot().uptimes.length < 500)
})
