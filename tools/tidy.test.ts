// The layout test: reads the sources as text and holds them to what STYLE marks [tidy]. Each check
// is shown a planted violation too, so that none of them passes by looking at nothing.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as layout from './tidy/layout.ts'
import * as pages from './tidy/pages.ts'
import * as purity from './tidy/purity.ts'
import { readSources, sourceOf } from './tidy/sources.ts'
import type { Finding, Source } from './tidy/sources.ts'

const OPERATIONS_FILE = 'src/router/operations.ts'

const sources = readSources()

type Check = (sources: readonly Source[]) => Finding[]

interface Planted {
  readonly check: Check
  /** Each is a breach by itself, found in its first file. */
  readonly bad: readonly (readonly Source[])[]
  readonly good: readonly Source[]
}

function file(path: string, ...lines: string[]): Source {
  return sourceOf(path, lines.join('\n'))
}

function rule(name: string, { bad, check, good }: Planted): void {
  test(`the sources keep this: ${name}`, () => {
    assert.ok(sources.length > 50, 'the sources were found')
    assert.deepEqual(check(sources), [])
  })

  test(`a breach is found: ${name}`, () => {
    for (const planted of bad) {
      const findings = check(planted)
      assert.equal(findings.length, 1, [planted[0]?.path, planted[0]?.text, ...findings].join('\n'))
      assert.ok(findings[0]?.includes(planted[0]?.path ?? '?'), findings[0])
    }
    assert.deepEqual(check(good), [])
  })
}

rule('arrows point one way', {
  check: layout.arrowFindings,
  bad: [
    [file('src/engine/a.ts', "import { b } from '../object-index/object-index.ts'")],
    [file('src/s3/a.ts', "import type { B } from '../engine/engine.ts'")],
    [file('src/base/a.ts', "import { b } from '../platform/clock.ts'")],
    [file('src/storage/a.ts', "import { b } from '../platform/disk.ts'")],
    [file('src/router/a.ts', "export { b } from '../platform/clock.ts'")],
    [file('src/gateway/a.ts', "const b = await import('../router/router.ts')")],
    [file('src/status/a.ts', "import type { B } from '../directory/directory.ts'")],
    [file('src/platform/a.ts', "import { b } from '../s3/b.ts'")],
    [file('src/cell/a.ts', "import { b } from '../cli/b.ts'")],
    [file('src/base/a-suite.ts', "import { b } from '../../sim/b.ts'")],
    [file('src/nonsense/a.ts', '')],
  ],
  good: [
    file('src/cli/a.ts', "import { b } from '../cell/b.ts'", "import '../platform/b.ts'"),
    file('src/router/a.ts', "import { b } from '../engine/engine.ts'", "import '../s3/b.ts'"),
    file('src/playbooks/a.ts', "import { b } from '../capacity/capacity.ts'"),
    file('src/console/a.ts', "import { b } from '../platform/b.ts'", "import '../s3/b.ts'"),
    file('src/placement/a.ts', "import { b } from '../storage/storage.ts'"),
    file('src/engine/a.test.ts', "import { b } from '../platform/clock.ts'"),
    file('sim/a.ts', "import { b } from '../src/cli/main.ts'"),
    file('src/engine/a.ts', "// import { b } from '../router/router.ts'"),
  ],
})

rule('of another subsystem only the contract is seen; services are wired by cell and tests', {
  check: layout.contractFindings,
  bad: [
    [file('src/gateway/a.ts', "import type { B } from '../object-index/keys.ts'")],
    [file('src/router/a.ts', "import { b } from '../storage/storage-service.ts'")],
    [file('src/cli/a.ts', "import { b } from '../directory/directory-service.ts'")],
    [file('src/cli/a.ts', "import { b } from '../directory/directory-http.ts'")],
    [file('src/console/a.ts', "import { b } from '../status/status-service.ts'")],
    [file('src/placement/a.ts', "import { b } from '../object-index/object-index-service.ts'")],
  ],
  good: [
    file('src/cell/a.ts', "import { b } from '../storage/storage-service.ts'"),
    file('src/gateway/a.test.ts', "import { b } from '../storage/storage-service.ts'"),
    file('src/gateway/gateway-suite.ts', "import { b } from '../storage/storage-service.ts'"),
    file('sim/a.ts', "import { b } from '../src/storage/storage-http.ts'"),
    file('src/storage/a.ts', "import { b } from './storage-service.ts'"),
    file('src/cli/a.ts', "import { b } from '../status/status-service.ts'"),
    file('src/gateway/a.ts', "import type { B } from '../storage/storage.ts'"),
    file('src/router/a.ts', "import { b } from '../s3/routes.ts'"),
  ],
})

