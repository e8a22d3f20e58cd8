import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { POST_TEXT_CHARS_MAX } from '../../base/limits.ts'
import { Markdown } from './markdown.ts'

const markdown = new Markdown()
const toHtml = (text: string): string => markdown.toHtml(text).text

test('emphasis, lists, code, quotes and links are markup', () => {
  assert.equal(toHtml('**a** *b* `c`'), '<p><strong>a</strong> <em>b</em> <code>c</code></p>\n')
  assert.equal(toHtml('- a\n- b'), '<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n')
  assert.equal(toHtml('> a'), '<blockquote>\n<p>a</p>\n</blockquote>\n')
  const link = '<a href="https://a.example/?b&amp;c" rel="nofollow noopener">d</a>'
  assert.equal(toHtml('[d](https://a.example/?b&c)'), `<p>${link}</p>\n`)
  assert.ok(toHtml('see https://a.example now').includes('<a href="https://a.example"'))
})

test('a heading of a post is a bold line, below the headings of the page', () => {
  assert.equal(toHtml('# a'), '<p><strong>a</strong></p>\n')
  assert.equal(toHtml('a\n==='), '<p><strong>a</strong></p>\n')
})

test('HTML is text', () => {
  for (const text of [
    '<script>alert(1)</script>',
    'a <b onclick="x()">c</b>',
    '<img src=x onerror=alert(1)>',
    '<!-- a --><?b?><![CDATA[c]]><!D e>',
    '<svg/onload=alert(1)>',
    '`<i>`',
    '```<u>\n<s>\n```',
  ]) {
    assert.doesNotMatch(toHtml(text), /<(?!\/?(?:p|code|pre|a)\b)/, text)
    assert.doesNotMatch(toHtml(text), /<[^>]*\son\w+=/, text)
  }
})

test('only http, https and mailto are links', () => {
  for (const url of [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java&#115;cript:alert(1)',
    '&#1;javascript:alert(1)',
    'vbscript:a',
    'data:text/html,<script>a</script>',
    'file:///etc/passwd',
    '//evil.example/a',
    '/console',
    'blob:abc',
  ]) {
    assert.doesNotMatch(toHtml(`[a](${url})`), /<a /, url)
    assert.doesNotMatch(toHtml(`<${url}>`), /<a /, url)
  }
  assert.match(toHtml('[a](mailto:ops@example.com)'), /<a href="mailto:ops@example.com"/)
  assert.match(toHtml('[a](HTTPS://example.com)'), /<a href="HTTPS:\/\/example.com"/)
})

test('there are no pictures', () => {
  assert.doesNotMatch(toHtml('![a](https://tracker.example/a.png)'), /<img/)
})

test('a title cannot leave its attribute', () => {
  const made = toHtml(`[a](https://b.example '" onmouseover="x()')`)
  assert.match(made, /title="&quot; onmouseover=&quot;x\(\)"/)
})

test('what comes out is a small multiple of what went in, whatever that is', () => {
  const pieces = ['[', ']', '(', ')', '*', '_', '`', '>', '- ', '1. ', '\n', '\n\n', '|', '# ', ':']
  const more = [
    '<',
    '&',
    'http://a',
    '[a]',
    '[a]: http://b\n',
    '~',
    '![',
    '\\',
    '    ',
    '---\n',
    'a',
  ]
  const text = fc
    .array(fc.constantFrom(...pieces, ...more), { minLength: 1, maxLength: 8 })
    .map((some) => some.join(''))
  const repeated = fc
    .tuple(text, text)
    .map(([one, other]) => one.repeat(400).slice(0, 4000) + other.repeat(400).slice(0, 4000))
  fc.assert(
    fc.property(repeated, (hostile) => {
      const made = toHtml(hostile)
      assert.ok(made.length <= 40 * hostile.length + 100, `${made.length} of ${hostile.length}`)
    }),
    { numRuns: 300 },
  )
})

test('references do not multiply a text, and tables do not fill themselves', () => {
  const address = `https://a.example/${'b'.repeat(7000)}`
  const references = `[a]: ${address}\n\n${'[a]'.repeat(2500)}`
  assert.ok(toHtml(references).length < 3 * references.length)
  const table = `${'|a'.repeat(2500)}|\n${'|-'.repeat(2500)}|\n${'|\n'.repeat(2000)}`
  assert.ok(toHtml(table).length < 5 * table.length)
})

test('nesting is bounded', () => {
  const deep = toHtml(`${'>'.repeat(10_000)} a`)
  const depth = deep.split('<blockquote>').length - 1
  assert.ok(depth > 1 && depth <= 20, `${depth}`)
  for (const one of ['[', '*', '![', '**a ', '_a', '`', '<', '- ', '1. ', '[](', '~~']) {
    assert.ok(toHtml(one.repeat(8000)).length > 0, one)
  }
})

test('a text that is too long is cut and says so', () => {
  const made = toHtml('a '.repeat(POST_TEXT_CHARS_MAX))
  assert.match(made, /\[…\]<\/p>\n$/)
  assert.ok(made.length < POST_TEXT_CHARS_MAX + 100)
})

test('plain text keeps what is said, with the address of a link', () => {
  const text =
    '# A\n\n**b** `c` [d](https://e.example) https://f.example\n\n- g\n- h <i>\n\n```\nj\n```'
  const lines = ['A', 'b c d (https://e.example) https://f.example', 'g', 'h <i>', 'j']
  assert.equal(markdown.toPlain(text), lines.join('\n'))
})

test('what is kept is bounded, and what is told twice is the same', () => {
  const kept = new Markdown()
  const first = kept.toHtml('*a*')
  assert.equal(kept.toHtml('*a*'), first)
  const long = 'b '.repeat(POST_TEXT_CHARS_MAX / 2)
  for (let index = 0; index < 130; index += 1) kept.toPlain(`${index} ${long}`)
  assert.notEqual(kept.toHtml('*a*'), first)
  assert.equal(kept.toHtml('*a*').text, first.text)
})
