// TypeScript as text: what of a file is code, what comment, what the inside of a string. Just enough
// of the grammar to keep a word in a message from counting as code.

/** A file's text twice, each as long as the file, with the same lines. */
export interface SourceText {
  /** Comments blanked. */
  readonly withStrings: string
  /** Comments, and the insides of strings, templates and regular expressions, blanked. */
  readonly code: string
}

type Kind = 'code' | 'comment' | 'string'

/** Behind these a slash begins a regular expression; behind all else it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\n]|\b(?:return|case|typeof))\s*$/

/** Splits a file's text. It need not be valid; whatever is unfinished lasts to the end. */
export function splitText(text: string): SourceText {
  const kinds: Kind[] = Array.from<Kind>({ length: text.length }).fill('code')
  /** Depth of braces in each template's `${…}` that the position is within. */
  const templates: number[] = []
  for (let at = 0; at < text.length;) {
    const { end, kind } = nextSpan(text, at, templates)
    kinds.fill(kind, at, end)
    at = end
  }
  const keep = (kept: (kind: Kind | undefined) => boolean): string =>
    Array.from({ length: text.length }, (_, index) => {
      const letter = text.charAt(index)
      return letter === '\n' || kept(kinds[index]) ? letter : ' '
    }).join('')
  return {
    withStrings: keep((kind) => kind !== 'comment'),
    code: keep((kind) => kind === 'code'),
  }
}

interface Span {
  readonly end: number
  readonly kind: Kind
}

function nextSpan(text: string, at: number, templates: number[]): Span {
  const letter = text.charAt(at)
  if (text.startsWith('//', at)) return { end: endOf(text, '\n', at), kind: 'comment' }
  if (text.startsWith('/*', at)) return { end: endOf(text, '*/', at + 2) + 2, kind: 'comment' }
  if (letter === "'" || letter === '"') {
    return { end: endOfQuoted(text, at, letter) + 1, kind: 'string' }
  }
  if (letter === '/' && BEFORE_REGEX.test(text.slice(Math.max(0, at - 20), at))) {
    return { end: endOfRegex(text, at), kind: 'string' }
  }
  const isTemplate = letter === '`' || (letter === '}' && closesTemplate(templates))
  if (isTemplate) return { end: openTemplate(text, at + 1, templates), kind: 'string' }
  if (letter === '{' && templates.length > 0) templates.push((templates.pop() ?? 0) + 1)
  return { end: at + 1, kind: 'code' }
}

/** Counts a closing brace; true where it ends a template's `${…}`. */
function closesTemplate(templates: number[]): boolean {
  const depth = templates.pop()
  if (depth === undefined) return false
  if (depth > 1) templates.push(depth - 1)
  return depth === 1
}

function endOf(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from)
  return end < 0 ? text.length : end
}

function endOfQuoted(text: string, start: number, quote: string): number {
  let at = start + 1
  while (at < text.length && text.charAt(at) !== quote && text.charAt(at) !== '\n') {
    at += text.charAt(at) === '\\' ? 2 : 1
  }
  return at
}

function endOfRegex(text: string, start: number): number {
  let isClass = false
  for (let at = start + 1; at < text.length; at += 1) {
    const letter = text.charAt(at)
    if (letter === '\\') at += 1
    else if (letter === '[') isClass = true
    else if (letter === ']') isClass = false
    else if (letter === '\n') return start + 1
    else if (letter === '/' && !isClass) return at + 1
  }
  return start + 1
}

/** From within a template to its end, or behind the `${` that opens code. */
function openTemplate(text: string, from: number, templates: number[]): number {
  for (let at = from; at < text.length; at += 1) {
    if (text.charAt(at) === '\\') at += 1
    else if (text.charAt(at) === '`') return at + 1
    else if (text.startsWith('${', at)) {
      templates.push(1)
      return at + 2
    }
  }
  return text.length
}
