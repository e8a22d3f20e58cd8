// The write load: what each of many connections does until the server is killed under it, and what
// each answer, or none, says of the model.

import { objectPath } from '../clients/harness/sigv4.mjs'
import { xmlTexts } from '../clients/harness/s3.mjs'
import { assembled, sha256Of, whole } from './bodies.mjs'
import { contradiction } from './model.mjs'

export const KEY_COUNT = 600
const BIG_KEY_COUNT = 12
const PART_BYTES_MIN = 5 * 2 ** 20
const RACERS = 4

const OPERATIONS = [
  [30, overwrite],
  [10, remove],
  [12, createOnce],
  [8, replaceMatching],
  [8, replaceWrongly],
  [12, read],
  [4, raceToCreate],
  [4, raceToOverwrite],
  [2, multipart],
  [2, abandonedUpload],
  [1, openUpload],
  [2, putBig],
  [8, copy],
]

/** What one connection needs: `note` takes what went wrong, `count` what was answered. */
export async function runWorker(load, random) {
  while (!load.isOver()) {
    await random.weighted(OPERATIONS)({ ...load, random })
  }
}

/**
 * Sends one request. Answers `{ status, … }`, or null where no answer came, which is fair only once
 * the server was killed.
 */
async function ask(load, what, request) {
  try {
    const answer = await load.s3.send(request)
    const { status } = answer
    load.count(status < 300 ? 'acknowledged' : status < 500 ? 'refused' : 'unavailable')
    if (status >= 500 && status !== 503) load.note(`${what}: answered ${status}`)
    return status >= 500 ? null : answer
  } catch (error) {
    if (error.code === 'ECONNREFUSED') load.count('not sent')
    else load.count('unanswered')
    if (!load.isOver()) load.note(`${what}: ${error.message} while the server was up`)
    return null
  }
}

function takeKey({ model, random }, prefix, count) {
  for (;;) {
    const key = `${prefix}${String(random.between(0, count - 1)).padStart(4, '0')}`
    if (model.lock(key)) return key
  }
}

/** Runs `act` on a key that no other connection writes meanwhile. */
async function withKey(load, act, { prefix = 'k/', count = KEY_COUNT } = {}) {
  const key = takeKey(load, prefix, count)
  await act(key)
  load.model.unlock(key)
}

function someBody({ random, body }) {
  return body(random.chance(0.5) ? random.between(0, 4096) : random.between(0, 200 * 1024))
}

/** One PUT; takes its outcome into the model and answers the status, null without an answer. */
async function put(load, key, bytes, { headers = {}, refusals = [] } = {}) {
  const { model } = load
  const content = whole(bytes)
  const answer = await ask(load, `PUT ${key}`, {
    method: 'PUT',
    path: objectPath(load.bucket, key),
    headers,
    body: bytes,
  })
  if (answer === null) model.doubt(key, content)
  else if (answer.status === 200) model.acknowledge(key, content)
  else {
    model.refuse(key, content)
    if (!refusals.includes(answer.status)) {
      load.note(`PUT ${key} ${JSON.stringify(headers)}: ${answer.status} ${answer.code}`)
    }
  }
  return answer?.status ?? null
}

async function overwrite(load) {
  await withKey(load, (key) => put(load, key, someBody(load)))
}

async function putBig(load) {
  await withKey(load, (key) => put(load, key, load.body(load.random.between(1, 6) * 2 ** 20)), {
    prefix: 'big/',
    count: BIG_KEY_COUNT,
  })
}