rule('no files import in a circle, types included', {
  check: layout.cycleFindings,
  bad: [
    [
      file('src/s3/a.ts', "import { b } from './b.ts'"),
      file('src/s3/b.ts', "import type { C } from './c.ts'"),
      file('src/s3/c.ts', "export * from './a.ts'"),
    ],
    [file('src/s3/a.ts', "import { a } from './a.ts'")],
  ],
  good: [
    file('src/s3/a.ts', "import { b } from './b.ts'", "import { c } from './c.ts'"),
    file('src/s3/b.ts', "import { c } from './c.ts'"),
    file('src/s3/c.ts'),
  ],
})

rule('no folder without a subject', {
  check: (files) => layout.folderFindings(files.map(({ path }) => path)),
  bad: ['utils', 'helpers', 'common', 'types'].map((name) => [file(`src/s3/${name}/a.ts`)]),
  good: [file('src/s3/types.ts'), file('src/s3/sign/a.ts')],
})

rule('a file has 500 lines at most', {
  check: pages.lengthFindings,
  bad: [[file('src/s3/a.ts', ...Array.from({ length: 501 }, () => '// a line'))]],
  good: [file('src/s3/a.ts', ...Array.from({ length: 500 }, () => '// a line'), '')],
})

rule('an error has a class', {
  check: purity.errorFindings,
  bad: [
    [file('src/s3/a.ts', "throw new Error('why')")],
    [file('test/a.ts', "  throw Error('why')")],
    [file('src/s3/a-suite.ts', '  reject(new Error(`why ${it}`))')],
  ],
  good: [
    file('src/s3/a.ts', "throw new RangeError('new Error(')", '// throw new Error()'),
    file('src/s3/a.test.ts', "throw new Error('a test may')"),
  ],
})

rule('time, randomness, disk and network stand in platform/ alone', {
  check: purity.machineFindings,
  bad: [
    [file('src/engine/a.ts', '  const now = Date.now()')],
    [file('src/engine/a.ts', '  const now = new Date()')],
    [file('src/engine/a.ts', '  if (Math.random() < 1) return')],
    [file('src/engine/a.ts', '  setTimeout(fire, 1)')],
    [file('src/engine/a.ts', '  return `${setInterval(fire, 1)}`')],
    [file('src/engine/a.ts', "import { readFileSync } from 'node:fs'")],
    [file('src/router/a.ts', "import { createServer } from 'node:http'")],
    [file('src/cli/a.ts', "import { rename } from 'node:fs/promises'")],
    [file('src/base/a.ts', "import { a } from 'node:crypto'", '  randomBytes(16)')],
  ],
  good: [
    file('src/platform/a.ts', "import { open } from 'node:fs'", 'Date.now()'),
    file('src/router/a.ts', "import type { IncomingMessage } from 'node:http'"),
    file('src/engine/a.ts', '  // Date.now()', "  say('Math.random()')", '  new Date(nowMs)'),
    file('src/engine/a.ts', '  socket.setTimeout(5)', '  const { randomBytesMax } = limits'),
    file('src/engine/a.test.ts', "import { rmSync } from 'node:fs'"),
  ],
})

rule('the environment is read in cli/env.ts alone', {
  check: purity.environmentFindings,
  bad: [
    [file('src/cell/a.ts', "  process.env['HOME']")],
    [file('src/platform/a.ts', '  const all = { ...process.env }')],
  ],
  good: [
    file('src/cli/env.ts', "  process.env['HOME']"),
    file('src/cli/a.test.ts', '  process.env'),
    file('src/cli/a.ts', '  // process.env'),
  ],
})

rule('nothing happens at import time', {
  check: purity.importTimeFindings,
  bad: [
    [file('src/router/a.ts', "register('a')")],
    [file('src/router/a.ts', 'await start()')],
    [file('src/router/a.ts', 'void start()')],
    [file('src/router/a.ts', 'for (const a of b) c(a)')],
    [file('src/router/a.ts', "table.set('a', 1)")],
    [file('src/router/a.ts', 'globalThis.a = 1')],
    [file('src/router/a.ts', 'export const pool = openPool()')],
    [file('src/router/a.ts', "const text = readFileSync('a')")],
    [file('src/cell/worker.ts', 'export const pid = process.pid')],
  ],
  good: [
    file('src/cli/main.ts', 'await main()'),
    file('src/cell/worker-main.ts', 'await main()'),
    file(
      'src/router/a.ts',
      'const TABLE = new Map([[1, 2]])',
      'function open() {',
      '  start()',
      '}',
    ),
    file('src/router/a.ts', 'export const A = {', '  a: open(),', '}', '`', 'start()', '`'),
  ],
})

