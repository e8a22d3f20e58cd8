// What the pages promise about the code: invariants name files that exist, the list of gaps is that
// of the operations without a handler, limits on length, suites that are run.

import type { Finding, Source } from './sources.ts'

const LINES_MAX = 500

/** Files that are too long. */
export function lengthFindings(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, text }) => {
    const count = text.trimEnd().split('\n').length
    return count > LINES_MAX ? [`${path}: ${count} lines, ${LINES_MAX} are the most`] : []
  })
}

/** Rules silenced without a reason, and checks switched off for what follows. */
export function silenceFindings(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => {
      const isSilent = /^\s*(?:\/\/|\/\*)\s*(?:@ts-(?:ignore|nocheck)|(?:ox|es)lint-disable)/.test(
        line,
      )
      return isSilent && !/ -- \S/.test(line) ? [`${path}:${index + 1}: needs ' -- reason'`] : []
    }),
  )
}

/** Suites that no test runs, and HTTP pairs without a test of their own. */
export function suiteFindings(sources: readonly Source[]): Finding[] {
  const tests = sources.filter(({ path }) => path.endsWith('.test.ts'))
  const run = new Set(tests.flatMap(({ imports }) => imports.map(({ file }) => file)))
  return sources.flatMap(({ path }) => {
    if (path.endsWith('-suite.ts') && !run.has(path)) return [`${path}: no test runs this suite`]
    if (!/^src\/.*-http\.ts$/.test(path)) return []
    const suite = path.replace(/-http\.ts$/, '-suite.ts')
    const own = tests.find((test) => test.path === path.replace(/\.ts$/, '.test.ts'))
    const passes = own?.imports.some(({ file }) => file === suite) === true
    return passes ? [] : [`${path}: its test passes what the service passes (${suite})`]
  })
}

/** Entries of INVARIANTS.md whose files are not there. */
export function invariantFindings(page: string, exists: (path: string) => boolean): Finding[] {
  const entries = page.split(/^### /m).slice(1)
  return entries.flatMap((entry) => {
    const title = entry.split('\n')[0] ?? ''
    const enforced = /^Enforced by: ((?:.+\n?)+)/m.exec(entry)?.[1]
    if (enforced === undefined) return [`INVARIANTS.md: ${title} is enforced by nothing`]
    const paths = enforced.split(/[,\s]+/).map((path) => path.replace(/^`|[`.]$/g, ''))
    const missing = paths.filter((path) => path.includes('/') && !exists(path))
    const isTested = paths.some((path) => /\.test\.ts$|-suite\.ts$|^(?:sim|test)\//.test(path))
    return [
      ...missing.map((path) => `INVARIANTS.md: ${title} names ${path}, which is not there`),
      ...(isTested ? [] : [`INVARIANTS.md: ${title} names no test`]),
    ]
  })
}

/** Operations of the table that have no handler; `Name: GAP` or `Name: { …, handle: null }`. */
export function unhandled(table: string): string[] {
  const row = /\b(\w+): (?:GAP\b|\{[^{}]*\bhandle: null\b[^{}]*\})/g
  return [...table.matchAll(row)].flatMap((match) => (match[1] === undefined ? [] : [match[1]]))
}

/** The operations that docs/gaps.md names under its heading `… NotImplemented`, in backticks. */
function gapsNamed(page: string): string[] {
  const section = /^#+ .*NotImplemented.*\n([^]*?)(?=^#+ |$(?![^]))/m.exec(page)?.[1] ?? ''
  return [...section.matchAll(/`([A-Z]\w+)`/g)].flatMap((match) =>
    match[1] === undefined ? [] : [match[1]],
  )
}

/** Where the table of operations and the page of gaps differ. */
export function gapFindings(table: string, page: string): Finding[] {
  const [missing, named] = [new Set(unhandled(table)), new Set(gapsNamed(page))]
  return [
    ...[...missing]
      .filter((name) => !named.has(name))
      .map((name) => `${name} is not in docs/gaps.md`),
    ...[...named].filter((name) => !missing.has(name)).map((name) => `${name} is no gap any more`),
  ]
}

/** Dependencies that are not pinned. */
export function pinFindings(manifest: string): Finding[] {
  const { dependencies = {}, devDependencies = {} } = JSON.parse(manifest) as {
    readonly dependencies?: Readonly<Record<string, string>>
    readonly devDependencies?: Readonly<Record<string, string>>
  }
  return Object.entries({ ...dependencies, ...devDependencies }).flatMap(([name, version]) =>
    /^\d+\.\d+\.\d+[-.\w]*$/.test(version)
      ? []
      : [`package.json: ${name} ${version} is not pinned`],
  )
}