/** Another key gets the content of one that nobody writes meanwhile. */
async function copy(load) {
  const { bucket, model, random } = load
  const source = random.chance(0.8) ? {} : { prefix: 'big/', count: BIG_KEY_COUNT }
  const act = async (from, to) => {
    const content = model.settled(from)
    if (!content) return
    const answer = await ask(load, `copy ${from} to ${to}`, {
      method: 'PUT',
      path: objectPath(bucket, to),
      headers: { 'x-amz-copy-source': objectPath(bucket, from) },
    })
    if (answer === null) model.doubt(to, content)
    else if (answer.status === 200) model.acknowledge(to, content)
    else load.note(`copy ${from} to ${to}: ${answer.status} ${answer.code}`)
  }
  await withKey(load, (from) => withKey(load, (to) => act(from, to)), source)
}

async function remove(load) {
  await withKey(load, async (key) => {
    const answer = await ask(load, `DELETE ${key}`, {
      method: 'DELETE',
      path: objectPath(load.bucket, key),
    })
    if (answer === null) load.model.doubt(key, null)
    else if (answer.status === 204) load.model.acknowledge(key, null)
    else load.note(`DELETE ${key}: ${answer.status} ${answer.code}`)
  })
}

/** If-None-Match: * must be decided by what is there. */
async function createOnce(load) {
  await withKey(load, async (key) => {
    const before = load.model.settled(key)
    const status = await put(load, key, someBody(load), {
      headers: { 'if-none-match': '*' },
      refusals: [412],
    })
    if (status === 200 && before) load.note(`${key} was made once more though it was there`)
    if (status === 412 && before === null) load.note(`${key} was refused though it was not there`)
    if (status === 412 && before === undefined) {
      load.model.narrow(
        key,
        load.model.possible(key).filter((content) => content !== null),
      )
    }
  })
}

async function replaceMatching(load) {
  await withKey(load, async (key) => {
    const before = load.model.settled(key)
    if (!before) return await put(load, key, someBody(load))
    const status = await put(load, key, someBody(load), {
      headers: { 'if-match': before.etag },
      refusals: [412],
    })
    if (status === 412) load.note(`${key} was refused though its ETag is ${before.etag}`)
  })
}

/** If-Match with an ETag that the key never had. */
async function replaceWrongly(load) {
  await withKey(load, async (key) => {
    const status = await put(load, key, someBody(load), {
      headers: { 'if-match': `"${'0'.repeat(32)}"` },
      refusals: [412, 404],
    })
    if (status === 200) load.note(`${key} was written though its ETag was another`)
  })
}

async function read(load) {
  await withKey(load, async (key) => {
    const answer = await ask(load, `GET ${key}`, {
      method: 'GET',
      path: objectPath(load.bucket, key),
    })
    if (answer === null) return
    const problem = contradiction(load.model, key, foundIn(answer))
    if (problem !== null) load.note(`GET ${key} under load: ${problem}`)
  })
}

/** What a GET's answer says is there; undefined where it says neither. */
export function foundIn({ status, headers, body }) {
  if (status === 404) return null
  return status === 200
    ? { sha256: sha256Of(body), sizeBytes: body.length, etag: headers.etag }
    : undefined
}

/** Several create one new key at once: one at most may be told that it did. */
async function raceToCreate(load) {
  const { model, bucket } = load
  const key = `race/${load.nextNumber()}`
  model.lock(key)
  const bodies = Array.from({ length: RACERS }, () => someBody(load))
  const answers = await Promise.all(
    bodies.map((body) =>
      ask(load, `PUT ${key}`, {
        method: 'PUT',
        path: objectPath(bucket, key),
        headers: { 'if-none-match': '*' },
        body,
      }),
    ),
  )
  const contents = bodies.map(whole)
  const winners = contents.filter((_, index) => answers[index]?.status === 200)
  const unanswered = contents.filter((_, index) => answers[index] === null)
  const isTaken = answers.some((answer) => answer?.status === 412)
  contents.forEach((content, index) => {
    if ((answers[index]?.status ?? 200) !== 200) model.refuse(key, content)
  })
  if (winners.length > 1) load.note(`${winners.length} were told that they made ${key}`)
  if (winners.length === 1) model.narrow(key, winners)
  else if (winners.length === 0) model.narrow(key, isTaken ? unanswered : [null, ...unanswered])
  if (model.possible(key).length === 0) {
    load.note(`all were refused the new key ${key}`)
    model.narrow(key, [null])
  }
  model.unlock(key)
}

