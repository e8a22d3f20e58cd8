// A store for the safety checks: made in a scratch folder, filled through S3 with every kind of
// record, stopped and looked at with the command line.

import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openS3, xmlTexts } from '../clients/harness/s3.mjs'
import { ServerUnderTest, freePort } from '../clients/harness/server.mjs'
import { objectPath } from '../clients/harness/sigv4.mjs'

export const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex')

/** Makes a store that is not served yet; `drive` is where it lies, a scratch folder by default. */
export async function makeStore({ main, drive = null, name = 'safety' }) {
  const scratch = mkdtempSync(join(tmpdir(), `holdfast-${name}-`))
  mkdirSync(join(scratch, 'home'))
  const server = new ServerUnderTest({
    ...(main === undefined ? {} : { main }),
    folder: join(drive ?? scratch, 'store'),
    home: join(scratch, 'home'),
    logFile: join(scratch, 'server.log'),
    port: await freePort(),
  })
  await server.init()
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
  return { server, scratch, folder: server.folder }
}

export function s3Of(server, options = {}) {
  return openS3({ endpoint: server.endpoint, credentials: server.credentials, ...options })
}

const CUT = new Set(['ECONNRESET', 'EPIPE', 'ECONNREFUSED'])

/**
 * Sends, and answers 503 where the process that was to answer ended: like that, it says nothing of
 * what became of the request, and clients come again.
 */
export async function sendOrCut(s3, request) {
  try {
    return await s3.send(request)
  } catch (error) {
    if (!CUT.has(error.code)) throw error
    return { status: 503, code: error.code, headers: {}, body: Buffer.alloc(0) }
  }
}

/** Ids of the processes that serve, in order: those that validate beside them come and go. */
export function servingProcesses(server) {
  const isServing = (pid) => {
    try {
      return !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('validator')
    } catch {
      return false // it ended while we looked
    }
  }
  return server
    .members()
    .filter(isServing)
    .sort((left, right) => left - right)
}

/** What `verify` says; `findings` as lines. */
export async function verifyStore(server, flags = []) {
  const { exitCode, stdout, stderr } = await server.cli([
    'verify',
    server.folder,
    '--json',
    ...flags,
  ])
  const report = stdout.startsWith('{') ? JSON.parse(stdout) : null
  const lines = (report?.findings ?? []).map(
    ({ kind, what, message }) => `${kind}: ${what}: ${message}`,
  )
  return { exitCode, report, lines, stderr }
}

/** Completes an upload of these parts. @returns its ETag */
export async function putMultipart(s3, bucket, key, parts) {
  const path = objectPath(bucket, key)
  const uploadId = await beginUpload(s3, bucket, key)
  const etags = []
  for (const [index, body] of parts.entries()) {
    etags.push(await putPart(s3, { bucket, key, uploadId, partNumber: index + 1, body }))
  }
  const list = etags.map(
    (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  )
  const done = await s3.send({
    method: 'POST',
    path,
    query: [['uploadId', uploadId]],
    body: Buffer.from(`<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`),
  })
  expectStatus(`complete ${key}`, done, 200)
  return xmlTexts(done.body, 'ETag')[0]
}

export async function beginUpload(s3, bucket, key) {
  const path = objectPath(bucket, key)
  const begun = await s3.send({ method: 'POST', path, query: [['uploads', '']] })
  expectStatus(`begin ${key}`, begun, 200)
  return xmlTexts(begun.body, 'UploadId')[0]
}

export async function putPart(s3, { bucket, key, uploadId, partNumber, body }) {
  const sent = await s3.send({
    method: 'PUT',
    path: objectPath(bucket, key),
    query: [
      ['partNumber', String(partNumber)],
      ['uploadId', uploadId],
    ],
    body,
  })
  expectStatus(`part ${partNumber} of ${key}`, sent, 200)
  return sent.headers.etag
}

export async function copyObject(s3, bucket, from, to) {
  const copied = await s3.send({
    method: 'PUT',
    path: objectPath(bucket, to),
    headers: { 'x-amz-copy-source': objectPath(bucket, from) },
  })
  expectStatus(`copy ${from} to ${to}`, copied, 200)
}

export async function setVersioning(s3, bucket, status) {
  const answer = await s3.send({
    method: 'PUT',
    path: `/${bucket}`,
    query: [['versioning', '']],
    body: Buffer.from(
      `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`,
    ),
  })
  expectStatus(`versioning of ${bucket}`, answer, 200)
}

/** An answer that ends a script: what it goes on with is not there. */
class UnexpectedAnswer extends Error {
  name = 'UnexpectedAnswer'
}

export function expectStatus(what, answer, status) {
  if (answer.status === status) return
  const text = answer.body.toString().slice(0, 300)
  throw new UnexpectedAnswer(`${what}: ${answer.status} in place of ${status}: ${text}`)
}

const MIB = 2 ** 20

/**
 * Every kind of record: small and large objects, copies, parts, versions and markers, an open
 * upload. @returns the contents of all current objects, by bucket and key
 */
export async function fillStore(server, random, { smallCount = 60 } = {}) {
  const s3 = s3Of(server)
  const contents = new Map()
  const put = async (bucket, key, body) => {
    await s3.put(bucket, key, body)
    contents.set(`${bucket}/${key}`, body)
  }
  await s3.makeBucket('plain')
  await s3.makeBucket('versioned')
  for (let index = 0; index < smallCount; index++) {
    await put(
      'plain',
      `small/${String(index).padStart(3, '0')}`,
      random.bytes(random.between(0, 9000)),
    )
  }
  for (const sizeBytes of [70_000, 200_000, 300_000, 3 * MIB]) {
    await put('plain', `large/${sizeBytes}`, random.bytes(sizeBytes))
  }
  const parts = [random.bytes(5 * MIB), random.bytes(100_000)]
  await putMultipart(s3, 'plain', 'assembled', parts)
  contents.set('plain/assembled', Buffer.concat(parts))
  for (const from of ['small/001', 'large/300000', 'assembled']) {
    await copyObject(s3, 'plain', from, `copy/${from}`)
    contents.set(`plain/copy/${from}`, contents.get(`plain/${from}`))
  }
  await put('versioned', 'null', random.bytes(100))
  await setVersioning(s3, 'versioned', 'Enabled')
  for (let index = 0; index < 20; index++) {
    await put('versioned', `key-${index % 5}`, random.bytes(random.between(1, 5000)))
  }
  await put('versioned', 'null', random.bytes(200))
  await s3.remove('versioned', 'key-0')
  contents.delete('versioned/key-0')
  const uploadId = await beginUpload(s3, 'plain', 'open')
  const body = random.bytes(50_000)
  await putPart(s3, { bucket: 'plain', key: 'open', uploadId, partNumber: 1, body })
  s3.close()
  return contents
}
