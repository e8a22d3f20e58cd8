// Assembles src/base/kernel/*.wat into *-wasm.ts, which hold the WebAssembly as base64, so that
// neither a build nor a start needs an assembler.
//
//   node tools/build-kernels.mjs           write what changed
//   node tools/build-kernels.mjs --check   exit code 1 where a file is not what its .wat gives

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { argv, stderr } from 'node:process'
import openWabt from 'wabt'
import { filesBelow, ROOT } from './sources.mjs'

const LINE_LENGTH = 94

/** The TypeScript file for one .wat. */
async function assemble(path) {
  const wabt = await openWabt()
  const source = wabt.parseWat(path, readFileSync(join(ROOT, path), 'utf8'))
  source.validate()
  const { buffer } = source.toBinary({ canonicalize_lebs: true })
  source.destroy()
  const base64 = Buffer.from(buffer).toString('base64')
  const lines = base64.match(new RegExp(`.{1,${LINE_LENGTH}}`, 'g'))
  const name = basename(path, '.wat')
  return [
    `// Made of ${name}.wat by tools/build-kernels.mjs; a test compares them. Not edited by hand.`,
    '',
    `/** The WebAssembly of ${name}.wat, ${buffer.length} bytes, in base64. */`,
    `export const ${name.toUpperCase().replaceAll('-', '_')}_WASM: string =`,
    lines.map((line) => `  '${line}'`).join(' +\n'),
    '',
  ].join('\n')
}

for (const path of filesBelow('src/base/kernel', '.wat')) {
  const target = path.replace(/\.wat$/, '-wasm.ts')
  const text = await assemble(path)
  const before = existsSync(join(ROOT, target)) ? readFileSync(join(ROOT, target), 'utf8') : ''
  if (before === text) continue
  if (argv[2] === '--check') {
    stderr.write(`build-kernels: ${target} is not what ${path} gives\n`)
    process.exitCode = 1
  } else {
    writeFileSync(join(ROOT, target), text)
  }
}
