// The sources as the layout's rules see them: each file's text, its imports, its place.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { splitText } from './text.ts'
import type { SourceText } from './text.ts'

export interface Import {
  /** As written: a relative path with its extension, `node:…` or a package. */
  readonly specifier: string
  /** Path in the repository; null for what is no file of it. */
  readonly file: string | null
  readonly isType: boolean
}

export interface Source extends SourceText {
  /** Path in the repository, with slashes. */
  readonly path: string
  readonly text: string
  readonly imports: readonly Import[]
}

/** One breach, as `path: what is wrong and what to do`. */
export type Finding = string

const FOLDERS = ['src', 'test', 'sim', 'bench', 'tools']
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^'";]*?from\s*'([^']+)'|(?:^|\n)\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'/g

/** All TypeScript files below the current folder, the repository's root. */
export function readSources(): Source[] {
  return FOLDERS.flatMap((folder) => filesBelow(folder)).map((path) =>
    sourceOf(path, readFileSync(path, 'utf8')),
  )
}

function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.name === 'node_modules') return []
    if (entry.isDirectory()) return filesBelow(path)
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts') ? [path] : []
  })
}

/** A file as the rules see it; also used to plant violations. */
export function sourceOf(path: string, text: string): Source {
  const split = splitText(text)
  const imports = [...split.withStrings.matchAll(IMPORT)].map((match): Import => {
    const specifier = match[2] ?? match[3] ?? match[4] ?? ''
    const isFile = specifier.startsWith('.')
    return {
      specifier,
      file: isFile ? normalize(join(dirname(path), specifier)) : null,
      isType: match[1] !== undefined,
    }
  })
  return { path, text, imports, ...split }
}

/** The folder below src/, or the first folder: 'engine', 'sim'. */
export function folderOf(path: string): string {
  const [first, second] = path.split('/')
  return (first === 'src' ? second : first) ?? ''
}

/** Tests, suites and what only they use. */
export function isTest(path: string): boolean {
  if (!path.startsWith('src/')) return true
  const name = path.slice(path.lastIndexOf('/') + 1)
  return /\.test\.ts$|-suite\.ts$|^suite-.*\.ts$|-model\.ts$|^manual-clock\.ts$/.test(name)
}
