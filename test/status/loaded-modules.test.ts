// The status plane shares nothing with what it reports on: a site's process loads no code of the
// store and no package of the store's. Listed by the process itself: every module that it loads by the
// loader's own hooks, and every native library by the runtime's report.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { makePlane } from './plane.ts'

const FOLDERS = ['base', 'platform', 's3', 'status', 'cli']
/** What sources name; what those bring along is theirs. */
const PACKAGES = [
  '@node-rs/crc32', // checksums of base
  'ajv', // the configuration's schema
  'cli-table3', // the terminal, which every command has
  'commander', // the command line
  'fs-native-extensions', // the lock of the directory
  'markdown-it', // posts
  'pino', // the log
  'saxes', // S3's XML
]
/** The store's own: an engine, or what only its workers need. */
const NEVER = ['lmdb', 'msgpackr', 'ordered-binary', 'weak-lru-cache', 'prom-client', 'pg']

/** Runs in the loader: tells what is asked for by whom, and what is loaded. */
const HOOKS = `
import { appendFileSync } from 'node:fs'
let file = ''
export function initialize(data) { file = data.file }
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context)
  appendFileSync(file, JSON.stringify({ specifier, parent: context.parentURL ?? '', url: found.url }) + '\\n')
  return found
}
`

function preload(seenFile: string, endFile: string): string {
  return `
import { writeFileSync } from 'node:fs'
import { createRequire, register } from 'node:module'
const require = createRequire(${JSON.stringify(pathToFileURL(endFile).href)})
register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(HOOKS)}), { data: { file: ${JSON.stringify(seenFile)} } })
process.on('exit', () => {
  const { sharedObjects } = process.report.getReport()
  writeFileSync(${JSON.stringify(endFile)}, JSON.stringify({ required: Object.keys(require.cache), sharedObjects }))
})
`
}

interface Seen {
  readonly specifier: string
  readonly parent: string
  readonly url: string
}

const DIST = resolve('dist')

/** Sources that a built file is made of, as paths in the repository. */
function sourcesOf(builtFile: string): string[] {
  const mapFile = `${builtFile}.map`
  assert.ok(existsSync(mapFile), `${builtFile} has its map`)
  const { sources } = JSON.parse(readFileSync(mapFile, 'utf8')) as { sources: string[] }
  return sources.map((source) => relative(resolve('.'), resolve(dirname(mapFile), source)))
}

function packageOf(specifier: string): string {
  const [scope = '', name = ''] = specifier.split('/')
  return specifier.startsWith('@') ? `${scope}/${name}` : scope
}

/** Package of a file below node_modules. */
function packageOfFile(path: string): string | null {
  const at = path.lastIndexOf('/node_modules/')
  return at < 0 ? null : packageOf(path.slice(at + '/node_modules/'.length))
}

test('a site loads nothing of the store', async (t) => {
  const plane = await makePlane(t, { sites: ['a'], regions: [withCell()] })
  const [seenFile, endFile] = [join(plane.folder, 'seen'), join(plane.folder, 'end')]
  const preloadFile = join(plane.folder, 'preload.mjs')
  writeFileSync(preloadFile, preload(seenFile, endFile))
  const site = await plane.start('a', {
    NODE_OPTIONS: `--import ${pathToFileURL(preloadFile).href}`,
  })
  // What is loaded when it is first asked for is loaded now.
  for (const path of ['/', '/history', '/metrics', '/console', '/operate', '/-/posting']) {
    await (await fetch(`${plane.urls['a'] ?? ''}${path}`)).arrayBuffer()
  }
  const words = ['--title', 'x', '--text', '*x*', '--affected', 'eu/c1/put=degraded']
  const posted = await plane.run('post', 'incident', ...words)
  assert.equal(posted.code, 0, posted.stderr)
  site.child.kill('SIGTERM')
  assert.equal((await site.exit).code, 0)

  const seen = readFileSync(seenFile, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Seen)
  const built = new Set(
    seen.map(({ url }) => url).filter((url) => url.startsWith(pathToFileURL(DIST).href)),
  )
  const names = [...built].map((url) => basename(fileURLToPath(url)))
  assert.ok(names.includes('main.js') && names.length > 2, names.join())
  const sources = new Set([...built].flatMap((url) => sourcesOf(fileURLToPath(url))))
  for (const needed of ['src/status/status-service.ts', 'src/s3/client.ts', 'src/base/limits.ts']) {
    assert.ok(sources.has(needed), `${needed} is among what was found`)
  }
  const foreign = [...sources].filter(
    (path) => !FOLDERS.some((folder) => path.startsWith(`src/${folder}/`)),
  )
  assert.deepEqual(foreign, [], 'sources of the store')

  const { required, sharedObjects } = JSON.parse(readFileSync(endFile, 'utf8')) as {
    required: string[]
    sharedObjects: string[]
  }
  const named = seen
    .filter(({ parent, specifier }) => built.has(parent) && !/^(node:|\.|file:)/.test(specifier))
    .map(({ specifier }) => packageOf(specifier))
  assert.deepEqual(
    [...new Set(named)].filter((name) => !PACKAGES.includes(name)),
    [],
    'packages that were not agreed on',
  )
  assert.ok(named.includes('ajv') && named.includes('pino'), 'packages were seen')
  const files = [...seen.map(({ url }) => url), ...required, ...sharedObjects]
  const brought = new Set(files.flatMap((path) => packageOfFile(path) ?? []))
  assert.ok(brought.has('fast-uri'), 'what packages bring along was seen')
  assert.deepEqual(
    [...brought].filter((name) => NEVER.some((never) => name.includes(never))),
    [],
    "the store's packages",
  )
})

function withCell(): object {
  return {
    name: 'eu',
    cells: [
      {
        name: 'c1',
        endpoints: ['http://127.0.0.1:1'],
        accessKey: 'AK',
        secretKey: 'not a secret',
        bucket: 'probes',
      },
    ],
  }
}
