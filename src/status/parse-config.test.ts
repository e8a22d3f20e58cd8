import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import {
  STATUS_EXCHANGE_AGAIN_MS,
  STATUS_EXCHANGE_TIMEOUT_MS,
  STATUS_VIEW_MS_MAX,
  VIEW_DOUBTED_MS,
} from '../base/limits.ts'
import { CONFIG_SCHEMA, renderConfigSchema, TIMING_DEFAULTS } from './config-schema.ts'
import { checkConfig, parseConfig } from './parse-config.ts'
import { StatusError } from './status.ts'

function key(): string {
  const { publicKey } = generateKeyPairSync('ed25519')
  return Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64')
}

const [keyA, keyB, keyAda] = [key(), key(), key()]

function example() {
  return {
    plane: 'example',
    title: 'Example',
    publicUrl: 'https://status.example.com/',
    sites: [
      { name: 'a', key: keyA, url: 'https://a.example.com/' },
      { name: 'b', key: keyB, url: 'https://b.example.com' },
    ],
    people: [{ name: 'Ada', key: keyAda }] as { name: string; key: string; state?: string }[],
    regions: [
      {
        name: 'eu',
        title: 'Europe',
        cells: [
          {
            name: 'c1',
            endpoints: ['http://10.0.0.1:9000'],
            accessKey: 'AK',
            secretKeyFile: 'c1.secret',
            bucket: 'probes',
          },
        ],
        services: [
          { name: 'console', title: 'Console', url: 'https://console.example.com/up?x=1' },
        ],
      },
    ],
    webhooks: [{ url: 'https://hooks.example.com/x', secret: 'whsec_abc' }],
    publish: [{ folder: '/srv/www' }, { url: 'https://other.example.com/status' }],
  }
}

function read(fileName: string): string {
  if (fileName === 'c1.secret') return 'very secret\n'
  throw new Error(`no file ${fileName}`)
}

/** What is wrong with the example once `change` was made to it. */
function problemsOf(change: (file: ReturnType<typeof example>) => unknown): readonly string[] {
  const file = example()
  const changed = change(file)
  const { problems, config } = checkConfig(JSON.stringify(changed ?? file), read)
  assert.equal(config === null, problems.length > 0, 'a configuration, or what is wrong with it')
  return problems
}

test('a configuration becomes what a site is told, with defaults, ids and secrets', () => {
  const config = parseConfig(JSON.stringify(example()), read)
  assert.equal(config.publicUrl, 'https://status.example.com')
  assert.equal(config.sites[0]?.url, 'https://a.example.com')
  assert.match(config.sites[0]?.key.id ?? '', /^[0-9a-f]{32}$/)
  assert.equal(config.sites[0]?.key.raw, keyA)
  assert.deepEqual(config.people[0]?.state, 'active')
  const cell = config.regions[0]?.cells[0]
  assert.equal(cell?.secretKey, 'very secret')
  assert.equal(cell.title, 'c1')
  assert.equal(cell.signingRegion, 'us-east-1')
  assert.deepEqual(config.timing, {
    probeIntervalSec: 15,
    slowMs: 2000,
    proofSec: 120,
    exchangeIntervalSec: 5,
    anchors: [],
  })
  assert.deepEqual(config.publish, [
    { kind: 'folder', path: '/srv/www' },
    { kind: 'url', url: 'https://other.example.com/status', authorization: null },
  ])
  assert.deepEqual(
    config.components.map(({ id }) => id),
    [
      'eu/c1/get',
      'eu/c1/list',
      'eu/c1/put',
      'eu/c1/delete',
      'eu/c1/multipart',
      'eu/c1/sign-in',
      'eu/console',
    ],
  )
})

test('what is wrong is told by its place, in one line, with what was meant', () => {
  const cases: [(file: ReturnType<typeof example>) => unknown, string][] = [
    [
      (file) => ({ ...file, webhook: [] }),
      'the configuration has an unknown field "webhook" (did you mean webhooks?)',
    ],
    [(file) => ({ ...file, plane: undefined }), 'the configuration lacks "plane"'],
    [(file) => ({ ...file, title: undefined }), 'the configuration lacks "title"'],
    [
      (file) => void ((file.sites[0] ?? { name: '' }).name = 'Site A'),
      'sites[0].name: expected a name of a-z, 0-9 and -, 1 to 32 of them',
    ],
    [
      (file) => void ((file.sites[1] ?? { key: '' }).key = keyB.slice(2)),
      'sites[1].key: expected a public key: 32 bytes in base64, as `holdfast status key` prints it',
    ],
    [
      (file) => void ((file.sites[1] ?? { url: '' }).url = 'https://b.example.com/status'),
      'sites[1].url: expected an origin such as https://s3.example.com or ' +
        'http://10.0.0.1:9000, nothing behind it',
    ],
    [
      (file) => ({ ...file, timing: { slowMs: '5s' } }),
      'timing.slowMs: expected a whole number from 10 to 10000: milliseconds from which on a ' +
        'probe that succeeded is slow',
    ],
    [
      (file) => ({
        ...file,
        webhooks: [{ url: 'https://x.example', secretFile: 'x', secret: 'y' }],
      }),
      'webhooks[0]: give either "secret" or "secretFile", and one of them alone',
    ],
    [
      (file) => ({ ...file, publish: [{ folder: 'x', authorizationFile: 'y' }] }),
      'publish[0]: "authorizationFile" needs "url"',
    ],
    [(file) => ({ ...file, regions: [] }), 'regions: expected a list of 1 to 16 regions'],
    [() => [], 'the configuration: expected the configuration of a status plane'],
    [
      (file) => void ((file.sites[1] ?? { name: '' }).name = 'a'),
      'sites: the name "a" is given twice',
    ],
    [
      (file) => void ((file.people[0] ?? { key: '' }).key = keyB),
      `sites and people: the key "${keyB}" is given twice`,
    ],
    [
      (file) => ({ ...file, formerSites: [{ name: 'a', key: keyA }] }),
      `sites and people: the key "${keyA}" is given twice`,
    ],
    [
      (file) => void file.people.push({ name: 'Ada', key: key() }),
      'people: "Ada" has two active keys: retire one of them',
    ],
    [
      (file) => ({ ...file, regions: [{ name: 'eu' }] }),
      'regions: there is neither a cell nor a service',
    ],
    [
      (file) =>
        void ((file.regions[0]?.cells[0] ?? { secretKeyFile: '' }).secretKeyFile = 'gone.secret'),
      'regions[0].cells[0]: no file gone.secret',
    ],
  ]
  for (const [change, line] of cases) assert.deepEqual(problemsOf(change), [line])
})

