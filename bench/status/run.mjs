// npm run bench:status: what one site bears. README.md has the questions and the answers.
//   --runs N (3)  --seconds S (4)  --only page,same,json,fresh,crowd  --quick (one short run, to see that it runs)

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { exitOnSignals, until } from '../../test/clients/harness/server.mjs'
import { describe, machineCpuMs, usage } from '../store/machine.mjs'
import { Site } from './site.mjs'

const gzip = { 'accept-encoding': 'gzip' }
/** Requests by name. */
const LOADS = {
  page: { path: '/', headers: gzip, status: 200, isFresh: false },
  same: { path: '/', headers: { ...gzip, 'if-none-match': 'TAG' }, status: 304, isFresh: false },
  json: { path: '/api/v2/summary.json', headers: gzip, status: 200, isFresh: false },
  fresh: { path: '/', headers: gzip, status: 200, isFresh: true },
}
const CONNECTIONS = 64
const POSTS = 10
const WARM_MS = 1000
const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string' },
    crowd: { type: 'string', default: '10000' },
    quick: { type: 'boolean', default: false },
  },
})
const runs = flags.quick ? 1 : Number(flags.runs)
const durationMs = flags.quick ? 500 : Number(flags.seconds) * 1000
const crowdCount = flags.quick ? 500 : Number(flags.crowd)
const names = flags.only?.split(',') ?? [...Object.keys(LOADS), 'crowd']
for (const name of names) {
  if (name in LOADS || name === 'crowd') continue
  console.error(
    `bench: there is no load ${name}; there are ${Object.keys(LOADS).join(', ')}, crowd`,
  )
  process.exit(2)
}

const programOf = (name) => fileURLToPath(new URL(name, import.meta.url))
const execute = promisify(execFile)

async function main() {
  exitOnSignals()
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bench-status-'))
  const site = await Site.start(join(folder, 'site'))
  try {
    const loads = await measureLoads(site, folder)
    const crowds = names.includes('crowd') ? await measureCrowds(site) : []
    print({ crowds, loads })
  } finally {
    await site.stop()
    rmSync(folder, { recursive: true })
  }
}

/** CPU that it uses for itself. */
async function idleOf({ pid }) {
  const before = usage([pid]).cpuMs
  await pause(durationMs)
  return (usage([pid]).cpuMs - before) / durationMs
}

async function measureLoads(site, folder) {
  const results = new Map()
  for (let run = 0; run < runs; run++) {
    const idleShare = await idleOf(site)
    for (const name of names.filter((name) => name in LOADS)) {
      const load = LOADS[name]
      const answer = await ask(site.port, load)
      const sizeBytes = Buffer.from(answer.body, 'base64').length
      const file = join(folder, 'answer.json')
      writeFileSync(file, JSON.stringify(answer))
      const bare = spawn(process.execPath, [programOf('bare.mjs'), file], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const end = () => bare.kill('SIGKILL')
      process.once('exit', end)
      const [port] = await once(bare.stdout, 'data')
      const own = await measure(site, load)
      const other = await measure({ pid: bare.pid, port: Number(port) }, load)
      end()
      process.off('exit', end)
      const netMs = own.cpuMs - (idleShare * own.elapsedMs) / own.count
      const result = { own, other, sizeBytes, netMs, idleShare }
      results.set(name, [...(results.get(name) ?? []), result])
    }
  }
  return results
}

/** One answer, byte for byte, without what every server adds by itself. */
async function ask(port, { headers, path, status }) {
  // `*` is any tag that there is.
  const sent = status === 304 ? { ...headers, 'if-none-match': '*' } : headers
  const request = http.get({ port, path, headers: sent, agent: false })
  const [response] = await once(request, 'response')
  const pieces = []
  for await (const piece of response) pieces.push(piece)
  if (response.statusCode !== status) throw new RangeError(`${path}: ${response.statusCode}`)
  const own = ['date', 'connection', 'keep-alive']
  const pairs = response.rawHeaders.flatMap((word, index, all) =>
    index % 2 === 0 && !own.includes(word.toLowerCase()) ? [word, all[index + 1]] : [],
  )
  return { status, headers: pairs, body: Buffer.concat(pieces).toString('base64') }
}

async function measure({ pid, port }, { headers, isFresh, path, status }) {
  const lines = Object.entries({ host: 'status.example.com', ...headers })
  const request = [
    `GET ${path} HTTP/1.1`,
    ...lines.map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ]
  const job = { connections: CONNECTIONS, isFresh, port, request: request.join('\r\n'), status }
  const replay = async (jobMs) => {
    const words = [programOf('load.mjs'), JSON.stringify({ ...job, durationMs: jobMs })]
    return JSON.parse((await execute(process.execPath, words)).stdout)
  }
  await replay(Math.min(WARM_MS, durationMs))
  const before = { own: usage([pid]).cpuMs, all: machineCpuMs(), atMs: performance.now() }
  const done = await replay(durationMs)
  const ownMs = usage([pid]).cpuMs - before.own
  const othersMs = machineCpuMs() - before.all - ownMs - done.clientCpuMs
  return {
    ...done,
    cpuMs: ownMs / done.count,
    othersShare: Math.max(0, othersMs / (performance.now() - before.atMs)),
  }
}

async function measureCrowds(site) {
  const results = []
  const openBefore = site.openCount
  for (let run = 0; run < runs; run++) {
    const alone = await postTimes(site, `run ${run}, alone`)
    const before = usage([site.pid])
    const crowd = spawn(
      process.execPath,
      [programOf('crowd.mjs'), site.port, crowdCount].map(String),
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    )
    process.on('exit', () => crowd.kill('SIGKILL'))
    let seen = null
    const lines = createInterface({ input: crowd.stdout })
    await once(lines, 'line')
    lines.on('line', (line) => (seen = JSON.parse(line)))
    const cpuBefore = usage([site.pid]).cpuMs
    const beganMs = performance.now()
    const within = await postTimes(site, `run ${run}, in a crowd`)
    await once(lines, 'line')
    const { anonMiB, cpuMs } = usage([site.pid])
    results.push({
      alone,
      within,
      seen,
      openCount: site.openCount - openBefore,
      anonMiB: [before.anonMiB, anonMiB],
      cpuShare: (cpuMs - cpuBefore) / (performance.now() - beganMs),
    })
    crowd.stdin.end()
    await once(crowd, 'exit')
    // Its connections are gone when the site has noticed.
    if (!(await until(() => site.openCount <= openBefore + 10, 60_000, 100))) {
      throw new RangeError('the site still has connections of a crowd that is gone')
    }
  }
  return results
}

async function postTimes(site, text) {
  const times = []
  for (let count = 0; count < POSTS; count++) {
    times.push(await site.post(`${text}, ${count}`))
    await pause(500)
  }
  return times.sort((a, b) => a - b)
}

const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1]

