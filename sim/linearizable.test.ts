// Histories of one key written by hand: those that no store may show are refuted, and those that
// only look odd are explained.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import { keyHistories, partsOf } from './key-history.ts'
import { checkKey } from './linearizable.ts'
import type { Verdict } from './linearizable.ts'
import { ABSENT, BUCKET, byId, Hand, id, LATEST, NULL, UNKNOWN } from './suite-history.ts'

function verdictOf(hand: Hand, key = 'k'): Verdict {
  const found = keyHistories(hand.history.operations).find((each) => each.key === key)
  check.ok(found !== undefined, `the history names ${key}`)
  const verdicts = partsOf(found).map((steps) => checkKey(steps))
  return verdicts.find(({ kind }) => kind !== 'linearizable') ?? { kind: 'linearizable' }
}

function mustFail(name: string, write: (hand: Hand) => void): void {
  test(`refuted: ${name}`, () => {
    const hand = new Hand()
    write(hand)
    const verdict = verdictOf(hand)
    check.equal(verdict.kind, 'refuted')
    if (verdict.kind !== 'refuted') return
    // What is wrong in it comes last, and all before it is right.
    const last = Math.max(...hand.history.operations.map((each) => each.answeredStep ?? 0))
    check.equal(verdict.step.answeredAt, last, JSON.stringify(verdict.step))
  })
}

function mustPass(name: string, write: (hand: Hand) => void): void {
  test(`explained: ${name}`, () => {
    const hand = new Hand()
    write(hand)
    const verdict = verdictOf(hand)
    check.equal(verdict.kind, 'linearizable', JSON.stringify(verdict, null, 1))
  })
}

mustFail('a lost write', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.get('k', null)
})

mustFail('a stale read', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.put('k', 'b')
  hand.get('k', { etag: 'a' })
})

mustFail('a phantom: nobody wrote what was read', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.get('k', { etag: 'x' })
})

mustFail('a deletion that comes undone', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.delete('k')
  hand.get('k', null)
  hand.get('k', { etag: 'a' })
})

mustFail('a write that was refused, and is there', (hand) => {
  hand.bucket()
  hand.put('k', 'b')
  const put = hand.beginPut('k', 'a', ABSENT)
  hand.end(put, { kind: 'refused', code: 'precondition-failed' })
  hand.get('k', { etag: 'a' })
})

mustFail('two readers that see two writes in different orders', (hand) => {
  hand.bucket()
  hand.beginPut('k', 'a')
  hand.beginPut('k', 'b')
  hand.get('k', { etag: 'a' })
  hand.get('k', { etag: 'b', order: 2 })
  hand.get('k', { etag: 'a' })
})

mustFail('a condition that let two through', (hand) => {
  hand.bucket()
  const one = hand.beginPut('k', 'a', ABSENT)
  const other = hand.beginPut('k', 'b', ABSENT)
  hand.endPut(one)
  hand.endPut(other)
})

mustFail('a condition refused with nothing in its way', (hand) => {
  hand.bucket()
  hand.refusedPut('k', ABSENT, 'precondition-failed')
})

mustFail('versions in another order than they were made', (hand) => {
  hand.bucket('enabled')
  hand.put('k', 'a', id(1))
  hand.put('k', 'b', id(2))
  hand.listVersions('k', [
    { etag: 'a', number: 1 },
    { etag: 'b', number: 2 },
  ])
})

mustFail('a version that is missing in the list', (hand) => {
  hand.bucket('enabled')
  hand.put('k', 'a', id(1))
  hand.put('k', 'b', id(2))
  hand.listVersions('k', [{ etag: 'b', number: 2 }])
})

mustFail('a list of no versions of a key that has one', (hand) => {
  hand.bucket('enabled')
  hand.put('k', 'a', id(1))
  hand.listVersions('k', [])
})

mustFail('a version that is missing behind a marker', (hand) => {
  hand.bucket('enabled')
  for (const [index, etag] of ['a', 'b', 'c'].entries()) hand.put('k', etag, id(index + 1))
  hand.listVersions('k', [{ etag: 'a', number: 1 }], 3)
})

mustFail('a null version lost when versions were enabled', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.versioning('enabled')
  hand.put('k', 'b', id(2))
  hand.get('k', null, NULL)
})

