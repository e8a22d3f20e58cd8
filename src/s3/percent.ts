// Percent-encoding (RFC 3986) in the two forms S3 uses: strict decoding, once, to UTF-8, and the
// encoding of signatures. Input may hold raw bytes above 0x7F as Latin-1 characters, as Node gives.

/** Decodes exactly once; null where an escape is broken or the bytes are not UTF-8. */
export function percentDecode(raw: string): string | null {
  if (!NEEDS_DECODING.test(raw)) return raw
  try {
    return decodeURIComponent(RAW_BYTE.test(raw) ? raw.replace(RAW_BYTES, escapeByte) : raw)
  } catch (cause) {
    if (cause instanceof URIError) return null
    throw cause
  }
}

/** Encodes all but `A-Za-z0-9-._~`, in upper-case hex, as signatures want it. */
export function percentEncode(text: string): string {
  if (!NEEDS_ENCODING.test(text)) return text
  return encodeURIComponent(text).replace(LEFT_BY_JAVASCRIPT, escapeByte)
}

function escapeByte(character: string): string {
  const code = character.charCodeAt(0)
  return (code < 16 ? '%0' : '%') + code.toString(16).toUpperCase()
}

const NEEDS_DECODING = /[%\x80-\xff]/
const RAW_BYTE = /[\x80-\xff]/
const RAW_BYTES = /[\x80-\xff]/g
const NEEDS_ENCODING = /[^A-Za-z0-9\-._~]/
const LEFT_BY_JAVASCRIPT = /[!'()*]/g
