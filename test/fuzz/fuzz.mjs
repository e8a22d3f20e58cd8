#!/usr/bin/env node
// Sends seeded hostile requests to a started server over raw TCP and judges every answer.
//
//   node test/fuzz/fuzz.mjs [--seed S] [--count N] [--from N] [--kind garbage,auth] [--keep]
//        [--main FILE] [--slow-sec N]
//        [--endpoint http://127.0.0.1:PORT --access A --secret S]    a server that runs
//
// The same seed makes the same requests (signatures carry the time). `--from N --count 1` replays
// one. Ends with `N passed, N failed`; exit code 1 if anything failed.
// 10,000 requests take 1 to 3 minutes on two cores, slow connections are held beside them for up to
// --slow-sec (120) seconds.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom, freshSeed } from '../clients/harness/random.mjs'
import { openS3 } from '../clients/harness/s3.mjs'
import { BUILT_MAIN, ServerUnderTest, exitOnSignals, freePort } from '../clients/harness/server.mjs'
import { AUTH } from './auth.mjs'
import { CHUNKED } from './chunked.mjs'
import { compareLooks, lookAt } from './folder-tree.mjs'
import { GARBAGE } from './garbage.mjs'
import { HEADERS } from './header-cases.mjs'
import { LENGTHS } from './lengths.mjs'
import { ORDINARY } from './message.mjs'
import { holdSlowConnections } from './slow.mjs'
import { TARGETS } from './targets.mjs'
import { judge } from './verdict.mjs'
import { exchange } from './wire.mjs'
import { XML_BODIES } from './xml-bodies.mjs'

const KINDS = {
  garbage: [14, GARBAGE],
  headers: [16, HEADERS],
  xml: [14, XML_BODIES],
  chunked: [17, CHUNKED],
  auth: [16, AUTH],
  targets: [16, TARGETS],
  lengths: [7, LENGTHS],
}
const BATCH = 500
const AT_ONCE = 8
const ANSWER_MS_MAX = 10_000
const SECRET_TEXT = 'this-file-lies-outside-the-store'

function refuse(message) {
  console.error(`fuzz: ${message}`)
  process.exit(2)
}

function readOptions() {
  const text = { type: 'string' }
  const { values } = parseArgs({
    options: {
      seed: text,
      count: text,
      from: text,
      kind: text,
      main: text,
      endpoint: text,
      access: text,
      secret: text,
      'slow-sec': text,
      keep: { type: 'boolean', default: false },
    },
  })
  const whole = (name, preset) => {
    const value = Number(values[name] ?? preset)
    return Number.isInteger(value) && value >= 0 ? value : refuse(`--${name} takes a whole number`)
  }
  const kinds = values.kind?.split(',') ?? Object.keys(KINDS)
  if (kinds.some((kind) => !(kind in KINDS))) refuse(`kinds are ${Object.keys(KINDS).join(', ')}`)
  const { endpoint, access, secret } = values
  if ([endpoint, access, secret].filter(Boolean).length % 3 !== 0) {
    refuse('--endpoint, --access and --secret go together')
  }
  return {
    ...values,
    kinds,
    seed: values.seed ?? freshSeed(),
    count: whole('count', 10_000),
    from: whole('from', 0),
    slowSec: whole('slow-sec', 120),
    main: values.main ?? BUILT_MAIN,
  }
}

