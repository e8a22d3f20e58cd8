// The one table of what an operator may set. Flags, environment variables (HOLDFAST_ and the
// flag's name), the config file's fields, their checks, `--help` and docs/operating/options.md are
// made from it. A flag wins over the environment, that over the config file, that over the default.

import { WORKERS_MAX } from '../base/limits.ts'
import type { ObjectOwnership } from '../s3/canned-acl.ts'
import { CliError } from './cli-error.ts'
import { didYouMean } from '../base/closest.ts'

/** How an option's text becomes a value; a text that does not fit is refused by name. */
interface Kind<T> {
  readonly placeholder: string
  /** Null where the text does not fit. */
  readonly parse: (text: string) => T | null
  readonly expects: string
}

export interface Address {
  readonly host: string
  readonly port: number
}

const text: Kind<string> = {
  placeholder: 'TEXT',
  expects: 'a text',
  parse: (value) => (value.trim() === '' ? null : value),
}
const region: Kind<string> = {
  placeholder: 'NAME',
  expects: 'a name of 1 to 64 letters, digits and dashes',
  parse: (value) => (/^[A-Za-z0-9-]{1,64}$/.test(value) ? value : null),
}
const file: Kind<string> = { ...text, placeholder: 'FILE', expects: 'a file name' }
const address: Kind<Address> = {
  placeholder: 'HOST:PORT',
  parse: parseAddress,
  expects: 'a host and a port, such as 127.0.0.1:9000 or [::1]:9000',
}
const count: Kind<number> = {
  placeholder: 'N',
  expects: `a whole number from 0 to ${WORKERS_MAX}`,
  parse: (value) =>
    /^\d{1,3}$/.test(value) && Number(value) <= WORKERS_MAX ? Number(value) : null,
}
const list: Kind<readonly string[]> = {
  placeholder: 'NAME[,NAME…]',
  expects: 'host names',
  parse: parseDomains,
}

function oneOf<T extends string>(...values: readonly T[]): Kind<T> {
  return {
    placeholder: values.join('|'),
    expects: `one of ${values.join(', ')}`,
    parse: (value) => values.find((known) => known === value) ?? null,
  }
}

interface Option<T> {
  readonly kind: Kind<T>
  /** Null: not set. */
  readonly default: T | null
  readonly description: string
  /** A secret is never printed and, on the command line, seen by other users of the machine. */
  readonly isSecret?: true
}

function option<T>(kind: Kind<T>, preset: T | null, description: string): Option<T> {
  return { kind, default: preset, description }
}

interface ServeOptionTable {
  readonly listen: Option<Address>
  readonly 'admin-listen': Option<Address>
  readonly region: Option<string>
  readonly domain: Option<readonly string[]>
  readonly 'tls-cert': Option<string>
  readonly 'tls-key': Option<string>
  readonly workers: Option<number>
  readonly start: Option<'serve' | 'strict'>
  readonly 'object-ownership': Option<ObjectOwnership>
  readonly 'access-log': Option<'none' | 'errors' | 'all'>
  readonly 'log-level': Option<'debug' | 'info' | 'warn' | 'error'>
  readonly 'access-key': Option<string>
  readonly 'secret-key': Option<string>
}

/** What `holdfast serve` takes. */
export const SERVE_OPTIONS: ServeOptionTable = {
  listen: option(
    address,
    { host: '127.0.0.1', port: 9000 },
    'where S3 is served; port 0 takes a free one',
  ),
  'admin-listen': option(
    address,
    null,
    'serve /-/health and /-/metrics here alone, without TLS; not set: with S3',
  ),
  region: option(
    region,
    null,
    "the region that requests are signed for; init's is us-east-1 by default, serve's the store's",
  ),
  domain: option(list, null, 'base domains for bucket.DOMAIN addressing; path style always works'),
  'tls-cert': option(file, null, 'PEM certificate chain; with --tls-key, S3 is served over TLS'),
  'tls-key': option(file, null, 'PEM key; both files are read again when they change'),
  workers: option(count, 0, 'processes that serve requests; 0: one for each core'),
  start: option(
    oneOf('serve', 'strict'),
    'serve',
    'serve at once and validate beside it, or hold requests until all records are validated',
  ),
  'object-ownership': option(
    oneOf('BucketOwnerEnforced', 'ObjectWriter'),
    'BucketOwnerEnforced',
    'what new buckets get: ObjectWriter lets ACLs make them and their objects public',
  ),
  'access-log': option(
    oneOf('none', 'errors', 'all'),
    'errors',
    'which requests are logged, one JSON line each, to standard output',
  ),
  'log-level': option(
    oneOf('debug', 'info', 'warn', 'error'),
    'info',
    'what else is logged, to standard error',
  ),
  'access-key': option(text, null, "sets the root account's access key, with --secret-key"),
  'secret-key': { ...option(text, null, "sets the root account's secret key"), isSecret: true },
}

