// What a site's log tells of a peer: that it is reached or not, once, in words that a person can read.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { SeededRandom } from '../../../sim/random.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import { NetworkError } from '../../base/network.ts'
import type { HttpAnswer, NetworkErrorCode } from '../../base/network.ts'
import { openDisk } from '../../platform/disk.ts'
import { formatAnswer, parseQuestion } from './exchange-message.ts'
import { openExchange } from './exchange.ts'
import { openRecordLog } from './record-log.ts'
import { NOON_MS, Plane } from './suite-plane.ts'

/** How the peer takes a question: not at all, with an error's status, with an answer of this key. */
type Way = NetworkErrorCode | 503 | 'well' | 'forged'

test('the log tells once that a peer does not answer, without the question, and once that it is reached', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-peer-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const random = new SeededRandom('peer')
  const plane = new Plane(random)
  const { authors, config } = plane
  const clock = new ManualClock(NOON_MS)
  const disk = openDisk(folder)
  const told: string[] = []
  const asked = { count: 0 }
  let way: Way = 'refused'

  const answerOf = (target: string): HttpAnswer => {
    const query = new URLSearchParams(target.slice(target.indexOf('?') + 1))
    const { nonce } = parseQuestion(query, 'site-2', authors).question
    const pair = way === 'forged' ? plane.stranger : plane.site(1)
    const log = { incarnation: '11'.repeat(16), from: 0, next: 0, isEnd: true }
    const text = formatAnswer({ nonce, ...log, records: [], views: [] }, pair)
    return { status: way === 503 ? 503 : 200, headers: new Map(), body: Buffer.from(text) }
  }
  await using exchange = await openExchange({
    config,
    site: 'site-1',
    pair: plane.site(0),
    log: await openRecordLog({ disk, folder: 'records', random, authors }),
    authors,
    disk,
    incarnationFile: 'incarnation',
    network: {
      request: async ({ method, origin, target }) => {
        asked.count += 1
        if (way !== 'well' && way !== 'forged' && way !== 503) {
          throw new NetworkError(way, `${method} ${origin}${target}: connect ${way} ${asked.count}`)
        }
        return await Promise.resolve(answerOf(target))
      },
    },
    clock,
    random,
    events: {
      onRecords: () => undefined,
      onViews: () => undefined,
      onHeard: () => undefined,
      onReached: (peer) => told.push(`${peer} is reached`),
      onFinding: ({ code, message }, peer) => told.push(`${peer} ${code}: ${message}`),
    },
  })
  /** What is told while it goes this way, over many tries. */
  const during = async (next: Way): Promise<string[]> => {
    way = next
    const before = { told: told.length, asked: asked.count }
    for (let second = 0; second < 300; second++) await clock.advance(1000)
    assert.ok(asked.count - before.asked > 3, `${asked.count - before.asked} tries`)
    return told.slice(before.told)
  }

  const silent = await during('refused')
  assert.equal(silent.length, 1)
  assert.match(
    silent[0] ?? '',
    /^site-2 unavailable: site site-2 does not answer: GET http:\/\/site-2\/base\/-\/exchange: connect refused 1$/,
  )
  assert.deepEqual(await during('timeout'), [], 'another way of not answering')
  assert.match(exchange.peers()[0]?.error ?? '', /^GET \S+\/-\/exchange: connect timeout \d+$/)
  assert.deepEqual(await during(503), [], 'a proxy before it does')
  assert.deepEqual(await during('well'), ['site-2 is reached'])
  assert.equal((await during('timeout')).length, 1)
  const forged = await during('forged')
  assert.equal(forged.length, 1, 'it answers, and not as itself')
  assert.match(forged[0] ?? '', /^site-2 bad-signature: /)
  assert.deepEqual(await during('well'), ['site-2 is reached'])
})
