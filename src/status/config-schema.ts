// The published form of a status plane's configuration: JSON Schema 2020-12. The check is made by
// this very schema; sites serve it at /schema/config.json, docs/operating/ carries it as a file.
// A node's description says what is expected, and is what a person reads when it does not fit.

import {
  STATUS_CELLS_PER_REGION_MAX,
  STATUS_FORMER_SITES_MAX,
  STATUS_PEOPLE_MAX,
  STATUS_REGIONS_MAX,
  STATUS_SERVICES_PER_REGION_MAX,
  STATUS_SITES_MAX,
} from '../base/limits.ts'

/** As much of a JSON Schema as ours uses. */
export interface Schema {
  readonly [keyword: string]: unknown
}

/** What a field is when the file does not have it. */
export const TIMING_DEFAULTS = {
  probeIntervalSec: 15,
  slowMs: 2000,
  proofSec: 120,
  exchangeIntervalSec: 5,
} as const

const name: Schema = {
  type: 'string',
  pattern: '^[a-z0-9-]{1,32}$',
  description: 'a name of a-z, 0-9 and -, 1 to 32 of them',
}
const title: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: 80,
  pattern: '\\S',
  description: 'a text of 1 to 80 characters',
}
const origin: Schema = {
  type: 'string',
  maxLength: 2048,
  pattern: '^https?://[^\\s/?#@]+/?$',
  description:
    'an origin such as https://s3.example.com or http://10.0.0.1:9000, nothing behind it',
}
const url: Schema = {
  type: 'string',
  maxLength: 2048,
  pattern: '^https?://[^\\s/?#@]+(/[^\\s#]*)?$',
  description: 'a URL that begins with http:// or https://, without a user name',
}
const key: Schema = {
  type: 'string',
  pattern: '^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$',
  description: 'a public key: 32 bytes in base64, as `holdfast status key` prints it',
}
const fileName: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: 4096,
  description: 'a file name; a relative one is found beside the configuration',
}
const secret: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: 1024,
  description: 'a secret of 1 to 1024 characters',
}
/** Of an S3 bucket, as S3 has it. */
const bucket: Schema = {
  type: 'string',
  pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$',
  description: 'the name of a bucket, 3 to 63 of a-z, 0-9, - and .',
}

function list(items: Schema, bounds: Schema, description: string): Schema {
  return { type: 'array', items, ...bounds, description }
}

/** An object of these fields and no others. */
function object(
  description: string,
  required: readonly string[],
  properties: Readonly<Record<string, Schema>>,
  more: Schema = {},
): Schema {
  return {
    type: 'object',
    description,
    required,
    properties,
    additionalProperties: false,
    ...more,
  }
}

/** Exactly one of two fields. */
function oneOf(one: string, other: string): Schema {
  return {
    oneOf: [
      { required: [one], not: { required: [other] } },
      { required: [other], not: { required: [one] } },
    ],
  }
}

function whole(minimum: number, maximum: number, preset: number, what: string): Schema {
  return {
    type: 'integer',
    minimum,
    maximum,
    default: preset,
    description: `a whole number from ${minimum} to ${maximum}: ${what}`,
  }
}

const site: Schema = object('a status site', ['name', 'key', 'url'], { name, key, url: origin })

const formerSite: Schema = object(
  'a site that is no more, or a former key of one; what its machine posted stays, nothing new of it is taken',
  ['name', 'key'],
  { name, key },
)

const person: Schema = object('a person who may post', ['name', 'key'], {
  name: title,
  key,
  state: {
    enum: ['active', 'retired', 'distrusted'],
    default: 'active',
    description:
      'one of active, retired (what was said stays, nothing new is taken) and distrusted ' +
      '(nothing of it is shown)',
  },
})

