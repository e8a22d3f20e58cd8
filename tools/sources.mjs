// Which files a build is made of, and whether what stands in dist/ was made of them.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Absolute path of the repository. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

/** A program of its own each; the name is the built file's. One that does not exist is left out. */
export const ENTRIES = {
  main: 'src/cli/main.ts',
  worker: 'src/cell/worker-main.ts',
  writer: 'src/cell/writer-main.ts',
  validator: 'src/cell/validator-main.ts',
}

const TEST_FOLDERS = ['src', 'test', 'tools', 'sim', 'bench']
const STAMP = 'dist/stamp'

/** Paths of all files below `folder` (relative to the repository) whose name ends so, sorted. */
export function filesBelow(folder, ending) {
  const root = join(ROOT, folder)
  if (!existsSync(root)) return []
  const found = []
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) found.push(...filesBelow(path, ending))
    else if (entry.name.endsWith(ending)) found.push(path)
  }
  return found.toSorted((a, b) => (a < b ? -1 : 1))
}

/** Paths of the test files that contain any of `filters` in their path; all without a filter. */
export function testFiles(filters) {
  return TEST_FOLDERS.flatMap((folder) => filesBelow(folder, '.test.ts')).filter(
    (path) => filters.length === 0 || filters.some((part) => path.includes(part)),
  )
}

/** A text that changes with each source file's name, size and time. */
function stateOfSources() {
  const hash = createHash('sha256')
  const files = filesBelow('src', '.ts').filter((path) => !path.endsWith('.test.ts'))
  const pages = filesBelow('src', '.page.js')
  for (const path of [...files, ...pages, 'tools/build.mjs', 'package.json']) {
    const { size, mtimeMs } = statSync(join(ROOT, path))
    hash.update(`${path} ${size} ${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

/** Whether dist/ was built of the sources as they are. */
export function isBuilt() {
  const stamp = join(ROOT, STAMP)
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === stateOfSources()
}

/** Path and text of the stamp that a build leaves when it is done; taken before it starts. */
export function takeStamp() {
  return { path: join(ROOT, STAMP), text: stateOfSources() }
}
