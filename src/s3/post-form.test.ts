// Forms: AWS's published example, both signatures, and what the fields make of the object.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { verifyForm } from './form-auth.ts'
import {
  formAnswer,
  formHeaders,
  formTags,
  parsePostForm,
  type PostForm,
  redirectLocation,
} from './post-form.ts'
import { judgePolicy, parsePostPolicy } from './post-policy.ts'
import { S3Error, type S3ErrorCode } from './s3-error.ts'
import { SigningKeys } from './sign/signing-key.ts'

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
const ACCESS_KEY = 'AKIAIOSFODNN7EXAMPLE'
const V4 = {
  'X-Amz-Credential': `${ACCESS_KEY}/20151229/us-east-1/s3/aws4_request`,
  'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
  'X-Amz-Date': '20151229T000000Z',
}
const keys = new SigningKeys()

function formOf(fields: Readonly<Record<string, string>>, filename: string | null = null) {
  const sent = Object.entries(fields).map(([name, value]) => ({ name, value }))
  return parsePostForm(sent, { filename }, { region: 'us-east-1' })
}

function refused(act: () => unknown, code: S3ErrorCode, field?: string): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof S3Error, String(error))
    assert.equal(error.code, code, error.message)
    if (field !== undefined) assert.equal(error.fields['ArgumentName'], field)
    return true
  })
}

function verify({ auth }: PostForm, secret = SECRET): void {
  assert.ok(auth.kind !== 'anonymous')
  verifyForm(auth, secret, keys)
}

/** The example of S3's API reference, whose lines end in CRLF. */
const EXAMPLE_POLICY = [
  '{ "expiration": "2015-12-30T12:00:00.000Z",',
  '  "conditions": [',
  '    {"bucket": "sigv4examplebucket"},',
  '    ["starts-with", "$key", "user/user1/"],',
  '    {"acl": "public-read"},',
  '    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},',
  '    ["starts-with", "$Content-Type", "image/"],',
  '    {"x-amz-meta-uuid": "14365123651274"},',
  '    {"x-amz-server-side-encryption": "AES256"},',
  '    ["starts-with", "$x-amz-meta-tag", ""],',
  '',
  `    {"x-amz-credential": "${V4['X-Amz-Credential']}"},`,
  '    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},',
  '    {"x-amz-date": "20151229T000000Z" }',
  '  ]',
  '}',
].join('\r\n')

test("AWS's example signs in, and meets its policy", () => {
  const form = formOf(
    {
      key: 'user/user1/${filename}',
      acl: 'public-read',
      success_action_redirect: 'http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html',
      'Content-Type': 'image/jpeg',
      'x-amz-meta-uuid': '14365123651274',
      'x-amz-server-side-encryption': 'AES256',
      ...V4,
      'x-amz-meta-tag': '',
      Policy: Buffer.from(EXAMPLE_POLICY).toString('base64'),
      'X-Amz-Signature': '8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e',
    },
    'photo.jpg',
  )
  verify(form)
  assert.ok(form.auth.kind === 'v4')
  assert.equal(form.auth.accessKeyId, ACCESS_KEY)
  assert.equal(form.key, 'user/user1/photo.jpg')
  judgePolicy(parsePostPolicy(form.auth.policy), {
    fields: form.fields,
    bucket: 'sigv4examplebucket',
    nowMs: Date.UTC(2015, 11, 30, 11),
  })
})

test('a Version 2 signature is HMAC-SHA1 of the policy as sent, in base64', () => {
  const policy = Buffer.from('{"any": "text"}').toString('base64')
  const signature = createHmac('sha1', SECRET).update(policy).digest('base64')
  const fields = { key: 'k', AWSAccessKeyId: ACCESS_KEY, signature, policy }
  verify(formOf(fields))
  verify(formOf({ kEy: 'k', awsaccesskeyid: ACCESS_KEY, SIGNATURE: signature, pOLICy: policy }))
  for (const changed of [
    { policy: `${policy} ` },
    { policy: policy.slice(0, -2) },
    { signature: signature.split('').reverse().join('') },
    { signature: signature.slice(1) },
  ]) {
    const form = formOf({ ...fields, ...changed })
    refused(() => verify(form), 'SignatureDoesNotMatch')
  }
  refused(() => verify(formOf(fields), 'another'), 'SignatureDoesNotMatch')
})

