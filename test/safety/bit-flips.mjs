#!/usr/bin/env node
// Flips random single bits of a stopped store: in blobs (header, data, trailer), in records (values
// and keys), in sums, in the change log and the engine's head. `verify` must find each one, and name
// the object, record or extent that it hit.
//
//   node test/safety/bit-flips.mjs [--flips N] [--seed S] [--main FILE]
//
// 1,000 flips take about 5 minutes. What can be named by itself is flipped some at a time, each in a
// record or blob of its own; what could hide behind another finding is flipped alone.

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom, freshSeed } from '../clients/harness/random.mjs'
import { exitOnSignals } from '../clients/harness/server.mjs'
import { createChecks } from './checks.mjs'
import { Flipper, blobOf, listRecords, placesOf } from './raw-index.mjs'
import { fillStore, makeStore, verifyStore } from './store.mjs'

const AT_ONCE = 20
const KINDS = [
  [45, 'blob'],
  [37, 'value'],
  [10, 'key'],
  [5, 'sums'],
  [2, 'log'],
  [1, 'meta'],
]
const ALONE = new Set(['key', 'sums', 'log', 'meta'])

const unitOf = ({ extentId, offset }) => `${extentId}:${offset}`

/** Names of which one must stand in a finding for this record. */
function namesOf({ space, key }, buckets) {
  const id = key.toString('hex', 1, 17)
  const text = (end) => JSON.stringify(key.toString('utf8', 17, end))
  switch (space) {
    case 'current':
      return [text(key.length)]
    case 'version':
      return [text(key.length - 9)]
    case 'upload name':
      return ['entry of an unfinished upload']
    case 'bucket':
    case 'range':
    case 'bucket sums':
      return [`bucket ${buckets.get(id)}`, key.toString('hex')]
    case 'bucket name':
    case 'account':
    case 'access key':
    case 'e-mail':
      return [JSON.stringify(key.toString('utf8', 1))]
    case 'owned name':
      return [JSON.stringify(key.toString('utf8', 1).replace('\0', ' '))]
    case 'generation':
      return ["the directory's generation"]
    default:
      return [id, key.toString('hex')]
  }
}

/** How far an extent was ever filled: compaction's estimate, which nothing can prove. */
const isUnproven = ({ space }, at) => space === 'extent sums' && at >= 16 && at < 24

/** Plans a flip: where, and what must be named; `unit` is what no second flip may hit with it. */
function planFlip(kind, { random, folder, records, blobs, buckets }) {
  if (kind === 'blob') {
    const blob = random.pick(blobs)
    const part = random.weighted([
      [25, 'header'],
      [50, 'data'],
      [25, 'trailer'],
    ])
    const { headerSizeBytes, sizeBytes } = blob
    const within = {
      header: [0, headerSizeBytes - 1],
      data: [headerSizeBytes, sizeBytes - 69],
      trailer: [sizeBytes - 68, sizeBytes - 1],
    }[part]
    const at = random.between(within[0], Math.max(...within))
    return {
      what: `${part} of the blob at ${unitOf(blob)}, byte ${at}`,
      unit: unitOf(blob),
      places: [[join(folder, 'extents', blob.extentId), blob.offset + at]],
      names: [`extent ${blob.extentId} at ${blob.offset}`],
    }
  }
  const record = random.pick(records.get(kind === 'value' || kind === 'key' ? 'records' : kind))
  const { path, offsets, sizeBytes } = placesOf(folder, record)
  const keySize = sizeBytes - record.value.length
  const at =
    kind === 'key' ? random.between(0, keySize - 1) : random.between(keySize, sizeBytes - 1)
  if (offsets.length === 0 || isUnproven(record, at - keySize)) return null
  return {
    what: `${kind} of ${record.space} ${record.key.toString('hex')}, byte ${at}`,
    // A blob is scrubbed by its reverse record: one of the two at a time.
    unit: record.space === 'reverse' ? unitOf(blobOf(record)) : record.key.toString('hex'),
    places: offsets.map((offset) => [path, offset + at]),
    names: ALONE.has(kind) && kind !== 'sums' ? [''] : namesOf(record, buckets),
  }
}

