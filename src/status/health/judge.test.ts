// The judge, driven as a prober drives it: probes every 15 s with jitter, again within 2 s after a failure.
// All is seeded; statistics are of fixed seeds.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as check from 'fast-check'
import type { TimingConfig } from '../config.ts'
import type { SelfReport } from '../probes/report.ts'
import { LEVELS, worse } from '../status.ts'
import type { ComponentId, FailureKind, Level, ProbeFailure, Sighting } from '../status.ts'
import { Judge } from './judge.ts'
import type { Ground } from './judge.ts'

const GET = 'r/c/get' as ComponentId
const WALL_MS = Date.UTC(2026, 10, 26)
const TIMING: TimingConfig = {
  probeIntervalSec: 15,
  slowMs: 2000,
  proofSec: 120,
  exchangeIntervalSec: 5,
  anchors: [],
}
const FIRM: Ground = { hasSignAfter: () => true, isBlind: () => false }
const ILL: readonly Level[] = ['degraded', 'partial-outage', 'major-outage']

/** A deterministic fraction in [0, 1) at each call. */
function fractions(seed: number): () => number {
  let state = (seed + 1) * 2_654_435_761
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9
    state = Math.imul(state ^ (state >>> 12), 0x297a2d39)
    return ((state ^ (state >>> 15)) >>> 0) / 2 ** 32
  }
}

function failureOf(kind: FailureKind): ProbeFailure {
  const hasAnswer = kind === 'status' || kind === 'wrong-data'
  const code = kind === 'status' ? 'ServiceUnavailable' : null
  const status = hasAnswer ? (kind === 'status' ? 503 : 200) : null
  return { kind, status, code, requestId: null, message: 'no', raw: '' }
}

interface Probe {
  readonly kind: FailureKind | null
  readonly durationMs: number
  readonly retryCount?: number
}

/** What a probe that begins at `atMs` meets. */
type World = (atMs: number, fraction: () => number) => Probe

const WELL: Probe = { kind: null, durationMs: 50 }
const failing = (kind: FailureKind = 'status', durationMs = 50): Probe => ({ kind, durationMs })
const sometimes =
  (share: number, probe: Probe = failing()): World =>
  (atMs, fraction) =>
    atMs >= 0 && fraction() < share ? probe : WELL

interface Told {
  readonly atMs: number
  readonly sighting: Sighting
}

interface Drive {
  readonly seed?: number
  readonly fromMs?: number
  readonly untilMs: number
  readonly ground?: Ground
  readonly reports?: (atMs: number) => SelfReport | null
}

/** A look every second; the fault, if any, begins at 0, and before it is a while of what `world` has there. */
function drive(world: World, options: Drive): Told[] {
  const { fromMs = -300_000, ground = FIRM, reports, seed = 1, untilMs } = options
  const fraction = fractions(seed)
  const judge = new Judge(GET, TIMING)
  const told: Told[] = []
  let beginMs = fromMs + fraction() * 15_000
  let probe: (Probe & { readonly beganMs: number }) | null = null
  for (let nowMs = fromMs; nowMs <= untilMs; nowMs += 1000) {
    while (beginMs <= nowMs) {
      probe ??= { ...world(beginMs, fraction), beganMs: beginMs }
      const { beganMs, durationMs, kind, retryCount = 0 } = probe
      if (beganMs + durationMs > nowMs) break
      const failure = kind === null ? null : failureOf(kind)
      const atMs = WALL_MS + beganMs
      judge.take({ component: GET, atMs, beganMs, durationMs, retryCount, failure })
      const pauseMs = kind === null ? 15_000 * (0.8 + 0.4 * fraction()) : 1000 + 1000 * fraction()
      beginMs = beganMs + durationMs + pauseMs
      probe = null
    }
    if (reports !== undefined) judge.takeReport(reports(nowMs), nowMs)
    const sighting = judge.look({ nowMs, wallMs: WALL_MS + nowMs, ground })
    told.push({ atMs: nowMs, sighting })
  }
  return told
}

