// Forms in pieces: the parser says the same however the bytes are cut, and refuses broken framing.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FormDataParser, formEndSizeBytes, parseFormBoundary } from './form-data.ts'
import { S3Error } from './s3-error.ts'
import { S3_LIMITS } from './s3-limits.ts'

const B = 'AaB03x'
const KEY = part('name="key"', 'a/${filename}')
const FILE_HEAD = `--${B}\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\n\r\n`
const NO_FILE = 'IncorrectNumberOfFilesInPostRequest'
const END = `\r\n--${B}--\r\n`

function part(params: string, value: string): string {
  return `--${B}\r\nContent-Disposition: form-data; ${params}\r\n\r\n${value}\r\n`
}

interface Parsed {
  readonly fields: readonly (readonly [string, string])[]
  readonly filename: string | null
  readonly file: string
  readonly range: readonly [number, number | null]
}

/** What the parser makes of a form, or the code it refuses it with. */
function parse(form: string | Buffer, cuts: readonly number[] = []): Parsed | string {
  const bytes = typeof form === 'string' ? Buffer.from(form) : form
  const slices: Buffer[] = []
  const parser = new FormDataParser(B, (slice) => slices.push(Buffer.from(slice)))
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  try {
    let start = 0
    for (const end of [...ends, bytes.length]) {
      parser.push(bytes.subarray(start, end))
      start = end
    }
    parser.finish()
  } catch (error) {
    assert.ok(error instanceof S3Error, String(error))
    return error.code
  }
  const file = Buffer.concat(slices)
  assert.equal(parser.fileEnd, parser.fileStart + file.length, 'the file is where it says')
  assert.ok(bytes.subarray(parser.fileStart, parser.fileEnd).equals(file))
  return {
    fields: parser.fields.map(({ name, value }) => [name, value]),
    filename: parser.file?.filename ?? null,
    file: file.toString('latin1'),
    range: [parser.fileStart, parser.fileEnd],
  }
}

function found(form: string | Buffer): Parsed {
  const parsed = parse(form)
  assert.ok(typeof parsed !== 'string', 'it is refused')
  return parsed
}

const GOOD: readonly string[] = [
  `${KEY}${FILE_HEAD}hello${END}`,
  `${KEY}${FILE_HEAD}${END}`,
  `a preamble\r\nof two lines\r\n${KEY}${FILE_HEAD}hello${END}and an epilogue`,
  `${KEY}${FILE_HEAD}hello\r\n--${B}--`,
  `${KEY}${FILE_HEAD}\r\n--AaB03\r\n\r\r\n-\r\n--AaB03y\r\n--${END}`,
  `${KEY}${FILE_HEAD}hello\r\n${part('name="submit"', 'Upload')}${part('name="file"', 'two')}--${B}--\r\n`,
  `--${B} \t\r\ncontent-disposition:form-data;name=key;x=y\r\nContent-Type: text/plain\r\n\r\n\r\n${FILE_HEAD}x${END}`,
]
const BAD: readonly string[] = [
  '',
  'nothing of a form',
  `${KEY}`,
  `${KEY}${FILE_HEAD}hello`,
  `${KEY}${FILE_HEAD}hello\r\n--${B}`,
  `${KEY}${FILE_HEAD}hello\r\n--${B}-\r\n`,
  `${KEY}${FILE_HEAD}hello\r\n--${B}x\r\n`,
  `${KEY}${FILE_HEAD}hello\r\n--${B}\rx--${B}--`,
  `--${B}\rxContent-Disposition: form-data; name="a"\r\n\r\nv\r\n${FILE_HEAD}x${END}`,
  `--${B}\r\n\r\nno name\r\n${FILE_HEAD}x${END}`,
  `--${B}\r\nContent-Disposition: form-data; name="a"\r\n${FILE_HEAD}x${END}`,
  `--${B}\r\n${FILE_HEAD}x${END}`,
  `--${B}\r\nContent-Disposition: attachment; name="key"\r\n\r\nk\r\n${FILE_HEAD}x${END}`,
  `--${B}\r\nContent-Disposition: form-data; filename="key"\r\n\r\nk\r\n${FILE_HEAD}x${END}`,
  `--${B}\r\nContent-Disposition: form-data; name="file"\r\nContent-Transfer-Encoding: base64\r\n\r\naGk=${END}`,
]

test('fields, the file and where it lies are read', () => {
  const form = `${KEY}${part('name="acl"', 'private')}${FILE_HEAD}hello${END}`
  const start = form.indexOf('hello')
  assert.deepEqual(found(form), {
    fields: [
      ['key', 'a/${filename}'],
      ['acl', 'private'],
    ],
    filename: 'f.txt',
    file: 'hello',
    range: [start, start + 5],
  })
  assert.equal(form.length - start - 5, formEndSizeBytes(B), 'the usual end has the usual length')
})

test('what looks like the boundary in part is the file', () => {
  assert.equal(found(GOOD[4] ?? '').file, '\r\n--AaB03\r\n\r\r\n-\r\n--AaB03y\r\n--')
})

test('what stands behind the file is passed over', () => {
  const { fields, file } = found(GOOD[5] ?? '')
  assert.deepEqual([fields.length, file], [1, 'hello'])
})

test('every form says the same in two pieces, wherever it is cut, and byte for byte', () => {
  for (const form of [...GOOD, ...BAD]) {
    const whole = parse(form)
    for (let cut = 0; cut <= form.length; cut++) assert.deepEqual(parse(form, [cut]), whole)
    const each = Array.from({ length: form.length }, (_, index) => index)
    assert.deepEqual(parse(form, each), whole)
  }
})

