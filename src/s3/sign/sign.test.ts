// Signatures: the examples that AWS publishes, and each way in which one is refused.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RequestHeaders } from '../request-headers.ts'
import { parseBaseDomains, parseTarget } from '../request-target.ts'
import { S3Error } from '../s3-error.ts'
import type { ParsedAuth, SignedRequest } from './auth.ts'
import { canonicalQuery } from './canonical-query.ts'
import { effectiveHeaders } from './effective-headers.ts'
import { parseAuth } from './parse-auth.ts'
import { presignTarget, signRequest } from './sign.ts'
import { SigningKeys } from './signing-key.ts'
import { verifySignature } from './verify.ts'

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const KEY_ID = 'AKIAIOSFODNN7EXAMPLE'
const NOW_MS = Date.UTC(2013, 4, 24)
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const HOST = 'examplebucket.s3.amazonaws.com'
const SIGNER = { accessKeyId: KEY_ID, secret: SECRET, region: 'us-east-1', nowMs: NOW_MS }
const CONTEXT = { region: 'us-east-1', nowMs: NOW_MS }

function requestOf(line: string, headers: readonly string[]): SignedRequest {
  const [method = '', rawTarget = ''] = line.split(' ')
  const parsed = new RequestHeaders(headers)
  const domains = parseBaseDomains(['s3.amazonaws.com'])
  return { method, target: parseTarget(rawTarget, parsed.get('host'), domains), headers: parsed }
}

function signIn(request: SignedRequest, context = CONTEXT, secret = SECRET): ParsedAuth['kind'] {
  const auth = parseAuth(request, context)
  if (auth.kind !== 'anonymous') verifySignature(auth, request, secret, new SigningKeys())
  return auth.kind
}

function refusal(request: SignedRequest, context = CONTEXT, secret = SECRET): S3Error {
  try {
    signIn(request, context, secret)
  } catch (error) {
    if (error instanceof S3Error) return error
    throw error
  }
  return assert.fail('the request was taken')
}

function authorization(signedHeaders: string, signature: string, separator = ','): string {
  return [
    `AWS4-HMAC-SHA256 Credential=${KEY_ID}/20130524/us-east-1/s3/aws4_request`,
    `SignedHeaders=${signedHeaders}`,
    `Signature=${signature}`,
  ].join(separator)
}

const DATE = ['x-amz-date', '20130524T000000Z']
const GET_SIGNATURE = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'
const GET_HEADERS = [
  'Host',
  HOST,
  'Range',
  'bytes=0-9',
  'x-amz-content-sha256',
  EMPTY,
  ...DATE,
  'Authorization',
  authorization('host;range;x-amz-content-sha256;x-amz-date', GET_SIGNATURE),
]

test('the published example of GET Object verifies', () => {
  assert.equal(signIn(requestOf('GET /test.txt', GET_HEADERS)), 'header')
})

test('the published example of PUT Object verifies', () => {
  const headers = [
    'Host',
    HOST,
    'Date',
    'Fri, 24 May 2013 00:00:00 GMT',
    ...DATE,
    'x-amz-storage-class',
    'REDUCED_REDUNDANCY',
    'x-amz-content-sha256',
    '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    'Authorization',
    authorization(
      'date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class',
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ),
  ]
  assert.equal(signIn(requestOf('PUT /test$file.text', headers)), 'header')
})

test('the published examples of a bucket subresource and of a list verify', () => {
  const signed = 'host;x-amz-content-sha256;x-amz-date'
  const headers = ['Host', HOST, ...DATE, 'x-amz-content-sha256', EMPTY, 'Authorization']
  const lifecycle = 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'
  signIn(requestOf('GET /?lifecycle', [...headers, authorization(signed, lifecycle)]))
  const list = '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'
  signIn(requestOf('GET /?max-keys=2&prefix=J', [...headers, authorization(signed, list)]))
})

const PRESIGNED =
  `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${KEY_ID}%2F20130524%2Fus-east-1` +
  '%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
  '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'

test('the published example of a presigned URL verifies', () => {
  assert.equal(signIn(requestOf(`GET ${PRESIGNED}`, ['host', HOST])), 'query')
})

test('S3.md 10: the header may have spaces or none after commas', () => {
  const spaced = [
    ...GET_HEADERS.slice(0, -1),
    authorization('host;range;x-amz-content-sha256;x-amz-date', GET_SIGNATURE, ', '),
  ]
  assert.equal(signIn(requestOf('GET /test.txt', spaced)), 'header')
})

