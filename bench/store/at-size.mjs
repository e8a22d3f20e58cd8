// What a store of millions of objects costs: filled once through the API, then measured.
//   node bench/store/at-size.mjs fill FOLDER [--objects 10000000]    (interrupted, it goes on)
//   node bench/store/at-size.mjs run FOLDER [--seconds 4] [--runs 3]
// Of ten objects nine have 100 bytes and one 4 KiB. FOLDER holds the store and its progress.

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import {
  BUILT_MAIN,
  exitOnSignals,
  freePort,
  run as runProgram,
  ServerError,
  ServerUnderTest,
} from '../../test/clients/harness/server.mjs'
import { describe, usage } from './machine.mjs'
import { openQuickSigner } from './quick-signer.mjs'
import { replay } from './replay.mjs'

const BUCKET = 'at-size'
const CONNECTIONS = 128
const CHUNK = 100_000
const HOT_COUNT = 10_000
const STARTS = 3
const TEN = 10

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    objects: { type: 'string', default: '10000000' },
    seconds: { type: 'string', default: '4' },
    runs: { type: 'string', default: '3' },
    main: { type: 'string', default: BUILT_MAIN },
  },
})
const [command, folderName] = positionals
if ((command !== 'fill' && command !== 'run') || folderName === undefined) {
  console.error('at-size: say fill FOLDER, then run FOLDER')
  process.exit(2)
}
const folder = resolve(folderName)
const progressFile = join(folder, 'filled.json')
mkdirSync(folder, { recursive: true })
const filledCount = existsSync(progressFile) ? JSON.parse(readFileSync(progressFile)).count : 0

const tiny = randomBytes(100)
const small = randomBytes(4096)
const isSmall = (index) => index % TEN === 0
const pathOf = (index) => `/${BUCKET}/o/${String(index).padStart(9, '0')}`
const durationMs = Number(flags.seconds) * 1000
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]
const show = (list, digits) =>
  `${median(list).toFixed(digits)} [${Math.min(...list).toFixed(digits)}–${Math.max(...list).toFixed(digits)}]`

async function openServer() {
  const port = await freePort()
  const server = new ServerUnderTest({
    folder: join(folder, 'store'),
    home: folder,
    port,
    main: flags.main,
    logFile: join(folder, 'server.log'),
  })
  const sign = openQuickSigner({ host: `127.0.0.1:${port}`, credentials: server.credentials })
  const send = (next, ms, connections = CONNECTIONS) =>
    replay({ host: '127.0.0.1', port, connections, durationMs: ms, next })
  return { server, sign, send, port }
}

/** Gives each of `count` requests once. */
function each(count, make) {
  let index = 0
  return () => (index < count ? make(index++) : null)
}

async function fill() {
  const { server, sign, send } = await openServer()
  const total = Number(flags.objects)
  try {
    if (filledCount === 0) await server.init()
    await server.start()
    if (filledCount === 0) {
      await send(
        each(1, () => sign('PUT', `/${BUCKET}`)),
        60_000,
        1,
      )
    }
    for (let done = filledCount; done < total;) {
      const count = Math.min(CHUNK, total - done)
      const from = done
      const before = usage(server.members())
      const { elapsedMs } = await send(
        each(count, (index) => {
          const object = from + index
          return sign('PUT', pathOf(object), isSmall(object) ? small : tiny)
        }),
        3_600_000,
      )
      const { cpuMs, anonMiB } = usage(server.members())
      done += count
      writeFileSync(progressFile, JSON.stringify({ count: done }))
      console.log(
        `${done} objects; ${Math.round((count * 1000) / elapsedMs)}/s, ` +
          `${((cpuMs - before.cpuMs) / count).toFixed(3)} CPU-ms each, ${Math.round(anonMiB)} MiB anonymous`,
      )
    }
    await server.stop()
  } finally {
    await server.kill().catch(() => undefined)
  }
}

/** Time from the start of a killed store's process to its first object. */
async function measureStart(opened) {
  const { server, sign, send } = opened
  await server.kill()
  const startedAt = performance.now()
  const ready = server.start()
  for (;;) {
    try {
      await send(
        each(1, () => sign('GET', pathOf(0))),
        1000,
        1,
      )
      break
    } catch {
      await new Promise((later) => setTimeout(later, 2)) // nobody listens yet
    }
  }
  const firstMs = performance.now() - startedAt
  await ready
  return firstMs
}

async function measure({ server, send }, make, connections = 32) {
  const warmUp = make()
  await send(warmUp, 1000, connections)
  const before = usage(server.members())
  const done = await send(warmUp, durationMs, connections)
  const after = usage(server.members())
  return {
    cpuMs: (after.cpuMs - before.cpuMs) / done.count,
    rate: (done.count * 1000) / done.elapsedMs,
    anonMiB: after.anonMiB,
  }
}

function loadsFor(sign) {
  const randomIndex = () => Math.floor(Math.random() * (filledCount / TEN)) * TEN
  const hotCount = Math.min(HOT_COUNT, filledCount / TEN)
  let made = 0
  return {
    'get4k, 10,000 hot keys': () => () => sign('GET', pathOf((made++ % hotCount) * TEN)),
    'get4k, random over all': () => () => sign('GET', pathOf(randomIndex())),
    'put4k, random keys': () => () =>
      sign('PUT', `/${BUCKET}/r/${randomBytes(12).toString('hex')}`, small),
  }
}

async function validate() {
  const args = [flags.main, 'verify', join(folder, 'store'), '--records', '--json']
  const startedAt = performance.now()
  const { exitCode, stdout, stderr } = await runProgram(process.execPath, args, {
    timeoutMs: 600_000,
  })
  const seconds = (performance.now() - startedAt) / 1000
  if (exitCode !== 0) throw new ServerError(`verify ended with ${exitCode}: ${stderr}${stdout}`)
  return { seconds, report: JSON.parse(stdout) }
}

async function run() {
  const opened = await openServer()
  const { server, sign } = opened
  try {
    await server.start()
    const starts = []
    for (let start = 0; start < STARTS; start++) starts.push(await measureStart(opened))
    console.log(`${describe()}; ${filledCount} objects; median [range] of ${flags.runs} runs\n`)
    console.log(`start after kill -9 to the first GET: ${show(starts, 0)} ms`)
    const validations = [await validate(), await validate(), await validate()]
    const times = validations.map(({ seconds }) => seconds)
    console.log(
      `validation of all records: ${show(times, 1)} s; it says ${JSON.stringify(validations[0].report)}`,
    )
    console.log('\n| load | CPU-ms a request | requests/s | memory MiB |\n|---|---|---|---|')
    for (const [name, make] of Object.entries(loadsFor(sign))) {
      const results = []
      for (let round = 0; round < Number(flags.runs); round++) {
        results.push(await measure(opened, make))
      }
      const column = (field, digits) =>
        show(
          results.map((result) => result[field]),
          digits,
        )
      console.log(
        `| ${name} | ${column('cpuMs', 3)} | ${column('rate', 0)} | ${column('anonMiB', 0)} |`,
      )
    }
    await server.stop()
  } finally {
    await server.kill().catch(() => undefined)
  }
}

exitOnSignals()
await (command === 'fill' ? fill() : run())
