#!/usr/bin/env node
// Drives a real browser over two started sites of the status plane and an embedded store that is made
// to fail, and lets clients of Statuspage read what the sites tell.
//
//   npm run status:browser -- [--pictures FOLDER] [--main FILE] [--keep]
//
// --pictures writes the documentation's pictures there: `docs/status`. Needs Debian's chromium (or
// HOLDFAST_CHROMIUM) and the packages of this folder: tools/install-test-tools.sh. What is missing is
// skipped by name; with CI=true it is a failure. Ends with `N passed, N failed[, N skipped]`; exit code 1
// if anything failed. Takes about two minutes.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { BUILT_MAIN, exitOnSignals } from '../clients/harness/server.mjs'
import { faults } from '../status-proof/proxy.mjs'
import { until } from '../status-proof/asking.mjs'
import { Cases } from './cases.mjs'
import { Plane } from './plane.mjs'

const PACKAGES = ['playwright-core', 'axe-core', 'statuspage.io', '@statuspage/status-widget']
const ILL_SEC_MAX = 90

const { values: flags } = parseArgs({
  options: {
    pictures: { type: 'string' },
    main: { type: 'string', default: BUILT_MAIN },
    keep: { type: 'boolean', default: false },
  },
})

/** Null: all is there. */
async function whatIsMissing() {
  const require = createRequire(import.meta.url)
  for (const name of PACKAGES) {
    try {
      require.resolve(`${name}/package.json`)
    } catch {
      return `the npm package ${name} is not installed in test/status-browser`
    }
  }
  const { findChromium } = await import('./browser.mjs')
  return findChromium() === null ? 'Chromium is not installed' : null
}

async function main() {
  exitOnSignals()
  const cases = new Cases()
  const missing = await whatIsMissing()
  if (missing === null) await drive(cases)
  else if (process.env.CI === 'true')
    await cases.run('all is installed', () => assert.fail(missing))
  else cases.skip('the browser', missing)
  console.log(cases.tally)
  process.exit(cases.failed > 0 ? 1 : 0)
}

async function drive(cases) {
  const { Browser, findChromium } = await import('./browser.mjs')
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-browser-'))
  const picturesFolder = resolve(flags.pictures ?? join(folder, 'pictures'))
  mkdirSync(picturesFolder, { recursive: true })
  const say = (text) => cases.say(text)
  let browser = null
  let plane = null
  await cases.run('two sites, a store and a browser run', async () => {
    plane = await Plane.open({ folder, main: flags.main })
    browser = await Browser.open({ picturesFolder, program: findChromium(), say })
    say(`Chromium ${browser.version}`)
  })
  if (browser !== null)
    await cases.run('the story ends', async () => await tell({ browser, cases, plane }))
  await browser?.close()
  await plane?.close()
  if (flags.keep || cases.failed > 0) say(`logs and pictures: ${folder}`)
  else rmSync(folder, { recursive: true })
}

async function tell(scene) {
  const { cases, plane } = scene
  const { readBadPages, readWellPages } = await import('./reader.mjs')
  const { examineConsole, postAtConsole, postByKeyboard } = await import('./console.mjs')
  const { lookAtProbes } = await import('./operate.mjs')
  const { readByLibrary, readByWidget } = await import('./statuspage.mjs')
  await cases.run('all is well', async () => await plane.untilWell())
  await cases.run('a page that is fit for few is told from others', async () => {
    await scene.browser.examineBad()
  })
  await readWellPages(scene)
  await cases.run('uploads to one cell fail, and the page says so by itself', async () => {
    plane.proxies
      .get('eu/b')
      .break(faults.answer(503, 'SlowDown', ({ method }) => method === 'PUT'))
    await until('PUT and multipart of eu/b are down', ILL_SEC_MAX, async () => {
      const levels = await plane.levels('ams')
      const told = ['put', 'multipart'].map((operation) => levels.get(`eu/b/${operation}`))
      return told.every((level) => level === 'major-outage') ? null : told.join()
    })
  })
  const posted = await postAtConsole(scene)
  await readBadPages({ ...scene, ...posted })
  await lookAtProbes({ ...scene, ...posted })
  await postByKeyboard({ ...scene, ...posted })
  await examineConsole({ ...scene, ...posted })
  await readByLibrary(scene)
  await readByWidget(scene)
}

await main()
