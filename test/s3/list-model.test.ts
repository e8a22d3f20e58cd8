// Pages of 3,000 keys against a sorted model, for many prefixes, delimiters, markers and limits.
// S3.md 3, 37 and 38.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { isStatus } from './answer.ts'
import { targetOf } from './client.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

const KEY_COUNT = 3000
const WRITERS = 64
const PIECES = [
  'a',
  'b',
  'ab',
  '/',
  '/',
  '//',
  '-',
  '.',
  ' ',
  '+',
  '%',
  '\u00e9',
  '\ue000',
  '\u{1f600}',
]
const DELIMITERS = ['', '', '/', '/', '//', 'a', 'ab', '-', '\u00e9', '\u{1f600}', '/a', 'none']
const LIMITS = [0, 1, 2, 3, 10, 100, 999, 1000, 1001, 5000]
const PAGE_ENTRIES_MAX = 1000

interface Asked {
  readonly prefix: string
  readonly delimiter: string
  readonly after: string
  readonly limit: number
}

interface Page {
  readonly keys: readonly string[]
  readonly prefixes: readonly string[]
  readonly isTruncated: boolean
}

function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

/** What the page must be: the whole grouped list, cut. */
function model(sorted: readonly string[], asked: Asked): Page & { readonly last: string | null } {
  const { prefix, delimiter, after, limit } = asked
  const entries = new Map<string, 'key' | 'prefix'>()
  for (const key of sorted) {
    if (!key.startsWith(prefix)) continue
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    const name = at < 0 ? key : key.slice(0, at + delimiter.length)
    if (compare(name, after) > 0) entries.set(name, at < 0 ? 'key' : 'prefix')
  }
  const inOrder = [...entries].toSorted(([a], [b]) => compare(a, b))
  const shown = inOrder.slice(0, Math.min(limit, PAGE_ENTRIES_MAX))
  const namesOf = (wanted: string): string[] =>
    shown.flatMap(([name, kind]) => (kind === wanted ? [name] : []))
  const isTruncated = shown.length > 0 && shown.length < inOrder.length
  const last = shown.at(-1)?.[0] ?? null
  return { keys: namesOf('key'), prefixes: namesOf('prefix'), isTruncated, last }
}

const bucket = await client.bucket('model')
const keys = makeKeys()
await writeAll()

/** Keys of a fixed seed, so that every run has the same; sorted by bytes. */
function makeKeys(): string[] {
  const key = fc.array(fc.constantFrom(...PIECES), { minLength: 1, maxLength: 7 })
  const found = new Set<string>()
  for (const pieces of fc.sample(key, { numRuns: 20_000, seed: 38 })) {
    if (found.size < KEY_COUNT) found.add(pieces.join(''))
  }
  assert.equal(found.size, KEY_COUNT)
  return [...found].toSorted(compare)
}

async function writeAll(): Promise<void> {
  const left = [...keys]
  const writer = async (): Promise<void> => {
    for (let key = left.pop(); key !== undefined; key = left.pop()) {
      await client.write(targetOf(bucket, key), '')
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
}

/** A text that is near the keys: one of them, a part of one, or one with something behind it. */
const nearKey: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom(...keys), fc.nat(8), fc.constantFrom('', '', '/', '!', '\uffee'))
  .map(([key, length, more]) => Array.from(key).slice(0, length).join('') + more)

const asked: fc.Arbitrary<Asked> = fc.record({
  prefix: fc.oneof(fc.constant(''), nearKey),
  delimiter: fc.constantFrom(...DELIMITERS),
  after: fc.oneof(fc.constant(''), fc.constantFrom(...keys), nearKey),
  limit: fc.constantFrom(...LIMITS),
})

function queryOf({ prefix, delimiter, limit }: Asked): string {
  const [p, d] = [encodeURIComponent(prefix), encodeURIComponent(delimiter)]
  return `${bucket}?prefix=${p}&delimiter=${d}&max-keys=${limit}`
}

async function get(target: string): Promise<Page & { readonly next: string | null }> {
  const answer = isStatus(await client.get(target), 200)
  return {
    keys: answer.all('Contents/Key'),
    prefixes: answer.all('CommonPrefixes/Prefix'),
    isTruncated: answer.one('IsTruncated') === 'true',
    next: answer.one('NextMarker') ?? answer.one('NextContinuationToken'),
  }
}

test('S3.md 38: a page of version 1 is that of the model, whatever is asked', async () => {
  await fc.assert(
    fc.asyncProperty(asked, async (each) => {
      const { last, ...wanted } = model(keys, each)
      const { next, ...page } = await get(
        `${queryOf(each)}&marker=${encodeURIComponent(each.after)}`,
      )
      assert.deepEqual(page, wanted)
      assert.equal(next, wanted.isTruncated && each.delimiter !== '' ? last : null)
    }),
    { numRuns: 200 },
  )
})

test('S3.md 38: a page of version 2 is that of the model, whatever is asked', async () => {
  await fc.assert(
    fc.asyncProperty(asked, async (each) => {
      const { last: _, ...wanted } = model(keys, each)
      const start = encodeURIComponent(each.after)
      const { next, ...page } = await get(`${queryOf(each)}&list-type=2&start-after=${start}`)
      assert.deepEqual(page, wanted)
      assert.equal(next !== null, wanted.isTruncated)
    }),
    { numRuns: 200 },
  )
})

test('S3.md 38: all pages together are the model’s list, each entry once', async () => {
  const limits = fc.constantFrom(7, 50, 333, 1000)
  await fc.assert(
    fc.asyncProperty(asked, limits, fc.constantFrom('1', '2'), async (each, limit, version) => {
      const whole = { ...each, after: '', prefix: limit === 7 ? each.prefix || 'b' : each.prefix }
      const [names, prefixes]: [string[], string[]] = [[], []]
      const target = queryOf({ ...whole, limit })
      for (let query = version === '2' ? '&list-type=2' : '', more = true; more;) {
        const page = await get(target + query)
        assert.ok(!page.isTruncated || page.keys.length + page.prefixes.length === limit)
        names.push(...page.keys)
        prefixes.push(...page.prefixes)
        assert.ok(names.length + prefixes.length <= KEY_COUNT, 'the pages end')
        more = page.isTruncated
        const next = encodeURIComponent(page.next ?? names.at(-1) ?? '')
        query = version === '2' ? `&list-type=2&continuation-token=${next}` : `&marker=${next}`
      }
      const all = wholeOf(whole)
      assert.deepEqual(names, all.keys)
      assert.deepEqual(prefixes, all.prefixes)
    }),
    { numRuns: 25 },
  )
})

/** The model's list without a page's bound. */
function wholeOf(whole: Asked): { keys: string[]; prefixes: string[] } {
  const [names, prefixes]: [string[], string[]] = [[], []]
  for (let after = '', more = true; more;) {
    const page = model(keys, { ...whole, after, limit: PAGE_ENTRIES_MAX })
    names.push(...page.keys)
    prefixes.push(...page.prefixes)
    more = page.isTruncated
    after = page.last ?? ''
  }
  return { keys: names, prefixes }
}
