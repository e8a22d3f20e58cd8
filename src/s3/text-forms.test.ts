// Laws of the forms that text takes on the wire: what is encoded comes back as it was.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseCopySource } from './copy-source.ts'
import { decodeHeaderWords, encodeHeaderWord } from './header-words.ts'
import { formatHttpDate, formatIsoDate, parseHttpDate, parseIsoDate } from './http-date.ts'
import { decodeListToken, encodeListToken } from './list-request.ts'
import { percentDecode, percentEncode } from './percent.ts'
import { parseQuery } from './query-params.ts'
import { headerText } from './request-headers.ts'
import { parseBaseDomains, parseTarget } from './request-target.ts'
import { S3Error } from './s3-error.ts'
import { parseTaggingHeader } from './tagging.ts'
import { parseXml } from './xml-read.ts'
import { encodeListText, escapeXml } from './xml-write.ts'

/** Any text that is Unicode. */
const text: fc.Arbitrary<string> = fc.string({ unit: 'binary', maxLength: 60 })
const key: fc.Arbitrary<string> = text.filter((each) => each !== '' && !each.includes('\0'))
/** What XML 1.0 can carry. */
const xmlText = text.map((each) => each.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, ''))

test('percent-encoding comes back, and is decoded once', () => {
  fc.assert(
    fc.property(text, (each) => {
      const encoded = percentEncode(each)
      assert.match(encoded, /^(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})*$/)
      assert.equal(percentDecode(encoded), each)
      assert.equal(percentDecode(percentEncode(encoded)), encoded)
    }),
  )
})

test('S3.md 2: a key comes out of a target as it went in, by path and by host', () => {
  const domains = parseBaseDomains(['s3.example.com'])
  fc.assert(
    fc.property(key, fc.boolean(), (each, keepsSlashes) => {
      const encoded = percentEncode(each)
      const path = keepsSlashes ? encoded.replaceAll('%2F', '/') : encoded
      const byPath = parseTarget(`/bucket/${path}?a=b/c`, 's3.example.com', domains)
      assert.deepEqual([byPath.bucket, byPath.key, byPath.style], ['bucket', each, 'path'])
      const byHost = parseTarget(`/${path}?a`, 'Bucket.S3.example.com:80', domains)
      assert.deepEqual([byHost.bucket, byHost.key, byHost.style], ['bucket', each, 'host'])
    }),
  )
})

test('S3.md 2: a query comes out as it went in, with a plus for a space or %20', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, text)), (params) => {
      for (const space of ['%20', '+']) {
        const raw = params.map((pair) => pair.map(percentEncode).join('=')).join('&')
        assert.deepEqual(parseQuery(raw.replaceAll('%20', space)), params)
      }
    }),
  )
})

test('S3.md 41: a copy source comes out as it went in, its slash encoded or not', () => {
  fc.assert(
    fc.property(key, fc.boolean(), (each, isWhole) => {
      const encoded = isWhole ? percentEncode(`bucket/${each}`) : `bucket/${percentEncode(each)}`
      for (const slash of ['', '/']) {
        const source = parseCopySource(`${slash}${encoded}?versionId=a%2Fb`)
        assert.deepEqual(source, { bucket: 'bucket', key: each, versionId: 'a/b' })
        assert.equal(parseCopySource(slash + encoded).versionId, null)
      }
    }),
  )
})

test('S3.md 4: what is escaped for XML is read back', () => {
  fc.assert(
    fc.property(xmlText, (each) => {
      const root = parseXml(Buffer.from(`<a>${escapeXml(each)}</a>`), 'a')
      assert.equal(root.text, each)
    }),
  )
})

test('S3.md 4: what encoding-type=url escapes needs nothing of XML, and is read back', () => {
  fc.assert(
    fc.property(text, (each) => {
      const encoded = encodeListText(each)
      assert.match(encoded, /^[A-Za-z0-9\-._*+/%]*$/)
      assert.equal(decodeURIComponent(encoded.replaceAll('+', ' ')), each)
    }),
  )
})