function range(list, digits) {
  const show = (value) => value.toFixed(digits)
  return `${show(median(list))} [${show(Math.min(...list))}–${show(Math.max(...list))}]`
}

function print({ crowds, loads }) {
  console.log(`${describe()}; ${runs} runs of ${durationMs / 1000} s; median [range]`)
  const idle = [...loads.values()].flat().map(({ idleShare }) => 100 * idleShare)
  if (idle.length > 0) console.log(`Without readers the site uses ${range(idle, 0)} % of a core.\n`)
  console.log(
    '| load | bytes | requests/s | of bare | CPU-ms a request | of it for readers | of bare | p50 ms | p99 ms | others % |',
  )
  console.log('|---|---|---|---|---|---|---|---|---|---|')
  for (const [name, list] of loads) {
    const column = (pick, digits) => range(list.map(pick), digits)
    const cells = [
      name,
      column(({ sizeBytes }) => sizeBytes, 0),
      column(({ own }) => own.rate, 0),
      column(({ other, own }) => own.rate / other.rate, 2),
      column(({ own }) => own.cpuMs, 3),
      column(({ netMs }) => netMs, 3),
      column(({ netMs, other }) => netMs / other.cpuMs, 2),
      column(({ own }) => own.p50, 1),
      column(({ own }) => own.p99, 1),
      column(({ own }) => 100 * own.othersShare, 0),
    ]
    console.log(`| ${cells.join(' | ')} |`)
  }
  if (crowds.length === 0) return
  console.log(`\n| a post, ${crowdCount} slow clients | |\n|---|---|`)
  const row = (what, pick, digits) =>
    console.log(`| ${what} | ${range(crowds.map(pick), digits)} |`)
  row('alone, median of 10, ms', ({ alone }) => median(alone), 1)
  row('alone, longest, ms', ({ alone }) => Math.max(...alone), 1)
  row('in the crowd, median of 10, ms', ({ within }) => median(within), 1)
  row('in the crowd, longest, ms', ({ within }) => Math.max(...within), 1)
  row('connections open at the site', ({ openCount }) => openCount, 0)
  row('open as the crowd sees it', ({ seen }) => seen.openCount, 0)
  row('cut so far', ({ seen }) => seen.cutCount, 0)
  row('CPU of the site, % of a core', ({ cpuShare }) => 100 * cpuShare, 0)
  row('memory without it, MiB', ({ anonMiB }) => anonMiB[0], 0)
  row('memory with it, MiB', ({ anonMiB }) => anonMiB[1], 0)
}

await main()
