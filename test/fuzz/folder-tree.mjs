// What lies in a folder, so that two looks at it can be compared.

import { lstatSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Path to kind, size and content of small files, for everything but the folders in `except`. */
export function lookAt(folder, except) {
  const seen = new Map()
  const visit = (path) => {
    for (const name of readdirSync(join(folder, path))) {
      const inner = join(path, name)
      if (except.includes(inner)) continue
      const stat = lstatSync(join(folder, inner))
      if (stat.isDirectory()) {
        seen.set(inner, 'folder')
        visit(inner)
      } else {
        const isShort = stat.size < 10_000 && stat.isFile()
        const text = isShort ? readFileSync(join(folder, inner), 'utf8') : ''
        seen.set(inner, `${stat.size} bytes ${text}`)
      }
    }
  }
  visit('')
  return seen
}

/** What appeared, vanished or changed, by name. */
export function compareLooks(before, after) {
  const appeared = [...after.keys()].filter((path) => !before.has(path))
  const vanished = [...before.keys()].filter((path) => !after.has(path))
  const changed = [...after.keys()].filter(
    (path) => before.has(path) && before.get(path) !== after.get(path),
  )
  return [
    ...appeared.map((path) => `${path} appeared`),
    ...vanished.map((path) => `${path} vanished`),
    ...changed.map((path) => `${path} changed`),
  ]
}