test('any file in any pieces comes out as it went in', () => {
  const bytes = fc.array(
    fc.constantFrom('\r', '\n', '-', 'A', 'a', 'B', '0', '\0', '\xff', `\r\n--AaB0`),
  )
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(2000), { maxLength: 8 }), (pieces, cuts) => {
      const file = pieces.join('')
      fc.pre(!file.includes(`\r\n--${B}`))
      const form = Buffer.concat([
        Buffer.from(KEY + FILE_HEAD),
        Buffer.from(file, 'latin1'),
        Buffer.from(END),
      ])
      const parsed = parse(form, cuts)
      assert.ok(typeof parsed !== 'string')
      assert.equal(parsed.file, file)
    }),
  )
})

test('broken forms are refused', () => {
  for (const form of BAD) assert.equal(parse(form), 'MalformedPOSTRequest', JSON.stringify(form))
  for (const form of [`${KEY}--${B}--\r\n`, `--${B}--`]) {
    for (let cut = 0; cut <= form.length; cut++) assert.equal(parse(form, [cut]), NO_FILE)
  }
  // A boundary that looks like a header, behind a head without its empty line.
  const swallowed = new FormDataParser('a:b', () => undefined)
  const form = 'Content-Disposition: form-data; name="a"\r\n--a:b\r\nX: y\r\n\r\nv\r\n--a:b'
  assert.throws(() => swallowed.push(Buffer.from(`--a:b\r\n${form}`)), S3Error)
  const latin1 = Buffer.from(part('name="key"', 'é') + FILE_HEAD + END, 'latin1')
  assert.equal(parse(latin1), 'MalformedPOSTRequest')
})

test('names and file names are read as browsers and others write them', () => {
  const names: readonly (readonly [string, string | null])[] = [
    ['filename="a b.txt"', 'a b.txt'],
    ['filename="a\\"b;c.txt"', 'a"b;c.txt'],
    ['filename="C:\\dir\\a.txt"', 'C:\\dir\\a.txt'],
    ['filename="%22.txt"', '%22.txt'],
    ['filename=plain.txt', 'plain.txt'],
    ['filename=""', ''],
    ['filename="é—.txt"', 'é—.txt'],
    ["filename*=UTF-8''%C3%A9.txt", 'é.txt'],
    ['filename*=UTF-8\'\'%C3%A9.txt; filename="e.txt"', 'e.txt'],
    ["filename*=latin1''%E9.txt", null],
    ['other="x"', null],
  ]
  for (const [params, expected] of names) {
    const { filename } = found(`${part(`name="FILE"; ${params}`, 'x')}--${B}--`)
    assert.equal(filename, expected, params)
  }
})

test('what stands before the file is bounded, however it is cut', () => {
  const limit = S3_LIMITS.formFieldsSizeBytesMax
  const fixed = part('name="key"', '').length + FILE_HEAD.length
  const fits = part('name="key"', 'k'.repeat(limit - fixed)) + FILE_HEAD
  assert.equal(fits.length, limit)
  assert.ok(typeof parse(`${fits}hello${END}`) !== 'string')
  const long = part('name="key"', 'k'.repeat(limit - fixed + 1)) + FILE_HEAD
  const endless = part('name="key"', 'k'.repeat(limit * 2))
  const preamble = 'p'.repeat(limit * 2)
  const many = part('name="a"', '').repeat(S3_LIMITS.formFieldsMax + 1)
  for (const form of [long, endless, preamble, many + FILE_HEAD]) {
    for (const cuts of [[], [10], [limit], [limit + 1], [100, 5000, 20_000]]) {
      assert.equal(parse(form + END, cuts), 'MaxPostPreDataLengthExceededError')
    }
  }
  const head = `--${B}\r\nX: ${'x'.repeat(S3_LIMITS.formHeaderSizeBytesMax)}\r\n\r\n`
  assert.equal(parse(head), 'MalformedPOSTRequest')
})

test('a long file passes through in slices, and nothing of it is kept', () => {
  const slices: number[] = []
  const parser = new FormDataParser(B, (slice) => slices.push(slice.length))
  parser.push(Buffer.from(KEY + FILE_HEAD))
  const piece = Buffer.alloc(65_536, '\r')
  for (let i = 0; i < 64; i++) {
    parser.push(piece)
    const passed = slices.reduce((sum, size) => sum + size, 0)
    assert.ok((i + 1) * piece.length - passed <= B.length + 4, 'all but a possible delimiter')
  }
  parser.push(Buffer.from(END))
  parser.finish()
  assert.equal(
    slices.reduce((sum, size) => sum + size, 0),
    64 * piece.length,
  )
})

test('the boundary is read from the Content-Type', () => {
  assert.equal(parseFormBoundary('multipart/form-data; boundary=abc'), 'abc')
  assert.equal(parseFormBoundary('Multipart/Form-Data;charset=utf-8; Boundary="a b:c"'), 'a b:c')
  const refused: readonly (readonly [string | null, string])[] = [
    [null, 'PreconditionFailed'],
    ['text/html', 'PreconditionFailed'],
    ['multipart/form-database; boundary=a', 'PreconditionFailed'],
    ['multipart/form-data', 'MalformedPOSTRequest'],
    ['multipart/form-data; boundary=', 'MalformedPOSTRequest'],
    ['multipart/form-data; boundary="a "', 'MalformedPOSTRequest'],
    [`multipart/form-data; boundary=${'b'.repeat(71)}`, 'MalformedPOSTRequest'],
  ]
  for (const [type, code] of refused) {
    assert.throws(
      () => parseFormBoundary(type),
      (error) => error instanceof S3Error && error.code === code,
      String(type),
    )
  }
})
