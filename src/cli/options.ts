// The one table of what an operator may set. Flags, environment variables (HOLDFAST_ and the
// flag's name), the config file's fields, their checks, `--help` and docs/operating/options.md are
// made from it. A flag wins over the environment, that over the config file, that over the default.

import { WORKERS_MAX } from '../base/limits.ts'
import type { ObjectOwnership } from '../s3/canned-acl.ts'
import { CliError } from './cli-error.ts'
import { address, file, oneOf, option, readOption, text, variableOf } from './option.ts'
import type { Address, Kind, Option } from './option.ts'
import { STATUS_VARIABLES } from './status-options.ts'
import { didYouMean } from '../base/closest.ts'

const region: Kind<string> = {
  placeholder: 'NAME',
  expects: 'a name of 1 to 64 letters, digits and dashes',
  parse: (value) => (/^[A-Za-z0-9-]{1,64}$/.test(value) ? value : null),
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

/** Variables of this prefix are the project's own tests'. */
const TEST_PREFIX = 'HOLDFAST_TEST_'

/** A misspelt variable would leave its option as it is, silently. @throws CliError */
function refuseUnknownVariables(environment: OptionSources['environment']): void {
  const known = ['HOLDFAST_CONFIG', ...SERVE_OPTION_NAMES.map(variableOf), ...STATUS_VARIABLES]
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
  for (const name of SERVE_OPTION_NAMES) values[name] = readServeOption(name, sources)
  const options = values as unknown as ServeOptions
  requirePair(options, 'tls-cert', 'tls-key')
  requirePair(options, 'access-key', 'secret-key')
  return options
}

function readServeOption(name: ServeOptionName, sources: OptionSources): unknown {
  return readOption<unknown>(SERVE_OPTIONS[name], [
    [`--${name}`, sources.flags[name]],
    [variableOf(name), sources.environment[variableOf(name)]],
    [`"${name}" in the config file`, sources.config[name]],
  ])
}

function requirePair(options: ServeOptions, one: ServeOptionName, other: ServeOptionName): void {
  if ((options[one] === null) === (options[other] === null)) return
  const [given, missing] = options[one] === null ? [other, one] : [one, other]
  throw new CliError(`--${given} needs --${missing} (or ${variableOf(missing)}) too`)
}

function parseDomains(value: string): readonly string[] | null {
  const names = value.split(',').map((name) => name.trim().toLowerCase())
  return names.every((name) => /^[a-z0-9.-]+(:\d{1,5})?$/.test(name)) ? names : null
}
