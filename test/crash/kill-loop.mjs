#!/usr/bin/env node
// Kills a built server with SIGKILL, all its processes at once, under a write load, again and
// again, and checks after each start that everything acknowledged is there, whole, and nothing
// refused is. With `--unsynced` most kills are power cuts: what no sync had made durable is lost, kept
// or torn by the seed (unsynced.mjs).
//
//   npm run crash -- [--rounds N] [--unsynced] [--seed S] [--connections N] [--max-sec N]
//        [--until-failed] [--dir DIR] [--main FILE] [--keep]
//
// The seed fixes bodies, choices and moments, not how the machine interleaves them. Ends with
// `N passed, N failed`; exit code 1 if anything failed. 50 rounds take 3 to 6 minutes on two cores.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { createRandom, freshSeed } from '../clients/harness/random.mjs'
import { openS3 } from '../clients/harness/s3.mjs'
import { BUILT_MAIN, ServerUnderTest, cpuMs } from '../clients/harness/server.mjs'
import { exitOnSignals, freePort } from '../clients/harness/server.mjs'
import { createBodies, whole } from './bodies.mjs'
import { checkListing, checkObjects, checkUploads } from './check.mjs'
import { runWorker } from './load.mjs'
import { createModel } from './model.mjs'
import { openPower } from './power.mjs'

const BUCKET = 'kill-loop'
const LOAD_MS_MIN = 30
const LOAD_MS_MAX = 2000
/** A share of the starts is killed too, before or while it begins to serve. */
const START_KILL_SHARE = 0.2
const START_KILL_MS_MAX = 600
const FIRST_GET_MS_MAX = 60_000
const FIRST_GET_POLL_MS = 3
const PROBLEMS_SHOWN = 10

