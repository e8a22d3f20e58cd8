// Which folder may see which: STYLE's arrows, contracts alone between subsystems, no circles, no
// folders without a subject.

import { folderOf, isTest } from './sources.ts'
import type { Finding, Source } from './sources.ts'

type Level = readonly string[]

const SUBSYSTEMS: Level = [
  'object-index',
  'placement',
  'storage',
  'billing',
  'capacity',
  'directory',
]
const DEPENDENTS: Level = ['status', 'console', 'volumes', 'functions', 'instances']

/** The arrows, each from left to right: a folder may skip levels but not turn back. */
const ARROWS: readonly (readonly Level[])[] = [
  [['base'], ['s3', 'engine'], SUBSYSTEMS, ['gateway'], ['router'], ['cell'], ['cli']],
  [['base', 'platform', 's3'], DEPENDENTS, ['cli']],
  [['capacity'], ['playbooks'], ['cli']],
  [['base'], ['platform'], ['cell']],
]
/** These see everything, and nothing sees them. */
const OUTSIDE: Level = ['sim', 'test', 'bench', 'tools']
/** Behind a contract stands another subsystem: nothing but its contract file is seen. */
const CONTRACTS: Level = [...SUBSYSTEMS, 'engine', 'gateway', 'router']
const NO_SUBJECT = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'types', 'misc'])

/** Folder by folder, what it may import: all that an arrow leads from to it. */
const VISIBLE: ReadonlyMap<string, ReadonlySet<string>> = visibleFolders()

function visibleFolders(): Map<string, Set<string>> {
  const visible = new Map<string, Set<string>>()
  for (const levels of ARROWS) {
    for (const [index, level] of levels.entries()) {
      const below = levels.slice(0, index).flat()
      for (const folder of level) {
        visible.set(folder, new Set([...(visible.get(folder) ?? []), ...below]))
      }
    }
  }
  // Arrows follow on each other: what is seen of what is seen.
  for (const seen of visible.values()) {
    for (const below of seen) addAll(seen, visible.get(below) ?? []) // grows while it is walked
  }
  return visible
}

function addAll(into: Set<string>, folders: Iterable<string>): void {
  for (const folder of folders) into.add(folder)
}

/** Imports against an arrow, and folders that no arrow names. */
export function arrowFindings(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ imports, path }) => {
    const from = folderOf(path)
    if (OUTSIDE.includes(from) || path.endsWith('.test.ts')) return []
    const seen = VISIBLE.get(from)
    if (seen === undefined) return [`${path}: no arrow names the folder ${from}`]
    return imports.flatMap(({ file }) => {
      const to = file === null ? from : folderOf(file)
      if (to === from || seen.has(to) || isPeer(from, to)) return []
      return [`${path}: ${from} must not see ${to} (${file})`]
    })
  })
}

/** Subsystems of one level see each other's contracts; which file, another rule says. */
function isPeer(from: string, to: string): boolean {
  return SUBSYSTEMS.includes(from) && SUBSYSTEMS.includes(to)
}

/** Imports of more of a subsystem than its contract. Cell wires, and cli what stands beside the store; tests and suites try. */
export function contractFindings(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ imports, path }) => {
    const from = folderOf(path)
    if (from === 'cell' || isTest(path)) return []
    return imports.flatMap(({ file }) => {
      if (file === null) return []
      const to = folderOf(file)
      const isWiring = /-(?:service|http)\.ts$/.test(file) && file.startsWith('src/')
      if (from === 'cli' && DEPENDENTS.includes(to)) return []
      const isInside = to === from || !CONTRACTS.includes(to) || from === 'cli'
      if (isInside && !(isWiring && to !== from)) return []
      if (!isWiring && file === `src/${to}/${to}.ts`) return []
      return [`${path}: of ${to} only its contract may be seen, not ${file}`]
    })
  })
}

/** Circles of imports, types included, each named once by its files in order. */
export function cycleFindings(sources: readonly Source[]): Finding[] {
  const byPath = new Map(sources.map((source) => [source.path, source]))
  const done = new Set<string>()
  const findings: Finding[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) findings.push(`${[...trail.slice(start), path].join(' -> ')}: a circle`)
    if (start >= 0 || done.has(path)) return
    for (const { file } of byPath.get(path)?.imports ?? []) {
      if (file !== null) visit(file, [...trail, path])
    }
    done.add(path)
  }
  for (const { path } of sources) visit(path, [])
  return findings
}

/** Folders that say nothing. */
export function folderFindings(paths: readonly string[]): Finding[] {
  return paths.flatMap((path) => {
    const bad = path
      .split('/')
      .slice(0, -1)
      .find((part) => NO_SUBJECT.has(part))
    return bad === undefined ? [] : [`${path}: a thing lives with its subject, not in ${bad}/`]
  })
}