test('a Version 4 signature that is another is refused, with what was signed', () => {
  const form = formOf({ key: 'k', ...V4, policy: 'cG9saWN5', 'x-amz-signature': 'f'.repeat(64) })
  assert.throws(
    () => verify(form),
    (error) => {
      assert.ok(error instanceof S3Error)
      assert.equal(error.code, 'SignatureDoesNotMatch')
      assert.equal(error.fields['StringToSign'], 'cG9saWN5')
      assert.equal(error.fields['StringToSignBytes'], '63 47 39 73 61 57 4e 35')
      assert.ok(!JSON.stringify(error.fields).includes(SECRET))
      return true
    },
  )
})

test('a form has all fields of its signature, or none', () => {
  assert.equal(formOf({ key: 'k' }).auth.kind, 'anonymous')
  assert.equal(formOf({ key: 'k', policy: 'p' }).auth.kind, 'anonymous')
  const v4 = { ...V4, 'X-Amz-Signature': 's', Policy: 'p' }
  for (const name of Object.keys(v4)) {
    const fields = Object.fromEntries(Object.entries(v4).filter(([each]) => each !== name))
    refused(() => formOf({ key: 'k', ...fields }), 'InvalidArgument', name)
  }
  const v2 = { AWSAccessKeyId: 'a', Signature: 's', Policy: 'p' }
  for (const name of Object.keys(v2)) {
    const fields = Object.fromEntries(Object.entries(v2).filter(([each]) => each !== name))
    refused(() => formOf({ key: 'k', ...fields }), 'InvalidArgument', name)
  }
  refused(() => formOf({ key: 'k', ...v2, ...v4 }), 'InvalidArgument')
})

test('a credential that is not whole or not of this region and day is refused', () => {
  const fields = { key: 'k', ...V4, 'X-Amz-Signature': 's', Policy: 'p' }
  for (const changed of [
    { 'X-Amz-Algorithm': 'AWS4-HMAC-SHA1' },
    { 'X-Amz-Credential': ACCESS_KEY },
    { 'X-Amz-Credential': `${ACCESS_KEY}/20151229/eu-west-1/s3/aws4_request` },
    { 'X-Amz-Credential': `${ACCESS_KEY}/20151230/us-east-1/s3/aws4_request` },
    { 'X-Amz-Date': '2015-12-29' },
  ]) {
    refused(() => formOf({ ...fields, ...changed }), 'InvalidArgument')
  }
})

test('a key is needed, and may be made of the name of the file', () => {
  refused(() => formOf({}), 'InvalidArgument', 'key')
  refused(() => formOf({ key: '' }), 'InvalidArgument', 'key')
  refused(() => formOf({ key: '${filename}' }, ''), 'InvalidArgument', 'key')
  refused(() => formOf({ key: 'k'.repeat(1025) }), 'KeyTooLongError')
  refused(() => formOf({ key: '${filename}' }, 'k'.repeat(1025)), 'KeyTooLongError')
  refused(() => formOf({ key: 'a\0' }), 'InvalidURI')
  const keyOf = (filename: string | null): string =>
    formOf({ key: 'a/${filename}-${filename}' }, filename).key
  assert.equal(keyOf('f.txt'), 'a/f.txt-f.txt')
  assert.equal(keyOf('C:\\Program Files\\d\\f.txt'), 'a/f.txt-f.txt')
  assert.equal(keyOf('/home/me/f.txt'), 'a/f.txt-f.txt')
  assert.equal(keyOf(''), 'a/-')
  assert.equal(keyOf('$&${filename}'), 'a/$&${filename}-$&${filename}', 'no name is a pattern')
  assert.equal(keyOf(null), 'a/${filename}-${filename}', 'a part without a name')
  const { fields } = formOf(
    { key: 'k', 'x-amz-meta-a': '<${filename}>', policy: '${filename}' },
    'f',
  )
  assert.equal(fields.get('x-amz-meta-a'), '<f>')
  assert.equal(fields.get('policy'), '${filename}', 'what is signed stays as it was sent')
})

test('names of files cannot make a form grow without bound', () => {
  const value = '${filename}'.repeat(100)
  refused(
    () => formOf({ key: 'k', 'x-amz-meta-a': value }, 'f'.repeat(8000)),
    'MaxPostPreDataLengthExceededError',
  )
})

