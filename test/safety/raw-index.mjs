// The index behind the engine's back: its LMDB environment opened by itself while the store is
// stopped, to list, remove and damage records. Written from docs/formats/keys.md, apart from the
// code that it is to catch.

import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import * as lmdb from 'lmdb'

const SPACES = {
  0x10: 'current',
  0x11: 'version',
  0x20: 'bucket',
  0x21: 'bucket settings',
  0x30: 'upload name',
  0x31: 'part',
  0x32: 'manifest page',
  0x33: 'upload',
  0x34: 'sweep',
  0x40: 'reverse',
  0x41: 'manifest reverse',
  0x50: 'extent',
  0x60: 'bucket sums',
  0x61: 'extent sums',
  0x70: 'range',
  0x71: 'consumer',
  0x72: 'archive blob',
  0x80: 'bucket name',
  0x81: 'account',
  0x82: 'access key',
  0x83: 'owned name',
  0x84: 'e-mail',
  0x8f: 'generation',
}

function openDatabase(root, name) {
  return root.openDB(name, { keyEncoding: 'binary', encoding: 'binary' })
}

async function withRoot(folder, act) {
  const root = lmdb.open({ path: join(folder, 'index'), maxDbs: 4, noMemInit: true })
  try {
    return await act(root)
  } finally {
    await root.close()
  }
}

/** All records of a database: space (of `entries`), key and value as bytes. */
export async function listRecords(folder, name = 'entries') {
  return await withRoot(folder, async (root) => {
    const records = []
    for (const { key, value } of openDatabase(root, name).getRange({})) {
      const bytes = Buffer.from(key)
      const space = name === 'entries' ? (SPACES[bytes[0]] ?? 'unknown') : name
      records.push({ space, key: bytes, value: Buffer.from(value) })
    }
    return records
  })
}

/** Removes one record, and answers what puts it back. */
export async function removeRecord(folder, { key, value }) {
  await withRoot(folder, async (root) => {
    const entries = openDatabase(root, 'entries')
    if (!entries.removeSync(key)) throw new RangeError('there is no such record')
  })
  return async () =>
    await withRoot(folder, async (root) => openDatabase(root, 'entries').putSync(key, value))
}

/** Flips a bit in the middle of one record's value, and answers what puts it back. */
export async function harmRecord(folder, { key, value }) {
  const harmed = Buffer.from(value)
  harmed[harmed.length >> 1] ^= 1
  const put = async (bytes) =>
    await withRoot(folder, async (root) => openDatabase(root, 'entries').putSync(key, bytes))
  await put(harmed)
  return async () => await put(value)
}

/** A file's bytes, changed in place and put back. */
export class Flipper {
  #undo = []

  /** Flips one bit of a byte. */
  flip(path, offset, bit) {
    const file = openSync(path, 'r+')
    const byte = readFileAt(path, offset)
    writeSync(file, Buffer.of(byte ^ (1 << bit)), 0, 1, offset)
    closeSync(file)
    this.#undo.push({ path, offset, byte })
  }

  restore() {
    for (const { path, offset, byte } of this.#undo.toReversed()) {
      const file = openSync(path, 'r+')
      writeSync(file, Buffer.of(byte), 0, 1, offset)
      closeSync(file)
    }
    this.#undo = []
  }
}

function readFileAt(path, offset) {
  return readFileSync(path)[offset]
}

/**
 * Where a record lies in the index's file: pages that are no longer used may hold copies of it, and
 * all of them are answered. Large values lie in pages of their own, without their key.
 */
export function placesOf(folder, { key, value }) {
  const path = join(folder, 'index', 'data.mdb')
  const file = readFileSync(path)
  const find = (bytes) => {
    const found = []
    for (let at = file.indexOf(bytes); at !== -1; at = file.indexOf(bytes, at + 1)) found.push(at)
    return found
  }
  const whole = find(Buffer.concat([key, value]))
  if (whole.length > 0) return { path, offsets: whole, sizeBytes: key.length + value.length }
  return { path, offsets: find(value), sizeBytes: value.length }
}

/** A reverse record's blob: extent, offset and bytes of the whole blob record, and whose it is. */
export function blobOf({ key, value }) {
  const headerSizeBytes = value.readUInt16BE(1)
  const dataSizeBytes = value.readUInt32BE(3)
  const blocks = Math.ceil(dataSizeBytes / 65_536)
  return {
    extentId: key.toString('hex', 1, 17),
    offset: key.readUIntBE(17, 6),
    headerSizeBytes,
    sizeBytes: headerSizeBytes + dataSizeBytes + 4 * blocks + 68,
  }
}