rule('a package is imported by one file alone', {
  check: purity.packageFindings,
  bad: [
    [
      file('src/cell/a.ts', "import { pino } from 'pino'"),
      file('src/cell/b.ts', "import type { Logger } from 'pino'"),
    ],
    [
      file('src/cell/a.ts', "import a from '@node-rs/crc32'"),
      file('src/cell/b.ts', "await import('@node-rs/crc32/deep')"),
    ],
  ],
  good: [
    file('src/cell/a.ts', "import { pino } from 'pino'", "import type { Logger } from 'pino'"),
    file('src/cell/a.test.ts', "import { pino } from 'pino'"),
  ],
})

rule('no test sleeps', {
  check: purity.sleepFindings,
  bad: [
    [file('src/cell/a.test.ts', '  await new Promise((go) => setTimeout(go, 50))')],
    [file('test/a.ts', "import { setTimeout as sleep } from 'node:timers/promises'")],
    [file('src/cell/a-suite.ts', '  await systemClock.sleep(50)')],
  ],
  good: [
    file('src/cell/a.test.ts', '  await clock.advance(50)', '  // setTimeout(go, 50)'),
    file('src/platform/clock.test.ts', '  await systemClock.sleep(5)'),
  ],
})

rule('each suite is run, and an HTTP pair passes what its service passes', {
  check: pages.suiteFindings,
  bad: [
    [file('src/engine/engine-suite.ts', '')],
    [file('src/storage/storage-http.ts', ''), file('src/storage/storage-http.test.ts', '')],
  ],
  good: [
    file('src/storage/storage-suite.ts', ''),
    file('src/storage/storage-http.ts', ''),
    file('src/storage/storage-http.test.ts', "import { s } from './storage-suite.ts'"),
  ],
})

rule('a silenced rule names its reason', {
  check: pages.silenceFindings,
  bad: [
    [file('src/s3/a.ts', '// oxlint-disable-next-line no-empty')],
    [file('src/s3/a.ts', '  // @ts-ignore')],
  ],
  good: [file('src/s3/a.ts', '// oxlint-disable-next-line no-empty -- the kernel says so')],
})

test('dependencies are pinned, and a range is found', () => {
  assert.deepEqual(pages.pinFindings(readFileSync('package.json', 'utf8')), [])
  assert.equal(pages.pinFindings('{"dependencies":{"a":"^1.2.3"}}').length, 1)
  assert.equal(pages.pinFindings('{"devDependencies":{"a":"latest"}}').length, 1)
})

const hasInvariants = existsSync('INVARIANTS.md')
test('every invariant names code and tests that exist', { skip: !hasInvariants }, () => {
  const page = readFileSync('INVARIANTS.md', 'utf8')
  assert.ok(page.includes('\n### '), 'it has entries')
  assert.deepEqual(pages.invariantFindings(page, existsSync), [])
})

test('an invariant that names nothing, or what is not there, is found', () => {
  const find = (entry: string): Finding[] =>
    pages.invariantFindings(`# I\n\n### I-1 a\n${entry}\n`, (path) => !path.includes('gone'))
  assert.deepEqual(find('Enforced by: src/a/a.ts, src/a/a.test.ts,\nsim/b.ts'), [])
  assert.equal(find('Enforced by: src/a/gone.ts, src/a/a.test.ts').length, 1)
  assert.equal(find('Enforced by: src/a/a.ts, src/a/a.test.ts,\nsim/gone.ts').length, 1)
  assert.equal(find('Enforced by: src/a/a.ts').length, 1)
  assert.equal(find('By hope.').length, 1)
})

test(
  'docs/gaps.md lists the operations without a handler',
  { skip: !existsSync(OPERATIONS_FILE) },
  () => {
    const table = readFileSync(OPERATIONS_FILE, 'utf8')
    assert.deepEqual(pages.gapFindings(table, readFileSync('docs/gaps.md', 'utf8')), [])
    assert.ok(pages.unhandled(table).length > 0, 'some operations are gaps')
  },
)

test('a gap that is not listed, and one listed that is none, are found', () => {
  const table = `
    GetObject: { needs: ['index'], handle: getObject },
    GetObjectTorrent: { needs: [], handle: null }, // why
    SelectObjectContent: {
      needs: [],
      handle: null,
    },
    RestoreObject: GAP,`
  const page = (names: string): string =>
    `# Gaps\n\n## NotImplemented\n\n${names}\n\n## Other\n\n\`No\`\n`
  const gaps = '`GetObjectTorrent`, `SelectObjectContent`, `RestoreObject`'
  assert.deepEqual(pages.gapFindings(table, page(gaps)), [])
  assert.equal(pages.gapFindings(table, page('`GetObjectTorrent`, `RestoreObject`')).length, 1)
  assert.equal(
    pages.gapFindings(table, page('`GetObjectTorrent`, `SelectObjectContent`')).length,
    1,
  )
  assert.equal(pages.gapFindings(table, page(`${gaps} \`GetObject\``)).length, 1)
})
