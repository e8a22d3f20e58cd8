#!/usr/bin/env node
// Shows that the power cuts can be seen: builds the program with one bug at a time, each a
// sync that is left out, and runs the kill loop or commands.mjs until it is found.
//
//   node test/crash/seeded-bugs.mjs [--rounds N] [--seed S] [--only PART]
//
// A bug that the loop does not find within N rounds (30) is a failure of this test. Ends with
// `N passed, N failed`. 5 to 10 minutes on two cores.

import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { freshSeed } from '../clients/harness/random.mjs'
import { REPO, exitOnSignals, run } from '../clients/harness/server.mjs'
import { createChecks } from '../safety/checks.mjs'
import { whyNoLayer } from './unsynced.mjs'

const SCRIPT_MS_MAX = 540_000
const BUILD_FILES = ['package.json', 'tsconfig.json', 'tools/build.mjs', 'tools/sources.mjs']

/** Which of our scripts is to find it, with which words behind `--main FILE`. */
const LOOP = { script: 'kill-loop.mjs', words: ['--unsynced', '--until-failed'] }
const COMMANDS = { script: 'commands.mjs', words: [] }

/** What is changed where, by the script that finds it; `from` stands there exactly once. */
const BUGS = {
  'packed extents are not synced': {
    ...LOOP,
    file: 'src/platform/disk.ts',
    from: 'constants.O_RDWR | constants.O_DSYNC',
    to: 'constants.O_RDWR',
  },
  'direct extents are not synced': {
    ...LOOP,
    file: 'src/storage/direct-file.ts',
    from: 'await this.#last(async () => await this.#file.sync())',
    to: 'await this.#last(async () => undefined)',
  },
  'the name of an extent is not synced': {
    ...LOOP,
    file: 'src/storage/extent-files.ts',
    from: 'await closing(file, async () => await file.sync())\n        await this.#disk.syncFolder(FOLDER)',
    to: 'await closing(file, async () => await file.sync())',
  },
  'the index is not synced': {
    ...LOOP,
    file: 'src/engine/lmdb-env.ts',
    from: 'overlappingSync: false,',
    to: 'overlappingSync: false, noSync: true,',
  },
  'the pages that point to the index are not synced': {
    ...LOOP,
    file: 'src/engine/lmdb-env.ts',
    from: 'overlappingSync: false,',
    to: 'overlappingSync: false, noMetaSync: true,',
  },
  'the superblock is not synced before it is renamed': {
    ...COMMANDS,
    file: 'src/platform/disk.ts',
    from: 'await calls.fdatasync(fd)',
    to: '',
  },
  'the folders that init makes are not synced': {
    ...COMMANDS,
    file: 'src/platform/machine.ts',
    from: 'fsyncSync(fd)\n',
    to: '',
  },
  'the names of the first index are not synced': {
    ...COMMANDS,
    file: 'src/cell/init-store.ts',
    from: 'await disk.syncFolder(INDEX_FOLDER)',
    to: '',
  },
  'the names of a rebuilt index are not synced': {
    ...COMMANDS,
    file: 'src/cell/rebuild-store.ts',
    from: 'await parts.disk.syncFolder(NEW_FOLDER)',
    to: '',
  },
  'a rebuilt index is not made durable in its place': {
    ...COMMANDS,
    file: 'src/cell/rebuild-store.ts',
    from: "await disk.syncFolder('')",
    to: '',
  },
}

/** A built copy of the program with that bug. @returns its main file; throws where the bug is stale */
async function buildWith({ file, from, to }, folder) {
  cpSync(join(REPO, 'src'), join(folder, 'src'), { recursive: true })
  mkdirSync(join(folder, 'tools'))
  for (const name of BUILD_FILES) cpSync(join(REPO, name), join(folder, name))
  symlinkSync(join(REPO, 'node_modules'), join(folder, 'node_modules'))
  const text = readFileSync(join(folder, file), 'utf8')
  const parts = text.split(from)
  if (parts.length !== 2) throw new RangeError(`${file} has ${parts.length - 1} times: ${from}`)
  writeFileSync(join(folder, file), parts.join(to))
  const { exitCode, stderr } = await run(process.execPath, [join(folder, 'tools/build.mjs')])
  if (exitCode !== 0) throw new RangeError(`${file} does not build: ${stderr}`)
  return join(folder, 'dist/main.js')
}

/** Answers what the loop found, or why it found nothing. */
async function tryBug(bug, { rounds, seed }) {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-bug-'))
  try {
    const main = await buildWith(bug, folder)
    const script = join(REPO, 'test/crash', bug.script)
    const ofLoop = bug.script === LOOP.script ? ['--rounds', rounds, '--seed', seed] : []
    const words = [script, '--main', main, '--dir', folder, ...bug.words, ...ofLoop]
    const { exitCode, stdout, stderr } = await run(process.execPath, words, {
      timeoutMs: SCRIPT_MS_MAX,
    })
    const found = /^FAILED +(.*)\n +(.*)$/m.exec(stdout)
    if (exitCode === 1 && found !== null) return { found: `${found[1]}: ${found[2]}`, why: [] }
    const last = (stdout + stderr).trimEnd().split('\n').slice(-5)
    return { found: null, why: [`${bug.script} ends with ${exitCode} and nothing found`, ...last] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function main() {
  exitOnSignals()
  const text = { type: 'string' }
  const { values } = parseArgs({ options: { rounds: text, seed: text, only: text } })
  const seed = values.seed ?? freshSeed()
  const checks = createChecks({ seed })
  const why = await whyNoLayer()
  if (why !== null) checks.skip('seeded bugs', why)
  const names = why === null ? Object.keys(BUGS) : []
  for (const name of names.filter((each) => each.includes(values.only ?? ''))) {
    const { found, why: problems } = await tryBug(BUGS[name], {
      rounds: values.rounds ?? '30',
      seed,
    })
    if (found !== null) console.log(`found   ${found}`)
    checks.check(name, problems)
  }
  process.exit(checks.end())
}

await main()