/**
 * Flips, verifies, puts back; answers a problem for each flip that was not named. One that may have
 * hidden behind another is tried again alone.
 */
async function tryFlips(server, plans) {
  const flipper = new Flipper()
  for (const { places, bit } of plans) {
    for (const [path, offset] of places) flipper.flip(path, offset, bit)
  }
  const { exitCode, lines, stderr } = await verifyStore(server)
  flipper.restore()
  const isNamed = ({ names }) =>
    exitCode === 1 && lines.some((line) => names.some((name) => line.includes(name)))
  const missed = plans.filter((plan) => !isNamed(plan))
  if (plans.length > 1) {
    const problems = []
    for (const plan of missed) problems.push(...(await tryFlips(server, [plan])))
    return problems
  }
  return missed.map(({ what, bit }) => {
    const said = `${lines.slice(0, 3).join(' | ')}${stderr.slice(0, 300)}`
    return `${what}, bit ${bit}: exit code ${exitCode} ${said}`
  })
}

async function readStore(folder) {
  const all = await listRecords(folder)
  const isSum = ({ space }) => space.endsWith('sums')
  const records = new Map([
    ['records', all.filter((record) => !isSum(record))],
    ['sums', all.filter(isSum)],
    ['log', await listRecords(folder, 'log')],
    ['meta', await listRecords(folder, 'meta')],
  ])
  const blobs = new Map(
    all
      .filter(({ space }) => space === 'reverse')
      .map(blobOf)
      .map((blob) => [unitOf(blob), blob]),
  )
  const buckets = new Map(
    all
      .filter(({ space }) => space === 'bucket name')
      .map(({ key, value }) => {
        const { bucketId } = JSON.parse(value.toString('utf8', 1, value.length - 4))
        return [bucketId, key.toString('utf8', 1)]
      }),
  )
  return { folder, records, blobs: [...blobs.values()], buckets }
}

/** Draws flips until there are `count`, in groups to be tried together. */
function planAll(count, store, random) {
  const groups = []
  const open = []
  for (let planned = 0; planned < count;) {
    const kind = random.weighted(KINDS)
    if (['log', 'meta'].includes(kind) && store.records.get(kind).length === 0) continue
    const plan = planFlip(kind, { ...store, random })
    if (plan === null || open.some(({ unit }) => unit === plan.unit)) continue
    planned++
    const flip = { ...plan, bit: random.between(0, 7) }
    if (ALONE.has(kind)) groups.push([flip])
    else if (open.push(flip) === AT_ONCE) groups.push(open.splice(0))
  }
  return open.length === 0 ? groups : [...groups, open]
}

async function main() {
  exitOnSignals()
  const text = { type: 'string' }
  const { values } = parseArgs({ options: { flips: text, seed: text, main: text } })
  const seed = values.seed ?? freshSeed()
  const count = Number(values.flips ?? 1000)
  const checks = createChecks({ seed })
  const random = createRandom(seed)
  const { server, folder } = await makeStore({ main: values.main, name: 'flips' })
  await server.start()
  await fillStore(server, random)
  await server.stop()
  const before = await verifyStore(server)
  checks.check(
    'the store is sound before',
    before.exitCode === 0 ? [] : [before.stderr, ...before.lines],
  )
  const store = await readStore(folder)
  const missed = []
  const groups = planAll(count, store, random)
  for (const group of groups) missed.push(...(await tryFlips(server, group)))
  console.log(`${count - missed.length} of ${count} flips found by name, in ${groups.length} runs`)
  checks.check(`all of ${count} flipped bits are found`, missed)
  const after = await verifyStore(server)
  checks.check('the store is sound afterwards', after.exitCode === 0 ? [] : after.lines)
  console.log(`seed ${seed}`)
  process.exit(checks.end())
}

await main()
