// What every client must carry to the store and back: sizes, and keys that tools like to mangle.

const KEY_BYTES_MAX = 1024
const EMOJI = '\u{1FAA3}'

/** Exactly 1,024 bytes, in parts that a file system can hold, and not all of one byte a letter. */
function longestKey() {
  const start = `long/${EMOJI}/`
  const parts = `${'0123456789'.repeat(20)}/`.repeat(6)
  return start + parts.slice(0, KEY_BYTES_MAX - Buffer.byteLength(start))
}

/** Case name to key. Nothing in a key is special to S3: each is one object of exactly that name. */
export const ODD_KEYS = {
  'key: ../': '../not-a-bucket-anywhere',
  'key: a/../b': 'dots/a/../b',
  'key: a/./b': 'dots/a/./b',
  'key: //': 'slashes/a//b',
  'key: leading /': '/leading',
  'key: trailing /': 'trailing/',
  'key: spaces': ' two  spaces ',
  'key: +': 'a+b c++',
  'key: %2F': 'percent/a%2Fb',
  'key: %': '100% %25 %zz',
  'key: emoji': `${EMOJI}/\u00fcn\u00ef e\u0301 \u2713`,
  'key: <&>"\'': 'markup/<a href="x">&amp;\'</a>',
  'key: ?#=': 'query?a=b&c#d;e:f,g@h$i!j*k(l)',
  'key: \\': 'back\\slash',
  'key: newline': 'line\nend\ttab',
  'key: 1024 bytes': longestKey(),
}

/** Case name to key and size. */
export const SIZES = {
  'empty object': { key: 'sizes/empty', sizeBytes: 0 },
  'small object': { key: 'sizes/small.txt', sizeBytes: 1000 },
  'large object': { key: 'sizes/large.bin', sizeBytes: 20 * 2 ** 20 + 123 },
}

/** More than a page of ListObjectsV2 holds. */
export const MANY_KEYS = 1100

/** Every standard case, in the order of the report. */
export const STANDARD_CASES = [
  'create bucket',
  ...Object.keys(SIZES),
  ...Object.keys(ODD_KEYS),
  `list ${MANY_KEYS} keys`,
  'remove bucket',
]