function readOptions() {
  const text = { type: 'string' }
  const { values } = parseArgs({
    options: {
      rounds: text,
      seed: text,
      connections: text,
      dir: text,
      main: text,
      'max-sec': text,
      unsynced: { type: 'boolean', default: false },
      'until-failed': { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
    },
  })
  const count = (name, preset) => {
    const value = Number(values[name] ?? preset)
    if (Number.isInteger(value) && value > 0) return value
    console.error(`kill-loop: --${name} takes a whole number above 0`)
    process.exit(2)
  }
  return {
    ...values,
    rounds: count('rounds', 50),
    connections: count('connections', 16),
    /** The rounds end early, never in the middle of one. */
    maxSec: count('max-sec', 24 * 3600),
    seed: values.seed ?? freshSeed(),
    main: values.main ?? BUILT_MAIN,
  }
}

function createTally(seed) {
  const counts = { passed: 0, failed: 0 }
  return {
    counts,
    /** Answers whether there are none. */
    check(name, problems) {
      if (problems.length === 0) counts.passed++
      if (problems.length === 0) return true
      counts.failed++
      const shown = problems.slice(0, PROBLEMS_SHOWN).map((problem) => `\n    ${problem}`)
      const more = problems.length > PROBLEMS_SHOWN ? `\n    … ${problems.length} in all` : ''
      console.log(`FAILED ${name} (seed ${seed}):${shown.join('')}${more}`)
      return false
    },
  }
}

/** Waits for the first successful GET; answers milliseconds since the launch, and wrong answers. */
async function firstGet(server, startMs) {
  const s3 = openS3({
    endpoint: server.endpoint,
    credentials: server.credentials,
    connections: 1,
    timeoutMs: 2000,
  })
  try {
    while (performance.now() - startMs < FIRST_GET_MS_MAX) {
      const answer = await s3
        .send({ method: 'GET', path: `/${BUCKET}/anchor` })
        .catch(() => ({ status: 0 }))
      const tookMs = performance.now() - startMs
      if (answer.status === 200) return { tookMs, cpuMs: cpuMs(server.members()), problems: [] }
      if (answer.status !== 0 && answer.status !== 503) {
        return { tookMs, problems: [`the first GET answers ${answer.status} ${answer.code}`] }
      }
      if (server.endedWith !== null) {
        return { tookMs, problems: [`the server ended with ${server.endedWith} at its start`] }
      }
      await pause(FIRST_GET_POLL_MS)
    }
    return { tookMs: Infinity, problems: [`no GET succeeded within ${FIRST_GET_MS_MAX} ms`] }
  } finally {
    s3.close()
  }
}

/** Starts the server, at times only to kill it at once and start it again. */
async function start(server, { power }, random) {
  while (random.chance(START_KILL_SHARE)) {
    server.launch()
    await pause(random.between(0, START_KILL_MS_MAX))
    await server.kill()
    await power.endAt(random)
  }
  const startMs = performance.now()
  server.launch()
  const first = await firstGet(server, startMs)
  if (first.problems.length === 0) await server.ready()
  return first
}

/** Loads the server until a random moment, kills it there, and waits for all connections. */
async function loadAndKill(server, state, random) {
  let isOver = false
  const notes = []
  const s3 = openS3({
    endpoint: server.endpoint,
    credentials: server.credentials,
    connections: 4 * state.connections,
  })
  const load = {
    ...state,
    s3,
    isOver: () => isOver,
    open: [],
    unsure: [],
    note: (text) => notes.push(text),
    count: (what) => state.counts.set(what, (state.counts.get(what) ?? 0) + 1),
  }
  const workers = Array.from({ length: state.connections }, (_, index) =>
    runWorker(load, createRandom(random.next(), `connection ${index}`)),
  )
  await pause(random.between(LOAD_MS_MIN, LOAD_MS_MAX))
  isOver = true
  await server.kill()
  await Promise.all(workers)
  s3.close()
  await state.power.endAt(random)
  state.model.unlockAll()
  return { load, notes }
}

/** Answers null where the server does not start again: there is nothing more to look at. */
async function runRound(server, state, tally, { round, random }) {
  const { load, notes } = await loadAndKill(server, state, random)
  tally.check(`round ${round}: answers under load`, notes)
  const first = await start(server, state, random)
  tally.check(`round ${round}: start and first GET`, first.problems)
  if (first.problems.length > 0) return null
  const s3 = openS3({
    endpoint: server.endpoint,
    credentials: server.credentials,
    connections: state.connections,
  })
  const checked = { ...load, s3 }
  // One half completes again before it reads what a lost answer left, the other reads first.
  const isReadFirst = random.chance(0.5)
  if (!isReadFirst) tally.check(`round ${round}: uploads`, await checkUploads(checked))
  const objects = await checkObjects(checked, state.connections)
  tally.check(`round ${round}: every object`, objects.problems)
  if (isReadFirst) tally.check(`round ${round}: uploads`, await checkUploads(checked))
  tally.check(`round ${round}: the listing`, await checkListing(checked))
  s3.close()
  const { doubtful, applied } = objects.settled
  console.log(
    `round ${round}: ${state.model.keys().length} keys, ${doubtful} in doubt ` +
      `(${applied} new), first GET after ${first.tookMs.toFixed(0)} ms`,
  )
  return { ...first, doubtful, applied }
}

async function runRounds(options, { server, state, tally, random }) {
  const rounds = []
  const endMs = performance.now() + options.maxSec * 1000
  for (let round = 1; round <= options.rounds && performance.now() < endMs; round++) {
    const ended = await runRound(server, state, tally, { round, random })
    if (ended === null) break
    rounds.push(ended)
    if (options['until-failed'] && tally.counts.failed > 0) break
  }
  return rounds
}

/** Power is lost right behind `init`, which has said that there is a store. Answers problems. */
async function prepare(server, { power }) {
  await server.init()
  await power.end()
  try {
    await server.start()
  } catch (error) {
    return [error.message]
  }
  const s3 = openS3({ endpoint: server.endpoint, credentials: server.credentials })
  await s3.makeBucket(BUCKET)
  await s3.put(BUCKET, 'anchor', Buffer.from('anchor'))
  s3.close()
  return []
}

/** The store's own proof, over what the last kill left. */
async function verify(server) {
  await server.kill()
  const { exitCode, stdout, stderr } = await server.cli(['verify', server.folder, '--json'])
  if (exitCode === 0) return []
  return [`verify ends with ${exitCode}: ${(stderr + stdout).slice(0, 2000)}`]
}

const median = (values) => [...values].sort((left, right) => left - right)[values.length >> 1]
const sum = (values) => values.reduce((total, value) => total + value, 0)

async function main() {
  exitOnSignals()
  const options = readOptions()
  const random = createRandom(options.seed)
  console.log(`seed ${options.seed}, ${options.rounds} rounds, ${options.connections} connections`)
  const folder = mkdtempSync(join(options.dir ?? tmpdir(), 'holdfast-kill-'))
  for (const name of ['home', 'drive']) mkdirSync(join(folder, name))
  const power = await openPower(options, { folder, root: join(folder, 'drive') })
  const server = new ServerUnderTest({
    main: options.main,
    folder: join(folder, 'drive', 'store'),
    env: power.env,
    home: join(folder, 'home'),
    logFile: join(folder, 'server.log'),
    port: await freePort(),
  })
  const tally = createTally(options.seed)
  let number = 0
  const state = {
    bucket: BUCKET,
    model: createModel(),
    body: createBodies(random),
    connections: options.connections,
    counts: new Map(),
    nextNumber: () => ++number,
    power,
  }
  const isMade = tally.check('a store behind init', await prepare(server, state))
  state.model.acknowledge('anchor', whole(Buffer.from('anchor')))
  const rounds = isMade ? await runRounds(options, { server, state, tally, random }) : []
  tally.check('verify after the last kill', await verify(server))
  tally.check('writes were taken back', power.problems())
  report(options, { rounds, state, tally, folder })
}

function report(options, { rounds, state, tally, folder }) {
  const times = rounds.map(({ tookMs }) => tookMs)
  const counts = [...state.counts].map(([what, count]) => `${what} ${count}`).join(', ')
  console.log(`\nrequests under load: ${counts}`)
  console.log(
    `lost answers: ${sum(rounds.map(({ doubtful }) => doubtful))} keys in doubt, ` +
      `${sum(rounds.map(({ applied }) => applied))} of them new after the start`,
  )
  if (rounds.length > 0) {
    console.log(
      `start to first GET: median ${median(times).toFixed(0)} ms, ` +
        `max ${Math.max(...times).toFixed(0)} ms, ` +
        `${times.filter((timeMs) => timeMs <= 1000).length} of ${times.length} within 1 s; CPU of ` +
        `all its processes: median ${median(rounds.map((round) => round.cpuMs))} ms ` +
        `(load average of the machine ${loadavg()[0].toFixed(1)} on ${availableParallelism()} cores)`,
    )
  }
  for (const line of state.power.report()) console.log(line)
  state.power.close()
  const { passed, failed } = tally.counts
  if (options.keep || failed > 0) console.log(`store and log: ${folder}`)
  else rmSync(folder, { recursive: true })
  console.log(`seed ${options.seed}, ${rounds.length} rounds\n${passed} passed, ${failed} failed`)
  process.exit(failed > 0 ? 1 : 0)
}

await main()
