// The one table of what `holdfast status serve` takes, as options.ts is for `holdfast serve`: flags,
// environment variables (HOLDFAST_STATUS_ and the flag's name), `--help` and docs/operating/options.md
// are made from it. What is watched, and who may speak, is in the configuration that it names.

import { didYouMean } from '../base/closest.ts'
import { CliError } from './cli-error.ts'
import { address, file, oneOf, option, readOption, text, variableOf } from './option.ts'
import type { Address, Kind, Option } from './option.ts'

const name: Kind<string> = {
  placeholder: 'NAME',
  expects: 'a name of a-z, 0-9 and -, 1 to 32 of them',
  parse: (value) => (/^[a-z0-9-]{1,32}$/.test(value) ? value : null),
}
const peers: Kind<readonly string[]> = {
  placeholder: '[NAME=]URL[,…]',
  expects: 'origins such as https://b.example.com, or b=http://10.0.0.2:9100',
  parse: (value) => {
    const each = value.split(',').map((part) => part.trim())
    const isPeer = (part: string): boolean => /^([a-z0-9-]+=)?https?:\/\/[^\s/?#@]+\/?$/.test(part)
    return each.every(isPeer) ? each : null
  },
}

const ca: Option<string> = option(
  file,
  null,
  'PEM of authorities whose certificates are trusted beside the usual ones',
)

interface StatusOptionTable {
  readonly site: Option<string>
  readonly config: Option<string>
  readonly listen: Option<Address>
  readonly peer: Option<readonly string[]>
  readonly 'tls-cert': Option<string>
  readonly 'tls-key': Option<string>
  readonly ca: Option<string>
  readonly 'log-level': Option<'debug' | 'info' | 'warn' | 'error'>
}

/** What `holdfast status serve` takes. */
export const STATUS_OPTIONS: StatusOptionTable = {
  site: option(name, null, 'which of the configuration’s sites this is; must be given'),
  config: option(file, null, 'the configuration of the status plane; not set: DIR/config.json'),
  listen: option(
    address,
    { host: '127.0.0.1', port: 9100 },
    'where the page is served; port 0 takes a free one',
  ),
  peer: option(
    peers,
    null,
    'where other sites are reached from here, where that is not their URL in the configuration',
  ),
  'tls-cert': option(file, null, 'PEM certificate chain; with --tls-key, it is served over TLS'),
  'tls-key': option(file, null, 'PEM key; both files are read again when they change'),
  ca,
  'log-level': option(
    oneOf('debug', 'info', 'warn', 'error'),
    'info',
    'what is logged, one JSON line each, to standard error',
  ),
}

interface PostOptionTable {
  readonly url: Option<string>
  readonly key: Option<string>
  readonly ca: Option<string>
}

/** What the commands take that post to a site. */
export const POST_OPTIONS: PostOptionTable = {
  url: option(
    { ...text, placeholder: 'URL[,URL…]', expects: 'origins of sites' },
    null,
    'the sites; the first that answers is posted to',
  ),
  key: option(file, null, 'your key file, as `holdfast status key` made it'),
  ca,
}

export type StatusOptionName = keyof StatusOptionTable
export const STATUS_OPTION_NAMES: readonly StatusOptionName[] = Object.keys(
  STATUS_OPTIONS,
) as StatusOptionName[]
export type PostOptionName = keyof PostOptionTable
export const POST_OPTION_NAMES: readonly PostOptionName[] = Object.keys(
  POST_OPTIONS,
) as PostOptionName[]

/** Every option's value; null where it is not set and has no default. */
type Values<Table> = {
  readonly [N in keyof Table]: Table[N] extends Option<infer T> ? T | null : never
}
export type StatusOptions = Values<StatusOptionTable>
export type PostOptions = Values<PostOptionTable>

/** HOLDFAST_STATUS_LISTEN for listen. */
export function statusVariableOf(option: string): string {
  return variableOf(`status-${option}`)
}

/** All variables of the status plane. */
export const STATUS_VARIABLES: readonly string[] = [
  ...new Set([...STATUS_OPTION_NAMES, ...POST_OPTION_NAMES]),
].map(statusVariableOf)

type Texts = Readonly<Record<string, string | undefined>>

/** @throws CliError naming source and expectation */
export function readStatusOptions(flags: Texts, environment: Texts): StatusOptions {
  const options = read<StatusOptions>(
    { ...STATUS_OPTIONS },
    STATUS_OPTION_NAMES,
    flags,
    environment,
  )
  if ((options['tls-cert'] === null) !== (options['tls-key'] === null)) {
    throw new CliError('--tls-cert and --tls-key are given together')
  }
  return options
}

/** @throws CliError naming source and expectation */
export function readPostOptions(flags: Texts, environment: Texts): PostOptions {
  return read<PostOptions>({ ...POST_OPTIONS }, POST_OPTION_NAMES, flags, environment)
}

function read<T>(
  table: Readonly<Record<string, Option<unknown>>>,
  names: readonly string[],
  flags: Texts,
  environment: Texts,
): T {
  refuseUnknownVariables(environment)
  const values = names.map((each) => {
    const given = [
      [`--${each}`, flags[each]],
      [statusVariableOf(each), environment[statusVariableOf(each)]],
    ] as const
    const known = table[each]
    return [each, known === undefined ? null : readOption(known, given)]
  })
  return Object.fromEntries(values) as T
}

/** A misspelt variable would leave its option as it is, silently; the store's own are its to check. */
function refuseUnknownVariables(environment: Texts): void {
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith('HOLDFAST_STATUS_') || STATUS_VARIABLES.includes(variable)) continue
    const near = didYouMean(variable, STATUS_VARIABLES)
    throw new CliError(`the environment has an unknown variable ${variable}${near}`)
  }
}
