// Writes docs/operating/options.md from the options table in src/cli/options.ts.
//
//   node tools/write-options-page.mjs

import { build } from 'esbuild'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from './sources.mjs'

const { outputFiles } = await build({
  absWorkingDir: ROOT,
  entryPoints: ['src/cli/options-page.ts'],
  bundle: true,
  format: 'esm',
  platform: 'node',
  write: false,
})
const code = Buffer.from(outputFiles[0].contents).toString('base64')
const { renderOptionsPage } = await import(`data:text/javascript;base64,${code}`)
const page = join(ROOT, 'docs', 'operating', 'options.md')
mkdirSync(dirname(page), { recursive: true })
writeFileSync(page, renderOptionsPage())
