// What clients may make a worker hold: answers that nobody takes, bodies that are read whole, and
// lines of its log.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { duplexPair } from 'node:stream'
import type { Duplex } from 'node:stream'
import {
  BODY_SILENCE_MS,
  WHOLE_BODIES_SIZE_BYTES_MAX,
  XML_SIZE_BYTES_MAX,
} from '../../src/base/limits.ts'
import { ObjectIndexError } from '../../src/object-index/object-index.ts'
import { attachRouter } from '../../src/router/router.ts'
import { isError, isStatus } from './answer.ts'
import { md5Base64 } from './client.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open()
const { client, clock, router, trouble, warnings } = server
after(() => server[Symbol.asyncDispose]())

const HEAD_END = '\r\n\r\n'

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** A connection in memory, which holds next to nothing of what its client does not take. */
function connect(): { readonly ours: Duplex; readonly theirs: Duplex } {
  const http = createServer()
  attachRouter(http, router)
  const [ours, theirs] = duplexPair()
  http.emit('connection', theirs)
  return { ours, theirs }
}

/** A body that is read from the drive, and a list that is made in memory. */
async function longAnswers(name: string): Promise<readonly string[]> {
  const bucket = await client.bucket(name)
  for (let count = 0; count < 200; count++) {
    await client.write(`${bucket}/${'k'.repeat(1000)}${count}`, '')
  }
  await client.write(`${bucket}/body`, 'x'.repeat(250_000))
  return [`${bucket}/body`, `${bucket}?list-type=2`]
}

test('an answer that nobody takes is watched, and cut after its time', async () => {
  for (const source of await longAnswers('stopped')) {
    const { ours, theirs } = connect()
    ours.write(client.head('GET', source).head)
    await until(() => ours.readableLength > 0)
    await clock.advance(BODY_SILENCE_MS - 1000)
    assert.ok(!theirs.destroyed, source)
    assert.equal(router.inFlight, 1, source)
    await clock.advance(3000)
    assert.ok(theirs.destroyed, source)
    assert.equal(router.inFlight, 0, source)
  }
})

test('an answer that is taken late, but in time, is whole and then forgotten', async () => {
  for (const source of await longAnswers('late')) {
    const whole = isStatus(await client.get(source), 200).body.length
    const { ours, theirs } = connect()
    ours.write(client.head('GET', source).head)
    await until(() => ours.readableLength > 0)
    await clock.advance(BODY_SILENCE_MS - 1000)
    let text = ''
    ours.on('data', (bytes: Buffer) => (text += bytes.toString('latin1')))
    await until(() => router.inFlight === 0)
    await until(() => text.slice(text.indexOf(HEAD_END) + HEAD_END.length).length === whole)
    await clock.advance(2 * BODY_SILENCE_MS)
    assert.ok(!theirs.destroyed, source)
    theirs.destroy()
  }
})

test('bodies of XML have a bound in memory over all requests; one more is SlowDown', async () => {
  const bucket = await client.bucket('wordy')
  const sending = { payloadHash: 'UNSIGNED-PAYLOAD', length: String(XML_SIZE_BYTES_MAX) }
  const headers = { 'content-md5': md5Base64('never sent') }
  const { head } = client.head('PUT', `${bucket}?tagging`, { ...sending, headers })
  const tag = async (value: string) => {
    const xml = `<Tagging><TagSet><Tag><Key>k</Key><Value>${value}</Value></Tag></TagSet></Tagging>`
    return await client.put(`${bucket}?tagging`, xml, { 'content-md5': md5Base64(xml) })
  }
  const held: Duplex[] = []
  for (let count = 0; count < WHOLE_BODIES_SIZE_BYTES_MAX / XML_SIZE_BYTES_MAX; count++) {
    const { ours, theirs } = connect()
    ours.write(head)
    held.push(theirs)
  }
  await until(() => router.inFlight === held.length)
  const refused = await tag('a')
  isError(refused, 503, 'SlowDown')
  held.pop()?.destroy()
  await until(() => router.inFlight === held.length)
  isStatus(await tag('b'), 204)
  for (const theirs of held) theirs.destroy()
  await until(() => router.inFlight === 0)
  isStatus(await tag('c'), 204)
})

test('why the store cannot serve is logged once a second, with how many it held for', async () => {
  const bucket = await client.bucket('troubled')
  trouble.before = async () => {
    throw new ObjectIndexError('unavailable', 'the index is away')
  }
  await clock.advance(2000)
  warnings.length = 0
  for (let count = 0; count < 5; count++)
    isError(await client.get(bucket), 503, 'ServiceUnavailable')
  assert.deepEqual(
    warnings.map(({ requests, detail }) => [requests, detail]),
    [[1, 'the index is away']],
  )
  await clock.advance(1000)
  isError(await client.get(bucket), 503, 'ServiceUnavailable')
  trouble.before = null
  assert.deepEqual(
    warnings.map(({ requests }) => requests),
    [1, 5],
  )
  isError(await client.get(`${bucket}/none`), 404, 'NoSuchKey')
  await clock.advance(1000)
  assert.equal(warnings.length, 2, 'what a client does wrong is no trouble of the store')
})
