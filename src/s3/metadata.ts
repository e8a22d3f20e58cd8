// What a client says of an object in headers: its own metadata and the system's, as it comes back.
// Source: S3.md 13 and 23; S3 User Guide, Object metadata.

import { decodeHeaderWords, encodeHeaderWord } from './header-words.ts'
import { headerText } from './request-headers.ts'
import type { RequestHeaders } from './request-headers.ts'
import { S3Error } from './s3-error.ts'
import { S3_LIMITS } from './s3-limits.ts'

type Pair = readonly [name: string, value: string]

export interface ObjectMetadata {
  /** In S3's spelling, Content-Type always among them. */
  readonly system: readonly Pair[]
  /** Names in lower case, without `x-amz-meta-`. */
  readonly user: readonly Pair[]
}

const USER_PREFIX = 'x-amz-meta-'
const DEFAULT_TYPE = 'binary/octet-stream'
/** Lower case → as it comes back. */
const SYSTEM: ReadonlyMap<string, string> = new Map([
  ['cache-control', 'Cache-Control'],
  ['content-disposition', 'Content-Disposition'],
  ['content-encoding', 'Content-Encoding'],
  ['content-language', 'Content-Language'],
  ['expires', 'Expires'],
  ['x-amz-website-redirect-location', 'x-amz-website-redirect-location'],
])

/** @throws S3Error `MetadataTooLarge` */
export function parseMetadata(headers: RequestHeaders): ObjectMetadata {
  const system: Pair[] = [['Content-Type', headers.get('content-type') || DEFAULT_TYPE]]
  const user: Pair[] = []
  const seen = new Set<string>()
  for (const name of headers.names) {
    if (seen.has(name)) continue
    seen.add(name)
    if (name.startsWith(USER_PREFIX)) {
      const value = decodeHeaderWords(headerText(headers.get(name) ?? ''))
      user.push([name.slice(USER_PREFIX.length), value])
      continue
    }
    const shown = SYSTEM.get(name)
    if (shown === undefined) continue
    const value = headers.get(name) ?? ''
    const kept = name === 'content-encoding' ? withoutChunked(value) : value
    if (kept !== '') system.push([shown, kept])
  }
  checkSize(user)
  return { system, user }
}

/** `aws-chunked` says how the body travelled, not what it is. */
function withoutChunked(encoding: string): string {
  if (!encoding.includes('aws-chunked')) return encoding
  const codings = encoding.split(',').map((coding) => coding.trim())
  return codings.filter((coding) => coding !== '' && coding !== 'aws-chunked').join(', ')
}

function checkSize(user: readonly Pair[]): void {
  const size = user.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0)
  if (size <= S3_LIMITS.metadataSizeBytesMax) return
  throw new S3Error('MetadataTooLarge', {
    fields: { Size: String(size), MaxSizeAllowed: String(S3_LIMITS.metadataSizeBytesMax) },
  })
}

/** User metadata as headers, flat; values outside ASCII are encoded by RFC 2047. */
export function userMetadataHeaders(user: readonly Pair[], into: string[]): void {
  for (const [name, value] of user) into.push(`${USER_PREFIX}${name}`, encodeHeaderWord(value))
}
