#!/usr/bin/env node
// Removes one record of each kind from the index of a stopped store, behind the engine's back, and
// puts it back: `verify` must find that it is missing, by sums, set hashes and counterparts.
//
//   node test/safety/removed-records.mjs [--seed S] [--main FILE]

import { parseArgs } from 'node:util'
import { createRandom, freshSeed } from '../clients/harness/random.mjs'
import { exitOnSignals } from '../clients/harness/server.mjs'
import { createChecks } from './checks.mjs'
import { listRecords, removeRecord } from './raw-index.mjs'
import { fillStore, makeStore, verifyStore } from './store.mjs'

/** What only speeds up or ends work: without it something stays longer, and nothing is missed. */
const UNPROVEN = new Set(['sweep', 'consumer'])

/** The record of a completed upload only answers who completes it again, and goes by itself. */
function isProven({ space, key }, records) {
  if (space !== 'upload') return true
  const id = key.subarray(1)
  return records.some(
    (other) => other.space === 'upload name' && other.key.subarray(-id.length).equals(id),
  )
}

async function main() {
  exitOnSignals()
  const text = { type: 'string' }
  const { values } = parseArgs({ options: { seed: text, main: text } })
  const seed = values.seed ?? freshSeed()
  const checks = createChecks({ seed })
  const random = createRandom(seed)
  const { server, folder } = await makeStore({ main: values.main, name: 'removed' })
  await server.start()
  await fillStore(server, random)
  await server.stop()
  const records = await listRecords(folder)
  for (const space of new Set(records.map((record) => record.space))) {
    if (UNPROVEN.has(space)) continue
    const record = random.pick(
      records.filter((other) => other.space === space && isProven(other, records)),
    )
    const putBack = await removeRecord(folder, record)
    const { exitCode, lines, stderr } = await verifyStore(server, ['--records'])
    await putBack()
    const isFound = exitCode === 1 && lines.length > 0
    const problem = `${record.key.toString('hex')}: exit code ${exitCode} ${stderr}`
    checks.check(`a removed record is found: ${space}`, isFound ? [] : [problem])
    if (isFound) console.log(`          ${lines[0]}`)
  }
  const { exitCode, lines } = await verifyStore(server)
  checks.check('the store is sound afterwards', exitCode === 0 ? [] : lines)
  process.exit(checks.end())
}

await main()
