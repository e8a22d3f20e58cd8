// What nobody who means well sends. Each of these once ended a worker or got an answer that was none
// of S3's; test/fuzz/ looks for more.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError } from './answer.ts'
import type { S3Answer } from './answer.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

const LONG = 'n'.repeat(5000)

/** The store still knows what it has. */
async function serves(): Promise<void> {
  await client.write('/sound/key', 'sound')
  assert.equal(await client.read('/sound/key'), 'sound')
}

test('names of any length are no names, and end nothing', async () => {
  const bucket = await client.bucket('sound')
  const targets = [`/${LONG}`, `/${LONG}/key`, `/${LONG}?list-type=2`, `/${LONG}?uploads`]
  for (const target of targets) isError(await client.get(target), 404, 'NoSuchBucket')
  isError(await client.send('GET', `/${LONG}`, { as: 'anonymous' }), 404, 'NoSuchBucket')
  isError(await client.put(`/${LONG}`, ''), 400, 'InvalidBucketName')
  isError(await client.copy(`${bucket}/k`, `/${LONG}/key`), 404, 'NoSuchBucket')
  await serves()
})

test('an access key of any length is unknown, and ends nothing', async () => {
  const signed = client.head('GET', '/').head.replace(/Credential=[^/]*/i, `Credential=${LONG}`)
  isError(await client.exchange('GET', Buffer.from(signed)), 403, 'InvalidAccessKeyId')
  const target = client.presign('GET', '/').replace(/Credential=[^%]*/, `Credential=${LONG}`)
  isError(await client.send('GET', target, { as: 'anonymous' }), 403, 'InvalidAccessKeyId')
  await serves()
})

test('prefixes and markers of any length list nothing, and end nothing', async () => {
  const queries = [
    ...['prefix', 'marker', 'delimiter'].map((name) => `/sound?${name}=${LONG}`),
    ...['prefix', 'start-after', 'delimiter'].map((name) => `/sound?list-type=2&${name}=${LONG}`),
    ...['prefix', 'key-marker', 'delimiter'].map((name) => `/sound?versions&${name}=${LONG}`),
    ...['prefix', 'key-marker', 'upload-id-marker'].map((name) => `/sound?uploads&${name}=${LONG}`),
    `/sound?versions&key-marker=k&version-id-marker=${LONG}`,
    `/sound?list-type=2&continuation-token=${LONG}`,
    `/sound/key?uploadId=${LONG}`,
    `/sound/key?versionId=${LONG}`,
    ...['prefix', 'continuation-token'].map((name) => `/?${name}=${LONG}`),
  ]
  for (const query of queries) {
    const answer = await client.get(query)
    assert.ok([200, 400, 404].includes(answer.status), `${query.slice(0, 50)}: ${answer.status}`)
  }
  await serves()
})

test('RFC 9112, 3.2: a request has one Host header, or gets an error of S3', async () => {
  const answerTo = (head: string): Promise<S3Answer> =>
    client.exchange('GET', Buffer.from(`${head}\r\n\r\n`))
  isError(await answerTo('GET /sound HTTP/1.1'), 400, 'BadRequest')
  isError(await answerTo('GET /sound HTTP/1.1\r\nHost: a\r\nHost: a'), 400, 'BadRequest')
  isError(await answerTo('GET /sound HTTP/1.1\r\nHost:'), 403, 'AccessDenied')
})
