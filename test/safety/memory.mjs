#!/usr/bin/env node
// Memory of all processes of a started server (RssAnon and RssShmem, from /proc) while many bodies
// are open at once: uploads that trickle in, downloads that nobody reads, connections that idle.
//
//   node test/safety/memory.mjs [--uploads N] [--mib M] [--limit-mib L] [--dir DIR] [--main FILE]
//
// 200 uploads of 256 MiB write 50 GiB to DIR, which is the temporary folder by default; as it is run
// in CI, of 8 MiB, 1.6 GiB and about half a minute. All are open before the first one may end.

import http from 'node:http'
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { exitOnSignals, until } from '../clients/harness/server.mjs'
import { UNSIGNED, objectPath, signHeaders } from '../clients/harness/sigv4.mjs'
import { createChecks, unequal } from './checks.mjs'
import { makeStore, s3Of, servingProcesses } from './store.mjs'

const MIB = 2 ** 20
const PIECE = Buffer.alloc(256 * 1024, 0x5a)
const GETS = 32
const GET_SIZE_BYTES = 8 * MIB
const IDLE_CONNECTIONS = 1000
const SAMPLE_MS = 100

/** Bytes of a process that are its own; 0 of one that is gone. */
function ownBytes(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const kibOf = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
    return 1024 * (kibOf('RssAnon') + kibOf('RssShmem'))
  } catch {
    return 0
  }
}

/** Samples all processes of the group until it is stopped; answers the highest sum. */
function watchMemory(server) {
  let peakBytes = 0
  const look = () => {
    const sum = server.members().reduce((all, pid) => all + ownBytes(pid), 0)
    peakBytes = Math.max(peakBytes, sum)
  }
  const timer = setInterval(look, SAMPLE_MS)
  return () => {
    look()
    clearInterval(timer)
    return peakBytes
  }
}

/** Opens one PUT; `feed` sends so many bytes more as the server takes them, `end` waits for the answer. */
function openUpload(server, { key, sizeBytes }) {
  const path = objectPath('memory', key)
  const { headers } = signHeaders({
    method: 'PUT',
    path,
    headers: { host: `127.0.0.1:${server.port}` },
    payloadHash: UNSIGNED,
    credentials: server.credentials,
  })
  const request = http.request({
    host: '127.0.0.1',
    port: server.port,
    method: 'PUT',
    path,
    agent: false,
    headers: { ...headers, 'content-length': sizeBytes },
  })
  const answered = new Promise((resolve) => {
    request.on('response', (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode))
    })
    request.on('error', (error) => resolve(error.code))
  })
  const state = { isOver: false }
  void answered.then(() => {
    state.isOver = true
  })
  return {
    answered,
    async feed(bytes) {
      for (let left = bytes; left > 0 && !state.isOver; left -= PIECE.length) {
        const piece = left < PIECE.length ? PIECE.subarray(0, left) : PIECE
        if (!request.write(piece)) await Promise.race([once(request, 'drain'), answered])
      }
    },
    end: () => request.end(),
  }
}

/**
 * All uploads open, in two halves: every one has sent its first half before any sends its last byte.
 * Who is told to slow down comes again, as clients do.
 */
async function upload(server, { uploads, sizeBytes }) {
  const counts = { again: 0 }
  const problems = []
  let halfway = 0
  const send = async (index) => {
    for (let tries = 0; tries < 200; tries++) {
      const one = openUpload(server, { key: `upload-${index}`, sizeBytes })
      await one.feed(sizeBytes / 2)
      halfway++
      await until(() => halfway >= uploads, 5000, 50)
      await one.feed(sizeBytes / 2)
      one.end()
      const status = await one.answered
      if (status === 200) return
      if (status !== 503 && status !== 'ECONNRESET' && status !== 'EPIPE') {
        problems.push(`upload ${index}: ${status}`)
        return
      }
      counts.again++
      await until(() => false, 200 + 10 * index, 100)
    }
    problems.push(`upload ${index} was never taken`)
  }
  await Promise.all(Array.from({ length: uploads }, (_, index) => send(index)))
  return { problems, ...counts }
}

