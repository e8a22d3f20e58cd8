#!/usr/bin/env node
// Damages one record of each kind in the index of a stopped store, starts it, and puts it back: the
// store serves all that the record does not stand for, or refuses to start by name; it never starts
// again and again.
//
//   node test/safety/damaged-start.mjs [--seed S] [--main FILE]

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom, freshSeed } from '../clients/harness/random.mjs'
import { exitOnSignals } from '../clients/harness/server.mjs'
import { createChecks } from './checks.mjs'
import { harmRecord, listRecords } from './raw-index.mjs'
import { fillStore, makeStore, s3Of } from './store.mjs'

/** What a start needs: sign-in for the root key that it sets, and where the archive is. */
const NEEDED = new Set(['consumer', 'archive blob', 'account', 'access key', 'generation'])
/** What all of a bucket stands behind. */
const OF_A_BUCKET = new Set(['bucket', 'bucket name'])

/** Starts the store and reads; what it says where it does not start. */
async function tryStart({ server, scratch, contents }) {
  const logFrom = readLog(scratch).length
  try {
    await server.start()
  } catch {
    const said = readLog(scratch).slice(logFrom)
    return { kind: 'refused', said }
  }
  const s3 = s3Of(server)
  const counts = new Map()
  let wrong = 0
  for (const [path, body] of contents) {
    const [bucket, ...key] = path.split('/')
    const answer = await s3.get(bucket, key.join('/')).catch((error) => ({ status: error.status }))
    if (answer.status === undefined && !body.equals(Buffer.from(answer))) wrong++
    const status = answer.status ?? 200
    counts.set(status, (counts.get(status) ?? 0) + 1)
  }
  const put = await s3
    .put([...contents.keys()][0].split('/')[0], 'new', Buffer.from('x'))
    .then(() => 200)
    .catch((error) => error.status)
  s3.close()
  await server.stop()
  return { kind: 'served', counts, wrong, put, said: readLog(scratch).slice(logFrom) }
}

/** Why what a served store answered is not right. */
function unfair({ counts, wrong, put, said }, space) {
  const problems = []
  if (wrong > 0) problems.push(`${wrong} objects read back wrong`)
  const odd = [...counts.keys()].filter((status) => status !== 200 && status !== 500)
  if (odd.length > 0) problems.push(`GET answers ${odd.join()}`)
  if (!OF_A_BUCKET.has(space)) {
    if ((counts.get(500) ?? 0) > 2) problems.push(`${counts.get(500)} objects cannot be read`)
    if (put !== 200) problems.push(`PUT answers ${put}`)
  }
  if (said.includes('is replaced')) problems.push('a process ended')
  return problems
}

/** Why a refusal is not right: it names the record and what to do, at the first try. */
function unnamed({ said }, space) {
  const problems = NEEDED.has(space) ? [] : ['the store could serve around it']
  if (!/record .*checksum/.test(said)) problems.push('it names no record')
  if (!said.includes('holdfast rebuild')) problems.push('it says no next step')
  if (said.includes('is replaced')) problems.push('it was tried again and again')
  return problems.length > 0 ? [...problems, said.slice(0, 1000)] : []
}

function readLog(scratch) {
  return readFileSync(join(scratch, 'server.log'), 'utf8')
}

async function main() {
  exitOnSignals()
  const text = { type: 'string' }
  const { values } = parseArgs({ options: { seed: text, main: text, only: text } })
  const seed = values.seed ?? freshSeed()
  const checks = createChecks({ seed })
  const random = createRandom(seed)
  const { server, scratch, folder } = await makeStore({ main: values.main, name: 'start' })
  await server.start()
  const contents = await fillStore(server, random, { smallCount: 20 })
  await server.stop()
  const records = await listRecords(folder)
  for (const space of new Set(records.map((record) => record.space))) {
    if (values.only !== undefined && values.only !== space) continue
    const record = random.pick(records.filter((other) => other.space === space))
    const putBack = await harmRecord(folder, record)
    const outcome = await tryStart({ server, scratch, contents })
    await putBack()
    const problems = outcome.kind === 'served' ? unfair(outcome, space) : unnamed(outcome, space)
    checks.check(`${outcome.kind} with a damaged record: ${space}`, problems)
  }
  await server.start()
  const s3 = s3Of(server)
  const listed = await s3.list('plain')
  checks.check('with all put back it is whole', listed.length > 0 ? [] : ['nothing is listed'])
  s3.close()
  await server.stop()
  process.exit(checks.end())
}

await main()
