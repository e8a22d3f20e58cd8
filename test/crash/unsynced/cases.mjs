// What may be left of each case after a power cut, and what must be seen of it in some seeds: of one
// that promises nothing, the loss too.

import { existsSync, readFileSync } from 'node:fs'

const SECTOR_BYTES = 512

/** A file as one word: each sector's one byte, runs of the same one folded: `4096n`, `4096no`; `z` for zeros, `-` for none. */
function textOf(path) {
  if (!existsSync(path)) return '-'
  const bytes = readFileSync(path)
  if (bytes.length === 0) return 'empty'
  const sectors = []
  for (let at = 0; at < bytes.length; at += SECTOR_BYTES) {
    const [first] = bytes.subarray(at)
    const isOne = bytes.subarray(at, at + SECTOR_BYTES).every((byte) => byte === first)
    sectors.push(!isOne ? '?' : first === 0 ? 'z' : String.fromCharCode(first))
  }
  const kinds = [...new Set(sectors)].toSorted().join('')
  return `${bytes.length}${kinds}`
}

const see =
  (...names) =>
  (folder) =>
    names.map((name) => textOf(`${folder}/${name}`)).join(' ')

/** `must` is seen in some seeds, and nothing that is in neither it nor `may`; `all` with all lost. */
const one = (outcome, look = see('a')) => ({ look, all: outcome, must: [outcome], may: [] })
const free = (all, others, { may = [], look = see('a') } = {}) => {
  return { look, all, must: [all, ...others], may }
}
const names = (...list) => ({ look: see(...list) })

const LOST_OR_NOT = free('4096o', ['4096n', '4096no'])

/** By the names in acts.mjs. */
export const NODE_CASES = {
  write: LOST_OR_NOT,
  'write in pieces': LOST_OR_NOT,
  'write at the descriptor': LOST_OR_NOT,
  'write and fdatasync': one('4096n'),
  'write and fsync': one('4096n'),
  'write to O_DSYNC': one('4096n'),
  'write to O_SYNC': one('4096n'),
  'write, then O_DSYNC elsewhere': free('4096no', ['4096n']),
  'O_DSYNC over a write': one('4096n'),
  'write twice': free('4096o', ['4096n', '4096m'], {
    may: ['4096mn', '4096mo', '4096no', '4096mno'],
  }),
  append: free('4096o', ['8192no'], { may: ['8192oz', '8192noz'] }),
  'append to O_DSYNC': one('8192no'),
  truncate: free('4096o', ['100o']),
  'truncate and fdatasync': one('100o'),
  'truncate by open': free('4096o', ['empty']),
  'create and fdatasync': free('-', ['4096n'], names('b')),
  'create, fdatasync, sync of the folder': one('4096n', see('b')),
  'create, sync of the folder alone': free('empty', ['4096n'], {
    ...names('b'),
    may: ['4096z', '4096nz'],
  }),
  'create two': free('- -', ['4096n -', '4096n 4096n'], names('b', 'c')),
  copy: free('-', ['4096o'], { ...names('b'), may: ['empty', '4096z', '4096oz'] }),
  'rename over': free('4096o', ['4096n'], { look: see('a') }),
  'rename over, sync of the folder': one('4096n -', see('a', 'b')),
  'rename to another folder': free('4096o -', ['- 4096o'], names('a', 'f/a')),
  unlink: free('4096o', ['-']),
  'unlink, sync of the folder': one('-'),
  'link and unlink': free('4096o -', ['- 4096o'], { ...names('a', 'b'), may: ['4096o 4096o'] }),
  'make a folder': free('no', ['yes'], { look: (at) => (existsSync(`${at}/f`) ? 'yes' : 'no') }),
  'make and remove a folder': free('yes', ['no'], {
    look: (at) => (existsSync(`${at}/f`) ? 'yes' : 'no'),
  }),
  'write, sync by another process': one('4096n'),
}

/** By the names in calls.c. */
export const C_CASES = {
  mapping: LOST_OR_NOT,
  'mapping and msync': one('4096n'),
  'mapping and msync without waiting': LOST_OR_NOT,
  pwritev2: LOST_OR_NOT,
  'pwritev2, RWF_DSYNC': one('4096n'),
  sync_file_range: LOST_OR_NOT,
  hole: free('4096o', ['4096z']),
  allocate: free('4096o', ['8192oz']),
  copy_file_range: LOST_OR_NOT,
}