function levelAt(told: readonly Told[], atMs: number): Level {
  return told.findLast((each) => each.atMs <= atMs)?.sighting.level ?? 'unknown'
}

/** Milliseconds after 0 until one of `levels` is told; null: never. */
function firstMs(told: readonly Told[], levels: readonly Level[]): number | null {
  const found = told.find(({ atMs, sighting }) => atMs >= 0 && levels.includes(sighting.level))
  return found?.atMs ?? null
}

const SEEDS = Array.from({ length: 200 }, (_, index) => index)

/** Share of the seeds, in percent, in which `level` is told at `atMs`. */
function percentAt(world: World, atMs: number, levels: readonly Level[]): number {
  const right = SEEDS.filter((seed) =>
    levels.includes(levelAt(drive(world, { seed, untilMs: atMs }), atMs)),
  )
  return (right.length / SEEDS.length) * 100
}

test('a total outage is told within 30 s where it fails at once, and is major', () => {
  const kinds: readonly FailureKind[] = ['status', 'refused', 'tls', 'reset', 'malformed']
  for (const seed of SEEDS) {
    const world = sometimes(1, failing(kinds[seed % kinds.length]))
    const told = drive(world, { seed, untilMs: 120_000 })
    const majorMs = firstMs(told, ['major-outage'])
    assert.ok(majorMs !== null && majorMs <= 30_000, `seed ${seed}: ${majorMs}`)
    assert.equal(levelAt(told, 120_000), 'major-outage')
  }
})

test('a total outage by time-outs of 12 s is told, and is major, within 50 s', () => {
  for (const seed of SEEDS) {
    const told = drive(sometimes(1, failing('timeout', 12_000)), { seed, untilMs: 120_000 })
    const illMs = firstMs(told, ILL)
    const majorMs = firstMs(told, ['major-outage'])
    assert.ok(illMs !== null && illMs <= 50_000, `seed ${seed}: ${illMs}`)
    assert.ok(majorMs !== null && majorMs <= 50_000, `seed ${seed}: ${majorMs}`)
  }
})

test('half failing is a partial outage, a fifth is degraded, in 95 of 100 after ten minutes', () => {
  assert.ok(percentAt(sometimes(0.5), 600_000, ['partial-outage']) >= 95)
  assert.ok(
    percentAt(sometimes(0.5, failing('timeout', 10_000)), 600_000, ['partial-outage']) >= 95,
  )
  assert.ok(percentAt(sometimes(0.2), 600_000, ['degraded']) >= 95)
})

test('half failing is never called a major outage for long', () => {
  const told = SEEDS.flatMap((seed) => drive(sometimes(0.5), { seed, untilMs: 600_000 }))
  const major = told.filter(({ sighting }) => sighting.level === 'major-outage')
  assert.ok(major.length < told.length / 100, `${major.length} of ${told.length}`)
})

test('what is slow is degraded within a minute, and says how slow', () => {
  for (const seed of SEEDS) {
    const world = (atMs: number): Probe => (atMs < 0 ? WELL : { kind: null, durationMs: 4200 })
    const told = drive(world, { seed, untilMs: 120_000 })
    const illMs = firstMs(told, ILL)
    assert.ok(illMs !== null && illMs <= 66_000, `seed ${seed}: ${illMs}`)
    assert.equal(told.at(-1)?.sighting.level, 'degraded')
    assert.equal(told.at(-1)?.sighting.why, 'median 4.2 s')
  }
})

test('one lost request, retries, and a slow probe here and there raise no alarm in a day', () => {
  for (const seed of SEEDS.slice(0, 5)) {
    const world: World = (_, fraction) => {
      const dice = fraction()
      if (dice < 0.0003) return failing('reset')
      if (dice < 0.003) return { kind: null, durationMs: 3000 }
      // One host of three is lost: every third request goes to another one after a time-out.
      return dice < 0.34 ? { kind: null, durationMs: 5100, retryCount: 1 } : WELL
    }
    const told = drive(world, { seed, fromMs: 0, untilMs: 86_400_000 })
    assert.deepEqual(
      [...new Set(told.map(({ sighting }) => sighting.level))],
      ['unknown', 'operational'],
    )
  }
})

