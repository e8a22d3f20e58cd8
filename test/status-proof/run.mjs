#!/usr/bin/env node
// Shows with real processes that the status plane tells the truth while everything else is down, and
// tells partial faults apart. README.md says what, and what was measured.
//
//   npm run status:proof -- [--short] [--only NAME,…] [--main FILE] [--keep]
//
// Ends with `N passed, N failed`; exit code 1 if anything failed.

import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BUILT_MAIN, exitOnSignals } from '../clients/harness/server.mjs'
import { FAULTS, proveFaults } from './faults.mjs'
import { CUTS, proveNetwork } from './network.mjs'
import { proveOutage } from './outage.mjs'
import { Region } from './region.mjs'
import { Report } from './report.mjs'

const PROOFS = {
  outage: { prove: proveOutage, parts: [] },
  faults: { prove: proveFaults, parts: FAULTS.map(({ name }) => name) },
  network: { prove: proveNetwork, parts: CUTS.map(({ name }) => name) },
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      short: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      main: { type: 'string', default: BUILT_MAIN },
      keep: { type: 'boolean', default: false },
    },
  })
  const names = values.only.split(',').filter((name) => name !== '')
  const known = Object.entries(PROOFS).flatMap(([name, { parts }]) => [name, ...parts])
  for (const name of names) {
    if (known.includes(name)) continue
    console.error(`status-proof: there is no ${name}; there are ${known.join(', ')}`)
    process.exit(2)
  }
  return { ...values, names }
}

async function main() {
  exitOnSignals()
  const { keep, main: program, names, short } = readOptions()
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-proof-'))
  const report = new Report()
  const story = report.story('proof')
  const region = await Region.make({ folder, main: program })
  const prove = async (name) => {
    const { parts, prove: act } = PROOFS[name]
    if (names.length > 0 && ![name, ...parts].some((each) => names.includes(each))) return
    const own = report.story(name)
    const scene = { folder, isShort: short, main: program, names, region, story: own }
    await own.part(`the proof ${name}`, async () => await act(scene))
  }
  await story.part('the region starts', async () => {
    await region.open()
    story.say('three cells serve, under load, and a service that depends on them')
    await prove('outage')
    // Their sites have nothing to do with each other; the cells are the same.
    await Promise.all([prove('faults'), prove('network')])
  })
  await region.close()
  if (keep || report.failed > 0) story.say(`stores and logs: ${folder}`)
  else rmSync(folder, { recursive: true })
  story.say(
    `over; load average ${loadavg()[0].toFixed(1)} on ${availableParallelism()} cores, ` +
      `Node.js ${process.version}`,
  )
  console.log(`${report.passed} passed, ${report.failed} failed`)
  process.exit(report.failed > 0 ? 1 : 0)
}

await main()
