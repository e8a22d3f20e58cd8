// Builds the simulated status plane and runs it: `npm run sim:status -- --help` says what with.

import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import process, { argv, execPath, pid } from 'node:process'
import { buildTests } from '../../tools/build.mjs'
import { ROOT } from '../../tools/sources.mjs'

// A folder of its own for each run, so that two do not change files under each other.
const folder = join(ROOT, 'dist', `sim-status-${pid}`)
try {
  const [main] = await buildTests(['sim/status/main.ts'], folder)
  const args = ['--enable-source-maps', '--max-semi-space-size=32', main, ...argv.slice(2)]
  const { status } = spawnSync(execPath, args, { cwd: ROOT, stdio: 'inherit' })
  process.exitCode = status ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
