// `npm run sim:mutants`: code that is broken on purpose, each mutant simulated until something that
// clients saw or that a check at the end found gives it away. One that survives is a hole in the
// simulator; the code as it is must pass as many seeds as the longest-lived mutant did.

import { fork } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { exit, stderr, stdout } from 'node:process'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { ROOT } from '../tools/sources.mjs'
import { applyHunks, parseMutant, PatchError } from './mutants/patch.mjs'

const HELP = `Simulates code that is broken on purpose, until it is caught.

  npm run sim:mutants -- [--only NAME,...] [--seeds-max N] [--seed S] [--json]

  --only NAME,...  these alone
  --short          a few that are caught soon, other ones each day
  --seeds-max N    how long a mutant may live; 2,000 by default
  --seed S         the first seed; drawn where it is not given
  --json           one object a mutant, in place of the table
  --check          only that every patch fits the source as it is
`

const FOLDER = join(ROOT, 'sim', 'mutants')
const CHILDREN = 2
const SEED_MAX = 2 ** 40
/** What a mutant breaks by itself, or what shows nothing, counts for no catch. */
const NO_CATCH = new Set(['undecided', 'stuck', 'failed', 'defect'])
/** Caught within few seeds each, as the table in docs/simulation.md says; the days take turns. */
const QUICK = [
  ['version-order-equal', 'sums-not-updated', 'sealed-too-short', 'log-entry-left-out'],
  ['list-skips-behind-marker', 'stream-without-sync', 'unsure-answered-as-refused'],
  ['referenced-extent-parked', 'folder-not-synced', 'lease-not-fenced', 'rebuild-older-wins'],
]
/** A mutant may never come to an end; a seed takes a second, on a busy machine a few. */
const SEED_MS_MAX = 60_000
const DAY_MS = 24 * 60 * 60 * 1000

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      short: { type: 'boolean', default: false },
      'seeds-max': { type: 'string', default: '2000' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    stdout.write(HELP)
    exit(2)
  }
  const today = QUICK[Math.floor(Date.now() / DAY_MS) % QUICK.length]
  return {
    only: values.short ? today : (values.only?.split(',') ?? null),
    seedsMax: Number(values['seeds-max']),
    first: values.seed === undefined ? randomInt(SEED_MAX) : Number(values.seed),
    isJson: values.json,
    isCheck: values.check,
  }
}

function readMutants(only) {
  const names = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.patch'))
    .map((name) => basename(name, '.patch'))
  const unknown = only?.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new PatchError(`there is no mutant ${unknown}`)
  return (only ?? names).map((name) =>
    parseMutant(name, readFileSync(join(FOLDER, `${name}.patch`), 'utf8')),
  )
}

/** What a mutant makes of the files that it changes. @throws PatchError */
function mutated(mutant) {
  return mutant.files.map((file) => ({
    path: file.path,
    text: applyHunks(mutant.name, file, readFileSync(join(ROOT, file.path), 'utf8')),
  }))
}

/** Builds the simulator over the source with these files in place; answers its program. */
async function buildIn(folder, files) {
  for (const part of ['src', 'sim']) cpSync(join(ROOT, part), join(folder, part), COPY)
  mkdirSync(join(folder, 'tools'))
  for (const tool of ['build.mjs', 'sources.mjs']) {
    cpSync(join(ROOT, 'tools', tool), join(folder, 'tools', tool))
  }
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'))
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const { path, text } of files) writeFileSync(join(folder, path), text)
  const { buildTests } = await import(pathToFileURL(join(folder, 'tools', 'build.mjs')).href)
  const [program] = await buildTests(['sim/main.ts'], join(folder, 'dist', 'sim'))
  return program
}

const COPY = { recursive: true, filter: (path) => !path.endsWith('.test.ts') }