test('wrong data is told at the first probe that got it', () => {
  const told = drive(sometimes(1, failing('wrong-data')), { untilMs: 60_000 })
  const first = told.find(({ sighting }) => ILL.includes(sighting.level))
  assert.equal(first?.sighting.why, '1 of 1 failed: wrong data')
  assert.equal(told.at(-1)?.sighting.level, 'major-outage')
  assert.equal(told.at(-1)?.sighting.isSilent, false)
})

test('a trouble without any answer is silent until all is well again', () => {
  const world: World = (atMs) => (atMs >= 0 && atMs < 120_000 ? failing('timeout', 12_000) : WELL)
  const told = drive(world, { untilMs: 400_000 }).map(({ sighting }) => sighting)
  const mending = told.filter(({ level }) => level === 'recovering')
  assert.ok(mending.length > 0)
  assert.ok(mending.every(({ isSilent }) => isSilent))
  assert.deepEqual([told.at(-1)?.level, told.at(-1)?.isSilent], ['operational', false])
})

test('after an outage it is recovering, with its progress, and well after the whole proof', () => {
  for (const seed of SEEDS) {
    const world: World = (atMs) => (atMs >= 0 && atMs < 300_000 ? failing() : WELL)
    const told = drive(world, { seed, untilMs: 600_000 })
    const after = told.filter(({ atMs }) => atMs >= 30_000)
    const levels = after.map(({ sighting }) => sighting.level)
    assert.deepEqual([...new Set(levels)], ['major-outage', 'recovering', 'operational'])
    const wellMs = after.find(({ sighting }) => sighting.level === 'operational')?.atMs ?? 0
    const lastFailureMs = 300_000
    assert.ok(wellMs >= lastFailureMs - 3000 + 120_000 && wellMs <= 460_000, `${wellMs}`)
    const shares = after.flatMap(({ sighting }) => sighting.recovery?.doneShare ?? [])
    assert.ok(shares.length > 0)
    assert.deepEqual(
      shares,
      shares.toSorted((one, other) => one - other),
    )
  }
})

test('one failure during the proof begins it again', () => {
  let isSpent = false
  const world: World = (atMs) => {
    if (atMs >= 0 && atMs < 60_000) return failing()
    const isLate = atMs > 150_000 && !isSpent
    isSpent ||= isLate
    return isLate ? failing('reset') : WELL
  }
  const told = drive(world, { untilMs: 400_000 })
  const wellMs = told.findLast(({ sighting }) => sighting.level !== 'operational')?.atMs ?? 0
  assert.ok(wellMs >= 150_000 + 119_000, `${wellMs}`)
})

test('a burst of ten seconds is told while it lasts, and ends with the first success', () => {
  for (const seed of SEEDS) {
    const world: World = (atMs) => (atMs >= 0 && atMs < 10_000 ? failing() : WELL)
    const told = drive(world, { seed, untilMs: 60_000 })
    assert.ok(!ILL.includes(levelAt(told, 14_000)), `seed ${seed}`)
  }
})

test('flapping every ten seconds stays ill; its level does not swing with it', () => {
  for (const seed of SEEDS.slice(0, 50)) {
    const world: World = (atMs) => (atMs >= 0 && atMs % 20_000 < 10_000 ? failing() : WELL)
    const told = drive(world, { seed, untilMs: 900_000 }).filter(({ atMs }) => atMs >= 300_000)
    const changes = told.filter(
      ({ sighting }, at) => sighting.level !== told[at - 1]?.sighting.level,
    )
    assert.ok(
      told.every(({ sighting }) => ILL.includes(sighting.level)),
      `seed ${seed}`,
    )
    assert.ok(changes.length < 12, `seed ${seed}: ${changes.length} changes in ten minutes`)
  }
})

