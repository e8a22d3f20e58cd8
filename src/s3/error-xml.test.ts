// Errors as clients read them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { renderError } from './error-xml.ts'
import { S3_ERRORS, S3Error } from './s3-error.ts'
import type { S3ErrorCode } from './s3-error.ts'
import { parseXml, textOf } from './xml-read.ts'

const CONTEXT = { requestId: '4442587FB7D0A2F9', hostId: 'a/b+c=', resource: '/b/k' }

test('S3.md 20: an error has its code, message, fields, resource and both ids, in this order', () => {
  const error = new S3Error('NoSuchKey', { fields: { Key: 'a<b', VersionId: 'null' } })
  assert.equal(
    renderError(error, CONTEXT),
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>' +
      '<Message>The specified key does not exist.</Message><Key>a&lt;b</Key>' +
      '<VersionId>null</VersionId><Resource>/b/k</Resource>' +
      '<RequestId>4442587FB7D0A2F9</RequestId><HostId>a/b+c=</HostId></Error>',
  )
  assert.ok(!renderError(error, { ...CONTEXT, resource: null }).includes('Resource'))
})

test('an error can be read whatever it names', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  const half = fc.constantFrom('\ud800', '\udfff', '\u0000', '\u0001', '\uffff', ']]>', '\r')
  const odd = fc.array(fc.oneof(text, half), { maxLength: 5 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(odd, odd, (message, key) => {
      const error = new S3Error('InvalidArgument', { message, fields: { Key: key } })
      const document = renderError(error, { ...CONTEXT, resource: key })
      const root = parseXml(Buffer.from(document), 'Error')
      assert.equal(textOf(root, 'Code'), 'InvalidArgument')
      assert.equal(textOf(root, 'Key')?.length, key.length)
      assert.equal(textOf(root, 'RequestId'), CONTEXT.requestId)
    }),
  )
})

test('every code of the table has a status that is an error’s, and a message', () => {
  for (const code of Object.keys(S3_ERRORS) as S3ErrorCode[]) {
    const { status, message, retryAfterSec } = S3_ERRORS[code]
    assert.ok(status >= 300 && status <= 599, code)
    assert.ok(message.length > 0, code)
    assert.equal(status === 503, retryAfterSec !== undefined, `${code}: 503 says when to come back`)
  }
})