test('a person may have a retired key beside the one in use', () => {
  const problems = problemsOf(
    ({ people }) => void people.push({ name: 'Ada', key: key(), state: 'retired' }),
  )
  assert.deepEqual(problems, [])
})

test('all that is wrong is listed; one line tells the first and how many more', () => {
  const text = JSON.stringify({ ...example(), title: '', colour: 'green', sites: [] })
  assert.equal(checkConfig(text, read).problems.length, 3)
  assert.throws(
    () => parseConfig(text, read),
    (error: unknown) =>
      error instanceof StatusError &&
      error.code === 'bad-config' &&
      /; and 2 more/.test(error.message),
  )
})

test('a webhook is not signed with nothing', () => {
  for (const secret of ['whsec_', ' ', 'whsec_ ']) {
    const webhooks = [{ url: 'https://x.example', secret }]
    const [problem, ...others] = problemsOf((file) => ({ ...file, webhooks }))
    assert.match(problem ?? '', /^webhooks\[0\]: the secret is empty/)
    assert.deepEqual(others, [])
  }
})

test('no problem tells a secret', () => {
  for (const secretKey of ['', 'sesame'.repeat(1000), 7]) {
    const file = example()
    const cells = file.regions[0]?.cells ?? []
    const text = JSON.stringify({
      ...file,
      regions: [{ name: 'eu', cells: [{ ...cells[0], secretKeyFile: undefined, secretKey }] }],
    })
    const { problems } = checkConfig(text, read)
    assert.equal(problems.length, 1)
    assert.ok(!problems.join('').includes('sesame'))
  }
})

test('what is no JSON is told by its line; what is too large is not read', () => {
  const broken = '{\n  "title": "x",\n  "sites": [}\n}'
  assert.match(checkConfig(broken, read).problems[0] ?? '', /not JSON: .*line 3, column 13/)
  const halves: [string, RegExp][] = [
    ['{"title": "x"', /ends too early/],
    ['{"title": "x",\n "y": tru }', /line 2, column 10/],
    ['{"title": "x",}', /"}" is not expected in line 1, column 15/],
    ["{'title': 1}", /line 1, column 2/],
    ['{"a": 1}\n{', /line 2, column 1/],
  ]
  for (const [text, line] of halves) assert.match(checkConfig(text, read).problems[0] ?? '', line)
  assert.match(checkConfig('', read).problems[0] ?? '', /not JSON: it ends too early/)
  assert.match(checkConfig(' '.repeat(600_000), read).problems[0] ?? '', /larger than/)
})

test('more components than a page holds are refused by number', () => {
  const cells = (example().regions[0]?.cells ?? []).flatMap((cell) =>
    Array.from({ length: 16 }, (_, index) => ({ ...cell, name: `c${index}` })),
  )
  const regions = Array.from({ length: 5 }, (_, index) => ({ name: `r${index}`, cells }))
  const problems = problemsOf((file) => ({ ...file, regions }))
  assert.match(problems.join(), /^regions: they come to 480 components .*400 are the most$/)
})

test('the published schema is the one that checks, and a schema of its draft', () => {
  const path = 'docs/operating/status-config.schema.json'
  assert.equal(
    readFileSync(path, 'utf8'),
    renderConfigSchema(),
    'run: node tools/write-options-page.mjs',
  )
  assert.equal(new Ajv2020().validateSchema(CONFIG_SCHEMA), true)
})

test('with the preset timing one lost exchange does not make a view doubted', () => {
  const intervalMs = 1.25 * TIMING_DEFAULTS.exchangeIntervalSec * 1000
  const lostMs = intervalMs + STATUS_EXCHANGE_TIMEOUT_MS + 1.25 * STATUS_EXCHANGE_AGAIN_MS
  assert.ok(STATUS_VIEW_MS_MAX + lostMs < VIEW_DOUBTED_MS)
})
