#!/usr/bin/env node
// Where the space of deleted, overwritten, aborted and half-sent bodies goes: it is counted as
// reclaimable, compacted in the background while the store serves, and parked; what lives is whole.
// (When parked bytes go is a day's matter: src/placement/reclaim.test.ts turns that clock, and
// full-drive.mjs waits for it on a full drive.)
//
//   node test/safety/reclaim.mjs [--seed S] [--main FILE]

import { once } from 'node:events'
import { connect } from 'node:net'
import { parseArgs } from 'node:util'
import { createRandom, freshSeed } from '../clients/harness/random.mjs'
import { exitOnSignals, until } from '../clients/harness/server.mjs'
import { UNSIGNED, objectPath, signHeaders } from '../clients/harness/sigv4.mjs'
import { createChecks, unequal } from './checks.mjs'
import { beginUpload, expectStatus, makeStore, putPart, s3Of, verifyStore } from './store.mjs'

const MIB = 2 ** 20
const GONE = 24
const KEPT = 8
const PART_BYTES = 5 * MIB
const PARKED_MS_MAX = 90_000

async function placementOf(server) {
  const { stdout, stderr } = await server.cli(['info', server.folder, '--json'])
  return stdout.startsWith('{') ? JSON.parse(stdout).placement : { error: stderr }
}

/** Half a PUT: the client goes away in the middle of its body. */
async function putHalf(server, key, sizeBytes) {
  const host = `127.0.0.1:${server.port}`
  const path = objectPath('space', key)
  const { headers } = signHeaders({
    method: 'PUT',
    path,
    headers: { host },
    payloadHash: UNSIGNED,
    credentials: server.credentials,
  })
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(`PUT ${path} HTTP/1.1\r\n${lines.join('')}content-length: ${sizeBytes}\r\n\r\n`)
  const isTaken = socket.write(Buffer.alloc(sizeBytes / 2, 1))
  if (!isTaken) await once(socket, 'drain')
  socket.destroy()
}

/** Objects of two sizes, the parts of an upload, and half a body. @returns what is kept, and the upload's id */
async function fill(server, random) {
  const s3 = s3Of(server)
  await s3.makeBucket('space')
  const kept = new Map()
  for (let index = 0; index < GONE + KEPT; index++) {
    for (const sizeBytes of [MIB, 100_000]) {
      const body = random.bytes(sizeBytes)
      await s3.put('space', `${sizeBytes}/${index}`, body)
      if (index < KEPT) kept.set(`${sizeBytes}/${index}`, body)
    }
  }
  const uploadId = await beginUpload(s3, 'space', 'aborted')
  const body = random.bytes(PART_BYTES)
  await putPart(s3, { bucket: 'space', key: 'aborted', uploadId, partNumber: 1, body })
  await putHalf(server, 'half', 8 * MIB)
  s3.close()
  return { kept, uploadId }
}

async function main() {
  exitOnSignals()
  const text = { type: 'string' }
  const { values } = parseArgs({ options: { seed: text, main: text } })
  const seed = values.seed ?? freshSeed()
  const checks = createChecks({ seed })
  const random = createRandom(seed)
  const { server } = await makeStore({ main: values.main, name: 'reclaim' })
  await server.start()
  const { kept, uploadId } = await fill(server, random)
  await server.stop()
  await server.start() // whoever filled extents is gone: they are sealed
  const s3 = s3Of(server)
  const half = await s3.head('space', 'half')
  checks.check('half a body is no object', unequal('HEAD', half.status, 404))
  const before = await placementOf(server)

  for (let index = KEPT; index < GONE + KEPT; index++) {
    // One half is deleted, the other overwritten with next to nothing.
    if (index % 2 === 0) await s3.remove('space', `${MIB}/${index}`)
    else await s3.put('space', `${MIB}/${index}`, Buffer.from('small'))
    await s3.remove('space', `100000/${index}`)
  }
  const aborted = await s3.send({
    method: 'DELETE',
    path: objectPath('space', 'aborted'),
    query: [['uploadId', uploadId]],
  })
  expectStatus('abort', aborted, 204)
  const goneBytes = GONE * (MIB + 100_000) + PART_BYTES
  let last = before
  // What is moved is counted once more where it was: parked extents hold what lived in them too.
  const isCounted = await until(
    async () => {
      last = await placementOf(server)
      return last.reclaimableBytes - before.reclaimableBytes + last.parkedBytes >= goneBytes * 0.95
    },
    30_000,
    300,
  )
  checks.check('it is counted as reclaimable or parked', isCounted ? [] : [JSON.stringify(last)])
  const isParked = await until(
    async () => {
      last = await placementOf(server)
      return last.parkedBytes >= goneBytes && last.reclaimableBytes < goneBytes / 4
    },
    PARKED_MS_MAX,
    500,
  )
  checks.check(
    'and is parked by itself',
    isParked ? [] : [`of ${goneBytes}: ${JSON.stringify(last)}`],
  )

  const problems = []
  for (const [key, bytes] of kept) {
    const found = await s3.get('space', key)
    if (!found.equals(bytes)) problems.push(`${key} is another`)
  }
  checks.check('what lives is whole', problems)
  const { exitCode, lines, stderr } = await verifyStore(server)
  checks.check('verify is clean while it serves', exitCode === 0 ? [] : [stderr, ...lines])
  s3.close()
  await server.stop()
  process.exit(checks.end())
}

await main()
