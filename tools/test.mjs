// Builds and runs the tests. Its last line is `N passed, N failed`, with `, N skipped` where any
// were; the exit code is 0 only if some passed and none failed.
//
//   npm test                       all tests
//   npm test -- engine src/s3/     those whose path contains one of these; nothing else is built
//   npm test -- --test-name-pattern=lease engine     flags go on to node

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, execPath, exit, pid, stderr, stdout } from 'node:process'
import { buildPrograms, buildTests } from './build.mjs'
import { isBuilt, ROOT, testFiles } from './sources.mjs'

const TEST_TIMEOUT_MS = 300_000
/** Files at once: many of them wait for processes, so that one more than there are cores keeps these busy. */
const CONCURRENCY = Math.min(4, availableParallelism() + 1)

const flags = argv.slice(2).filter((arg) => arg.startsWith('-'))
const filters = argv.slice(2).filter((arg) => !arg.startsWith('-'))
const files = testFiles(filters)
if (files.length === 0) {
  stderr.write(`test: no test file matches ${filters.join(' ') || 'at all'}\n`)
  stdout.write('0 passed, 0 failed\n')
  exit(1)
}
if (!isBuilt()) await buildProgramsUnlessFiltered()
exit(await run())

/** Tests that start a program need it built; a run of some tests goes on with what there is. */
async function buildProgramsUnlessFiltered() {
  try {
    await buildPrograms({ logLevel: filters.length > 0 ? 'silent' : 'warning' })
  } catch (error) {
    if (filters.length === 0) throw error
    stderr.write('test: the programs do not build; tests that start one may fail\n')
  }
}

async function run() {
  // A folder of its own for each run, so that two runs do not change files under each other.
  const folder = join(ROOT, 'dist', `tests-${pid}`)
  const scratch = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
  try {
    const built = await buildTests(files, folder)
    const countFile = join(scratch, 'count.json')
    const { status } = spawnSync(
      execPath,
      [
        '--enable-source-maps',
        '--test',
        `--test-concurrency=${CONCURRENCY}`,
        `--test-timeout=${TEST_TIMEOUT_MS}`,
        '--test-reporter=spec',
        '--test-reporter-destination=stdout',
        `--test-reporter=${join(ROOT, 'tools', 'count-reporter.mjs')}`,
        `--test-reporter-destination=${countFile}`,
        ...flags,
        ...built,
      ],
      { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] },
    )
    return summarize(JSON.parse(readFileSync(countFile, 'utf8')), status)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    rmSync(scratch, { recursive: true, force: true })
  }
}

function summarize({ passed, failed, skipped, empty }, status) {
  for (const file of empty) stderr.write(`test: no test in ${file}\n`)
  const failures = failed + empty.length
  stdout.write(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
  if (passed === 0 || failures > 0) return 1
  return status ?? 1
}
