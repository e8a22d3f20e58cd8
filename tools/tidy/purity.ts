// What the code may touch: the machine in platform/ alone, the environment in cli/env.ts alone,
// nothing at import time, each package in one file.

import { folderOf, isTest } from './sources.ts'
import type { Finding, Source } from './sources.ts'

/** Modules of Node that reach the machine, and not only compute. Their types are free. */
const MACHINE_MODULES = new Set(
  ['fs', 'fs/promises', 'net', 'tls', 'dgram', 'dns', 'dns/promises', 'http', 'https', 'http2']
    .concat(['child_process', 'cluster', 'worker_threads', 'os', 'timers', 'timers/promises'])
    .concat(['perf_hooks', 'readline', 'readline/promises', 'vm', 'v8', 'inspector', 'repl'])
    .map((name) => `node:${name}`),
)
/** Time, randomness and the machine by their global names. */
const MACHINE_NAMES =
  /\b(?:Date\.now|Math\.random|performance\.now|process\.hrtime|crypto\.randomUUID|getRandomValues|randomBytes|randomUUID|randomInt|randomFill(?:Sync)?|setTimeout|setInterval|setImmediate|fetch)\s*\(|\bnew Date\(\s*\)/
/** Names of methods and types that look the same stay free: `.fetch(`, `setTimeout(` of a socket. */
const MEMBER_BEFORE = /(?<!\.\.)[.#]$/

/** The machine outside platform/; cli/ is where a person's terminal and files are. */
export function machineFindings(sources: readonly Source[]): Finding[] {
  return sources.flatMap((source) => {
    const { imports, path } = source
    if (isTest(path) || folderOf(path) === 'platform') return []
    const modules = imports
      .filter(({ isType, specifier }) => !isType && MACHINE_MODULES.has(specifier))
      .map(({ specifier }) => `${path}: ${specifier} belongs into platform/`)
    return [...modules, ...linesWith(source, MACHINE_NAMES, 'belongs into platform/')]
  })
}

/** The environment outside cli/env.ts. */
export function environmentFindings(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => path.startsWith('src/') && path !== 'src/cli/env.ts')
    .filter(({ path }) => !path.endsWith('.test.ts'))
    .flatMap((source) => linesWith(source, /\bprocess\.env\b/, 'is read in cli/env.ts alone'))
}

/** Errors without a class. */
export function errorFindings(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => !path.endsWith('.test.ts') && folderOf(path) !== 'tools')
    .flatMap((source) => linesWith(source, /(?:\bnew |\bthrow )Error\(/, 'needs a class'))
}

/** Tests that wait for time to pass. The clock's own test must. */
export function sleepFindings(sources: readonly Source[]): Finding[] {
  const sleep = /\bsetTimeout\s*\(|\bsetInterval\s*\(|\bAtomics\.wait\b|\bsystemClock\.sleep\b/
  return sources
    .filter(({ path }) => isTest(path) && !path.startsWith('bench/'))
    .filter(({ path }) => path !== 'src/platform/clock.test.ts')
    .flatMap((source) => {
      const named = source.imports.filter(({ specifier }) => specifier === 'node:timers/promises')
      return [
        ...named.map(() => `${source.path}: turn the clock or wait for the event`),
        ...linesWith(source, sleep, 'is a sleep: turn the clock or wait for the event'),
      ]
    })
}

/** Programs, whose import is their start. */
const ENTRY = /^src\/cli\/main\.ts$|^src\/cell\/[a-z]+-main\.ts$/
/** A statement at the outermost level that does something, by the look of its first words. */
const ACTS = [
  /^(?:await|void|for|while|if|switch|try|new|delete|do)\b/,
  /^(?!export|import|const|let|function|async|class|interface|type|declare|return)[\w$.]+\s*(?:\(|\+?=[^=>])/,
  /^(?:export )?(?:const|let) [^=]*=\s*(?:await\b|(?:\w+\.)?(?:open|create|connect|listen|start|spawn|read|mkdir|run)\w*\(|setTimeout|process\.)/,
]

/** What happens at import time, as far as the look of a line tells. */
export function importTimeFindings(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => !isTest(path) && !ENTRY.test(path))
    .flatMap(({ code, path }) =>
      code.split('\n').flatMap((line, index) => {
        const isCall = ACTS.some((pattern) => pattern.test(line))
        return isCall ? [`${path}:${index + 1}: nothing happens at import time`] : []
      }),
    )
}

/** Packages imported by several files; types count, as they bind as much. */
export function packageFindings(sources: readonly Source[]): Finding[] {
  const users = new Map<string, Set<string>>()
  for (const { imports, path } of sources) {
    if (isTest(path)) continue
    for (const { specifier } of imports) {
      if (specifier.startsWith('.') || specifier.startsWith('node:')) continue
      const name = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')
      users.set(name, (users.get(name) ?? new Set()).add(path))
    }
  }
  return [...users].flatMap(([name, paths]) =>
    paths.size > 1 ? [`${[...paths].join(', ')}: ${name} is imported by one file alone`] : [],
  )
}

function linesWith({ code, path }: Source, pattern: RegExp, why: string): Finding[] {
  return code.split('\n').flatMap((line, index) => {
    const match = pattern.exec(line)
    if (match === null || MEMBER_BEFORE.test(line.slice(0, match.index))) return []
    return [`${path}:${index + 1}: ${match[0].replace(/\($/, '').trim()} ${why}`]
  })
}