mustFail('a null version that outlives its replacement', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.versioning('enabled')
  hand.put('k', 'b', id(2))
  hand.versioning('suspended')
  hand.put('k', 'c', 'null')
  hand.listVersions('k', [
    { etag: 'c', isNull: true },
    { etag: 'b', number: 2 },
    { etag: 'a', isNull: true },
  ])
})

mustFail('a delete marker that takes an older version with it', (hand) => {
  hand.bucket('enabled')
  hand.put('k', 'a', id(1))
  hand.delete('k', LATEST, { versionId: id(2), isDeleteMarker: true })
  hand.get('k', null, byId(1))
})

mustFail('a deleted version that comes back as the newest', (hand) => {
  hand.bucket('enabled')
  hand.put('k', 'a', id(1))
  hand.put('k', 'b', id(2))
  hand.delete('k', byId(2), { versionId: id(2) })
  hand.get('k', { etag: 'b', number: 2 })
})

mustFail('an id that two versions have', (hand) => {
  hand.bucket('enabled')
  hand.put('k', 'a', id(1))
  hand.put('k', 'b', id(1))
})

mustFail('a version under the id of another', (hand) => {
  hand.bucket('enabled')
  hand.put('k', 'a', id(1))
  hand.put('k', 'b', id(2))
  hand.get('k', { etag: 'a', number: 2, isLatest: false }, byId(2))
})

mustFail('a completed upload that nobody finds', (hand) => {
  hand.bucket()
  hand.createUpload('k', 'u')
  hand.putPart('k', 'u', 1, 'p')
  hand.endComplete(hand.beginComplete('k', 'u', ['p']))
  hand.get('k', null)
})

mustFail('an upload that is completed and aborted', (hand) => {
  hand.bucket()
  hand.createUpload('k', 'u')
  hand.putPart('k', 'u', 1, 'p')
  const complete = hand.beginComplete('k', 'u', ['p'])
  hand.abort('k', 'u')
  hand.endComplete(complete)
})

mustFail('an upload completed with a part that was replaced', (hand) => {
  hand.bucket()
  hand.createUpload('k', 'u')
  hand.putPart('k', 'u', 1, 'p')
  hand.putPart('k', 'u', 1, 'q')
  hand.endComplete(hand.beginComplete('k', 'u', ['p']))
})

mustFail('a repeated completion that makes another version', (hand) => {
  hand.bucket('enabled')
  hand.createUpload('k', 'u')
  hand.putPart('k', 'u', 1, 'p')
  hand.endComplete(hand.beginComplete('k', 'u', ['p']), id(1))
  hand.endComplete(hand.beginComplete('k', 'u', ['p']), id(2))
})

mustFail('a list that skips a key that stands', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.put('l', 'b')
  hand.list([['l', 'b']])
})

mustFail('a list with a key that was deleted', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.delete('k')
  hand.list([['k', 'a']])
})

mustFail('a key left out behind a marker', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.list([], { after: 'j' })
})

mustFail('a write in a bucket that is deleted', (hand) => {
  hand.bucket()
  hand.did('deleteBucket', { name: 'b', bucketId: BUCKET }, { kind: 'ok', result: null })
  hand.put('k', 'a')
})

mustFail('a bucket deleted with an object in it', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.did('deleteBucket', { name: 'b', bucketId: BUCKET }, { kind: 'ok', result: null })
})

mustFail('an unknown write that was seen and is gone', (hand) => {
  hand.bucket()
  hand.end(hand.beginPut('k', 'a'), UNKNOWN)
  hand.get('k', { etag: 'a' })
  hand.get('k', null)
})

mustFail('tags that nobody set', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  const asked = { bucketId: BUCKET, key: 'k', version: LATEST, tags: [['t', '1'] as const] }
  hand.did('setTags', asked, { kind: 'ok', result: { versionId: null } })
  hand.get('k', { etag: 'a' })
})

mustFail('an unknown write that shows up when it could take effect no more', (hand) => {
  hand.bucket()
  hand.put('k', 'b')
  const put = hand.beginPut('k', 'a')
  hand.end(put, UNKNOWN)
  hand.settle(put)
  hand.get('k', { etag: 'b' })
  hand.get('k', { etag: 'a', order: 2 })
})

mustFail('an unknown deletion that could take effect no more, and did', (hand) => {
  hand.bucket()
  const remove = hand.beginDelete('k')
  hand.end(remove, UNKNOWN)
  hand.settle(remove)
  hand.put('k', 'a')
  hand.get('k', null)
})

