import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escape, html, join, printable, xml } from './html.ts'

test('what is put into markup is escaped, markup is not', () => {
  const inner = html`<b>${'<i>'}</b>`
  const made = html`<p title="${`"'&`}">${inner}${['<', 1, null, inner]}</p>`
  const bold = '<b>&lt;i&gt;</b>'
  assert.equal(made.text, `<p title="&quot;&#39;&amp;">${bold}&lt;1${bold}</p>`)
  assert.equal(join(['a', '<'], '&').text, 'a&amp;&lt;')
})

test('a broken line of a template is one line break, and none of what is put in is touched', () => {
  const text = 'a\n    b'
  // By another name, so that the formatter leaves the template alone.
  const tag = html
  assert.equal(tag`<p> \n${text}</p>`.text, `<p>\n${text}</p>`)
  assert.equal(
    tag`<p>
      <i>${text}</i>
    </p>`.text,
    `<p>\n<i>${text}</i>\n</p>`,
  )
  assert.equal(xml`<a>  \n  ${text}</a>`.text, `<a>  \n  ${text}</a>`)
})

test('escaped text has no character of markup, and nothing that XML forbids', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const made = escape(text)
      assert.doesNotMatch(made, /[<>"']/)
      assert.doesNotMatch(made, /&(?!(?:amp|lt|gt|quot|#39);)/)
      assert.doesNotMatch(made, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/)
    }),
  )
})

test('a text cannot turn the direction of what stands around it', () => {
  assert.equal(printable('a\u202eb\u2067c\u0000d\ud800e\u007f'), 'abcde')
  assert.equal(printable('אבג é 日本 😀\n\t'), 'אבג é 日本 😀\n\t')
})
