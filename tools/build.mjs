// Bundles the programs into dist/ (ES modules that share chunks, packages left outside), so that a
// process starts by reading a few files instead of hundreds. Types are not checked here.
//
//   node tools/build.mjs [--clean]            the programs; --clean then removes what else was there
//   node tools/build.mjs --tests [PART…]      the tests, into dist/tests/; those whose path has PART

import { build } from 'esbuild'
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { argv, exit, pid, stderr } from 'node:process'
import { fileURLToPath } from 'node:url'
import { ENTRIES, ROOT, takeStamp, testFiles } from './sources.mjs'

const OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  sourcemap: 'linked',
  sourcesContent: false,
  chunkNames: 'chunk-[hash]',
  loader: { '.page.js': 'text' }, // scripts for browsers, which a site serves as they are
  charset: 'utf8',
  logLevel: 'warning',
  write: false,
}

/** Builds the programs. @returns the built files' names. Throws what esbuild throws. */
export async function buildPrograms({ logLevel } = OPTIONS) {
  const stamp = takeStamp()
  const names = Object.keys(ENTRIES).filter((name) => existsSync(join(ROOT, ENTRIES[name])))
  const entryPoints = names.map((name) => ({ in: ENTRIES[name], out: name }))
  await bundle(entryPoints, join(ROOT, 'dist'), logLevel)
  writeFileSync(stamp.path, stamp.text)
  return names.map((name) => `dist/${name}.js`)
}

/**
 * Builds test files, and the programs beside them for tests that start one, into `folder`.
 * @returns the built test files' absolute paths.
 */
export async function buildTests(files, folder) {
  const programs = Object.keys(ENTRIES).filter((name) => existsSync(join(ROOT, ENTRIES[name])))
  const tests = files.map((path) => ({ in: path, out: path.slice(0, -'.ts'.length) }))
  await bundle(tests, folder)
  if (files.length > 0 && programs.length > 0) await linkPrograms(programs, folder)
  return tests.map(({ out }) => join(folder, `${out}.js`))
}

/** Where tests run, the programs are found beside the code as in dist/. */
async function linkPrograms(names, folder) {
  const toDist = relative(folder, join(ROOT, 'dist'))
  for (const name of names) {
    place(join(folder, `${name}.js`), `import './${toDist}/${name}.js'\n`)
  }
}

async function bundle(entryPoints, outdir, logLevel = OPTIONS.logLevel) {
  const { outputFiles } = await build({ ...OPTIONS, logLevel, entryPoints, outdir })
  // Entries last: whoever starts one meanwhile finds the chunks that it names.
  const isChunk = (path) => path.includes('chunk-')
  outputFiles.sort((a, b) => Number(isChunk(b.path)) - Number(isChunk(a.path)))
  const main = join(ROOT, 'dist', 'main.js')
  for (const { path, contents, text } of outputFiles) {
    if (path === main) place(path, `#!/usr/bin/env node\n${text}`)
    else if (path === `${main}.map`) place(path, shiftByOneLine(text))
    else place(path, contents)
  }
  if (existsSync(main)) chmodSync(main, 0o755)
}

function shiftByOneLine(map) {
  const json = JSON.parse(map)
  return JSON.stringify({ ...json, mappings: `;${json.mappings}` })
}

/** Writes whole or not at all: others may be starting from these files. */
function place(path, content) {
  mkdirSync(dirname(path), { recursive: true })
  const beside = `${path}.${pid}`
  writeFileSync(beside, content)
  renameSync(beside, path)
}

/** Removes what earlier builds left; folders are test runs', which may be under way. */
function removeFilesBefore(timeMs) {
  for (const entry of readdirSync(join(ROOT, 'dist'), { withFileTypes: true })) {
    const path = join(ROOT, 'dist', entry.name)
    if (entry.isFile() && statSync(path).mtimeMs < timeMs) rmSync(path)
  }
}

async function run(flags) {
  if (flags[0] === '--tests') {
    const files = testFiles(flags.slice(1))
    await buildTests(files, join(ROOT, 'dist', 'tests'))
    return
  }
  const startedAtMs = Date.now()
  await buildPrograms()
  if (flags[0] === '--clean') removeFilesBefore(startedAtMs)
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await run(argv.slice(2))
  } catch (error) {
    if (!('errors' in error)) throw error
    stderr.write('build: failed; see the errors above\n')
    exit(1)
  }
}