/** Several overwrite one key at once: one of them is there afterwards, whole. */
async function raceToOverwrite(load) {
  await withKey(load, async (key) => {
    const bodies = Array.from({ length: RACERS }, () => someBody(load))
    const answers = await Promise.all(
      bodies.map((body) =>
        ask(load, `PUT ${key}`, { method: 'PUT', path: objectPath(load.bucket, key), body }),
      ),
    )
    const before = answers.some((answer) => answer?.status === 200) ? [] : load.model.possible(key)
    const after = bodies.map(whole).filter((_, index) => (answers[index]?.status ?? 200) === 200)
    load.model.narrow(key, [...before, ...after])
  })
}

/** Begins an upload and sends its parts; null where an answer is missing. */
async function uploadParts(load, key) {
  const { random, bucket } = load
  const path = objectPath(bucket, key)
  const begun = await ask(load, `begin ${key}`, { method: 'POST', path, query: [['uploads', '']] })
  if (begun === null) return null
  const uploadId = xmlTexts(begun.body, 'UploadId')[0]
  const sizes = [...Array(random.between(0, 1)).fill(PART_BYTES_MIN), random.between(1, 2 ** 20)]
  const parts = sizes.map((sizeBytes) => load.body(sizeBytes))
  const etags = []
  for (const [index, body] of parts.entries()) {
    const sent = await ask(load, `part of ${key}`, {
      method: 'PUT',
      path,
      body,
      query: [
        ['partNumber', String(index + 1)],
        ['uploadId', uploadId],
      ],
    })
    if (sent === null) return null
    if (sent.status !== 200) {
      load.note(`part of ${key}: ${sent.status} ${sent.code}`)
      return null
    }
    etags.push(sent.headers.etag)
  }
  return { key, uploadId, etags, content: assembled(parts) }
}

/** Completes an upload. @returns true, false where it was refused, null without an answer */
export async function completeUpload(load, { key, uploadId, etags }) {
  const parts = etags.map(
    (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  )
  const answer = await ask(load, `complete ${key}`, {
    method: 'POST',
    path: objectPath(load.bucket, key),
    query: [['uploadId', uploadId]],
    body: Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`),
  })
  if (answer === null) return null
  const isDone = answer.status === 200 && answer.body.includes('CompleteMultipartUploadResult')
  if (!isDone) load.note(`complete ${key}: ${answer.status} ${answer.code}`)
  return isDone
}

async function multipart(load) {
  await withKey(
    load,
    async (key) => {
      const upload = await uploadParts(load, key)
      if (upload === null) return
      const isDone = await completeUpload(load, upload)
      if (isDone) load.model.acknowledge(key, upload.content)
      else if (isDone === null) {
        load.model.doubt(key, upload.content)
        load.unsure.push(upload)
      }
    },
    { prefix: 'big/', count: BIG_KEY_COUNT },
  )
}

/** Parts that are thrown away: their bytes must never be an object. */
async function abandonedUpload(load) {
  await withKey(
    load,
    async (key) => {
      const upload = await uploadParts(load, key)
      if (upload === null) return
      load.model.refuse(key, upload.content)
      await ask(load, `abort ${key}`, {
        method: 'DELETE',
        path: objectPath(load.bucket, key),
        query: [['uploadId', upload.uploadId]],
      })
    },
    { prefix: 'big/', count: BIG_KEY_COUNT },
  )
}

/** Parts that were acknowledged, to be completed after the next start; the key stays locked. */
async function openUpload(load) {
  const key = `open/${load.nextNumber()}`
  load.model.lock(key)
  load.model.possible(key)
  const upload = await uploadParts(load, key)
  if (upload !== null) load.open.push(upload)
}
