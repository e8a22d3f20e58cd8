import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { renderOptionsPage } from './options-page.ts'
import { variableOf } from './option.ts'
import { SERVE_OPTION_NAMES } from './options.ts'

test('docs/operating/options.md is what the options table makes', () => {
  assert.equal(
    readFileSync('docs/operating/options.md', 'utf8'),
    renderOptionsPage(),
    'run: node tools/write-options-page.mjs',
  )
})

test('the page has every option as flag, variable and field', () => {
  const page = renderOptionsPage()
  assert.ok(SERVE_OPTION_NAMES.length > 10)
  for (const name of SERVE_OPTION_NAMES) {
    for (const text of [`--${name} `, `\`${variableOf(name)}\``, `\`${name}\``]) {
      assert.ok(page.includes(text), text)
    }
  }
})
