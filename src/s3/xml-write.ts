// Writing XML: escaping, and the URL encoding of lists. Both have a fast way for the usual text
// that needs nothing, since a page of LIST has a thousand keys.

import { percentEncode } from './percent.ts'

/** The first line of every document. */
export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

/** The namespace attribute of every document but errors. */
export const XML_NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

/**
 * Text for an element or attribute. CR becomes `&#13;`, or readers would see LF; what XML 1.0
 * cannot carry becomes a reference all the same, as in S3: such clients ask for url encoding.
 */
export function escapeXml(text: string): string {
  return SPECIAL.test(text) ? text.replace(SPECIALS, escapeCharacter) : text
}

/**
 * The encoding of `encoding-type=url`: `/` stays, all but `A-Za-z0-9-._*` is escaped, a space as
 * `%20`, since not every SDK reads a plus as one. Its result needs no XML escaping.
 */
export function encodeListText(text: string): string {
  if (!NEEDS_LIST_ENCODING.test(text)) return text
  return percentEncode(text).replace(LIST_EXCEPTIONS, (escape) => PLAIN_IN_LISTS[escape] ?? escape)
}

function escapeCharacter(character: string): string {
  switch (character) {
    case '&':
      return '&amp;'
    case '<':
      return '&lt;'
    case '>':
      return '&gt;'
    case '"':
      return '&quot;'
    default:
      return `&#${character.charCodeAt(0)};`
  }
}

// Tab and LF pass as they are; U+FFFE and U+FFFF are no XML characters either.
const SPECIAL = /[&<>"\x00-\x08\x0b-\x1f\ufffe\uffff]/
const SPECIALS = /[&<>"\x00-\x08\x0b-\x1f\ufffe\uffff]/g
const NEEDS_LIST_ENCODING = /[^A-Za-z0-9\-._/*]/
const LIST_EXCEPTIONS = /%2F|%2A|~/g
const PLAIN_IN_LISTS: Readonly<Record<string, string>> = {
  '%2F': '/',
  '%2A': '*',
  '~': '%7E',
}
