#!/usr/bin/env node
// Shows that the layer of unsynced.mjs takes back what no sync covered, and nothing else: one case
// for each call that changes a drive, tried with many seeds, and random changes against a model.
//
//   node test/crash/layer-test.mjs [--seeds N] [--seed S]
//
// The seed is the same each time unless it is given: few seeds may not show all that many do.
// Ends with `N passed, N failed`; exit code 1 if anything failed. 5 s on two cores.

import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom } from '../clients/harness/random.mjs'
import { run } from '../clients/harness/server.mjs'
import {
  buildLayer,
  compile,
  scratchFolder,
  UnsyncedDrive,
  UnsyncedError,
  whyNoLayer,
} from './unsynced.mjs'
import { ACTS, SIZE_BYTES } from './unsynced/acts.mjs'
import { C_CASES, NODE_CASES } from './unsynced/cases.mjs'
import { shownTree } from './unsynced/random-acts.mjs'

const acts = (name) => new URL(`unsynced/${name}`, import.meta.url).pathname
const counts = { passed: 0, failed: 0 }

function check(name, problems) {
  if (problems.length === 0) return void counts.passed++
  counts.failed++
  console.log(`FAILED ${name}:\n    ${problems.join('\n    ')}`)
}

/** A drive in a folder of its own, on which `program` was run and killed; `use` may cut and look. */
async function onDrive({ folder, layer }, { prepare, command, use }) {
  const own = mkdtempSync(join(folder, 'drive-'))
  const root = join(own, 'root')
  mkdirSync(root)
  prepare(root)
  const drive = new UnsyncedDrive({ layer, root })
  try {
    await drive.open()
    const [program, ...words] = command(root)
    const env = { PATH: process.env.PATH, ...drive.env }
    const { stdout, stderr } = await run(program, words, { env })
    if (!stderr.endsWith('(SIGKILL)'))
      throw new UnsyncedError(`${words[0]} was not killed: ${stderr}`)
    return await use({ root, drive, stdout })
  } finally {
    drive.close()
    rmSync(own, { recursive: true })
  }
}

/** Runs all cases at once for each seed, and all of them lost; compares what is left of each. */
async function tryCases(place, { cases, folderOf, command, seeds }) {
  const list = Object.entries(cases)
  const seen = new Map(list.map(([name]) => [name, new Set()]))
  const lost = new Map()
  const prepare = (root) => {
    for (const [name] of list) {
      mkdirSync(join(root, folderOf(name)))
      writeFileSync(join(root, folderOf(name), 'a'), Buffer.alloc(SIZE_BYTES, 'o'))
    }
  }
  for (const seed of [null, ...seeds]) {
    await onDrive(place, {
      prepare,
      command,
      use: async ({ root, drive }) => {
        await drive.cut(seed ?? 0, seed === null ? 'all' : 'mixed')
        for (const [name, { look }] of list) {
          const outcome = look(join(root, folderOf(name)))
          if (seed === null) lost.set(name, outcome)
          else seen.get(name).add(outcome)
        }
      },
    })
  }
  for (const [name, { all, must, may }] of list) {
    const outcomes = [...seen.get(name)]
    const missing = must.filter((outcome) => !outcomes.includes(outcome))
    const wrong = outcomes.filter((outcome) => !must.includes(outcome) && !may.includes(outcome))
    check(name, [
      ...(lost.get(name) === all ? [] : [`all lost: ${lost.get(name)} in place of ${all}`]),
      ...missing.map((outcome) => `never in ${seeds.length} seeds: ${outcome}`),
      ...wrong.map((outcome) => `cannot be: ${outcome}`),
    ])
  }
}

function treeOf(root, folder = '') {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}${entry.name}`
    return entry.isDirectory() ? treeOf(root, `${path}/`) : [[path, readFileSync(join(root, path))]]
  })
}

/** With all lost that is not synced, the drive is what the model says, file by file. */
async function tryRandom(place, seed) {
  await onDrive(place, {
    prepare: () => undefined,
    command: (root) => [process.execPath, acts('random-acts.mjs'), root, seed],
    use: async ({ root, drive, stdout }) => {
      const { now, durable } = JSON.parse(stdout)
      const before = shownTree(treeOf(root))
      await drive.cut(0, 'all')
      const after = shownTree(treeOf(root))
      const differ = (left, right) => left.filter((line) => !right.includes(line))
      check(`random changes, seed ${seed}`, [
        ...(now.join() === before.join() ? [] : ['before the cut the drive is not as it was left']),
        ...(now.join() === durable.join() ? ['nothing was to be lost'] : []),
        ...differ(durable, after).map((line) => `missing: ${line}`),
        ...differ(after, durable).map((line) => `left over: ${line}`),
      ])
    },
  })
}

async function main() {
  const { values } = parseArgs({ options: { seeds: { type: 'string' }, seed: { type: 'string' } } })
  const why = await whyNoLayer()
  if (why !== null) {
    console.log(`skipped ${why}\n0 passed, 0 failed, 1 skipped`)
    return
  }
  const seed = values.seed ?? '1'
  const random = createRandom(seed)
  const seeds = Array.from({ length: Number(values.seeds ?? 30) }, () => random.next())
  const folder = mkdtempSync(join(scratchFolder(), 'holdfast-layer-'))
  try {
    const place = { folder, layer: await buildLayer(folder) }
    const names = Object.keys(ACTS)
    await tryCases(place, {
      cases: NODE_CASES,
      folderOf: (name) => String(names.indexOf(name)),
      command: (root) => [process.execPath, acts('acts.mjs'), root],
      seeds,
    })
    const calls = await compile(join(folder, 'calls'), ['calls.c'])
    await tryCases(place, {
      cases: C_CASES,
      folderOf: (name) => name,
      command: (root) => [calls, root],
      seeds,
    })
    for (const each of seeds.slice(0, 10)) await tryRandom(place, String(each))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  console.log(`seed ${seed}\n${counts.passed} passed, ${counts.failed} failed`)
  process.exitCode = counts.failed > 0 ? 1 : 0
}

await main()
