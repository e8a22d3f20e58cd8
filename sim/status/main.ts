// `npm run sim:status`: runs seeds of one mode in two processes at once, says what failed and how to
// see it again, and ends with figures.

import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { SeedRequest } from './mode.ts'
import { MODES } from './modes.ts'
import type { RunnableMode } from './modes.ts'

const HELP = `Runs a status plane in a simulated world.

  npm run sim:status -- --MODE [--seeds N] [--seed S] [--kind NAME] [--hours N]

${Object.entries(MODES)
  .map(([name, { does }]) => `  --${name.padEnd(12)} ${does}`)
  .join('\n')}

  --seeds N      how many seeds; 1 with --seed
  --seed S       the first seed; drawn where it is not given
  --processes N  how many run at once; one for each core by default
`

const SEED_MAX = 2 ** 40

interface Options {
  readonly name: string
  readonly mode: RunnableMode
  readonly first: number
  readonly count: number
  readonly kind: string | null
  readonly hours: number
  readonly processes: number
}

function readOptions(): Options | null {
  const names = Object.keys(MODES)
  const { values } = parseArgs({
    options: {
      ...Object.fromEntries(names.map((name) => [name, { type: 'boolean' } as const])),
      seeds: { type: 'string' },
      seed: { type: 'string' },
      kind: { type: 'string' },
      hours: { type: 'string', default: '24' },
      processes: { type: 'string', default: String(availableParallelism()) },
      help: { type: 'boolean', default: false },
    },
  })
  const given: Readonly<Record<string, unknown>> = values
  const name = names.find((each) => given[each] === true)
  const mode = name === undefined ? undefined : MODES[name]
  if (name === undefined || mode === undefined || values.help) return null
  const byDefault = values.seed === undefined ? mode.seedsByDefault : 1
  return {
    name,
    mode,
    first: values.seed === undefined ? randomInt(SEED_MAX) : Number(values.seed),
    count: Number(values.seeds ?? byDefault),
    kind: values.kind ?? null,
    hours: Number(values.hours),
    processes: Number(values.processes),
  }
}

/** A process that runs the seeds which it is sent, one after another. */
function runChild(mode: RunnableMode): void {
  process.on('message', (message) => {
    void mode.run(message as SeedRequest).then((result) => process.send?.(result))
  })
}

/** Deals seeds to children, each as it comes back for the next. Answers how many children crashed. */
async function runApart(options: Options, note: (result: unknown) => void): Promise<number> {
  const { count, first, hours, kind, name, processes } = options
  let next = first
  let crashes = 0
  const deal = (child: ChildProcess): void => {
    if (next >= first + count) child.disconnect()
    else child.send({ seed: next++, kind, hours } satisfies SeedRequest)
  }
  const runOne = async (): Promise<void> => {
    const child = fork(fileURLToPath(import.meta.url), ['--child', name])
    child.on('message', (result) => {
      note(result)
      deal(child)
    })
    deal(child)
    await new Promise<void>((resolve) => {
      child.once('exit', (code) => {
        if (code !== 0) crashes += 1
        resolve()
      })
    })
  }
  await Promise.all(Array.from({ length: Math.min(processes, count) }, runOne))
  return crashes
}

async function main(): Promise<void> {
  const options = readOptions()
  if (options === null) {
    process.stdout.write(HELP)
    process.exitCode = 2
    return
  }
  const { first, mode, name } = options
  const beganMs = Date.now()
  const summary = mode.open()
  process.stdout.write(`sim:status --${name}: seeds from ${first} on\n`)
  const crashes = await runApart(options, (result) => {
    process.stdout.write(mode.show(result))
    summary.add(result)
  })
  if (crashes > 0) process.stdout.write(`${crashes} processes that ran seeds ended with an error\n`)
  process.stdout.write(summary.show((Date.now() - beganMs) / 1000))
  process.exitCode = crashes === 0 && summary.isEnough ? 0 : 1
}

const childMode = argv[2] === '--child' ? MODES[argv[3] ?? ''] : undefined
if (childMode !== undefined) runChild(childMode)
else await main()
