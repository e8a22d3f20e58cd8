// Histories written by hand for what is judged of a bucket: pages of listings, quotas, bodies; and
// what is shown of a failure.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import type { ListRequest } from '../src/object-index/object-index.ts'
import { historyFindings } from './check-history.ts'
import type { Asked } from './history.ts'
import { ABSENT, BUCKET, Hand, id, LATEST, UNKNOWN } from './suite-history.ts'

/** Names of the checks that found something, without repetition. */
function found(hand: Hand): readonly string[] {
  return [...new Set(historyFindings(hand.history.operations).map((finding) => finding.check))]
}

function mustFind(name: string, what: string, write: (hand: Hand) => void): void {
  test(`found: ${name}`, () => {
    const hand = new Hand()
    write(hand)
    check.deepEqual(found(hand), [what])
  })
}

function mustPass(name: string, write: (hand: Hand) => void): void {
  test(`passed: ${name}`, () => {
    const hand = new Hand()
    write(hand)
    check.deepEqual(historyFindings(hand.history.operations), [])
  })
}

function quota(hand: Hand, quotaBytes: number | null, quotaObjects: number | null = null): void {
  const asked = { bucketId: BUCKET, quotaBytes, quotaObjects }
  hand.did('setQuota', asked, { kind: 'ok', result: null })
}

/** A page of LIST that ends early. */
function cutPage(
  hand: Hand,
  over: Partial<ListRequest>,
  entries: readonly (readonly [string, string])[],
): void {
  hand.endList(hand.beginList(over), entries, { isTruncated: true })
}

mustFind('bytes that are not those of the ETag', 'bytes', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.endGet(hand.beginGet('k'), { etag: 'a' }, false)
})

mustFind('a page out of order', 'listing', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.put('l', 'b')
  hand.list([
    ['l', 'b'],
    ['k', 'a'],
  ])
})

mustFind('a key twice in a page', 'listing', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.list([
    ['k', 'a'],
    ['k', 'a'],
  ])
})

mustFind('a page longer than asked', 'listing', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.put('l', 'b')
  const entries = [
    ['k', 'a'],
    ['l', 'b'],
  ] as const
  hand.list(entries, { limit: 1 })
})

mustFind('a page cut off before it is full', 'listing', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  cutPage(hand, { limit: 2 }, [['k', 'a']])
})

mustFind('a key at its own marker', 'listing', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.list([['k', 'a']], { after: 'k' })
})

mustFind('a key without the prefix that was asked for', 'listing', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.list([['k', 'a']], { prefix: 'x' })
})

mustFind('a key that nobody wrote', 'listing', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.list([
    ['k', 'a'],
    ['x', 'b'],
  ])
})

mustFind('a prefix under which no key is', 'listing', (hand) => {
  hand.bucket()
  hand.put('x/k', 'a')
  hand.delete('x/k')
  hand.endList(hand.beginList({ delimiter: '/' }), [], { prefixes: ['x/'] })
})

mustFind('a prefix that is missing', 'listing', (hand) => {
  hand.bucket()
  hand.put('x/k', 'a')
  hand.list([], { delimiter: '/' })
})

mustFind('a list that skips a key behind a page', 'linearizable', (hand) => {
  hand.bucket()
  for (const key of ['k', 'l', 'm']) hand.put(key, key)
  cutPage(hand, { limit: 1 }, [['k', 'k']])
  hand.list([['m', 'm']], { after: 'k' })
})

mustPass('a key that comes and goes while it is listed', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  const one = hand.beginList()
  const other = hand.beginList()
  hand.delete('k')
  hand.endList(one, [['k', 'a']])
  hand.endList(other, [])
  hand.list([])
})

mustPass('a copy whose source is in a bucket that is no more', (hand) => {
  hand.bucket()
  hand.end(hand.beginCopy('k', 'a', 'b', 'm1'), { kind: 'refused', code: 'source-gone' })
  hand.list([])
})

mustFind('a copy that finds no bucket where one stands', 'linearizable', (hand) => {
  hand.bucket()
  hand.end(hand.beginCopy('k', 'a', 'b', 'm1'), { kind: 'refused', code: 'no-such-bucket' })
  hand.list([])
})

