// A configuration file, checked by the published schema and by what a schema cannot say (names
// once, keys once, secrets that can be read), and made into what the site is told. What is wrong is
// told in plain words by its place in the file, all of it at once; secrets are never told.

import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ErrorObject } from 'ajv/dist/2020.js'
import { didYouMean } from '../base/closest.ts'
import { STATUS_COMPONENTS_MAX, STATUS_CONFIG_SIZE_BYTES_MAX } from '../base/limits.ts'
import { CONFIG_SCHEMA, TIMING_DEFAULTS } from './config-schema.ts'
import type {
  PublicKey,
  PublishConfig,
  RegionConfig,
  StatusConfig,
  WebhookConfig,
} from './config.ts'
import { keyIdOf } from './records/keys.ts'
import { OPERATIONS, StatusError } from './status.ts'
import type { Component, ComponentId } from './status.ts'

/** Text of a file that the configuration names. @throws what tells why it cannot be read */
export type ReadSecret = (fileName: string) => string

export interface ConfigCheck {
  /** One line each: where, and what is wrong. With any there is no configuration. */
  readonly problems: readonly string[]
  readonly config: StatusConfig | null
}

/** @throws StatusError bad-config, with the first thing that is wrong and how many more are */
export function parseConfig(text: string, readSecret: ReadSecret): StatusConfig {
  const { problems, config } = checkConfig(text, readSecret)
  if (config !== null) return config
  const more = problems.length - 1
  const rest = more === 0 ? '' : `; and ${more} more (\`holdfast status check FILE\` lists them)`
  throw new StatusError('bad-config', `${problems[0] ?? 'empty'}${rest}`)
}

/** The same for whoever wants to see all that is wrong. */
export function checkConfig(text: string, readSecret: ReadSecret): ConfigCheck {
  const refuse = (problems: readonly string[]): ConfigCheck => ({ problems, config: null })
  if (Buffer.byteLength(text) > STATUS_CONFIG_SIZE_BYTES_MAX) {
    return refuse([`the configuration is larger than ${STATUS_CONFIG_SIZE_BYTES_MAX} bytes`])
  }
  let file: unknown
  try {
    file = JSON.parse(text)
  } catch {
    return refuse([`the configuration is not JSON: ${jsonTrouble(text)}`])
  }
  const shape = shapeProblems(file)
  if (shape.length > 0) return refuse(shape)
  const problems = new Problems()
  const config = configOf(file as ConfigFile, readSecret, problems)
  return problems.lines.length > 0 ? refuse(problems.lines) : { problems: [], config }
}

/** The file as the schema lets it be. */
interface ConfigFile {
  readonly plane: string
  readonly title: string
  readonly publicUrl?: string
  readonly sites: readonly { readonly name: string; readonly key: string; readonly url: string }[]
  readonly formerSites?: readonly { readonly name: string; readonly key: string }[]
  readonly people?: readonly {
    readonly name: string
    readonly key: string
    readonly state?: 'active' | 'retired' | 'distrusted'
  }[]
  readonly regions: readonly RegionFile[]
  readonly timing?: {
    readonly probeIntervalSec?: number
    readonly slowMs?: number
    readonly proofSec?: number
    readonly exchangeIntervalSec?: number
    readonly anchors?: readonly string[]
  }
  readonly webhooks?: readonly {
    readonly url: string
    readonly secret?: string
    readonly secretFile?: string
  }[]
  readonly publish?: readonly {
    readonly folder?: string
    readonly url?: string
    readonly authorizationFile?: string
  }[]
}

interface RegionFile {
  readonly name: string
  readonly title?: string
  readonly cells?: readonly {
    readonly name: string
    readonly title?: string
    readonly endpoints: readonly string[]
    readonly signingRegion?: string
    readonly accessKey: string
    readonly secretKey?: string
    readonly secretKeyFile?: string
    readonly bucket: string
    readonly reports?: readonly string[]
  }[]
  readonly services?: readonly {
    readonly name: string
    readonly title: string
    readonly url: string
  }[]
}

class Problems {
  readonly lines: string[] = []

  add(where: string, what: string): void {
    this.lines.push(`${where}: ${what}`)
  }

  /** Each name once. */
  once(where: string, values: readonly string[], what: string): void {
    for (const value of doubles(values)) this.add(where, `${what} "${value}" is given twice`)
  }

