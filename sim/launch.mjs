// Builds a simulator's program and runs it with the arguments of this process.

import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import process, { argv, execPath, pid } from 'node:process'
import { buildTests } from '../tools/build.mjs'
import { ROOT } from '../tools/sources.mjs'

/** `main`: its path in the repository. Sets the exit code. */
export async function launch(main) {
  // A folder of its own for each run, so that two do not change files under each other.
  const folder = join(ROOT, 'dist', `sim-${pid}`)
  try {
    const [built] = await buildTests([main], folder)
    const args = ['--enable-source-maps', '--max-semi-space-size=32', built, ...argv.slice(2)]
    const { status } = spawnSync(execPath, args, { cwd: ROOT, stdio: 'inherit' })
    process.exitCode = status ?? 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