test('S3.md 10: a mismatch names both texts and their bytes', () => {
  const error = refusal(requestOf('GET /test2.txt', GET_HEADERS))
  assert.equal(error.code, 'SignatureDoesNotMatch')
  assert.match(error.fields['CanonicalRequest'] ?? '', /^GET\n\/test2\.txt\n\nhost:/)
  assert.match(error.fields['StringToSign'] ?? '', /^AWS4-HMAC-SHA256\n20130524T000000Z\n/)
  assert.match(error.fields['StringToSignBytes'] ?? '', /^41 57 53 34 /)
  assert.equal(error.fields['SignatureProvided'], GET_SIGNATURE)
  assert.equal(refusal(requestOf('GET /test.txt', GET_HEADERS), CONTEXT, 'x').code, error.code)
})

test('S3.md 10: another region is malformed, and the right one is named', () => {
  const error = refusal(requestOf('GET /test.txt', GET_HEADERS), { ...CONTEXT, region: 'eu' })
  assert.equal(error.code, 'AuthorizationHeaderMalformed')
  assert.equal(error.fields['Region'], 'eu')
})

test('S3.md 10: broken headers are malformed, other schemes have errors of their own', () => {
  const withText = (text: string): string =>
    refusal(requestOf('GET /k', ['Host', HOST, ...DATE, 'Authorization', text])).code
  const good = authorization('host', '0'.repeat(64))
  assert.equal(withText('AWS4-HMAC-SHA256'), 'AuthorizationHeaderMalformed')
  assert.equal(withText('AWS4-HMAC-SHA256 Credential=a'), 'AuthorizationHeaderMalformed')
  assert.equal(withText(good.slice(0, -1)), 'AuthorizationHeaderMalformed')
  assert.equal(withText(good.replace('/s3/', '/ec2/')), 'AuthorizationHeaderMalformed')
  assert.equal(withText(good.replace('aws4_request', 'x')), 'AuthorizationHeaderMalformed')
  assert.equal(withText(good.replace('20130524', '2013')), 'AuthorizationHeaderMalformed')
  assert.equal(withText(good.replace('SignedHeaders=host', 'x=1')), 'AuthorizationHeaderMalformed')
  // Two of a field: another reader could take the other one.
  for (const field of ['Credential=x', 'SignedHeaders=host', `Signature=${'0'.repeat(64)}`]) {
    assert.equal(withText(`${good}, ${field}`), 'AuthorizationHeaderMalformed', field)
  }
  assert.equal(withText('AWS AKIA:signature'), 'InvalidRequest')
  assert.equal(withText('AWS4-ECDSA-P256-SHA256 Credential=a'), 'NotImplemented')
  assert.equal(withText('Bearer x'), 'InvalidArgument')
  assert.equal(withText(''), 'InvalidArgument')
})

test('S3.md 10: no credentials at all is anonymous', () => {
  assert.equal(signIn(requestOf('GET /k?versionId=1', ['host', HOST])), 'anonymous')
})

test('S3.md 11: x-amz-date wins over Date, 15 minutes are the limit, the day must match', () => {
  const at = (minutes: number): string | null => {
    const context = { ...CONTEXT, nowMs: NOW_MS + minutes * 60_000 }
    const request = requestOf('GET /test.txt', ['Date', 'nonsense', ...GET_HEADERS])
    return minutes > -16 && minutes < 16 ? signIn(request, context) : refusal(request, context).code
  }
  assert.equal(at(15), 'header')
  assert.equal(at(-15), 'header')
  assert.equal(at(16), 'RequestTimeTooSkewed')
  assert.equal(at(-16), 'RequestTimeTooSkewed')
  const other = GET_HEADERS.map((text) => text.replace('20130524/', '20130523/'))
  assert.equal(refusal(requestOf('GET /test.txt', other)).code, 'SignatureDoesNotMatch')
  const without = GET_HEADERS.filter((text) => !DATE.includes(text))
  assert.equal(refusal(requestOf('GET /test.txt', without)).code, 'AccessDenied')
})

test('S3.md 12: x-amz-content-sha256 is required of a header signature', () => {
  const without = GET_HEADERS.map((text) => text.replace('x-amz-content-sha256', 'x-other'))
  assert.equal(refusal(requestOf('GET /test.txt', without)).code, 'InvalidRequest')
})