test('a field that stands twice is refused, but metadata, whose values are joined', () => {
  const twice = [
    { name: 'key', value: 'a' },
    { name: 'Key', value: 'b' },
  ]
  const context = { region: 'us-east-1' }
  refused(() => parsePostForm(twice, { filename: null }, context), 'InvalidArgument', 'key')
  const tags = [
    { name: 'key', value: 'k' },
    { name: 'x-amz-meta-tag', value: 'Ninja' },
    { name: 'X-Amz-Meta-Tag', value: 'Stallman' },
  ]
  const { fields } = parsePostForm(tags, { filename: null }, context)
  assert.equal(fields.get('x-amz-meta-tag'), 'Ninja,Stallman')
})

test('fields become the headers of a PUT, and no others do', () => {
  const headers = formHeaders(
    formOf({
      key: 'k',
      acl: 'private',
      'Content-Type': ' text/plain ',
      'Cache-Control': 'no-cache',
      'x-amz-meta-Name': 'ä—',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-checksum-sha256': 'c',
      'x-ignore-a': 'x',
      submit: 'x',
      host: 'x',
      authorization: 'x',
      'x-amz-security-token': 't',
      ...V4,
      'x-amz-signature': 's',
      policy: 'p',
    }),
  )
  assert.deepEqual(
    Object.fromEntries(headers.names.map((name, index) => [name, headers.values[index]])),
    {
      'x-amz-acl': 'private',
      'content-type': 'text/plain',
      'cache-control': 'no-cache',
      'x-amz-meta-name': Buffer.from('ä—').toString('latin1'),
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-checksum-sha256': 'c',
    },
  )
})

test('what could not stand in a header is refused, and so are names with another meaning', () => {
  const broken = { 'Content-Type': 'a\r\nSet-Cookie: b', Expires: 'a\0', 'x-amz-meta-a b': 'v' }
  for (const [name, value] of Object.entries(broken)) {
    const form = formOf({ key: 'k', [name]: value })
    refused(() => formHeaders(form), 'InvalidArgument', name.toLowerCase())
  }
  formHeaders(formOf({ key: 'k', 'x-amz-meta-a': 'two\r\nlines' }))
  for (const name of ['x-amz-tagging', 'x-amz-trailer']) {
    refused(() => formHeaders(formOf({ key: 'k', [name]: 'v' })), 'NotImplemented')
  }
})

test('tags come as XML', () => {
  const xml = '<Tagging><TagSet><Tag><Key>0</Key><Value>a</Value></Tag></TagSet></Tagging>'
  assert.deepEqual(formTags(formOf({ key: 'k', tagging: xml })), [['0', 'a']])
  assert.deepEqual(formTags(formOf({ key: 'k' })), [])
  refused(() => formTags(formOf({ key: 'k', tagging: 'not-xml' })), 'MalformedXML')
})

test('the answer is what the form asks for, or 204', () => {
  const answerOf = (fields: Readonly<Record<string, string>>) =>
    formAnswer(formOf({ key: 'k', ...fields }))
  for (const [text, status] of [
    ['200', 200],
    ['201', 201],
    ['204', 204],
    ['404', 204],
    ['', 204],
  ] as const) {
    assert.deepEqual(answerOf({ success_action_status: text }), { status, redirect: null })
  }
  const redirect = 'https://a.example/b?c=d'
  assert.equal(answerOf({ success_action_redirect: redirect }).redirect, redirect)
  assert.equal(answerOf({ redirect }).redirect, redirect)
  for (const text of ['/relative', 'javascript:alert(1)', 'http://', 'text', '']) {
    assert.equal(answerOf({ success_action_redirect: text }).redirect, null, text)
  }
})

test('a redirect says what was stored, and cannot break out of its header', () => {
  const stored = { bucket: 'b', key: 'a b/ä&c', etag: 'e' }
  const query = 'bucket=b&key=a%20b%2F%C3%A4%26c&etag=%22e%22'
  assert.equal(redirectLocation('http://h:1/p', stored), `http://h:1/p?${query}`)
  assert.equal(redirectLocation('http://h/?x=y#f', stored), `http://h/?x=y&${query}#f`)
  const odd = redirectLocation('http://h/\r\nSet-Cookie: a=ä', stored)
  assert.match(odd, /^[\x21-\x7e]+$/)
})
