import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LEVELS } from '../status.ts'
import {
  LEVEL_WORDS,
  capital,
  clockText,
  dayText,
  durationText,
  isoTime,
  listOf,
  percentText,
} from './words.ts'

test('a duration is told in its two largest units, rounded down', () => {
  const cases: [number, string][] = [
    [-5, '0 s'],
    [999, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [3_661_000, '1 h 1 min'],
    [3_601_000, '1 h'],
    [90 * 86_400_000 - 1, '89 d 23 h'],
  ]
  for (const [ms, text] of cases) assert.equal(durationText(ms), text)
})

test('a share is rounded down: what failed once is never 100 %', () => {
  const cases: [number | null, string][] = [
    [1, '100 %'],
    [0.999_999_9, '99.999 %'],
    [0.9995, '99.95 %'],
    [0.3, '30 %'],
    [0, '0 %'],
    [null, 'not watched'],
  ]
  for (const [share, text] of cases) assert.equal(percentText(share), text)
})

test('times are UTC, and a time that no calendar has does not break a page', () => {
  const atMs = Date.UTC(2026, 0, 5, 7, 8, 9, 123)
  assert.equal(isoTime(atMs), '2026-01-05T07:08:09Z')
  assert.equal(`${dayText(atMs)}, ${clockText(atMs)}`, '5 Jan 2026, 07:08 UTC')
  for (const wrong of [Number.NaN, Infinity, 9e15, -9e15, 8.64e15]) {
    assert.equal(isoTime(wrong), '1970-01-01T00:00:00Z')
  }
})

test('names are listed as people do', () => {
  assert.equal(listOf([]), '')
  assert.equal(listOf(['a']), 'a')
  assert.equal(listOf(['a', 'b']), 'a and b')
  assert.equal(listOf(['a', 'b', 'c']), 'a, b and c')
  assert.equal(capital('sign-in'), 'Sign-in')
})

test('no two levels have the same word or sign', () => {
  const words = LEVELS.map((level) => LEVEL_WORDS[level])
  assert.equal(new Set(words.map(({ label }) => label)).size, LEVELS.length)
  assert.equal(new Set(words.map(({ mark }) => mark)).size, LEVELS.length)
})