test('S3.md 9: host and every x-amz- header that was sent must be signed', () => {
  const error = refusal(requestOf('GET /test.txt', [...GET_HEADERS, 'X-Amz-Acl', 'private']))
  assert.equal(error.code, 'AccessDenied')
  assert.equal(error.fields['HeadersNotSigned'], 'x-amz-acl')
  const presigned = requestOf(`GET ${PRESIGNED}`, ['host', HOST, 'x-amz-meta-a', '1'])
  assert.equal(refusal(presigned).code, 'AccessDenied')
})

test('S3.md 9: values are trimmed, runs of spaces made one, repetitions joined in order', () => {
  const base = [
    'host',
    'h',
    'x-amz-meta-a',
    'b  "c   d" ',
    'X-Amz-Meta-A',
    ' e',
    'x-amz-meta-n',
    '',
  ]
  const request = { method: 'PUT', rawTarget: '/b/k', headers: base, payloadHash: EMPTY }
  const signed = signRequest(request, SIGNER)
  const tidy = ['host', 'h', 'x-amz-meta-a', 'b "c d",e', 'x-amz-meta-n', '']
  const other = signRequest({ ...request, headers: tidy }, SIGNER)
  assert.equal(signed.seed.signature, other.seed.signature)
  assert.equal(signIn(requestOf('PUT /b/k', signed.headers)), 'header')
})

test('S3.md 8: the canonical query is sorted by encoded name, keeps doubles and uses %20', () => {
  assert.equal(canonicalQuery('acl', ''), 'acl=')
  assert.equal(canonicalQuery('b=2&a=1&b=1', ''), 'a=1&b=1&b=2')
  assert.equal(canonicalQuery('prefix=a+b%20c%2Bd/~', ''), 'prefix=a%20b%20c%2Bd%2F~')
  assert.equal(canonicalQuery('x-1=1&x=2', ''), 'x=2&x-1=1')
  assert.equal(canonicalQuery('a=%c3%a4&&b', ''), 'a=%C3%A4&b=')
  assert.equal(canonicalQuery('a=1&X-Amz-Signature=2', 'X-Amz-Signature'), 'a=1')
})

test('S3.md 8: what a client signs by its own canonical form verifies, however it encodes', () => {
  const text = fc.string({ unit: 'binary', maxLength: 12 }).filter((s) => !s.includes('\0'))
  const pairs = fc.array(fc.tuple(text, text), { maxLength: 5 })
  fc.assert(
    fc.property(text, pairs, fc.boolean(), (key, params, isLower) => {
      const encode = (s: string): string =>
        isLower
          ? encodeURIComponent(s).replace(/%../g, (e) => e.toLowerCase())
          : encodeURIComponent(s)
      const query = params
        .filter(([name]) => name !== '' && !name.toLowerCase().startsWith('x-amz'))
        .map(([name, value]) => `${encode(name)}=${encode(value)}`)
        .join('&')
      const rawTarget = `/b/${encode(key).replaceAll('%2f', '/').replaceAll('%2F', '/')}?${query}`
      const request = { method: 'GET', rawTarget, headers: ['host', 'h'], payloadHash: EMPTY }
      const { headers } = signRequest(request, SIGNER)
      assert.equal(signIn(requestOf(`GET ${rawTarget}`, headers)), 'header')
    }),
  )
})

test('S3.md 8: a path is signed as sent, or with its escaped slashes plain', () => {
  const sign = (rawTarget: string): readonly string[] =>
    signRequest({ method: 'GET', rawTarget, headers: ['host', 'h'], payloadHash: EMPTY }, SIGNER)
      .headers
  assert.equal(signIn(requestOf('GET /b/a%2Fb//../c', sign('/b/a%2Fb//../c'))), 'header')
  assert.equal(signIn(requestOf('GET /b/a%2Fb', sign('/b/a/b'))), 'header')
  assert.equal(refusal(requestOf('GET /b/a/c', sign('/b//a/c'))).code, 'SignatureDoesNotMatch')
  assert.equal(refusal(requestOf('GET /b/a%25b', sign('/b/a%b'.replace('%b', '%62')))).status, 403)
})

