// The cases that every client runs: write, list, read back, delete, for each size and odd key. What
// really stands in the store is judged by the oracle, not by the client.

import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MANY_KEYS, ODD_KEYS, SIZES, STANDARD_CASES } from './cases.mjs'
import { S3AnswerError } from './harness/s3.mjs'

/** A case that found the store, or the client, wrong. */
export class CaseFailed extends Error {
  name = 'CaseFailed'
}

/** Fails the case unless the statement holds. */
export function check(holds, message) {
  if (!holds) throw new CaseFailed(message)
}

/** Fails the case unless both are the same bytes. */
export function checkSame(wanted, got, what) {
  if (Buffer.compare(wanted, got) === 0) return
  const digest = (bytes) => createHash('sha256').update(bytes).digest('hex').slice(0, 12)
  throw new CaseFailed(
    `${what}: ${got.length} bytes (${digest(got)}) in place of ` +
      `${wanted.length} (${digest(wanted)})`,
  )
}

/** One object on its way: where its bytes lie, and the first step that went wrong. */
function planTrips(folder) {
  mkdirSync(join(folder, 'put'), { recursive: true })
  mkdirSync(join(folder, 'got'), { recursive: true })
  const sizes = Object.entries(SIZES).map(([name, size]) => ({ name, ...size }))
  const keys = Object.entries(ODD_KEYS).map(([name, key], index) => ({
    name,
    key,
    sizeBytes: 2000 + index,
  }))
  return [...sizes, ...keys].map((trip, index) => {
    const body = randomBytes(trip.sizeBytes)
    const file = join(folder, 'put', String(index))
    writeFileSync(file, body)
    return { ...trip, body, file, back: join(folder, 'got', String(index)), failure: null }
  })
}

/** Runs one step of each trip that has not failed; a failure ends that trip alone. */
async function step(trips, what, act) {
  for (const trip of trips.filter(({ failure }) => failure === null)) {
    try {
      await act(trip)
    } catch (error) {
      trip.failure = `${what}: ${error.message}`
    }
  }
}

async function oracleSees(oracle, bucket, trip, isMultipart) {
  const found = (await oracle.list(bucket, trip.key)).find(({ key }) => key === trip.key)
  check(found !== undefined, 'the store lists no such key')
  checkSame(trip.body, await oracle.get(bucket, trip.key), 'the store has')
  const isLarge = trip.name === 'large object'
  check(!isLarge || !isMultipart || /-\d+"?$/.test(found.etag), `not multipart: ETag ${found.etag}`)
}

async function oracleMisses(oracle, bucket, trip) {
  const { status } = await oracle.head(bucket, trip.key)
  check(status === 404, `HEAD still answers ${status}`)
}

/** What the client lists, or the reason why it lists nothing. */
async function listing(store, bucket) {
  try {
    const entries = await store.list(bucket)
    return { sizes: new Map(entries.map(({ key, sizeBytes }) => [key, sizeBytes])), error: null }
  } catch (error) {
    return { sizes: new Map(), error }
  }
}

function checkListed({ sizes, error }, trip) {
  if (error !== null) throw error
  check(sizes.has(trip.key), 'the client lists no such key')
  check(sizes.get(trip.key) === trip.sizeBytes, `listed with ${sizes.get(trip.key)} bytes`)
}

function checkUnlisted({ sizes, error }, trip) {
  if (error !== null) throw error
  check(!sizes.has(trip.key), 'the client still lists it')
}

async function runTrips({ store, isMultipart }, { oracle, bucket, trips }) {
  await step(trips, 'write', (trip) => store.put(bucket, trip.key, trip.file))
  await step(trips, 'after write', (trip) => oracleSees(oracle, bucket, trip, isMultipart))
  const listed = await listing(store, bucket)
  await step(trips, 'list', (trip) => checkListed(listed, trip))
  await step(trips, 'read', async (trip) => {
    await store.get(bucket, trip.key, trip.back)
    checkSame(trip.body, readFileSync(trip.back), 'read back')
  })
  await step(trips, 'delete', (trip) => store.remove(bucket, trip.key))
  await step(trips, 'after delete', (trip) => oracleMisses(oracle, bucket, trip))
  const left = await listing(store, bucket)
  await step(trips, 'list after delete', (trip) => checkUnlisted(left, trip))
}

async function listMany({ store }, { oracle, bucket }) {
  const keys = Array.from({ length: MANY_KEYS }, (_, index) => `many/${index % 7}/${index}`)
  for (let index = 0; index < keys.length; index += 16) {
    await Promise.all(
      keys.slice(index, index + 16).map((key) => oracle.put(bucket, key, Buffer.from(key))),
    )
  }
  const listed = (await store.list(bucket)).map(({ key }) => key).sort()
  const isSame = listed.length === keys.length && keys.sort().every((key, at) => key === listed[at])
  check(isSame, `listed ${listed.length} keys in place of ${keys.length}, or others`)
}

/** Whether that bucket is gone, as an S3 client without any state sees it. */
async function isGone(oracle, bucket) {
  try {
    await oracle.list(bucket)
    return false
  } catch (error) {
    if (error instanceof S3AnswerError && error.code === 'NoSuchBucket') return true
    throw error
  }
}

/**
 * Runs all standard cases and tells each outcome. A case in `client.cannot` is tried too: where it
 * fails it counts as skipped, with the reason that stands there.
 */
export async function runStandardCases(client, { oracle, bucket, folder, tell }) {
  const { store, cannot } = client
  const outcome = (name, failure) => {
    if (failure === null) return tell(name, 'ok')
    if (name in cannot) return tell(name, 'skipped', cannot[name])
    return tell(name, 'failed', failure)
  }
  const attempt = async (name, act) => {
    const failure = await act().then(
      () => null,
      (error) => error.message,
    )
    outcome(name, failure)
  }
  if (store === null) {
    for (const name of STANDARD_CASES) tell(name, 'skipped', cannot['*'])
    return
  }
  await attempt('create bucket', async () => {
    await store.makeBucket(bucket)
    check(!(await isGone(oracle, bucket)), 'the store has no such bucket')
  })
  const trips = planTrips(folder)
  await runTrips(client, { oracle, bucket, trips })
  for (const { name, failure } of trips) outcome(name, failure)
  await oracle.emptyBucket(bucket)
  await attempt(`list ${MANY_KEYS} keys`, () => listMany(client, { oracle, bucket }))
  await oracle.emptyBucket(bucket)
  await attempt('remove bucket', async () => {
    await store.removeBucket(bucket)
    check(await isGone(oracle, bucket), 'the bucket is still there')
  })
}