const cell: Schema = object(
  'a cell that is probed',
  ['name', 'endpoints', 'accessKey', 'bucket'],
  {
    name,
    title,
    endpoints: list(origin, { minItems: 1, maxItems: 16 }, 'a list of 1 to 16 origins of S3'),
    signingRegion: {
      type: 'string',
      pattern: '^[A-Za-z0-9-]{1,64}$',
      default: 'us-east-1',
      description: 'a region as signatures name it, of letters, digits and -',
    },
    accessKey: { ...secret, maxLength: 128, description: 'an access key of 1 to 128 characters' },
    secretKey: secret,
    secretKeyFile: fileName,
    bucket,
    reports: list(
      url,
      { maxItems: 16, default: [] },
      'a list of up to 16 URLs where the cell says how it is',
    ),
  },
  oneOf('secretKey', 'secretKeyFile'),
)

const service: Schema = object('a service that depends on the region', ['name', 'title', 'url'], {
  name,
  title,
  url,
})

const region: Schema = object('a region', ['name'], {
  name,
  title,
  cells: list(
    cell,
    { maxItems: STATUS_CELLS_PER_REGION_MAX, default: [] },
    `a list of up to ${STATUS_CELLS_PER_REGION_MAX} cells`,
  ),
  services: list(
    service,
    { maxItems: STATUS_SERVICES_PER_REGION_MAX, default: [] },
    `a list of up to ${STATUS_SERVICES_PER_REGION_MAX} services`,
  ),
})

const timing: Schema = object('how often, and from when on something is slow', [], {
  probeIntervalSec: whole(
    2,
    300,
    TIMING_DEFAULTS.probeIntervalSec,
    'seconds between two probes of a component',
  ),
  slowMs: whole(
    10,
    10_000,
    TIMING_DEFAULTS.slowMs,
    'milliseconds from which on a probe that succeeded is slow',
  ),
  proofSec: whole(
    5,
    3600,
    TIMING_DEFAULTS.proofSec,
    'seconds for which probes must succeed before a component is well again',
  ),
  exchangeIntervalSec: whole(
    1,
    30,
    TIMING_DEFAULTS.exchangeIntervalSec,
    'seconds between two exchanges with a peer',
  ),
  anchors: list(
    origin,
    { maxItems: 8, default: [] },
    "a list of up to 8 origins that answer when a site's own network works",
  ),
})

const webhook: Schema = object(
  'a receiver of webhooks',
  ['url'],
  { url, secret, secretFile: fileName },
  oneOf('secret', 'secretFile'),
)

const publish: Schema = object(
  'a folder or a URL that the pages are pushed to',
  [],
  { folder: fileName, url, authorizationFile: fileName },
  { ...oneOf('folder', 'url'), dependentRequired: { authorizationFile: ['url'] } },
)

/** The whole. */
export const CONFIG_SCHEMA: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'Configuration of a Holdfast status plane',
  ...object('the configuration of a status plane', ['plane', 'title', 'sites', 'regions'], {
    $schema: { type: 'string', description: 'where this schema is found, for editors' },
    plane: {
      ...name,
      description: `${String(name['description'])}; posts are signed for it, so it never changes`,
    },
    title,
    publicUrl: {
      ...url,
      description: `${String(url['description'])}, where readers find the page`,
    },
    sites: list(
      site,
      { minItems: 1, maxItems: STATUS_SITES_MAX },
      `a list of 1 to ${STATUS_SITES_MAX} sites`,
    ),
    formerSites: list(
      formerSite,
      { maxItems: STATUS_FORMER_SITES_MAX, default: [] },
      `a list of up to ${STATUS_FORMER_SITES_MAX} former sites`,
    ),
    people: list(
      person,
      { maxItems: STATUS_PEOPLE_MAX, default: [] },
      `a list of up to ${STATUS_PEOPLE_MAX} people`,
    ),
    regions: list(
      region,
      { minItems: 1, maxItems: STATUS_REGIONS_MAX },
      `a list of 1 to ${STATUS_REGIONS_MAX} regions`,
    ),
    timing,
    webhooks: list(webhook, { maxItems: 32, default: [] }, 'a list of up to 32 receivers'),
    publish: list(publish, { maxItems: 8, default: [] }, 'a list of up to 8 folders and URLs'),
  }),
}

/** As it is published. */
export function renderConfigSchema(): string {
  return `${JSON.stringify(CONFIG_SCHEMA, null, 2)}\n`
}
