// Policies: what they may say, what they then let through, and what S3 answers otherwise.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgePolicy, judgeSize, parsePostPolicy } from './post-policy.ts'
import { S3Error, type S3ErrorCode } from './s3-error.ts'

const NOW_MS = Date.UTC(2026, 0, 1)
const LATER = '2026-01-01T00:10:00Z'

function encode(policy: unknown): string {
  return Buffer.from(JSON.stringify(policy)).toString('base64')
}

function policyOf(...conditions: readonly unknown[]): string {
  return encode({ expiration: LATER, conditions: [{ bucket: 'b' }, ...conditions] })
}

function judge(base64: string, fields: Readonly<Record<string, string>>, bucket = 'b'): void {
  const policy = parsePostPolicy(base64)
  judgePolicy(policy, { fields: new Map(Object.entries(fields)), bucket, nowMs: NOW_MS })
}

function refused(act: () => void, code: S3ErrorCode, message: RegExp): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof S3Error, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  })
}

function fails(conditions: readonly unknown[], fields: Readonly<Record<string, string>>): void {
  refused(
    () => judge(policyOf(...conditions), fields),
    'AccessDenied',
    /^Invalid according to Policy: Policy Condition failed: \[/,
  )
}

test('conditions of all kinds hold, names in any case', () => {
  judge(policyOf({ key: 'k' }, { AcL: 'private' }), { key: 'k', acl: 'private' })
  judge(policyOf(['eq', '$key', 'k']), { key: 'k' })
  judge(policyOf(['StArTs-WiTh', '$KeY', 'fo']), { key: 'foo' })
  judge(policyOf(['starts-with', '$key', '']), { key: 'anything' })
  judge(policyOf(['starts-with', '$key', 'a'], ['starts-with', '$key', 'ab']), { key: 'abc' })
  judge(policyOf(['starts-with', '$key', '\\$foo']), { key: '\\$foo.txt' })
  judge(policyOf({ key: 'k' }, ['content-length-range', 0, 5]), { key: 'k' })
})

test('a condition that does not hold is denied, values in their case', () => {
  fails([{ key: 'k' }], { key: 'K' })
  fails([{ key: 'k' }], { key: 'kk' })
  fails([['eq', '$key', 'k']], { key: 'x' })
  fails([['starts-with', '$key', 'foo']], { key: 'fo' })
  fails([['starts-with', '$key', 'foo']], { key: 'Foo.txt' })
  fails(
    [
      ['starts-with', '$key', 'a'],
      ['starts-with', '$key', 'b'],
    ],
    { key: 'abc' },
  )
  fails([['eq', 'key', 'k']], { key: 'k' }) // without its $
  fails([['eq', '$x-amz-meta-a', '']], { key: 'k', 'x-amz-meta-a': 'v' })
})

test('a condition on a field that was not sent fails, with an empty prefix too', () => {
  fails([{ key: 'k' }, ['starts-with', '$x-amz-meta-a', 'v']], { key: 'k' })
  fails([{ key: 'k' }, ['starts-with', '$content-type', '']], { key: 'k' })
  fails([{ key: 'k' }, { acl: '' }], { key: 'k' })
  // The bucket's default stands in for the encryption.
  judge(policyOf({ key: 'k' }, ['starts-with', '$x-amz-server-side-encryption', '']), { key: 'k' })
  fails([{ key: 'k' }, { 'x-amz-server-side-encryption': 'AES256' }], { key: 'k' })
})

test('of a list of content types each must match; other values are one text', () => {
  const conditions = [['starts-with', '$Content-Type', 'image/'], { key: 'k' }]
  judge(policyOf(...conditions), { key: 'k', 'content-type': 'image/jpg, image/png,image/gif' })
  fails(conditions, { key: 'k', 'content-type': 'image/jpg,text/plain' })
  judge(policyOf(['starts-with', '$key', 'a']), { key: 'a,b' })
})

test('every field needs a condition, but those that S3 names', () => {
  const free = {
    policy: 'p',
    signature: 's',
    awsaccesskeyid: 'a',
    'x-amz-signature': 's',
    'x-ignore-this': 'x',
    'x-amz-checksum-sha256': 'c',
  }
  judge(policyOf({ key: 'k' }), { key: 'k', ...free })
  for (const name of ['acl', 'content-type', 'x-amz-meta-a', 'x-amz-date', 'submit', 'tagging']) {
    refused(
      () => judge(policyOf({ key: 'k' }), { key: 'k', [name]: 'v' }),
      'AccessDenied',
      new RegExp(`Extra input fields: ${name}$`),
    )
  }
  refused(() => judge(policyOf(), { key: 'k' }), 'AccessDenied', /Extra input fields: key$/)
})

test('the bucket is the one that the form was sent to, and must be named', () => {
  const policy = policyOf({ key: 'k' })
  refused(() => judge(policy, { key: 'k', bucket: 'b' }, 'other'), 'AccessDenied', /"\$bucket"/)
  judge(policy, { key: 'k', bucket: 'other' })
  const unnamed = encode({ expiration: LATER, conditions: [{ key: 'k' }] })
  refused(() => judge(unnamed, { key: 'k' }), 'AccessDenied', /Extra input fields: bucket$/)
  const none = encode({ expiration: LATER, conditions: [] })
  refused(() => judge(none, {}), 'AccessDenied', /Extra input fields: bucket$/)
})

test('a policy ends at its expiration', () => {
  const at = (expiration: string): string =>
    encode({ expiration, conditions: [{ bucket: 'b' }, { key: 'k' }] })
  judge(at('2026-01-01T00:00:00.001Z'), { key: 'k' })
  judge(at('2026-01-01T00:00:01Z'), { key: 'k' })
  for (const past of ['2026-01-01T00:00:00.000Z', '2025-12-31T23:59:59Z', '1970-01-01T00:00:00Z']) {
    refused(() => judge(at(past), { key: 'k' }), 'AccessDenied', /Policy expired\.$/)
  }
})

test('sizes are judged with their bounds included, and all ranges count', () => {
  const policy = parsePostPolicy(
    policyOf(['content-length-range', 5, 10], ['Content-Length-Range', '0', '9']),
  )
  for (const size of [5, 9]) judgeSize(policy, size)
  refused(() => judgeSize(policy, 4), 'EntityTooSmall', /smaller/)
  refused(() => judgeSize(policy, 10), 'EntityTooLarge', /exceeds/)
  judgeSize(parsePostPolicy(policyOf()), 0)
  const exact = parsePostPolicy(policyOf(['content-length-range', 0, 0]))
  judgeSize(exact, 0)
  assert.throws(
    () => judgeSize(exact, 3),
    (error) =>
      error instanceof S3Error &&
      error.fields['ProposedSize'] === '3' &&
      error.fields['MaxSizeAllowed'] === '0',
  )
})

test('a broken policy is refused as a document', () => {
  const conditions = [{ bucket: 'b' }]
  const expiration = LATER
  const broken: readonly (readonly [unknown, RegExp])[] = [
    [{ conditions }, /missing expiration/],
    [{ EXPIRATION: LATER, conditions }, /Unexpected: 'EXPIRATION'/],
    [{ expiration, CONDITIONS: conditions }, /Unexpected: 'CONDITIONS'/],
    [{ expiration: '2026-09-29 12:00:00.123456+00:00', conditions }, /'expiration' value/],
    [{ expiration: 1, conditions }, /'expiration' value/],
    [{ expiration: null, conditions }, /'expiration' value/],
    [{ expiration }, /missing conditions/],
    [{ expiration, conditions: {} }, /must be a List/],
    [{ expiration, conditions: null }, /must be a List/],
    [{ expiration, conditions: [{}] }, /exactly one property/],
    [{ expiration, conditions: [{ key: 'k', acl: 'a' }] }, /exactly one property/],
    [{ expiration, conditions: [{ key: 1 }] }, /must be a string/],
    [{ expiration, conditions: ['key'] }, /must be a List or Object/],
    [{ expiration, conditions: [null] }, /must be a List or Object/],
    [{ expiration, conditions: [[]] }, /missing operation/],
    [{ expiration, conditions: [['in', '$key', 'k']] }, /unknown operation 'in'/],
    [{ expiration, conditions: [['eq', '$key']] }, /wrong number of arguments/],
    [{ expiration, conditions: [['eq', '$key', 'k', 'k']] }, /wrong number of arguments/],
    [{ expiration, conditions: [['eq', '$key', 1]] }, /Invalid eq/],
    [{ expiration, conditions: [['content-length-range', 0]] }, /wrong number of arguments/],
    [{ expiration, conditions: [['content-length-range', -1, 0]] }, /two sizes/],
    [{ expiration, conditions: [['content-length-range', 2, 1]] }, /two sizes/],
    [{ expiration, conditions: [['content-length-range', 0.5, 1]] }, /two sizes/],
    [{ expiration, conditions: [['content-length-range', 'test', '10']] }, /two sizes/],
    [{ expiration, conditions: Array.from({ length: 201 }, () => ({ key: 'k' })) }, /Too many/],
    [[], /Invalid JSON/],
    ['text', /Invalid JSON/],
    [null, /Invalid JSON/],
  ]
  for (const [policy, message] of broken) {
    refused(() => parsePostPolicy(encode(policy)), 'InvalidPolicyDocument', message)
  }
  for (const text of ['', '{', '{"expiration": "\\$"}', '\xff\xfe']) {
    const base64 = Buffer.from(text, 'latin1').toString('base64')
    refused(() => parsePostPolicy(base64), 'InvalidPolicyDocument', /Invalid JSON/)
  }
})
