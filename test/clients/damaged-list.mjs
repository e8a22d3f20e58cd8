// A sync client never sees a shorter list in place of an error: the index of a store of its own is
// damaged where the second page of a LIST reads, and `rclone sync` must fail and delete nothing.

import { closeSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { openS3 } from './harness/s3.mjs'
import { ServerUnderTest, freePort } from './harness/server.mjs'
import { check } from './standard.mjs'
import { filesOf } from './tree.mjs'

const FILES = 1500
/** In the middle of the second page: what is damaged and what lies around it are both listed there. */
const DAMAGED_INDEX = 1200
const BUCKET = 'listed'
/** Behind this byte and a bucket's id stands the key of a current object. docs/formats/keys.md */
const CURRENT_SPACE = 0x10
const BUCKET_ID_BYTES = 16
/** The CRC-32 of every record with its own CRC behind it, begun with its key's. */
const RESIDUE = 0x2144df1c
/** LMDB's node: value size (4), flags (2), key size (2), key, value. */
const NODE_HEAD_BYTES = 8

const nameOf = (index) => `file-${String(index).padStart(5, '0')}`

/**
 * Runs the case, over http alone: how the bytes travel makes no difference to it. `rcloneAt(other)`
 * is rclone for another endpoint and other credentials.
 */
export async function syncOverDamage(job, rcloneAt, { folder, skip }) {
  if (job.main === null) return skip('it damages the files of a store, so needs one of its own')
  if (job.caFile !== null) return skip('it has a store of its own, which the run over http damages')
  mkdirSync(join(folder, 'home'), { recursive: true })
  const server = new ServerUnderTest({
    main: job.main,
    folder: join(folder, 'store'),
    home: join(folder, 'home'),
    logFile: join(folder, 'server.log'),
    port: await freePort(),
  })
  await server.init()
  await server.start()
  const { endpoint, credentials } = server
  const s3 = openS3({ endpoint, credentials })
  const sync = () => {
    const rclone = rcloneAt({ endpoint, credentials, caFile: null })
    return rclone(['sync', `store:${BUCKET}`, join(folder, 'local')])
  }
  try {
    await fill(s3)
    await damageAndSync({ server, s3, sync, folder })
  } finally {
    s3.close()
    await server.stop()
  }
}

async function fill(s3) {
  await s3.makeBucket(BUCKET)
  const waiting = Array.from({ length: FILES }, (_, index) => nameOf(index))
  const work = async () => {
    for (let name; (name = waiting.shift()) !== undefined;) {
      await s3.put(BUCKET, name, Buffer.from(name))
    }
  }
  await Promise.all(Array.from({ length: 16 }, work))
}

async function damageAndSync({ server, s3, sync, folder }) {
  const local = join(folder, 'local')
  const checkHeld = (when) => {
    const held = filesOf(local).length
    check(held === FILES, `${held} of ${FILES} files are here ${when}`)
  }
  await sync()
  checkHeld('after the first sync')
  const indexFile = join(folder, 'store/index/data.mdb')
  const found = findRecords(readFileSync(indexFile), nameOf(DAMAGED_INDEX))
  check(found.length > 0, 'the record was not found in the index')
  for (const [what, spot] of [
    ['the version byte of the record', ({ valueAt }) => valueAt],
    ['the middle of the record', ({ valueAt, sizeBytes }) => valueAt + (sizeBytes >> 1)],
    ['the last byte of the record', ({ valueAt, sizeBytes }) => valueAt + sizeBytes - 1],
    ['the last byte of the key', ({ valueAt }) => valueAt - 1],
  ]) {
    const spots = found.map(spot)
    flipBits(indexFile, spots)
    const failed = await sync().then(
      () => null,
      (error) => error,
    )
    checkHeld(`after a sync over damage of ${what}`)
    check(failed !== null, `sync succeeded over damage of ${what}`)
    check(/InternalError/.test(failed.message), `sync failed by something else: ${failed.message}`)
    await checkListFails(s3, what)
    flipBits(indexFile, spots)
  }
  await sync()
  checkHeld('after the damage was undone')
  flipBits(
    indexFile,
    found.map(({ valueAt }) => valueAt),
  )
  await checkListFails(s3, 'the record, for good')
  await server.stop()
  const rebuilt = await server.cli(['rebuild', server.folder])
  check(rebuilt.exitCode === 0, `rebuild failed: ${rebuilt.stderr} ${rebuilt.stdout}`)
  await server.start()
  await sync()
  checkHeld('after the index was rebuilt')
  check((await s3.list(BUCKET)).length === FILES, 'the rebuilt index lists other keys')
}

/** The first page is whole, the second an error: nothing that could be taken for the end. */
async function checkListFails(s3, what) {
  const page = (query) =>
    s3.send({ method: 'GET', path: `/${BUCKET}`, query: [['list-type', '2'], ...query] })
  const first = await page([])
  check(first.status === 200, `damage of ${what}: the first page answers ${first.status}`)
  const second = await page([['start-after', nameOf(999)]])
  const answer = `${second.status} ${second.code}`
  check(answer === '500 InternalError', `damage of ${what}: the second page answers ${answer}`)
}

/** Where the record of a current object stands in LMDB's file: each copy, those no longer used too. */
function findRecords(bytes, name) {
  const keyBytes = 1 + BUCKET_ID_BYTES + name.length
  const found = []
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) {
    const keyAt = at - BUCKET_ID_BYTES - 1
    const nodeAt = keyAt - NODE_HEAD_BYTES
    if (nodeAt < 0 || bytes[keyAt] !== CURRENT_SPACE) continue
    if (bytes.readUInt16LE(keyAt - 2) !== keyBytes) continue
    const valueAt = at + name.length
    const sizeBytes = bytes.readUInt32LE(nodeAt)
    const record = bytes.subarray(valueAt, valueAt + sizeBytes)
    const seed = crc32(bytes.subarray(keyAt, valueAt))
    if (crc32(record, seed) === RESIDUE) found.push({ valueAt, sizeBytes })
  }
  return found
}

/** Turns the lowest bit of each byte; a second time turns it back. */
function flipBits(file, spots) {
  const bytes = readFileSync(file)
  const open = openSync(file, 'r+')
  for (const spot of spots) writeSync(open, Buffer.of(bytes[spot] ^ 1), 0, 1, spot)
  closeSync(open)
}