mustPass('an unknown write under a prefix', (hand) => {
  hand.bucket()
  hand.end(hand.beginPut('x/k', 'a'), UNKNOWN)
  hand.list([], { delimiter: '/' })
  hand.endList(hand.beginList({ delimiter: '/' }), [], { prefixes: ['x/'] })
  hand.list([['x/k', 'a']])
})

mustPass('pages of one, each behind the one before', (hand) => {
  hand.bucket()
  for (const key of ['k', 'l']) hand.put(key, key)
  cutPage(hand, { limit: 1 }, [['k', 'k']])
  hand.list([['l', 'l']], { after: 'k', limit: 1 })
  hand.list([], { limit: 0 })
})

mustFind('more bytes than the quota', 'quota', (hand) => {
  hand.bucket('enabled')
  quota(hand, 10)
  hand.put('k', 'a', id(1), 6)
  hand.put('l', 'b', id(1), 6)
})

mustFind('parts that the quota does not count', 'quota', (hand) => {
  hand.bucket('enabled')
  quota(hand, 10)
  hand.createUpload('k', 'u')
  hand.putPart('k', 'u', 1, 'p', 6)
  hand.put('l', 'b', id(1), 6)
})

mustFind('a refusal by a quota that nobody set', 'quota', (hand) => {
  hand.bucket()
  hand.refusedPut('k', { kind: 'none' }, 'quota-exceeded')
})

mustFind('a refusal by a quota that is far away', 'quota', (hand) => {
  hand.bucket()
  quota(hand, 100)
  hand.refusedPut('k', { kind: 'none' }, 'quota-exceeded')
})

mustPass('what replaces something does not count twice', (hand) => {
  hand.bucket()
  quota(hand, 10)
  hand.put('k', 'a', null, 6)
  hand.put('k', 'b', null, 9)
  hand.delete('k')
  hand.put('l', 'c', null, 10)
})

mustPass('a quota that is lowered below what there is', (hand) => {
  hand.bucket()
  hand.put('k', 'a', null, 20)
  quota(hand, 10)
  hand.put('k', 'b', null, 15)
  hand.end(hand.beginPut('l', 'c', { kind: 'none' }, 1), {
    kind: 'refused',
    code: 'quota-exceeded',
  })
})

mustPass('a quota that may have been set later', (hand) => {
  hand.bucket('enabled')
  hand.put('k', 'a', id(1), 6)
  const asked: Asked<'setQuota'> = { bucketId: BUCKET, quotaBytes: 10, quotaObjects: null }
  const setting = hand.begin('setQuota', asked)
  hand.put('l', 'b', id(1), 6)
  hand.end(setting, { kind: 'ok', result: null })
})

mustPass('a completion that is repeated counts once', (hand) => {
  hand.bucket('enabled')
  quota(hand, 10)
  hand.createUpload('k', 'u')
  hand.putPart('k', 'u', 1, 'p')
  for (let times = 0; times < 12; times += 1) {
    hand.endComplete(hand.beginComplete('k', 'u', ['p']), id(1))
  }
  hand.put('l', 'b', id(1), 9)
})

test('a failure is shown by the steps that it needs, and no others', () => {
  const hand = new Hand()
  hand.bucket()
  hand.put('k', 'early')
  hand.get('k', { etag: 'early' })
  hand.put('k', 'late')
  hand.get('l', null)
  hand.refusedPut('k', ABSENT, 'precondition-failed')
  hand.get('k', { etag: 'early' })
  hand.put('k', 'afterwards')
  hand.delete('k', LATEST)
  const [finding] = historyFindings(hand.history.operations)
  const shown = finding?.message.split('\n').filter((line) => /^ {2}\[/.test(line)) ?? []
  check.equal(finding?.check, 'linearizable')
  check.deepEqual(finding.keys, [`${BUCKET}/k`])
  // The state before is said in a line of its own; what is wrong with it is the one read.
  check.equal(shown.length, 1)
  check.match(shown[0] ?? '', /lookup .* -> early/)
  check.match(finding.message, /before: unversioned bucket, an object: \[late by late/)
})