  secret(where: string, given: { text?: string; file?: string }, read: ReadSecret): string {
    if (given.text !== undefined) return given.text
    let text = ''
    try {
      text = read(given.file ?? '').trim()
    } catch (error) {
      this.add(where, error instanceof Error ? error.message : String(error))
      return ''
    }
    if (text === '') this.add(where, `the file ${given.file ?? ''} is empty`)
    else if (/[^\x20-\x7e]/.test(text))
      this.add(where, `the file ${given.file ?? ''} is not one line of text`)
    return text
  }
}

function configOf(file: ConfigFile, read: ReadSecret, problems: Problems): StatusConfig {
  const regions = file.regions.map((region, index) =>
    regionOf(region, `regions[${index}]`, read, problems),
  )
  const people = file.people ?? []
  const formerSites = file.formerSites ?? []
  problems.once('sites', namesOf(file.sites), 'the name')
  const active = people.filter(({ state }) => (state ?? 'active') === 'active')
  for (const twice of doubles(namesOf(active))) {
    problems.add('people', `"${twice}" has two active keys: retire one of them`)
  }
  problems.once('regions', namesOf(file.regions), 'the name')
  problems.once('sites', urlsOf(file.sites), 'the URL')
  const keys = keysOf([...file.sites, ...formerSites, ...people])
  problems.once('sites and people', keys, 'the key')
  const components = componentsOf(regions)
  if (components.length === 0) problems.add('regions', 'there is neither a cell nor a service')
  if (components.length > STATUS_COMPONENTS_MAX) {
    problems.add(
      'regions',
      `they come to ${components.length} components (six a cell, one a service); ` +
        `${STATUS_COMPONENTS_MAX} are the most`,
    )
  }
  return {
    plane: file.plane,
    title: file.title,
    publicUrl: file.publicUrl === undefined ? null : trimSlash(file.publicUrl),
    sites: file.sites.map(({ name, key, url }) => ({
      name,
      key: publicKeyOf(key),
      url: trimSlash(url),
    })),
    formerSites: formerSites.map(({ name, key }) => ({ name, key: publicKeyOf(key) })),
    people: people.map(({ name, key, state }) => ({
      name,
      key: publicKeyOf(key),
      state: state ?? 'active',
    })),
    regions,
    timing: {
      ...TIMING_DEFAULTS,
      ...file.timing,
      anchors: (file.timing?.anchors ?? []).map(trimSlash),
    },
    webhooks: (file.webhooks ?? []).map((each, index) =>
      webhookOf(each, `webhooks[${index}]`, read, problems),
    ),
    publish: (file.publish ?? []).map((each, index) =>
      publishOf(each, `publish[${index}]`, read, problems),
    ),
    components,
  }
}

function regionOf(
  file: RegionFile,
  where: string,
  read: ReadSecret,
  problems: Problems,
): RegionConfig {
  const cells = file.cells ?? []
  const services = file.services ?? []
  problems.once(`${where}.cells`, namesOf(cells), 'the name')
  problems.once(`${where}.services`, namesOf(services), 'the name')
  return {
    name: file.name,
    title: file.title ?? file.name,
    cells: cells.map((cell, index) => ({
      name: cell.name,
      title: cell.title ?? cell.name,
      endpoints: cell.endpoints.map(trimSlash),
      signingRegion: cell.signingRegion ?? 'us-east-1',
      accessKey: cell.accessKey,
      secretKey: problems.secret(
        `${where}.cells[${index}]`,
        given(cell.secretKey, cell.secretKeyFile),
        read,
      ),
      bucket: cell.bucket,
      reports: cell.reports ?? [],
    })),
    services,
  }
}

function webhookOf(
  { secret, secretFile, url }: NonNullable<ConfigFile['webhooks']>[number],
  where: string,
  read: ReadSecret,
  problems: Problems,
): WebhookConfig {
  const text = problems.secret(where, given(secret, secretFile), read)
  const isNothing = /^(whsec_)?\s*$/.test(text)
  // An empty text that comes of a file was told already.
  if (isNothing && text !== '')
    problems.add(where, 'the secret is empty: anybody could sign with it')
  return { url, secret: text }
}

function publishOf(
  file: NonNullable<ConfigFile['publish']>[number],
  where: string,
  read: ReadSecret,
  problems: Problems,
): PublishConfig {
  if (file.folder !== undefined) return { kind: 'folder', path: file.folder }
  const { authorizationFile } = file
  return {
    kind: 'url',
    url: trimSlash(file.url ?? ''),
    authorization:
      authorizationFile === undefined
        ? null
        : problems.secret(where, { file: authorizationFile }, read),
  }
}