test('silent failures of a site whose own network is cut say nothing; with signs they count', () => {
  const world = sometimes(1, failing('timeout', 5000))
  const cut: Ground = { hasSignAfter: (beganMs) => beganMs < 0, isBlind: (nowMs) => nowMs > 20_000 }
  for (const seed of SEEDS) {
    const told = drive(world, { seed, untilMs: 300_000, ground: cut })
    assert.equal(firstMs(told, ILL), null)
    assert.equal(levelAt(told, 120_000), 'unknown')
  }
  const unsure: Ground = { hasSignAfter: (beganMs) => beganMs < 0, isBlind: () => false }
  const told = drive(world, { untilMs: 300_000, ground: unsure })
  assert.equal(firstMs(told, ILL), null)
  assert.equal(levelAt(told, 120_000), 'unknown', 'nothing was judged for three intervals')
  assert.equal(firstMs(drive(world, { untilMs: 300_000 }), ILL) === null, false)
})

test('an error that was answered counts without a sign', () => {
  const none: Ground = { hasSignAfter: () => false, isBlind: () => false }
  const told = drive(sometimes(1), { untilMs: 60_000, ground: none })
  assert.equal(told.at(-1)?.sighting.level, 'major-outage')
  assert.match(told.at(-1)?.sighting.why ?? '', /^\d+ of \d+ failed: 503 ServiceUnavailable$/)
})

test('what is not probed is unknown: at the start, and after three intervals', () => {
  const judge = new Judge(GET, TIMING)
  const look = (nowMs: number): Sighting => judge.look({ nowMs, wallMs: WALL_MS, ground: FIRM })
  const probed = (beganMs: number): void => {
    const atMs = WALL_MS + beganMs
    const result = { component: GET, atMs, beganMs, durationMs: 10, retryCount: 0, failure: null }
    judge.take(result)
  }
  assert.deepEqual([look(0).level, look(0).why], ['unknown', 'not probed yet'])
  probed(0)
  assert.equal(look(100).level, 'unknown', 'one probe is not enough')
  probed(15_000)
  assert.equal(look(15_100).level, 'operational')
  assert.equal(look(60_000).level, 'operational')
  assert.deepEqual([look(60_100).level, look(60_100).why], ['unknown', 'not probed lately'])
  probed(70_000)
  assert.equal(look(70_100).level, 'operational')
})

test('however short the interval, the longest probe under way makes nothing unknown', () => {
  const judge = new Judge(GET, { ...TIMING, probeIntervalSec: 2 })
  const look = (nowMs: number): Level => judge.look({ nowMs, wallMs: WALL_MS, ground: FIRM }).level
  const probed = (beganMs: number, durationMs: number): void => {
    const atMs = WALL_MS + beganMs
    judge.take({ component: GET, atMs, beganMs, durationMs, retryCount: 0, failure: null })
  }
  probed(0, 10)
  probed(2000, 10)
  assert.equal(look(20_000), 'operational')
  assert.equal(look(23_000), 'unknown')
  probed(4000, 12_000)
  assert.equal(look(23_000), 'operational')
})

test('blindness while it proves itself begins the proof again', () => {
  const world: World = (atMs) => (atMs >= 0 && atMs < 60_000 ? failing() : WELL)
  const isBlind = (nowMs: number): boolean => nowMs >= 100_000 && nowMs < 300_000
  const told = drive(world, { untilMs: 500_000, ground: { ...FIRM, isBlind } })
  assert.equal(levelAt(told, 200_000), 'unknown')
  assert.equal(levelAt(told, 310_000), 'recovering')
  const wellMs = told.findLast(({ sighting }) => sighting.level !== 'operational')?.atMs ?? 0
  assert.ok(wellMs >= 418_000, `${wellMs}`)
})

