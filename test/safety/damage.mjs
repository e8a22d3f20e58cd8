#!/usr/bin/env node
// What clients get of a store with damage in it: for flipped bits in a blob's header, data and
// trailer, in a record and in its key, a clear S3 error or a cut connection, never other bytes, 404
// or a shorter list; and `verify` names them while the store is served.
//
//   node test/safety/damage.mjs [--seed S] [--main FILE]

import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom, freshSeed } from '../clients/harness/random.mjs'
import { exitOnSignals } from '../clients/harness/server.mjs'
import { objectPath } from '../clients/harness/sigv4.mjs'
import { createChecks } from './checks.mjs'
import { Flipper, blobOf, listRecords, placesOf } from './raw-index.mjs'
import { fillStore, makeStore, s3Of, verifyStore } from './store.mjs'

const VICTIMS = ['small/017', 'large/300000', `large/${3 * 2 ** 20}`, 'assembled']

/** Sends one GET; `bytes` is null where no whole answer came. */
async function get(s3, key, range = null) {
  const headers = range === null ? {} : { range }
  try {
    const answer = await s3.send({ method: 'GET', path: objectPath('plain', key), headers })
    return { status: answer.status, code: answer.code, bytes: answer.body }
  } catch (error) {
    return { status: null, code: error.code ?? error.message, bytes: null }
  }
}

/** Why an answer is no fair one for a damaged object; none where it is. */
function unfair(answer, sound) {
  if (answer.bytes === null) return [] // cut off: the client knows that it has not all
  if (answer.status === 500 || answer.status === 503) {
    return answer.code === undefined ? [`${answer.status} without an S3 error`] : []
  }
  if (answer.status !== 200) return [`answered ${answer.status} ${answer.code}`]
  return [answer.bytes.equals(sound) ? 'the damage was not seen' : 'wrong bytes were served']
}

/** The blobs whose bytes an object is made of, in order, by their reverse records. */
function blobsOf(records, key) {
  const text = Buffer.from(key)
  const own = records.filter(({ space, key: at }) => space === 'reverse' && at[23] === 1)
  return own.filter(({ key: at }) => at.subarray(40, at.length - 8).equals(text)).map(blobOf)
}

function partBlobs(records) {
  return records.filter(({ space, key }) => space === 'reverse' && key[23] === 2).map(blobOf)
}

/** Damage in a blob: its own object is an error, all others and the list are as before. */
async function checkBlobs({ server, folder, contents, records, random, checks }) {
  for (const key of VICTIMS) {
    const found = key === 'assembled' ? partBlobs(records) : blobsOf(records, key)
    const blob = found[0]
    const places = {
      header: random.between(0, blob.headerSizeBytes - 1),
      data: random.between(blob.headerSizeBytes, blob.sizeBytes - 69),
      trailer: random.between(blob.sizeBytes - 68, blob.sizeBytes - 1),
    }
    for (const [part, at] of Object.entries(places)) {
      const flipper = new Flipper()
      flipper.flip(join(folder, 'extents', blob.extentId), blob.offset + at, random.between(0, 7))
      const s3 = s3Of(server)
      const problems = []
      if (part === 'data')
        problems.push(...unfair(await get(s3, key), contents.get(`plain/${key}`)))
      else {
        // Header and trailer hold no bytes of the object: served whole, or an error.
        const answer = await get(s3, key)
        const isWhole = answer.status === 200 && answer.bytes?.equals(contents.get(`plain/${key}`))
        if (!isWhole) problems.push(...unfair(answer, contents.get(`plain/${key}`)))
      }
      const other = await get(s3, 'small/001')
      if (!other.bytes?.equals(contents.get('plain/small/001'))) problems.push('another fails too')
      if ((await s3.list('plain')).length !== 68) problems.push('the list changed')
      s3.close()
      const { exitCode, lines } = await verifyStore(server)
      flipper.restore()
      const name = `extent ${blob.extentId} at ${blob.offset}`
      const isNamed = lines.some(
        (line) => line.includes(name) && line.includes(JSON.stringify(key)),
      )
      if (exitCode !== 1 || !isNamed) problems.push(`verify: ${exitCode} ${lines.join(' | ')}`)
      checks.check(`a flipped bit in the ${part} of the blob of ${key}`, problems)
    }
  }
}

/** Damage in a record or its key: reads of it and lists with it are errors that name it. */
async function checkRecords({ server, folder, contents, records, random, checks }) {
  const key = 'small/030'
  const record = records.find(
    ({ space, key: at }) => space === 'current' && at.subarray(17).equals(Buffer.from(key)),
  )
  const { path, offsets } = placesOf(folder, record)
  for (const [what, low, high] of [
    ['record', record.key.length, record.key.length + record.value.length - 1],
    ['key of the record', 17, record.key.length - 1],
  ]) {
    const flipper = new Flipper()
    const at = random.between(low, high)
    const bit = random.between(0, 7)
    for (const offset of offsets) flipper.flip(path, offset + at, bit)
    const s3 = s3Of(server)
    const problems = unfair(await get(s3, key), contents.get(`plain/${key}`))
    const head = await s3.head('plain', key)
    if (head.status !== 500) problems.push(`HEAD answers ${head.status}`)
    const list = await s3
      .list('plain', 'small/')
      .then(({ length }) => `a list of ${length}`)
      .catch((error) => error)
    if (list.status !== 500) problems.push(`LIST: ${list.message ?? list}`)
    else if (!/bucket \w+, .* of key /.test(list.message))
      problems.push(`LIST names nothing: ${list}`)
    s3.close()
    const { exitCode, lines } = await verifyStore(server, ['--records'])
    flipper.restore()
    if (exitCode !== 1 || lines.length === 0) problems.push(`verify answers ${exitCode}`)
    checks.check(`a flipped bit in the ${what} (byte ${at}, bit ${bit})`, problems)
  }
}

async function main() {
  exitOnSignals()
  const text = { type: 'string' }
  const { values } = parseArgs({ options: { seed: text, main: text } })
  const seed = values.seed ?? freshSeed()
  const checks = createChecks({ seed })
  const random = createRandom(seed)
  const { server, folder } = await makeStore({ main: values.main, name: 'damage' })
  await server.start()
  const contents = await fillStore(server, random)
  await server.stop()
  const records = await listRecords(folder)
  await server.start()
  const world = { server, folder, contents, records, random, checks }
  await checkBlobs(world)
  await checkRecords(world)
  const { exitCode, lines } = await verifyStore(server)
  checks.check('with all put back it is sound', exitCode === 0 ? [] : lines)
  await server.stop()
  process.exit(checks.end())
}

await main()