/** In the order of the page: region by region, its cells' operations, then its services. */
function componentsOf(regions: readonly RegionConfig[]): Component[] {
  return regions.flatMap(({ name: region, cells, services }) => [
    ...cells.flatMap(({ name: cell }) =>
      OPERATIONS.map((operation): Component => {
        const id = `${region}/${cell}/${operation}` as ComponentId
        return { id, kind: 'operation', region, cell, operation }
      }),
    ),
    ...services.map(({ name: service, title }): Component => {
      return { id: `${region}/${service}` as ComponentId, kind: 'service', region, service, title }
    }),
  ])
}

function publicKeyOf(raw: string): PublicKey {
  return { id: keyIdOf(raw), raw }
}

function given(
  text: string | undefined,
  file: string | undefined,
): { text?: string; file?: string } {
  return { ...(text === undefined ? {} : { text }), ...(file === undefined ? {} : { file }) }
}

function namesOf(all: readonly { readonly name: string }[]): string[] {
  return all.map(({ name }) => name)
}

function keysOf(all: readonly { readonly key: string }[]): string[] {
  return all.map(({ key }) => key)
}

/** Each that is there more than once. */
function doubles(values: readonly string[]): string[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) < index))]
}

function urlsOf(all: readonly { readonly url: string }[]): string[] {
  return all.map(({ url }) => trimSlash(url))
}

function trimSlash(url: string): string {
  return url.replace(/\/+$/, '')
}

/** Where the text ceases to be JSON, as line and column. */
function jsonTrouble(text: string): string {
  if (isBeginning(text)) return 'it ends too early'
  // Each beginning of a beginning is one: the shortest piece that is none ends where the trouble is.
  let [good, bad] = [0, text.length]
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (isBeginning(text.slice(0, middle))) good = middle
    else bad = middle
  }
  const lines = text.slice(0, bad).split('\n')
  const found = JSON.stringify(text[bad - 1] ?? '')
  return `${found} is not expected in line ${lines.length}, column ${lines.at(-1)?.length ?? 0}`
}

/** Whether more text could make JSON of it: the parser stumbles over the end alone. */
function isBeginning(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    const at = /at position (\d+)/.exec(message)?.[1]
    return /^Unexpected end|^Unterminated/.test(message) || Number(at) >= text.length
  }
}

/** What the schema finds, in plain words. */
function shapeProblems(file: unknown): string[] {
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: true, strictRequired: false })
  const validate = ajv.compile(CONFIG_SCHEMA)
  if (validate(file)) return []
  const errors = (validate.errors ?? []).filter(({ schemaPath }) => !schemaPath.includes('/oneOf/'))
  // A mistyped field first: what is missing for it follows from that.
  const isUnknown = ({ keyword }: ErrorObject): boolean => keyword === 'additionalProperties'
  const ordered = [...errors.filter(isUnknown), ...errors.filter((error) => !isUnknown(error))]
  return [...new Set(ordered.map(describe))]
}

function describe(error: ErrorObject): string {
  const path = pathOf(error.instancePath)
  const where = path === '' ? 'the configuration' : path
  const schema = error.parentSchema as { description?: string; properties?: object } | undefined
  const params = error.params as Readonly<Record<string, unknown>>
  switch (error.keyword) {
    case 'additionalProperties': {
      const field = String(params['additionalProperty'])
      const known = Object.keys(schema?.properties ?? {})
      return `${where} has an unknown field "${field}"${didYouMean(field, known)}`
    }
    case 'required':
      return `${where} lacks "${String(params['missingProperty'])}"`
    case 'dependentRequired':
      return `${where}: "${String(params['property'])}" needs "${String(params['missingProperty'])}"`
    case 'oneOf': {
      const pairs = (error.schema as readonly { required: readonly string[] }[]).map(
        ({ required }) => `"${required[0] ?? ''}"`,
      )
      return `${where}: give either ${pairs.join(' or ')}, and one of them alone`
    }
    default:
      return `${where}: expected ${schema?.description ?? error.message ?? error.keyword}`
  }
}

/** `/regions/0/cells/1` as `regions[0].cells[1]`. */
function pathOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part.replaceAll('~1', '/')}`))
    .join('')
    .replace(/^\./, '')
}