/** A store in a folder whose surroundings are watched, or a server that runs, unwatched. */
async function openTarget(options) {
  if (options.endpoint !== undefined) {
    const url = new URL(options.endpoint)
    return {
      port: Number(url.port),
      endpoint: options.endpoint,
      look: () => new Map(),
      credentials: { access: options.access, secret: options.secret },
      members: () => [],
      close: async () => {},
      folder: null,
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-fuzz-'))
  mkdirSync(join(folder, 'home'))
  for (const name of ['marker.txt', 'home/marker.txt']) {
    writeFileSync(join(folder, name), SECRET_TEXT)
  }
  const server = new ServerUnderTest({
    main: options.main,
    folder: join(folder, 'store'),
    home: join(folder, 'home'),
    logFile: join(folder, 'server.log'),
    port: await freePort(),
  })
  await server.init()
  await server.start()
  return {
    port: server.port,
    endpoint: server.endpoint,
    credentials: server.credentials,
    folder,
    look: () => lookAt(folder, ['store', 'server.log']),
    members: () => server.members(),
    close: () => server.stop(),
  }
}

/** Makes, for the n-th request of a seed, its bytes and what is expected of the answer. */
function makeCase(options, base, index) {
  const random = createRandom(options.seed, String(index))
  const kind = random.weighted(options.kinds.map((name) => [KINDS[name][0], name]))
  const make = random.weighted(KINDS[kind][1])
  const ctx = { ...base, random, index }
  return { ...ORDINARY, ...make(ctx), index, kind, name: `${kind} ${make.name}` }
}

async function runCase(one, ctx, s3) {
  const answer = await exchange({
    port: ctx.port,
    pieces: one.pieces,
    isHead: one.isHead,
    isHalfClosed: one.isHalfClosed,
    boundMs: ANSWER_MS_MAX,
  })
  const verdict = judge(one, answer, [SECRET_TEXT])
  if (verdict.problem === null && one.absentKey !== null) {
    const status = await s3.head(ctx.bucket, one.absentKey).then(
      (head) => head.status,
      (error) => error.message,
    )
    if (status !== 404) verdict.problem = `refused, yet HEAD of the key answers ${status}`
  }
  return { ...verdict, tookMs: answer.tookMs }
}

/** What the requests lean on; some of them may have spoilt it. */
async function prepare(ctx, s3) {
  for (const bucket of [ctx.bucket, ctx.settingsBucket, ctx.emptyBucket]) {
    await s3.makeBucket(bucket)
  }
  await s3.put(ctx.bucket, 'anchor', Buffer.from('anchor'))
  const { status } = await s3.send({
    method: 'PUT',
    path: `/${ctx.settingsBucket}/anchor`,
    body: Buffer.from('anchor'),
  })
  return status
}

/** Whether a signed write and read still work. */
async function roundTrip(ctx, s3, batch) {
  const body = createRandom(batch, 'round trip').bytes(100_000)
  try {
    await s3.put(ctx.bucket, 'round-trip', body)
    const same = body.equals(await s3.get(ctx.bucket, 'round-trip'))
    return same ? null : 'the round trip read other bytes'
  } catch (error) {
    return `the round trip failed: ${error.message}`
  }
}

function byGroup([left], [right]) {
  return left < right ? -1 : left > right ? 1 : 0
}

/** Counts what came of it; failures of one generator and one problem are told once. */
function createTally(options) {
  const outcomes = new Map()
  const failures = new Map()
  let passed = 0
  let failed = 0
  let slowestMs = 0
  const check = (name, problem, how = '') => {
    if (problem === null) return void passed++
    failed++
    const group = `${name}: ${problem}`
    const { count, first } = failures.get(group) ?? { count: 0, first: how }
    failures.set(group, { count: count + 1, first })
  }
  return {
    get failed() {
      return failed
    },
    check,
    request(one, { outcome, problem, tookMs }) {
      const row = outcomes.get(one.kind) ?? new Map()
      outcomes.set(one.kind, row.set(outcome, (row.get(outcome) ?? 0) + 1))
      slowestMs = Math.max(slowestMs, tookMs)
      const note = one.note === undefined ? '' : ` ${JSON.stringify(one.note).slice(0, 120)}`
      const kind = options.kind === undefined ? '' : ` --kind ${options.kind}`
      check(
        one.name,
        problem,
        `${note} --seed ${options.seed} --from ${one.index} --count 1${kind}`,
      )
    },
    printTotal: () => console.log(`${passed} passed, ${failed} failed`),
    print() {
      for (const [group, { count, first }] of [...failures].toSorted(byGroup)) {
        console.log(`FAILED ${count} × ${group}\n      first:${first}`)
      }
      for (const [kind, row] of outcomes) {
        const sorted = [...row].sort(([, left], [, right]) => right - left)
        console.log(`${kind}: ${sorted.map(([name, count]) => `${name} ${count}`).join(', ')}`)
      }
      console.log(`slowest answer ${slowestMs.toFixed(0)} ms`)
    },
  }
}

async function runBatch(cases, ctx, s3, tally) {
  const waiting = [...cases]
  const work = async () => {
    for (let one; (one = waiting.shift()) !== undefined;) {
      tally.request(one, await runCase(one, ctx, s3))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
}

function judgeSlow(held, tally, boundSec) {
  const kinds = new Map()
  for (const { name, isJudged, seconds } of held) {
    kinds.set(name, Math.max(kinds.get(name) ?? 0, seconds ?? Infinity))
    const problem = seconds === null && isJudged ? `still open after ${boundSec} s` : null
    tally.check(`slow connection, ${name}`, problem)
  }
  console.log(
    `slow connections, longest in seconds: ${[...kinds]
      .map(
        ([name, seconds]) =>
          `${name} ${Number.isFinite(seconds) ? seconds.toFixed(0) : 'not ended'}`,
      )
      .join(', ')}`,
  )
}

/** Memory of all processes that still run. */
function residentMiB(members) {
  const kibibytes = members
    .filter((pid) => existsSync(`/proc/${pid}/status`))
    .map((pid) =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0),
    )
  return kibibytes.reduce((sum, each) => sum + each, 0) / 1024
}

async function main() {
  exitOnSignals()
  const options = readOptions()
  const last = options.from + options.count - 1
  console.log(`seed ${options.seed}, requests ${options.from} to ${last}`)
  const target = await openTarget(options)
  const ctx = {
    port: target.port,
    host: `127.0.0.1:${target.port}`,
    bucket: 'fuzz-objects',
    settingsBucket: 'fuzz-settings',
    emptyBucket: 'fuzz-empty',
    credentials: target.credentials,
    random: createRandom(options.seed),
    index: -1,
  }
  const s3 = openS3({ ...target, connections: AT_ONCE })
  const tally = createTally(options)
  await prepare(ctx, s3)
  const [look, members] = [target.look(), target.members()]
  const startMiB = residentMiB(members)
  const slow = holdSlowConnections(ctx, { count: 3, boundMs: options.slowSec * 1000 })
  for (let at = 0; at < options.count; at += BATCH) {
    const size = Math.min(BATCH, options.count - at)
    const cases = Array.from({ length: size }, (_, offset) =>
      makeCase(options, ctx, options.from + at + offset),
    )
    await runBatch(cases, ctx, s3, tally)
    tally.check(`after request ${options.from + at + size - 1}`, await roundTrip(ctx, s3, at))
    await prepare(ctx, s3).catch((error) => tally.check('buckets for the next', error.message))
  }
  judgeSlow(await slow, tally, options.slowSec)
  tally.check('at the end', await roundTrip(ctx, s3, options.count))
  const left = target.members()
  tally.check(
    'the same processes run as at the start',
    members.every((pid) => left.includes(pid)) ? null : `${members} before, ${left} after`,
  )
  const differences = compareLooks(look, target.look())
  tally.check(
    'nothing outside the store changed',
    differences.length === 0 ? null : differences.slice(0, 20).join(', '),
  )
  if (target.folder !== null) {
    console.log(`resident ${startMiB.toFixed(0)} MiB before, ${residentMiB(left).toFixed(0)} after`)
  }
  s3.close()
  await target.close().catch((error) => tally.check('an orderly stop', error.message))
  tally.print()
  finish(options, target, tally)
}

function finish(options, target, tally) {
  if (target.folder !== null) {
    if (options.keep || tally.failed > 0) console.log(`store and log: ${target.folder}`)
    else rmSync(target.folder, { recursive: true })
  }
  console.log(`seed ${options.seed}`)
  tally.printTotal()
  process.exit(tally.failed > 0 ? 1 : 0)
}

await main()