test('a report makes it worse at once, tells its progress, and has to be proved wrong after', () => {
  const recovery = { doneShare: 0.4, leftMs: 90_000 }
  const said = { level: 'recovering', why: 'index: 40 % validated', recovery } as const
  const told = drive(() => WELL, {
    untilMs: 400_000,
    reports: (atMs) => {
      if (atMs < 0) return null
      if (atMs < 50_000) return { level: 'degraded', why: 'billing lags', recovery: null }
      return atMs < 100_000 ? said : null
    },
  })
  const at = (atMs: number): Sighting | undefined =>
    told.find((each) => each.atMs === atMs)?.sighting
  assert.deepEqual([at(0)?.level, at(0)?.why], ['degraded', 'billing lags'])
  assert.equal(at(60_000)?.level, 'recovering')
  assert.deepEqual(at(60_000)?.recovery, recovery)
  assert.equal(at(160_000)?.level, 'recovering', 'it proves itself')
  assert.equal(at(400_000)?.level, 'operational')
})

test('one lost request begins the proof again, though it is no trouble by itself', () => {
  let lostMs = 0
  const world: World = (atMs) => {
    const isLost = atMs > 100_000 && lostMs === 0
    if (isLost) lostMs = atMs
    return isLost ? failing('reset') : WELL
  }
  const said = { level: 'degraded', why: 'it lags', recovery: null } as const
  const reports = (atMs: number): SelfReport | null => (atMs >= 0 && atMs < 50_000 ? said : null)
  const told = drive(world, { untilMs: 400_000, reports })
  const wellMs = told.findLast(({ sighting }) => sighting.level !== 'operational')?.atMs ?? 0
  assert.ok(lostMs > 100_000 && wellMs >= lostMs + 119_000, `${lostMs}, ${wellMs}`)
  assert.ok(told.every(({ atMs, sighting }) => atMs < 60_000 || !ILL.includes(sighting.level)))
})

test('a report never improves a level, whatever probes and reports say', () => {
  const level = check.constantFrom(...LEVELS)
  const reports = check.array(check.option(level), { minLength: 1, maxLength: 12 })
  const shares = check.array(check.constantFrom(0, 0, 0.2, 0.5, 1), { minLength: 1, maxLength: 8 })
  check.assert(
    check.property(
      check.nat(),
      shares,
      reports,
      check.boolean(),
      (seed, shares, reports, isGappy) => {
        const world: World = (atMs, fraction) => {
          const share = shares[Math.floor(atMs / 60_000) % shares.length] ?? 0
          return fraction() < share ? failing('timeout', 3000) : WELL
        }
        const isBlind = (nowMs: number): boolean => isGappy && nowMs % 200_000 > 150_000
        const options = { seed, fromMs: 0, untilMs: 600_000, ground: { ...FIRM, isBlind } }
        const plain = drive(world, options)
        const reported = drive(world, {
          ...options,
          reports: (atMs) => {
            const level = reports[Math.floor(atMs / 40_000) % reports.length] ?? null
            return level === null ? null : { level, why: 'so', recovery: null }
          },
        })
        for (const [index, { atMs, sighting }] of plain.entries()) {
          const other = reported[index]?.sighting.level ?? 'operational'
          assert.equal(
            worse(sighting.level, other),
            other,
            `at ${atMs}: ${sighting.level}, ${other}`,
          )
        }
      },
    ),
    { numRuns: 150 },
  )
})

test('every sighting has a reason of one line, whole times, and counts that fit', () => {
  for (const seed of SEEDS.slice(0, 20)) {
    const world: World = (_, fraction) =>
      fraction() < 0.3
        ? failing('timeout', 7000 + fraction())
        : { kind: null, durationMs: fraction() * 4000 }
    for (const { sighting } of drive(world, { seed, untilMs: 300_000 })) {
      assert.ok(sighting.why !== '' && !sighting.why.includes('\n'))
      assert.ok(Number.isSafeInteger(sighting.sinceMs), `${sighting.sinceMs}`)
      assert.ok(sighting.failedCount <= sighting.probeCount && sighting.probeCount <= 20)
    }
  }
})