test('S3.md 15: a presigned URL expires, and says so', () => {
  const target = presignTarget(
    { method: 'GET', rawTarget: '/b/k?response-expires=1', host: 'h' },
    SIGNER,
    60,
  )
  const at = (sec: number): { region: string; nowMs: number } => ({
    ...CONTEXT,
    nowMs: NOW_MS + sec * 1000,
  })
  const request = requestOf(`GET ${target}`, ['host', 'h'])
  assert.equal(signIn(request, at(60)), 'query')
  const late = refusal(request, at(61))
  assert.deepEqual([late.code, late.message], ['AccessDenied', 'Request has expired'])
  assert.equal(refusal(request, at(-1000)).message, 'Request is not yet valid')
  const changed = requestOf(`GET ${target.replace('expires=1', 'expires=2')}`, ['host', 'h'])
  assert.equal(refusal(changed).code, 'SignatureDoesNotMatch')
})

test('S3.md 15: parameters that are missing or out of bounds have their own code', () => {
  const code = (from: string | RegExp, to: string): string =>
    refusal(requestOf(`GET ${PRESIGNED.replace(from, to)}`, ['host', HOST])).code
  const expected = 'AuthorizationQueryParametersError'
  assert.equal(code('Expires=86400', 'Expires=0'), expected)
  assert.equal(code('Expires=86400', 'Expires=604801'), expected)
  assert.equal(code('Expires=86400', 'Expires=x'), expected)
  for (const name of ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature']) {
    assert.equal(code(new RegExp(`X-Amz-${name}=[^&]*&?`), ''), expected, name)
    assert.equal(code(/$/, `&X-Amz-${name}=${'0'.repeat(64)}`), expected, `${name} twice`)
  }
  assert.equal(code('AWS4-HMAC', 'AWS5-HMAC'), expected)
  assert.equal(code('us-east-1', 'eu'), expected)
  assert.equal(code('Date=20130524T', 'Date=20130525T'), expected)
})

test('a presigned query takes the place of headers, but for checksums of an empty body', () => {
  const sha256 = Buffer.from(EMPTY, 'hex').toString('base64')
  const query = [
    ['x-amz-meta-a', 'b'],
    ['X-Amz-Date', '20130524T000000Z'],
    ['x-amz-sdk-checksum-algorithm', 'CRC32'],
    ['x-amz-checksum-crc32', 'AAAAAA=='],
    ['x-amz-checksum-sha256', sha256],
    ['x-amz-checksum-sha1', 'Kq5sNclPz7QV2+lfQIuc6R7oRu0='],
    ['x-amz-acl', 'public-read'],
  ] as const
  const sent = new RequestHeaders(['x-amz-acl', 'private'])
  assert.deepEqual(effectiveHeaders(sent, query, 'query').names, [
    'x-amz-acl',
    'x-amz-meta-a',
    'x-amz-checksum-sha1',
  ])
  assert.equal(effectiveHeaders(sent, query, 'query').get('x-amz-acl'), 'private')
  assert.equal(effectiveHeaders(sent, query, 'header'), sent)
  // In a header it is the sender's own word for its body.
  const claimed = new RequestHeaders(['x-amz-checksum-crc32', 'AAAAAA=='])
  assert.equal(effectiveHeaders(claimed, [], 'query').get('x-amz-checksum-crc32'), 'AAAAAA==')
})

test('S3.md 15: credentials in header and query at once are refused', () => {
  const error = refusal(requestOf(`GET ${PRESIGNED}`, GET_HEADERS))
  assert.deepEqual([error.code, error.fields['ArgumentName']], ['InvalidArgument', 'Authorization'])
})

test('Signature Version 2 in a query is refused by name', () => {
  const error = refusal(
    requestOf('GET /b/k?AWSAccessKeyId=a&Expires=1&Signature=b', ['host', HOST]),
  )
  assert.equal(error.code, 'InvalidRequest')
  assert.match(error.message, /Please use AWS4-HMAC-SHA256/)
})

test('signing keys are remembered by secret and scope, and never mixed up', () => {
  const keys = new SigningKeys()
  const one = keys.get('a', '20130524/us-east-1/s3/aws4_request')
  const two = keys.get('a', '20130525/us-east-1/s3/aws4_request')
  assert.notDeepEqual(one, two)
  assert.equal(keys.get('a', '20130524/us-east-1/s3/aws4_request'), one)
  assert.notDeepEqual(keys.get('b', '20130524/us-east-1/s3/aws4_request'), one)
})
