// Makes a fresh clone ready: installs what package-lock.json names, then builds. What is up to date
// is left alone, which takes milliseconds. Run by `npm start` and `npm test`; needs npm alone.
//
//   node tools/prepare.mjs             install, build the programs
//   node tools/prepare.mjs --install   install only
//   node tools/prepare.mjs --checks    install, and the linters of tools/package.json too

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv, exit, stderr, versions } from 'node:process'
import { isBuilt, ROOT } from './sources.mjs'

const NODE_MIN = [20, 19]

function say(text) {
  stderr.write(`prepare: ${text}\n`)
}

function refuseOldNode() {
  const [major, minor] = versions.node.split('.').map(Number)
  if (major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])) return
  say(`Node.js ${NODE_MIN.join('.')} or newer is needed; this is ${versions.node}`)
  exit(2)
}

/** Text of the lock that node_modules was installed from stands in its stamp, as a hash. */
const STAMP = join(ROOT, 'node_modules', '.holdfast-stamp')

function hashOfLock() {
  return createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex')
}

function isInstalled() {
  if (existsSync(STAMP)) return readFileSync(STAMP, 'utf8') === hashOfLock()
  // Installed by hand: npm writes this file as the last thing of an install.
  const written = join(ROOT, 'node_modules', '.package-lock.json')
  if (!existsSync(written)) return false
  return statSync(written).mtimeMs >= statSync(join(ROOT, 'package-lock.json')).mtimeMs - 1000
}

function areChecksInstalled() {
  const stamp = join(ROOT, 'tools', 'node_modules', '.package-lock.json')
  if (!existsSync(stamp)) return false
  return statSync(stamp).mtimeMs >= statSync(join(ROOT, 'tools', 'package.json')).mtimeMs
}

function npm(folder, ...args) {
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const { status, error } = spawnSync('npm', [...args, ...quiet], {
    cwd: folder,
    stdio: ['ignore', 2, 2],
  })
  if (status === 0) return
  say(`npm ${args[0]} failed in ${folder}: ${error?.message ?? `exit code ${status}`}`)
  exit(1)
}

async function buildIfNeeded() {
  if (isBuilt()) return
  const { buildPrograms } = await import('./build.mjs')
  try {
    say(`built ${(await buildPrograms()).join(', ')}`)
  } catch (error) {
    say(`the build failed: ${error.message.split('\n')[0]}`)
    exit(1)
  }
}

refuseOldNode()
if (!isInstalled()) {
  say('installing the packages of package-lock.json …')
  npm(ROOT, 'ci')
  writeFileSync(STAMP, hashOfLock())
}
if (argv[2] === '--checks' && !areChecksInstalled()) {
  say('installing the linters of tools/package.json …')
  npm(join(ROOT, 'tools'), 'install', '--no-package-lock')
}
if (argv[2] === undefined) await buildIfNeeded()
