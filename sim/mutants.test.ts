// The mutants fit the source as it is: one that does not would be a bug that nobody looks for.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

interface Patches {
  parseMutant(name: string, text: string): { readonly breaks: string; readonly files: object[] }
  applyHunks(name: string, file: object | undefined, source: string): string
}

const MUTANTS_MIN = 22
const PATCH = `Says two for one.
scenarios: calm
--- a/src/a.ts
+++ b/src/a.ts
@@ -1,2 +1,2 @@
 first
-one
+two
`

/** Plain JavaScript, which is not bundled with the tests. */
async function patches(): Promise<Patches> {
  return (await import(pathToFileURL(join('sim', 'mutants', 'patch.mjs')).href)) as Patches
}

test('every mutant fits the source', () => {
  const names = readdirSync(join('sim', 'mutants')).filter((name) => name.endsWith('.patch'))
  assert.ok(names.length >= MUTANTS_MIN, `${names.length} mutants`)
  const check = [join('sim', 'mutants.mjs'), '--check']
  const { status, stdout, stderr } = spawnSync(process.execPath, check, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.equal(stdout, `${names.length} mutants fit\n`)
})

test('a patch is found by its lines, wherever they stand, and once', async () => {
  const { applyHunks, parseMutant } = await patches()
  const { breaks, files } = parseMutant('m', PATCH)
  assert.equal(breaks, 'Says two for one.')
  assert.equal(applyHunks('m', files[0], 'zero\nfirst\none\nlast\n'), 'zero\nfirst\ntwo\nlast\n')
  const gone = /m: src\/a\.ts at: [^]*is not there any more/
  assert.throws(() => applyHunks('m', files[0], 'first\nother\n'), gone)
  assert.throws(() => applyHunks('m', files[0], 'first\none\nfirst\none\n'), /is there twice/)
})

test('a patch that says not what it breaks, or is not of the source, is none', async () => {
  const { parseMutant } = await patches()
  assert.throws(() => parseMutant('m', PATCH.slice(PATCH.indexOf('---'))), /m: says not what/)
  assert.throws(() => parseMutant('m', 'Nothing.\n'), /m: /)
  const elsewhere = PATCH.replaceAll('src/a.ts', 'sim/a.ts')
  assert.throws(() => parseMutant('m', elsewhere), /sim\/a\.ts is not in src/)
})