/** Runs `use` with the simulator of such source, in a folder that is gone afterwards. */
async function withSimulator(files, use) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutant-'))
  try {
    return await use(await buildIn(folder, files))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Runs requests, as many at once as there are children, until `onSeed` answers true or there are no
 * more. A child that dies has a summary of its own.
 */
async function runAll(program, requests, onSeed) {
  const left = [...requests]
  const children = new Set()
  const live = async () => {
    while (left.length > 0) {
      const child = fork(program, ['--child'], { execArgv: ['--max-semi-space-size=32'] })
      children.add(child)
      await runChild(child, {
        next: () => left.shift(),
        onSeed: (summary) => {
          if (!onSeed(summary)) return
          left.length = 0
          for (const other of children) other.kill('SIGKILL')
        },
      })
      children.delete(child)
    }
  }
  await Promise.all(Array.from({ length: CHILDREN }, live))
}

async function runChild(child, { next, onSeed }) {
  let asked
  let timer
  const deal = () => {
    clearTimeout(timer)
    if (child.killed) return
    asked = next()
    timer = setTimeout(() => child.kill('SIGKILL'), SEED_MS_MAX)
    if (asked === undefined) child.disconnect()
    else child.send(asked)
  }
  child.on('message', (summary) => {
    asked = undefined
    onSeed(summary)
    deal()
  })
  const ended = new Promise((resolve) => {
    child.once('exit', resolve)
  })
  deal()
  const code = await ended
  clearTimeout(timer)
  if (asked !== undefined) {
    const findings = [{ check: 'failed', message: `its process ended with ${code}`, keys: [] }]
    onSeed({ ...asked, failure: { findings } })
  }
}

function requestsOf({ scenarios }, first, count) {
  return Array.from({ length: count }, (_, index) => ({
    seed: first + index,
    scenario: scenarios.length === 0 ? null : scenarios[index % scenarios.length],
    steps: null,
  }))
}

/** What gives a run away: a finding that is no mere end of a process. */
function catchIn({ failure }) {
  return failure?.findings.find(({ check }) => !NO_CATCH.has(check)) ?? null
}

/** Lives until it is caught or its seeds are used up. */
async function hunt(mutant, { first, seedsMax }) {
  const startedAtMs = Date.now()
  let seeds = 0
  let defects = 0
  let caught = null
  await withSimulator(mutated(mutant), async (program) => {
    await runAll(program, requestsOf(mutant, first, seedsMax), (summary) => {
      if (caught !== null) return true
      seeds += 1
      const finding = catchIn(summary)
      if (finding !== null) caught = { ...summary, finding }
      else if (summary.failure !== null) defects += 1
      return caught !== null
    })
  })
  return {
    mutant: mutant.name,
    breaks: mutant.breaks,
    scenarios: mutant.scenarios,
    seeds,
    defects,
    seconds: Math.round((Date.now() - startedAtMs) / 1000),
    check: caught?.finding.check ?? null,
    message: caught === null ? null : firstLines(caught.finding.message),
    seed: caught?.seed ?? null,
    scenario: caught?.scenario ?? null,
  }
}

function firstLines(message) {
  const lines = message.split('\n')
  const wrong = lines.find((line) => line.includes('wrong:'))
  return [lines[0], ...(wrong === undefined ? [] : [wrong])].join(' ').slice(0, 240)
}

/** The code as it is, over the same seeds as the mutants had: none of them may fail. */
async function runUnmutated(results, first) {
  const most = new Map()
  for (const { scenarios, seeds } of results) {
    const key = scenarios.join(', ')
    most.set(key, Math.max(most.get(key) ?? 0, seeds))
  }
  const requests = [...most].flatMap(([key, count]) =>
    requestsOf({ scenarios: key === '' ? [] : key.split(', ') }, first, count),
  )
  const failures = []
  let undecided = 0
  await withSimulator([], async (program) => {
    await runAll(program, requests, (summary) => {
      const findings = summary.failure?.findings ?? []
      if (findings.some(({ check }) => check !== 'undecided')) failures.push(summary)
      else if (findings.length > 0) undecided += 1 // too much to try, as `npm run sim` counts it
      return false
    })
  })
  return { seeds: requests.length, undecided, failures }
}

function row({ mutant, breaks, seeds, check, seed, scenario }) {
  const how = check === null ? 'SURVIVED | | ' : `${check} | ${seed} (${scenario})`
  return `| ${mutant} | ${breaks} | ${seeds} | ${how} |\n`
}

async function main() {
  const options = readOptions()
  const mutants = readMutants(options.only)
  for (const mutant of mutants) mutated(mutant)
  if (options.isCheck) {
    stdout.write(`${mutants.length} mutants fit\n`)
    return 0
  }
  const { first, isJson } = options
  if (!isJson) {
    stdout.write(`mutants: seeds from ${first} on\n\n`)
    stdout.write('| mutant | what is broken | seeds | caught by | seed |\n|---|---|---|---|---|\n')
  }
  const results = []
  for (const mutant of mutants) {
    const result = await hunt(mutant, options)
    results.push(result)
    stdout.write(isJson ? `${JSON.stringify(result)}\n` : row(result))
  }
  const unmutated = await runUnmutated(results, first)
  for (const { seed, scenario, steps, failure } of unmutated.failures) {
    stderr.write(`unmutated: seed ${seed} (${scenario}) failed: ${failure.findings[0]?.message}\n`)
    stderr.write(`  again: npm run sim -- --seed ${seed} --scenario ${scenario} --steps ${steps}\n`)
  }
  const caught = results.filter(({ check }) => check !== null).length
  const failed = results.length - caught + unmutated.failures.length
  const { seeds, undecided, failures } = unmutated
  const counts = { seeds, undecided, failed: failures.length }
  if (isJson) stdout.write(`${JSON.stringify({ unmutated: counts })}\n`)
  else
    stdout.write(`\nunmutated: ${seeds} seeds, ${undecided} undecided, ${counts.failed} failed\n`)
  stdout.write(isJson ? '' : `${caught} passed, ${failed} failed\n`)
  return failed === 0 ? 0 : 1
}

try {
  exit(await main())
} catch (error) {
  if (!(error instanceof PatchError)) throw error
  stderr.write(`mutants: ${error.message}\n`)
  exit(1)
}
