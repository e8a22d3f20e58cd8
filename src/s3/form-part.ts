// The headers of one part of a form, of which only the name and the file's name matter.
// Source: RFC 7578, 4.2; HTML Standard, Multipart form data.

import { percentDecode } from './percent.ts'

/** What the headers of a part say. */
export interface FormPartHead {
  readonly name: string
  readonly filename: string | null
}

/** Null where they are no headers, name nothing, or encode the bytes, which no browser does. */
export function parsePartHead(head: string): FormPartHead | null {
  let found: FormPartHead | null = null
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon < 1) return null
    const value = line.slice(colon + 1).trim()
    switch (line.slice(0, colon).trim().toLowerCase()) {
      case 'content-disposition':
        if (found !== null) return null
        found = parseDisposition(value)
        if (found === null) return null
        break
      case 'content-transfer-encoding':
        if (!PLAIN_ENCODINGS.has(value.toLowerCase())) return null
        break
      default:
    }
  }
  return found
}

function parseDisposition(value: string): FormPartHead | null {
  if (!/^form-data\s*(;|$)/i.test(value)) return null
  let name: string | null = null
  let filename: string | null = null
  let encoded: string | null = null
  for (const [, param = '', quoted, token = ''] of value.matchAll(PARAM)) {
    // Browsers write a quote as %22, which stays; others as \", and a backslash is itself.
    const text = quoted === undefined ? token : quoted.replaceAll('\\"', '"')
    const lower = param.toLowerCase()
    if (lower === 'name') name ??= text
    else if (lower === 'filename') filename ??= text
    else if (lower === 'filename*') encoded ??= decodeExtended(text)
  }
  return name === null ? null : { name, filename: filename ?? encoded }
}

/** RFC 8187's `UTF-8''%c3%a9`, which forms should not have; some libraries write it. */
function decodeExtended(text: string): string | null {
  const found = /^utf-8'[^']*'(.*)$/i.exec(text)
  return found === null ? null : percentDecode(found[1] ?? '')
}

const PLAIN_ENCODINGS: ReadonlySet<string> = new Set(['7bit', '8bit', 'binary'])
const PARAM = /;\s*([a-z]+\*?)\s*=\s*(?:"((?:\\"|[^"])*)"|([^;\s]*))/gi
