// HTML and XML without a way to forget the escaping: the tag `html` escapes whatever is put into it,
// unless it is `Html` itself, and only this file and markdown.ts make that of a text.

/** Markup that may stand on a page as it is. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** What may be put into a piece of markup; null leaves nothing. */
export type Piece = Html | string | number | null | readonly Piece[]

/**
 * Markup of a template; what is put in is escaped, for text and for values in double quotes. Where the
 * template itself breaks a line, one line break is left of it and the indentation.
 */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  let tight = TIGHT.get(strings)
  if (tight === undefined) {
    tight = strings.map((string) => string.replaceAll(/[ \t]*\n\s*/g, '\n'))
    TIGHT.set(strings, tight)
  }
  return new Html(filled(tight, pieces))
}

/** The same for XML, where each space of the template counts. */
export function xml(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  return new Html(filled(strings, pieces))
}

/** Templates stand in the code: there are as many as it has. */
const TIGHT = new WeakMap<TemplateStringsArray, readonly string[]>()

function filled(strings: readonly string[], pieces: readonly Piece[]): string {
  let text = strings[0] ?? ''
  for (const [index, piece] of pieces.entries()) text += put(piece) + (strings[index + 1] ?? '')
  return text
}

/** Pieces with something between two. */
export function join(pieces: readonly Piece[], between: string): Html {
  return new Html(pieces.map(put).join(put(between)))
}

function put(piece: Piece): string {
  if (piece === null) return ''
  if (piece instanceof Html) return piece.text
  if (typeof piece === 'string') return escape(piece)
  return typeof piece === 'number' ? String(piece) : piece.map(put).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Text for HTML and XML, as content or as a value in quotes. */
export function escape(text: string): string {
  return printable(text).replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? '')
}

/**
 * Text without what XML forbids (most control characters, lone surrogates), and without what turns the
 * direction of the text around it, so that a title cannot rewrite its neighbours.
 */
export function printable(text: string): string {
  return text.replaceAll(
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Surrogate}/gu,
    '',
  )
}
