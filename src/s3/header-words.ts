// Text outside ASCII in headers: the encoded words of RFC 2047, in which S3 gives metadata back.

const NEEDS_WORD = /[^\x20-\x7e\t]/
const WORD = /=\?([A-Za-z0-9-]+)\?([BbQq])\?([^?\s]*)\?=/g
/** Between two words white space only separates. Source: RFC 2047, 6.2. */
const WORD_GAP = /(\?=)\s+(?==\?)/g

/** The value as it stands in an answer's header. */
export function encodeHeaderWord(value: string): string {
  if (!NEEDS_WORD.test(value)) return value
  let text = ''
  for (const byte of Buffer.from(value)) {
    const isPlain =
      (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)
    text += isPlain
      ? String.fromCharCode(byte)
      : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return `=?UTF-8?Q?${text}?=`
}

/** The text of a header's value, its encoded words decoded. Words of other charsets stay. */
export function decodeHeaderWords(value: string): string {
  if (!value.includes('=?')) return value
  return value
    .replace(WORD_GAP, '$1')
    .replace(WORD, (word, charset: string, form: string, text: string) => {
      const name = charset.toLowerCase()
      if (name !== 'utf-8' && name !== 'us-ascii') return word
      const isBase64 = form.toUpperCase() === 'B'
      return isBase64 ? Buffer.from(text, 'base64').toString('utf8') : decodeQuoted(text)
    })
}

function decodeQuoted(text: string): string {
  const bytes = text
    .replaceAll('_', ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
