// What a process does to a drive under the layer, one folder a case, before it is killed: each case
// has a file `a` of 4,096 times `o`, durable, and writes `n`. The parent looks at what is left.
//
//   node acts.mjs ROOT

import * as fs from 'node:fs'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const SIZE_BYTES = 4096
const { O_CREAT, O_DSYNC, O_RDONLY, O_RDWR, O_SYNC, O_WRONLY } = fs.constants
const NEW = Buffer.alloc(SIZE_BYTES, 'n')

function on(path, flags, act) {
  const fd = fs.openSync(path, flags, 0o600)
  try {
    return act(fd)
  } finally {
    fs.closeSync(fd)
  }
}

const write = (path, { flags = O_RDWR, bytes = NEW, at = 0, sync = () => undefined } = {}) =>
  on(path, flags, (fd) => {
    fs.writeSync(fd, bytes, 0, bytes.length, at)
    sync(fd)
  })
const syncFolder = (path) => on(path, O_RDONLY, fs.fsyncSync)
const makeNew = (path, sync) => write(path, { flags: O_RDWR | O_CREAT, sync })
const half = NEW.subarray(SIZE_BYTES / 2)

/** Of a case's name: what is done in its folder. */
export const ACTS = {
  write: (at) => write(`${at}/a`),
  'write in pieces': (at) => on(`${at}/a`, O_RDWR, (fd) => fs.writevSync(fd, [half, half], 0)),
  'write at the descriptor': (at) =>
    on(`${at}/a`, O_WRONLY, (fd) => {
      fs.writeSync(fd, half)
      fs.writevSync(fd, [half.subarray(100), half.subarray(0, 100)])
    }),
  'write and fdatasync': (at) => write(`${at}/a`, { sync: fs.fdatasyncSync }),
  'write and fsync': (at) => write(`${at}/a`, { sync: fs.fsyncSync }),
  'write to O_DSYNC': (at) => write(`${at}/a`, { flags: O_RDWR | O_DSYNC }),
  'write to O_SYNC': (at) => write(`${at}/a`, { flags: O_WRONLY | O_SYNC }),
  'write, then O_DSYNC elsewhere': (at) => {
    write(`${at}/a`, { bytes: half })
    write(`${at}/a`, { bytes: half, at: SIZE_BYTES / 2, flags: O_RDWR | O_DSYNC })
  },
  'O_DSYNC over a write': (at) => {
    write(`${at}/a`, { bytes: Buffer.alloc(SIZE_BYTES, 'm') })
    write(`${at}/a`, { flags: O_RDWR | O_DSYNC })
  },
  'write twice': (at) => {
    write(`${at}/a`, { bytes: Buffer.alloc(SIZE_BYTES, 'm') })
    write(`${at}/a`)
  },
  append: (at) => write(`${at}/a`, { at: SIZE_BYTES }),
  'append to O_DSYNC': (at) => write(`${at}/a`, { at: SIZE_BYTES, flags: O_RDWR | O_DSYNC }),
  truncate: (at) => on(`${at}/a`, O_RDWR, (fd) => fs.ftruncateSync(fd, 100)),
  'truncate and fdatasync': (at) =>
    on(`${at}/a`, O_RDWR, (fd) => {
      fs.ftruncateSync(fd, 100)
      fs.fdatasyncSync(fd)
    }),
  'truncate by open': (at) => fs.writeFileSync(`${at}/a`, ''),
  'create and fdatasync': (at) => makeNew(`${at}/b`, fs.fdatasyncSync),
  'create, fdatasync, sync of the folder': (at) => {
    makeNew(`${at}/b`, fs.fdatasyncSync)
    syncFolder(at)
  },
  'create, sync of the folder alone': (at) => {
    makeNew(`${at}/b`)
    syncFolder(at)
  },
  'create two': (at) => {
    makeNew(`${at}/b`, fs.fdatasyncSync)
    makeNew(`${at}/c`, fs.fdatasyncSync)
  },
  copy: (at) => fs.copyFileSync(`${at}/a`, `${at}/b`),
  'rename over': (at) => {
    makeNew(`${at}/b`, fs.fdatasyncSync)
    fs.renameSync(`${at}/b`, `${at}/a`)
  },
  'rename over, sync of the folder': (at) => {
    makeNew(`${at}/b`, fs.fdatasyncSync)
    fs.renameSync(`${at}/b`, `${at}/a`)
    syncFolder(at)
  },
  'rename to another folder': (at) => {
    fs.mkdirSync(`${at}/f`)
    syncFolder(at)
    fs.renameSync(`${at}/a`, `${at}/f/a`)
  },
  unlink: (at) => fs.unlinkSync(`${at}/a`),
  'unlink, sync of the folder': (at) => {
    fs.unlinkSync(`${at}/a`)
    syncFolder(at)
  },
  'link and unlink': (at) => {
    fs.linkSync(`${at}/a`, `${at}/b`)
    fs.unlinkSync(`${at}/a`)
  },
  'make a folder': (at) => fs.mkdirSync(`${at}/f`),
  'make and remove a folder': (at) => {
    fs.mkdirSync(`${at}/f`)
    syncFolder(at)
    fs.rmdirSync(`${at}/f`)
  },
  'write, sync by another process': (at) => {
    write(`${at}/a`)
    spawnSync(process.execPath, [fileURLToPath(import.meta.url), at, 'sync'])
  },
}

/** The parent makes the folders, and in each `a`; then it kills us, as we do here. */
function main([root, what]) {
  if (what === 'sync') return on(`${root}/a`, O_RDWR, fs.fdatasyncSync)
  for (const [index, act] of Object.values(ACTS).entries()) act(`${root}/${index}`)
  process.kill(process.pid, 'SIGKILL')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2))
