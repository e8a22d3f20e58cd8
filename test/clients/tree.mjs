// Folder trees for clients that carry files: grown with awkward names, and compared whole.

import { randomBytes } from 'node:crypto'
import { lstatSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { check, checkSame } from './standard.mjs'

const FILES = {
  'plain.txt': 1000,
  empty: 0,
  'in/a/deep/folder/file': 5000,
  'with space/and + plus': 300,
  'per%2Fcent/100%': 400,
  '\u{1FAA3}/\u00fcn\u00efcode': 500,
  'amp&<tag>': 10,
  'big/six-mebibytes': 6 * 2 ** 20 + 1,
}

/** Makes a folder with files of random bytes; answers its path. */
export function growTree(folder) {
  for (const [name, sizeBytes] of Object.entries(FILES)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), randomBytes(sizeBytes))
  }
  return folder
}

/** Paths of all files under a folder, sorted. */
export function filesOf(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => lstatSync(join(folder, name)).isFile())
    .sort()
}

/** Fails the case unless both folders have the same files with the same bytes. */
export function checkSameTree(wanted, got) {
  const [names, gotNames] = [filesOf(wanted), filesOf(got)]
  check(
    names.join('\n') === gotNames.join('\n'),
    `files ${gotNames.join(', ')} in place of ${names.join(', ')}`,
  )
  for (const name of names) {
    checkSame(readFileSync(join(wanted, name)), readFileSync(join(got, name)), name)
  }
}
