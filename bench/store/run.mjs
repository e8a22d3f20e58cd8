// npm run bench: the loads of workloads.mjs against a started server, as a table.
//   --runs N (3)  --seconds S (4)  --only put4k,get4k  --workers N  --quick (one short run, to see that it runs)

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { exitOnSignals, freePort, ServerUnderTest } from '../../test/clients/harness/server.mjs'
import { describe, digestMs, machineCpuMs, syncedAppendMs, usage } from './machine.mjs'
import { replay } from './replay.mjs'
import {
  BUCKET,
  DELIMITER_BUCKET,
  DELIMITER_KEYS,
  delimiterKey,
  openSigner,
  SET_COUNT,
  setKey,
  small,
  tiny,
  WORKLOADS,
} from './workloads.mjs'

const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string' },
    workers: { type: 'string' },
    folder: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
})
const runs = flags.quick ? 1 : Number(flags.runs)
const durationMs = flags.quick ? 300 : Number(flags.seconds) * 1000
const names = flags.only?.split(',') ?? Object.keys(WORKLOADS)
for (const name of names) {
  if (!(name in WORKLOADS)) {
    console.error(`bench: there is no load ${name}; there are ${Object.keys(WORKLOADS).join(', ')}`)
    process.exit(2)
  }
}

const HOST = '127.0.0.1'
const percentile = (sorted, share) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]

function range(list, digits) {
  const show = (value) => value.toFixed(digits)
  return `${show(median(list))} [${show(Math.min(...list))}–${show(Math.max(...list))}]`
}

async function sendAll(port, requests, connections = 32) {
  let index = 0
  await replay({
    host: HOST,
    port,
    connections,
    durationMs: 600_000,
    next: () => requests[index++] ?? null,
  })
}

async function fillSets(sign, port) {
  await sendAll(port, [sign('PUT', BUCKET, ''), sign('PUT', DELIMITER_BUCKET, '')], 1)
  await sendAll(
    port,
    Array.from({ length: SET_COUNT }, (_, index) =>
      sign('PUT', BUCKET, setKey(index), { body: small }),
    ),
  )
  if (names.includes('listdelim')) {
    const count = flags.quick ? DELIMITER_KEYS / 100 : DELIMITER_KEYS
    await sendAll(
      port,
      Array.from({ length: count }, (_, index) =>
        sign('PUT', DELIMITER_BUCKET, delimiterKey(index), { body: tiny }),
      ),
    )
  }
}

async function measure(server, sign, name, run) {
  const { connections, prepare } = WORKLOADS[name]
  const { fill = [], next } = prepare(sign, `${process.pid}-${run}`)
  await sendAll(server.port, fill)
  const warmUpMs = Math.min(1000, durationMs)
  await replay({ host: HOST, port: server.port, connections, durationMs: warmUpMs, next })
  const pids = server.members()
  const before = usage(pids)
  const machineBefore = machineCpuMs()
  const done = await replay({ host: HOST, port: server.port, connections, durationMs, next })
  const after = usage(pids)
  const serverMs = after.cpuMs - before.cpuMs
  const othersMs = machineCpuMs() - machineBefore - serverMs - done.clientCpuMs
  return {
    count: done.count,
    rate: (done.count * 1000) / done.elapsedMs,
    cpuMs: serverMs / done.count,
    p50: percentile(done.latenciesMs, 0.5),
    p99: percentile(done.latenciesMs, 0.99),
    anonMiB: after.anonMiB,
    others: Math.max(0, (100 * othersMs) / done.elapsedMs),
  }
}

async function main() {
  exitOnSignals()
  const home = mkdtempSync(join(flags.folder ?? tmpdir(), 'holdfast-bench-'))
  const port = await freePort()
  const server = new ServerUnderTest({
    folder: join(home, 'store'),
    home,
    port,
    logFile: join(home, 'server.log'),
    args: flags.workers === undefined ? [] : ['--workers', flags.workers],
  })
  const results = new Map(names.map((name) => [name, []]))
  let failed = 0
  try {
    await server.init()
    await server.start()
    const sign = openSigner({ host: HOST, port, credentials: server.credentials })
    await fillSets(sign, port)
    for (let run = 0; run < runs; run++) {
      for (const name of names) {
        const result = await measure(server, sign, name, run).catch((error) => {
          console.error(`bench: ${name}: ${error.message}`)
          failed++
          return null
        })
        if (result !== null) results.get(name).push(result)
      }
    }
    print(results, {
      appendMs: syncedAppendMs(home),
      md5Ms: digestMs('md5', 8 << 20),
      sha256Ms: digestMs('sha256', 8 << 20),
    })
    await server.stop()
  } catch (error) {
    console.error(`bench: ${error.stack}`)
    failed++
  } finally {
    if (failed > 0) console.error(`bench: ${server.logEnd()}`)
    await server.kill().catch(() => undefined)
    rmSync(home, { recursive: true, force: true })
  }
  process.exitCode = failed === 0 ? 0 : 1
}

function print(results, limits) {
  if (flags.json)
    return console.log(JSON.stringify({ results: Object.fromEntries(results), limits }))
  console.log(`${describe()}; ${runs} runs of ${durationMs / 1000} s; median [range]\n`)
  console.log(
    '| load | connections | CPU-ms a request | to reach | requests/s | p50 ms | p99 ms | memory MiB | others % |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|')
  for (const [name, list] of results) {
    const { connections, target } = WORKLOADS[name]
    if (list.length === 0) {
      console.log(`| ${name} | ${connections} | failed | ${target ?? '–'} | | | | | |`)
      continue
    }
    const column = (field, digits) =>
      range(
        list.map((result) => result[field]),
        digits,
      )
    console.log(
      `| ${name} | ${connections} | ${column('cpuMs', 3)} | ${target === null ? '–' : `≤ ${target}`} | ` +
        `${column('rate', 0)} | ${column('p50', 2)} | ${column('p99', 2)} | ${column('anonMiB', 0)} | ${column('others', 0)} |`,
    )
  }
  console.log(
    `\nThe machine in the same run: a synced 4 KiB append ${limits.appendMs.toFixed(3)} ms (median); ` +
      `of 8 MiB, MD5 ${limits.md5Ms.toFixed(1)} and SHA-256 ${limits.sha256Ms.toFixed(1)} CPU-ms. ` +
      'Memory is RssAnon and RssShmem of all processes; others is the CPU that neither server nor client used.',
  )
}

await main()
