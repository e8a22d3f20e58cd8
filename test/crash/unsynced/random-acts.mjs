// Random changes of a drive under the layer, and what of them is durable, kept by other means than
// the layer's: folders as a list of changes that is gone through again, files as two contents.
//
//   node random-acts.mjs ROOT SEED      prints what must be left when all else is lost, and is killed

import * as fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createHash } from 'node:crypto'
import { createRandom } from '../../clients/harness/random.mjs'

const FOLDERS = ['', 'f/', 'g/']
const NAMES = ['a', 'b', 'c', 'd']
const ACTS_COUNT = 300
const SIZE_BYTES_MAX = 5000
const SECTOR_BYTES = 512
const { O_DSYNC, O_RDONLY, O_RDWR } = fs.constants

/** Folder, name, hash of each file, sorted. */
export function shownTree(files) {
  const shown = ([path, bytes]) =>
    `${path} ${bytes.length} ${createHash('md5').update(bytes).digest('hex')}`
  return [...files].map(shown).toSorted()
}

/** Files that are there now, and those that would be if all that is not synced were lost. */
class Model {
  #changes = []
  now = new Map()

  change(change) {
    this.#changes.push({ ...change, isSynced: false })
    apply(this.now, change)
  }

  syncFolder(folder, before = this.#changes.length) {
    for (const [index, change] of this.#changes.slice(0, before).entries()) {
      const isHere = change.folder === folder || change.from?.folder === folder
      if (change.isSynced || !isHere) continue
      change.isSynced = true
      const others = [change.folder, change.from?.folder ?? folder]
      for (const other of others) if (other !== folder) this.syncFolder(other, index)
    }
  }

  durable() {
    const files = new Map()
    for (const change of this.#changes) if (change.isSynced) apply(files, change)
    return new Map([...files].map(([path, file]) => [path, file.durable]))
  }
}

function apply(files, { kind, folder, name, file, from }) {
  const path = `${folder}${name}`
  if (kind === 'create') files.set(path, file)
  else if (kind === 'unlink') files.delete(path)
  else {
    files.set(path, file)
    files.delete(`${from.folder}${from.name}`)
  }
}

/** `bytes` at `at`, and zeros before it where the file was shorter. */
function written(old, bytes, at) {
  const whole = Buffer.alloc(Math.max(old.length, at + bytes.length))
  old.copy(whole)
  bytes.copy(whole, at)
  return whole
}

/** A durable write takes the whole sectors with it that it is in. */
function writtenDurably(file, at, sizeBytes) {
  const from = at - (at % SECTOR_BYTES)
  const end = Math.min(Math.ceil((at + sizeBytes) / SECTOR_BYTES) * SECTOR_BYTES, file.now.length)
  const whole = written(file.durable, file.now.subarray(from, end), from)
  return whole.subarray(0, Math.max(file.durable.length, at + sizeBytes))
}

const KINDS = [
  [10, 'create'],
  [25, 'write'],
  [12, 'durable write'],
  [6, 'truncate'],
  [10, 'sync'],
  [8, 'sync folder'],
  [7, 'rename'],
  [5, 'unlink'],
]

/** Files of even number are never cut: what a durable write says of a cut before it is not modelled. */
function act({ root, model, random, number }) {
  const folder = random.pick(FOLDERS)
  const name = random.pick(NAMES)
  const path = `${folder}${name}`
  const file = model.now.get(path)
  const kind = random.weighted(KINDS)
  if (kind === 'sync folder') {
    fs.fsyncSync(openFor(`${root}/${folder}`, O_RDONLY))
    return model.syncFolder(folder)
  }
  if (file === undefined) {
    if (kind !== 'create') return
    fs.closeSync(fs.openSync(`${root}/${path}`, 'wx+'))
    const made = { now: Buffer.alloc(0), durable: Buffer.alloc(0), isCut: number % 2 === 1 }
    return model.change({ kind, folder, name, file: made })
  }
  if (kind === 'unlink') {
    fs.unlinkSync(`${root}/${path}`)
    return model.change({ kind, folder, name })
  }
  if (kind === 'rename') {
    const to = { folder: random.pick(FOLDERS), name: random.pick(NAMES) }
    if (to.folder === folder && to.name === name) return
    fs.renameSync(`${root}/${path}`, `${root}/${to.folder}${to.name}`)
    return model.change({ kind, ...to, file, from: { folder, name } })
  }
  actOn(file, kind, { path: `${root}/${path}`, random })
}

let opened = null
/** The one descriptor that is open; the next call closes it. */
function openFor(path, flags) {
  if (opened !== null) fs.closeSync(opened)
  opened = fs.openSync(path, flags)
  return opened
}

function actOn(file, kind, { path, random }) {
  const at = random.between(0, SIZE_BYTES_MAX)
  if (kind === 'sync') {
    const fd = openFor(path, O_RDONLY)
    if (random.chance(0.5)) fs.fsyncSync(fd)
    else fs.fdatasyncSync(fd)
    file.durable = file.now
  } else if (kind === 'truncate' && file.isCut) {
    fs.ftruncateSync(openFor(path, O_RDWR), at)
    file.now =
      at <= file.now.length ? file.now.subarray(0, at) : written(file.now, Buffer.alloc(0), at)
  } else if (kind === 'write' || (kind === 'durable write' && !file.isCut)) {
    const bytes = random.bytes(random.between(1, 2000))
    const isDurable = kind === 'durable write'
    fs.writeSync(openFor(path, O_RDWR | (isDurable ? O_DSYNC : 0)), bytes, 0, bytes.length, at)
    file.now = written(file.now, bytes, at)
    if (isDurable) file.durable = writtenDurably(file, at, bytes.length)
  }
}

function main([root, seed]) {
  const random = createRandom(seed)
  const model = new Model()
  for (const folder of FOLDERS) if (folder !== '') fs.mkdirSync(`${root}/${folder}`)
  fs.fsyncSync(openFor(root, O_RDONLY))
  for (let number = 0; number < ACTS_COUNT; number++) act({ root, model, random, number })
  const now = [...model.now].map(([path, file]) => [path, file.now])
  const left = { now: shownTree(now), durable: shownTree(model.durable()) }
  fs.writeSync(1, JSON.stringify(left))
  process.kill(process.pid, 'SIGKILL')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2))