mustPass('an unknown write that took effect before it was settled, and is seen later', (hand) => {
  hand.bucket()
  hand.put('k', 'b')
  const put = hand.beginPut('k', 'a')
  hand.end(put, UNKNOWN)
  hand.get('k', { etag: 'b' })
  hand.settle(put)
  hand.get('k', { etag: 'a', order: 2 })
})

mustPass('an unknown write that never was, and is settled while others are under way', (hand) => {
  hand.bucket()
  const put = hand.beginPut('k', 'a')
  hand.end(put, UNKNOWN)
  const other = hand.beginPut('k', 'b')
  hand.settle(put)
  hand.get('k', { etag: 'b' })
  hand.endPut(other)
  hand.get('k', { etag: 'b' })
})

mustPass('a write that is answered when it is settled already', (hand) => {
  hand.bucket()
  const put = hand.beginPut('k', 'a')
  hand.settle(put)
  hand.get('k', { etag: 'a' })
  hand.endPut(put)
})

for (const etag of ['parts-2', 'copied']) {
  mustPass(`a copy of unknown outcome with the ETag ${etag}`, (hand) => {
    hand.bucket('enabled')
    hand.end(hand.beginCopy('k', 'parts-2', 'copied', 'm'), UNKNOWN)
    hand.endCopy(hand.beginCopy('k', 'parts-2', 'copied', 'm'), 'copied', id(2))
    hand.listVersions('k', [
      { etag: 'copied', number: 2 },
      { etag, number: 1 },
    ])
  })
}

mustFail('a copy of unknown outcome with an ETag of neither its source nor its bytes', (hand) => {
  hand.bucket('enabled')
  hand.end(hand.beginCopy('k', 'parts-2', 'copied', 'm'), UNKNOWN)
  hand.endCopy(hand.beginCopy('k', 'parts-2', 'copied', 'm'), 'copied', id(2))
  hand.listVersions('k', [
    { etag: 'copied', number: 2 },
    { etag: 'other', number: 1 },
  ])
})

mustFail('a copy that was answered with one of its ETags, and has the other', (hand) => {
  hand.bucket()
  hand.endCopy(hand.beginCopy('k', 'parts-2', 'copied', 'm'), 'copied')
  hand.get('k', { etag: 'parts-2', mark: 'm' })
})

mustFail('a copy that was answered with an ETag that it cannot have', (hand) => {
  hand.bucket()
  hand.endCopy(hand.beginCopy('k', 'parts-2', 'copied', 'm'), 'other')
})

/** Many deletions of unknown outcome, of which so many left a marker; in all only a list tells. */
function manyDeletions(hand: Hand, made: number): void {
  hand.bucket('enabled')
  for (let count = 0; count < 12; count += 1) hand.end(hand.beginDelete('k'), UNKNOWN)
  for (let count = 0; count < 5; count += 1) hand.end(hand.beginPut('k'), UNKNOWN)
  hand.put('k', 'last', id(made + 1))
  const markers = Array.from({ length: made }, (_, index) => ({
    etag: '',
    isMarker: true,
    number: made - index,
  }))
  hand.listVersions('k', [{ etag: 'last', number: made + 1 }, ...markers])
}

mustPass('a third of many deletions at once', (hand) => manyDeletions(hand, 4))
mustPass('all of many deletions at once', (hand) => manyDeletions(hand, 12))

test('more markers than deletions are refuted, however many there were', () => {
  const hand = new Hand()
  manyDeletions(hand, 13)
  const [history] = keyHistories(hand.history.operations)
  check.equal(checkKey(history?.steps ?? [], { shownMax: 0 }).kind, 'refuted')
})

mustPass('a completion that is repeated when its version has gone', (hand) => {
  hand.bucket('enabled')
  hand.createUpload('k', 'u')
  hand.putPart('k', 'u', 1, 'p')
  hand.put('k', 'a', id(1))
  hand.endComplete(hand.beginComplete('k', 'u', ['p']), id(2))
  hand.delete('k', byId(2), { versionId: id(2), isDeleteMarker: false })
  hand.endComplete(hand.beginComplete('k', 'u', ['p']), id(2))
  hand.listVersions('k', [{ etag: 'a', number: 1 }])
})

mustPass('an unknown write that shows up late', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.end(hand.beginPut('k', 'b'), UNKNOWN)
  hand.get('k', { etag: 'a' })
  hand.get('k', { etag: 'b', order: 2 })
  hand.get('k', { etag: 'b', order: 2 })
})

