// Signs that a site's own network works: which count, for which failures, and for how long.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BLIND_MS_MIN, PROBE_MS_MAX, SIGN_DELAY_MS_MAX, SIGNS_MAX } from '../../base/limits.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { NetworkError } from '../../base/network.ts'
import type { NetworkErrorCode } from '../../base/network.ts'
import { answerOf } from './cell-model.ts'
import { Footing, watchNetwork } from './footing.ts'

test('a site is blind before its first sign, and again when there was none for long', () => {
  const footing = new Footing({ hasAnchors: true })
  assert.equal(footing.isBlind(0), true)
  footing.noteAnswer(0, 10)
  assert.equal(footing.isBlind(10), false)
  assert.equal(footing.isBlind(10 + BLIND_MS_MIN - 1), false)
  assert.equal(footing.isBlind(10 + BLIND_MS_MIN), true)
})

test('a failure counts by what was asked while it went on or right after, and by nothing else', () => {
  const [beganMs, endedMs] = [100_100, 103_100]
  const counts = (signMs: number): boolean => {
    const footing = new Footing({ hasAnchors: true })
    footing.noteAnswer(signMs, signMs + 50)
    return footing.hasSignAfter(beganMs, endedMs)
  }
  assert.equal(counts(beganMs - 1), false) // it may have been the last before the cable was cut
  assert.equal(counts(beganMs), true)
  assert.equal(counts(endedMs), true)
  const countsBehind = (signMs: number, silentMs = 5000): boolean => {
    const footing = new Footing({ hasAnchors: true })
    footing.noteAnswer(endedMs - silentMs, endedMs)
    footing.noteAnswer(signMs, signMs + 50)
    return footing.hasSignAfter(beganMs, endedMs)
  }
  assert.equal(countsBehind(endedMs + SIGN_DELAY_MS_MAX), true)
  assert.equal(countsBehind(endedMs + SIGN_DELAY_MS_MAX + 1), false) // the cable is in again
  assert.equal(countsBehind(endedMs + 1, BLIND_MS_MIN), true)
  assert.equal(countsBehind(endedMs + 1, BLIND_MS_MIN + 1), false) // … and was out for long before
})

test('without its end a failure is taken for as long as a probe can be', () => {
  const footing = new Footing({ hasAnchors: true })
  footing.noteAnswer(PROBE_MS_MAX, PROBE_MS_MAX)
  assert.equal(footing.hasSignAfter(0), true)
  assert.equal(footing.hasSignAfter(0, 1000), false)
})

test('many signs in any order are kept in little, the newest of them', () => {
  const footing = new Footing({ hasAnchors: true })
  const lastMs = SIGNS_MAX * 300
  for (let ms = 0; ms < lastMs; ms += 10)
    footing.noteAnswer(ms + (ms % 30 === 0 ? 400 : 0), ms + 500)
  for (let ms = lastMs - 60_000; ms < lastMs - 1000; ms += 100) {
    assert.equal(footing.hasSignAfter(ms, ms + 10), true, String(ms))
  }
  assert.equal(footing.hasSignAfter(lastMs + 1000, lastMs + 2000), false)
  assert.equal(footing.hasSignAfter(0, 10), false) // forgotten, and not taken for a sign
})

test('every answer over HTTP is a sign; of what fails a refusal, where there are no anchors', async () => {
  const isSign = async (hasAnchors: boolean, code: NetworkErrorCode | null): Promise<boolean> => {
    const clock = new ManualClock()
    const footing = new Footing({ hasAnchors })
    const inner = {
      request: () =>
        code === null
          ? Promise.resolve(answerOf(503, ''))
          : Promise.reject(new NetworkError(code, 'as the test says')),
    }
    const network = watchNetwork(inner, footing, clock)
    const asked = {
      origin: 'http://one',
      method: 'GET',
      target: '/',
      headers: [],
      body: new Uint8Array(),
      timeoutMs: 1000,
      answerSizeBytesMax: 0,
    }
    await network.request(asked).catch((error: unknown) => assert.ok(error instanceof NetworkError))
    return footing.hasSignAfter(0, 0)
  }
  for (const hasAnchors of [true, false]) {
    assert.equal(await isSign(hasAnchors, null), true)
    assert.equal(await isSign(hasAnchors, 'too-large'), true)
    assert.equal(await isSign(hasAnchors, 'refused'), !hasAnchors)
    for (const code of [
      'unresolved',
      'unreachable',
      'reset',
      'timeout',
      'tls',
      'malformed',
    ] as const) {
      assert.equal(await isSign(hasAnchors, code), false, code)
    }
  }
})