export type ServeOptionName = keyof ServeOptionTable
/** Every option's value; null where it is not set and has no default. */
export type ServeOptions = {
  readonly [N in ServeOptionName]: ServeOptionTable[N] extends Option<infer T> ? T | null : never
}

export const SERVE_OPTION_NAMES: readonly ServeOptionName[] = Object.keys(
  SERVE_OPTIONS,
) as ServeOptionName[]

/** HOLDFAST_TLS_CERT for tls-cert. */
export function variableOf(name: string): string {
  return `HOLDFAST_${name.toUpperCase().replaceAll('-', '_')}`
}

/** Variables of this prefix are the project's own tests'. */
const TEST_PREFIX = 'HOLDFAST_TEST_'

/** A misspelt variable would leave its option as it is, silently. @throws CliError */
function refuseUnknownVariables(environment: OptionSources['environment']): void {
  const known = ['HOLDFAST_CONFIG', ...SERVE_OPTION_NAMES.map(variableOf)]
  for (const name of Object.keys(environment)) {
    if (known.includes(name) || name.startsWith(TEST_PREFIX)) continue
    throw new CliError(`the environment has an unknown variable ${name}${didYouMean(name, known)}`)
  }
}

/** A field of the config file as a text; lists as their names. @throws CliError */
export function readConfigField(name: string, value: unknown): string {
  const known: readonly string[] = SERVE_OPTION_NAMES
  if (!known.includes(name)) {
    throw new CliError(`the config file has an unknown option "${name}"${didYouMean(name, known)}`)
  }
  if (typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  const isList = Array.isArray(value) && value.length > 0
  if (isList && value.every((each) => typeof each === 'string')) return value.join(',')
  throw new CliError(`"${name}" in the config file is not a text, a number or a list of texts`)
}

/** The default as people write it; empty where there is none. */
export function presetText(name: ServeOptionName): string {
  const preset = SERVE_OPTIONS[name].default
  if (preset === null) return ''
  if (typeof preset === 'string' || typeof preset === 'number') return String(preset)
  return 'host' in preset ? `${preset.host}:${preset.port}` : preset.join(',')
}

/** Where a value was given, for messages. */
export interface OptionSources {
  readonly flags: Readonly<Record<string, string | undefined>>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly config: Readonly<Record<string, string | undefined>>
}

/** Reads all serve options from their sources. @throws CliError naming source and expectation */
export function readServeOptions(sources: OptionSources): ServeOptions {
  refuseUnknownVariables(sources.environment)
  const values: Record<string, unknown> = {}
  for (const name of SERVE_OPTION_NAMES) values[name] = readOption(name, sources)
  const options = values as unknown as ServeOptions
  requirePair(options, 'tls-cert', 'tls-key')
  requirePair(options, 'access-key', 'secret-key')
  return options
}

function readOption(name: ServeOptionName, sources: OptionSources): unknown {
  const { kind, default: preset } = SERVE_OPTIONS[name]
  const given: readonly (readonly [string, string | undefined])[] = [
    [`--${name}`, sources.flags[name]],
    [variableOf(name), sources.environment[variableOf(name)]],
    [`"${name}" in the config file`, sources.config[name]],
  ]
  const found = given.find(([, value]) => value !== undefined)
  if (found?.[1] === undefined) return preset
  const value = kind.parse(found[1])
  if (value === null) throw new CliError(`${found[0]} takes ${kind.expects}`)
  return value
}

function requirePair(options: ServeOptions, one: ServeOptionName, other: ServeOptionName): void {
  if ((options[one] === null) === (options[other] === null)) return
  const [given, missing] = options[one] === null ? [other, one] : [one, other]
  throw new CliError(`--${given} needs --${missing} (or ${variableOf(missing)}) too`)
}

/** `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (all interfaces). */
function parseAddress(value: string): Address | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(value)
  if (match === null) return null
  const port = Number(match[3])
  const host = match[1] ?? match[2] ?? ''
  return port > 65_535 ? null : { host: host === '' ? '::' : host, port }
}

function parseDomains(value: string): readonly string[] | null {
  const names = value.split(',').map((name) => name.trim().toLowerCase())
  return names.every((name) => /^[a-z0-9.-]+(:\d{1,5})?$/.test(name)) ? names : null
}