mustPass('an unknown write that never was', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.end(hand.beginPut('k', 'b'), UNKNOWN)
  hand.end(hand.beginDelete('k'), UNKNOWN)
  hand.get('k', { etag: 'a' })
})

mustPass('an unknown write of which only a refusal tells', (hand) => {
  hand.bucket()
  hand.end(hand.beginPut('k', 'a'), UNKNOWN)
  hand.refusedPut('k', ABSENT, 'precondition-failed')
  hand.delete('k')
  hand.get('k', null)
})

mustPass('an unknown deletion that shows up between two reads', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.end(hand.beginDelete('k'), UNKNOWN)
  hand.get('k', { etag: 'a' })
  hand.get('k', null)
})

mustPass('writes at once, seen in one order by all', (hand) => {
  hand.bucket()
  const one = hand.beginPut('k', 'a')
  const other = hand.beginPut('k', 'b')
  hand.get('k', { etag: 'b' })
  const get = hand.beginGet('k')
  hand.get('k', { etag: 'a', order: 2 })
  hand.endGet(get, { etag: 'b' })
  hand.endPut(one)
  hand.endPut(other)
})

mustPass('one of two conditional writes at once', (hand) => {
  hand.bucket()
  const one = hand.beginPut('k', 'a', ABSENT)
  const other = hand.beginPut('k', 'b', ABSENT)
  hand.end(one, { kind: 'refused', code: 'precondition-failed' })
  hand.endPut(other)
  hand.get('k', { etag: 'b' })
})

mustPass('a deletion that finds nothing where it begins, and something where it ends', (hand) => {
  hand.bucket()
  const remove = hand.beginDelete('k')
  hand.put('k', 'a')
  hand.endDelete(remove)
  hand.get('k', null)
})

mustPass('markers, null versions and what is under them', (hand) => {
  hand.bucket()
  hand.put('k', 'a')
  hand.versioning('enabled')
  hand.put('k', 'b', id(2))
  hand.delete('k', LATEST, { versionId: id(3), isDeleteMarker: true })
  hand.get('k', { etag: '', isMarker: true, number: 3, isNull: false })
  hand.list([])
  hand.delete('k', byId(3), { versionId: id(3), isDeleteMarker: true })
  hand.list([['k', 'b']])
  hand.versioning('suspended')
  hand.delete('k', LATEST, { versionId: 'null', isDeleteMarker: true })
  hand.listVersions('k', [
    { etag: '', isMarker: true, isNull: true },
    { etag: 'b', number: 2 },
  ])
  hand.delete('k', NULL, { versionId: 'null', isDeleteMarker: true })
  hand.get('k', { etag: 'b', number: 2, isNull: false })
  hand.delete('k', NULL, { outcome: 'no-such-version' })
})

mustPass('a page behind a version that has gone', (hand) => {
  hand.bucket('enabled')
  for (const [index, etag] of ['a', 'b', 'c'].entries()) hand.put('k', etag, id(index + 1))
  hand.delete('k', byId(3), { versionId: id(3), isDeleteMarker: false })
  hand.listVersions('k', [{ etag: 'a', number: 1 }], 2)
  hand.listVersions('k', [], 1)
})

mustPass('an unknown completion and its repetition', (hand) => {
  hand.bucket('enabled')
  hand.createUpload('k', 'u')
  hand.putPart('k', 'u', 1, 'p')
  hand.end(hand.beginComplete('k', 'u', ['p']), UNKNOWN)
  hand.endComplete(hand.beginComplete('k', 'u', ['p']), id(1))
  hand.get('k', { etag: 'whole-u', mark: 'u', number: 1, isNull: false })
})

mustPass('a completion under a condition that another write was faster than', (hand) => {
  hand.bucket()
  hand.createUpload('k', 'u')
  hand.putPart('k', 'u', 1, 'p')
  hand.put('k', 'a')
  const complete = hand.beginComplete('k', 'u', ['p'], ABSENT)
  hand.end(complete, { kind: 'refused', code: 'conditional-conflict' })
})

test('too many explanations are undecided, and never sound', () => {
  const hand = new Hand()
  hand.bucket()
  for (let count = 0; count < 12; count += 1) hand.beginPut('k')
  hand.get('k', { etag: 'x' })
  const [history] = keyHistories(hand.history.operations)
  const verdict = checkKey(history?.steps ?? [], { explanationsMax: 1000 })
  check.equal(verdict.kind, 'undecided')
})
