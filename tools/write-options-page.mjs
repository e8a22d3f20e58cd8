// Writes the pages and files below docs/operating/ that are made from tables in the sources:
// options.md from the options table, the status plane's schema from its own.
//
//   node tools/write-options-page.mjs

import { build } from 'esbuild'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './sources.mjs'

const FOLDER = join(ROOT, 'docs', 'operating')

async function load(entry) {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
  })
  const code = Buffer.from(outputFiles[0].contents).toString('base64')
  return await import(`data:text/javascript;base64,${code}`)
}

const { renderOptionsPage } = await load('src/cli/options-page.ts')
const { renderConfigSchema } = await load('src/status/config-schema.ts')
mkdirSync(FOLDER, { recursive: true })
writeFileSync(join(FOLDER, 'options.md'), renderOptionsPage())
writeFileSync(join(FOLDER, 'status-config.schema.json'), renderConfigSchema())
