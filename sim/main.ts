// `npm run sim`: runs seeds in two processes at once, says what failed and how to see it again, and
// ends with figures.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runSeedWithLmdb } from './lmdb-run.ts'
import { runSeed } from './run.ts'
import type { RunRequest } from './run.ts'
import { SCENARIO_NAMES } from './scenarios.ts'
import type { ScenarioName } from './scenarios.ts'
import { showFailure, Summary, summaryOf } from './summary.ts'
import type { SeedSummary } from './summary.ts'

const HELP = `Runs the store in a simulated machine.

  npm run sim -- [--seeds N] [--seed S] [--scenario NAME] [--steps N]

  --seeds N        how many seeds; 100 by default, 1 with --seed
  --seed S         the first seed; drawn where it is not given
  --minutes M      as many seeds as there is time for, in place of --seeds
  --scenario NAME  ${SCENARIO_NAMES.join(', ')}; drawn from each seed by default
  --steps N        operations of each run
  --trace          prints every event of a run (with --seed)
  --lmdb           asks LMDB too whatever a run asked of its engines, and compares the answers
  --failures N     ends after so many failing seeds; 5 by default
`

const SEED_MAX = 2 ** 40

interface Options {
  readonly first: number
  readonly count: number
  readonly untilMs: number
  readonly scenario: ScenarioName | null
  readonly steps: number | null
  readonly trace: boolean
  readonly lmdb: boolean
  readonly failuresMax: number
}

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      minutes: { type: 'string' },
      scenario: { type: 'string' },
      steps: { type: 'string' },
      failures: { type: 'string', default: '5' },
      trace: { type: 'boolean', default: false },
      lmdb: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const scenario = SCENARIO_NAMES.find((name) => name === values.scenario) ?? null
  if (values.scenario !== undefined && scenario === null) return null
  const minutes = values.minutes === undefined ? null : Number(values.minutes)
  const byDefault = values.seed === undefined ? 100 : 1
  return {
    first: values.seed === undefined ? randomInt(SEED_MAX) : Number(values.seed),
    count: minutes === null ? Number(values.seeds ?? byDefault) : Infinity,
    untilMs: minutes === null ? Infinity : Date.now() + minutes * 60_000,
    scenario,
    steps: values.steps === undefined ? null : Number(values.steps),
    trace: values.trace,
    lmdb: values.lmdb,
    failuresMax: Number(values.failures),
  }
}

/** A run that is asked for, of this process or of a child. */
interface Asked extends RunRequest {
  readonly lmdb: boolean
}

/** A process that runs the seeds which it is sent, one after another. */
function runChild(): void {
  process.on('message', (message) => {
    void summaryOfRun(message as Asked).then((summary) => process.send?.(summary))
  })
}

async function summaryOfRun(asked: Asked): Promise<SeedSummary> {
  if (!asked.lmdb) return summaryOf(await runSeed(asked))
  const { result, compared } = await runSeedWithLmdb(asked)
  return summaryOf(result, compared)
}

/** Runs seeds in this process alone. */
async function runHere(options: Options, summary: Summary): Promise<void> {
  const { first, count, scenario, steps, lmdb } = options
  for (let seed = first; seed < first + count && !isOver(options, summary); seed++) {
    const onTrace = (line: string): void => void process.stdout.write(`${line}\n`)
    const asked = { seed, scenario, steps, lmdb, ...(options.trace ? { onTrace } : {}) }
    note(await summaryOfRun(asked), summary)
  }
}

function isOver({ untilMs, failuresMax }: Options, summary: Summary): boolean {
  return Date.now() >= untilMs || summary.failures >= failuresMax
}

function note(seed: SeedSummary, summary: Summary): void {
  summary.add(seed)
  if (seed.failure !== null) process.stdout.write(showFailure(seed))
}

/** Deals seeds to children, one for each core, each as it comes back for the next. */
async function runApart(options: Options, summary: Summary): Promise<void> {
  const { first, count, scenario, steps, lmdb } = options
  let next = first
  const deal = (child: ChildProcess): void => {
    if (next >= first + count || isOver(options, summary)) child.disconnect()
    else child.send({ seed: next++, scenario, steps, lmdb })
  }
  const children = Array.from({ length: Math.min(availableParallelism(), count) }, () =>
    fork(fileURLToPath(import.meta.url), ['--child']),
  )
  await Promise.all(
    children.map(async (child) => {
      child.on('message', (message) => {
        note(message as SeedSummary, summary)
        deal(child)
      })
      deal(child)
      await new Promise<void>((resolve) => {
        child.once('exit', (code) => {
          if (code !== 0) summary.noteCrash(code)
          resolve()
        })
      })
    }),
  )
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options === null) {
    process.stdout.write(HELP)
    process.exitCode = 2
    return
  }
  const summary = new Summary()
  const { count, first, trace } = options
  process.stdout.write(`sim: seeds from ${first} on\n`)
  if (trace || count === 1) await runHere(options, summary)
  else await runApart(options, summary)
  process.stdout.write(summary.show())
  process.exitCode = summary.failures > 0 ? 1 : 0
}

if (argv[2] === '--child') runChild()
else await main()