/** A GET whose answer is not read until `go`; then its bytes are proven. */
function openSlowGet(server, key) {
  const path = objectPath('memory', key)
  const { headers } = signHeaders({
    method: 'GET',
    path,
    headers: { host: `127.0.0.1:${server.port}` },
    payloadHash: UNSIGNED,
    credentials: server.credentials,
  })
  const target = {
    host: '127.0.0.1',
    port: server.port,
    method: 'GET',
    path,
    agent: false,
    headers,
  }
  return new Promise((resolve, reject) => {
    const request = http.request(target, (response) => {
      response.pause()
      resolve({
        status: response.statusCode,
        async read() {
          const hash = createHash('sha256')
          for await (const piece of response) hash.update(piece)
          return hash.digest('hex')
        },
      })
    })
    request.on('error', reject)
    request.end()
  })
}

async function slowGets(server, s3) {
  const body = Buffer.alloc(GET_SIZE_BYTES, 0x33)
  await s3.put('memory', 'big', body)
  const expected = createHash('sha256').update(body).digest('hex')
  const open = await Promise.all(Array.from({ length: GETS }, () => openSlowGet(server, 'big')))
  await until(() => false, 2000, 200) // their buffers fill, on both sides
  const problems = open.flatMap(({ status }) => unequal('a GET', status, 200))
  const sums = await Promise.all(open.map((one) => one.read()))
  return [...problems, ...sums.flatMap((sum) => unequal('its bytes', sum, expected))]
}

async function idleConnections(server, s3) {
  const sockets = await Promise.all(
    Array.from({ length: IDLE_CONNECTIONS }, async () => {
      const socket = connect(server.port, '127.0.0.1')
      socket.on('error', () => socket.destroy())
      await once(socket, 'connect')
      return socket
    }),
  )
  await until(() => false, 1000, 100)
  await s3.put('memory', 'beside', Buffer.from('beside'))
  const problems = unequal('bytes beside', (await s3.get('memory', 'beside')).toString(), 'beside')
  for (const socket of sockets) socket.destroy()
  return problems
}

async function measure(server, checks, { name, limitBytes, act }) {
  const stop = watchMemory(server)
  const startMs = performance.now()
  const problems = await act()
  const peakBytes = stop()
  const seconds = (performance.now() - startMs) / 1000
  console.log(
    `          ${name}: peak ${(peakBytes / MIB).toFixed(0)} MiB, ${seconds.toFixed(0)} s`,
  )
  const isOver = peakBytes > limitBytes
  checks.check(name, [...problems, ...(isOver ? [`${(peakBytes / MIB).toFixed(0)} MiB`] : [])])
}

async function main() {
  exitOnSignals()
  const text = { type: 'string' }
  const { values } = parseArgs({
    options: { uploads: text, mib: text, 'limit-mib': text, dir: text, main: text },
  })
  const uploads = Number(values.uploads ?? 200)
  const sizeBytes = Number(values.mib ?? 8) * MIB
  const limitBytes = Number(values['limit-mib'] ?? 600) * MIB
  const checks = createChecks()
  const drive = mkdtempSync(join(values.dir ?? tmpdir(), 'holdfast-memory-'))
  process.on('exit', () => rmSync(drive, { recursive: true, force: true }))
  const { server } = await makeStore({ main: values.main, drive, name: 'memory' })
  await server.start()
  const members = servingProcesses(server).join()
  const s3 = s3Of(server)
  await s3.makeBucket('memory')
  await measure(server, checks, {
    name: `${uploads} uploads of ${sizeBytes / MIB} MiB, all open at once`,
    limitBytes,
    act: async () => {
      const { problems, again } = await upload(server, { uploads, sizeBytes })
      console.log(`          ${again} were told to come again`)
      return problems
    },
  })
  const gets = { limitBytes, act: async () => await slowGets(server, s3) }
  await measure(server, checks, { name: `${GETS} downloads of 8 MiB that nobody reads`, ...gets })
  const idle = { limitBytes, act: async () => await idleConnections(server, s3) }
  await measure(server, checks, { name: `${IDLE_CONNECTIONS} idle connections`, ...idle })
  checks.check('no process ended', unequal('processes', servingProcesses(server).join(), members))
  s3.close()
  await server.stop()
  process.exit(checks.end())
}

await main()
