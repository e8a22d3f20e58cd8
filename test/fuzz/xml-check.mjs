// A strict little XML reader for answers: it takes what a well-formed document may hold and says by
// name what is wrong. No DTD, no entities but the five and characters, as S3 sends none.

const NAME = '[A-Za-z_:][-A-Za-z0-9._:]*'
const TOKEN = new RegExp(
  '<\\?xml [^?]*\\?>' +
    `|</(${NAME})\\s*>` +
    `|<(${NAME})((?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>` +
    '|([^<]+)',
  'y',
)
const DEPTH_MAX = 64

/**
 * XML 1.0 leaves out most control characters. It does so as references too, but that is how S3 has
 * always written them, and what its clients read.
 */
// oxlint-disable-next-line no-control-regex -- finding control characters is what it is for
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/
const BARE_AMPERSAND = /&(?!(?:lt|gt|amp|quot|apos|#\d+|#x[0-9a-fA-F]+);)/

/**
 * Reads a document: `{ problem: null, root, fields }`, where `fields` has the text of each child of
 * the root, or `{ problem }`.
 */
export function readXml(bytes) {
  let text
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return { problem: 'is not UTF-8' }
  }
  if (FORBIDDEN.test(text)) return { problem: 'has a character that XML cannot carry' }
  if (BARE_AMPERSAND.test(text)) return { problem: 'has a bare ampersand' }
  return readElements(text.trim())
}

function readElements(text) {
  const open = []
  const fields = {}
  let root = null
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null) return { problem: `is broken at ${text.slice(at, at + 40)}` }
    const [whole, closing, opening, attributes, isEmpty, chars] = match
    if (whole.startsWith('<?xml') && at > 0) return { problem: 'has a late declaration' }
    if (closing !== undefined && open.pop() !== closing) return { problem: `ends ${closing} early` }
    if (opening !== undefined) {
      if (open.length === 0 && root !== null) return { problem: 'has two roots' }
      if (open.length >= DEPTH_MAX) return { problem: 'is too deep' }
      const namespace = /xmlns\s*=\s*["']([^"']*)/.exec(attributes)?.[1] ?? null
      root ??= { name: opening, namespace }
      if (open.length === 1) fields[opening] ??= ''
      if (isEmpty === '') open.push(opening)
    }
    if (chars !== undefined && open.length === 0 && chars.trim() !== '') {
      return { problem: 'has text outside its root' }
    }
    if (chars !== undefined && open.length === 2) fields[open[1]] += chars
  }
  if (root === null) return { problem: 'has no root' }
  if (open.length > 0) return { problem: `never closes ${open.at(-1)}` }
  return { problem: null, root, fields }
}