test('S3.md 23: metadata comes back, whichever way it arrived', () => {
  const value = text.filter((each) => !each.includes('\ufffd') && !each.includes('=?'))
  fc.assert(
    fc.property(value, (each) => {
      const word = encodeHeaderWord(each)
      assert.match(word, /^[\x20-\x7e\t]*$/)
      assert.equal(decodeHeaderWords(word), each)
      assert.equal(headerText(Buffer.from(each).toString('latin1')), each)
      const base64 = `=?UTF-8?B?${Buffer.from(each).toString('base64')}?=`
      assert.equal(decodeHeaderWords(base64), each)
    }),
  )
  assert.equal(decodeHeaderWords('=?ISO-8859-1?Q?=E9?='), '=?ISO-8859-1?Q?=E9?=')
})

test('S3.md 37: a list token is taken by its own kind of list, unchanged', () => {
  const decode = (kind: string, token: string): string | null => {
    try {
      return decodeListToken(kind, [['continuation-token', token]])
    } catch (error) {
      if (error instanceof S3Error && error.code === 'InvalidArgument') return 'refused'
      throw error
    }
  }
  fc.assert(
    fc.property(
      key,
      fc.nat(),
      fc.constantFrom('A', 'z', '0', '9', '-', '_', '='),
      (each, at, other) => {
        const token = encodeListToken('objects', each)
        assert.match(token, /^[A-Za-z0-9\-_]+$/)
        assert.equal(decode('objects', token), each)
        assert.equal(decode('buckets', token), 'refused')
        const place = at % token.length
        const changed = token.slice(0, place) + other + token.slice(place + 1)
        if (changed !== token) assert.equal(decode('objects', changed), 'refused')
        assert.equal(decode('objects', token + other), 'refused')
      },
    ),
  )
  assert.equal(decodeListToken('objects', []), null)
})

test('S3.md 48: tags in a header come back, in the order of their keys', () => {
  const tag = fc.tuple(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), text)
  const tags = fc.uniqueArray(tag, { selector: ([name]) => name, maxLength: 10 })
  fc.assert(
    fc.property(tags, (each) => {
      const header = each.map((pair) => pair.map(percentEncode).join('=')).join('&')
      const sorted = each.toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      assert.deepEqual(parseTaggingHeader(header), sorted)
    }),
  )
})

test('S3.md 21: dates come back to the second, or the millisecond, in every form', () => {
  const instant = fc.integer({ min: 0, max: Date.UTC(2068, 0) })
  fc.assert(
    fc.property(instant, (ms) => {
      const second = Math.floor(ms / 1000) * 1000
      const date = new Date(ms)
      assert.equal(formatHttpDate(ms), date.toUTCString())
      assert.equal(formatIsoDate(ms), date.toISOString())
      assert.equal(parseHttpDate(formatHttpDate(ms)), second)
      assert.equal(parseIsoDate(formatIsoDate(ms)), ms)
      assert.equal(parseHttpDate(date.toISOString().replace(/[-:]/g, '')), ms)
      const [, day = '', month = '', year = '', time = ''] =
        /^\w+, (\d+) (\w+) (\d+) (\S+)/.exec(date.toUTCString()) ?? []
      assert.equal(parseHttpDate(`Tuesday, ${day}-${month}-${year.slice(2)} ${time} GMT`), second)
      assert.equal(parseHttpDate(`Tue ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`), second)
    }),
  )
})

test('S3.md 21: what is no date, or one that does not exist, is null', () => {
  const odd = ['', 'x', '0', '2024', 'Tue, 31 Apr 2024 00:00:00 GMT', '2024-02-30T00:00:00Z']
  const more = ['Tue, 01 Jan 2024 25:00:00 GMT', 'Tue, 01 Jan 2024 00:00:00 CET', '2024-01-01']
  for (const each of [...odd, ...more, 'Tue, 01 Foo 2024 00:00:00 GMT']) {
    assert.equal(parseHttpDate(each), null, each)
  }
  assert.equal(parseIsoDate('2024-02-29T00:00:00+01:00'), Date.UTC(2024, 1, 28, 23))
})
