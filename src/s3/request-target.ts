// Reads bucket, key and query out of a raw request target (Node's req.url), path style and virtual
// host style. No URL parser comes near it: `a//b`, `/a`, `a/../b` are different keys. The key is
// percent-decoded exactly once; the raw text stays for the signature.

import { percentDecode } from './percent.ts'
import { parseQuery, type QueryParam } from './query-params.ts'
import { S3Error } from './s3-error.ts'
import { S3_LIMITS } from './s3-limits.ts'

/** A name under which buckets are subdomains, parsed by `parseBaseDomains`. */
export interface BaseDomain {
  /** Lower case, with its port where one was configured. */
  readonly name: string
  readonly hasPort: boolean
}

/** What a request is about. A key is never empty: `/bucket/` names the bucket. */
export interface RequestTarget {
  /** Decoded, not yet judged as a name; null for the service itself. */
  readonly bucket: string | null
  /** Decoded, 1 to 1,024 bytes of UTF-8, without U+0000. */
  readonly key: string | null
  readonly style: 'path' | 'host'
  /** The path as sent, for the signature. */
  readonly rawPath: string
  /** The query as sent, without `?`. */
  readonly rawQuery: string
  readonly query: readonly QueryParam[]
}

/** The longest name first, so that `s3.a.example` wins over `a.example`. */
export function parseBaseDomains(names: readonly string[]): readonly BaseDomain[] {
  return names
    .map((name) => ({ name: name.toLowerCase(), hasPort: PORT.test(name) }))
    .sort((a, b) => b.name.length - a.name.length)
}

/**
 * Parses the target of a request. `host` is the Host header as sent (null without one) and is
 * compared case-insensitively; an absolute-form target's authority wins over it (RFC 9112, 3.2.2).
 * @throws S3Error `InvalidURI`, `KeyTooLongError`, `InvalidBucketName` (an empty one)
 */
export function parseTarget(
  rawTarget: string,
  host: string | null,
  domains: readonly BaseDomain[],
): RequestTarget {
  let target = rawTarget
  let authority = host
  if (!target.startsWith('/')) {
    const absolute = ABSOLUTE.exec(target)
    if (absolute !== null) {
      authority = absolute[1] ?? ''
      target = absolute[2] ?? ''
      if (!target.startsWith('/')) target = `/${target}`
    } else if (target === '*') return { ...SERVICE, rawPath: '*' }
    else throw invalidUri('it must start with a slash')
  }
  const mark = target.indexOf('?')
  const rawPath = mark < 0 ? target : target.slice(0, mark)
  const rawQuery = mark < 0 ? '' : target.slice(mark + 1)
  const query = parseQuery(rawQuery)
  const hostBucket = domains.length === 0 ? null : bucketOfHost(authority ?? '', domains)
  if (hostBucket !== null) {
    const key = keyOf(rawPath.slice(1))
    return { bucket: hostBucket, key, style: 'host', rawPath, rawQuery, query }
  }
  if (rawPath === '/') return { ...SERVICE, rawPath, rawQuery, query }
  const slash = rawPath.indexOf('/', 1)
  const bucket = decode(slash < 0 ? rawPath.slice(1) : rawPath.slice(1, slash))
  if (bucket === '') throw new S3Error('InvalidBucketName', { fields: { BucketName: '' } })
  const key = slash < 0 ? null : keyOf(rawPath.slice(slash + 1))
  return { bucket, key, style: 'path', rawPath, rawQuery, query }
}

/**
 * A key from a client's text that is already decoded (a form field, an XML element).
 * @throws S3Error `KeyTooLongError`, `InvalidURI` (U+0000, half a surrogate pair)
 */
export function checkKey(key: string): string {
  const limit = S3_LIMITS.keySizeBytesMax
  if (key.length * 3 > limit) {
    const size = Buffer.byteLength(key)
    if (size > limit) {
      const fields = { Size: String(size), MaxSizeAllowed: String(limit) }
      throw new S3Error('KeyTooLongError', { fields })
    }
  }
  if (key.includes('\0')) throw invalidUri('a key cannot hold U+0000')
  if (HALF_PAIR.test(key)) throw invalidUri('a key must be well-formed Unicode')
  return key
}

function keyOf(raw: string): string | null {
  return raw === '' ? null : checkKey(decode(raw))
}

function decode(raw: string): string {
  const text = percentDecode(raw)
  if (text === null) throw invalidUri('its path has an escape that is not UTF-8')
  return text
}

/** The bucket before a base domain; null for the domain itself and for any other host. */
function bucketOfHost(authority: string, domains: readonly BaseDomain[]): string | null {
  const withPort = authority.toLowerCase()
  const withoutPort = withPort.replace(PORT, '')
  for (const domain of domains) {
    const host = domain.hasPort ? withPort : withoutPort
    if (host === domain.name) return null
    const bucketLength = host.length - domain.name.length - 1
    if (bucketLength > 0 && host.endsWith(domain.name) && host[bucketLength] === '.') {
      return host.slice(0, bucketLength)
    }
  }
  return null
}

function invalidUri(reason: string): S3Error {
  return new S3Error('InvalidURI', { message: `Couldn't parse the specified URI: ${reason}.` })
}

const SERVICE: RequestTarget = {
  bucket: null,
  key: null,
  style: 'path',
  rawPath: '/',
  rawQuery: '',
  query: [],
}
const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i
const PORT = /:\d+$/
const HALF_PAIR = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/
