// x-amz-copy-source: `/bucket/key?versionId=…`, percent-encoded, the first slash optional, `+` a
// plus. Source: S3 API, CopyObject.

import { percentDecode } from './percent.ts'
import { checkKey } from './request-target.ts'
import { S3Error } from './s3-error.ts'
import type { RequestHeaders } from './request-headers.ts'

/** What is copied. */
export interface CopySource {
  readonly bucket: string
  readonly key: string
  /** As sent, not judged; null for the newest version. */
  readonly versionId: string | null
}

/** Parses the header. @throws S3Error `InvalidArgument` */
export function parseCopySource(text: string | null): CopySource {
  if (text === null || text === '') throw invalid(text ?? '')
  const mark = text.lastIndexOf('?')
  const hasVersion = mark >= 0 && text.startsWith(VERSION, mark)
  const versionId = hasVersion ? percentDecode(text.slice(mark + VERSION.length)) : null
  if (hasVersion && (versionId === null || versionId === '')) throw invalid(text)
  // The whole is decoded at once: some clients encode the slash behind the bucket too.
  const path = percentDecode(hasVersion ? text.slice(0, mark) : text)
  if (path === null) throw invalid(text)
  const start = path.startsWith('/') ? 1 : 0
  const slash = path.indexOf('/', start)
  if (slash <= start || slash === path.length - 1) throw invalid(text)
  return { bucket: path.slice(start, slash), key: checkKey(path.slice(slash + 1)), versionId }
}

/** Whether metadata or tags are the source's or the request's. @throws S3Error `InvalidArgument` */
export function parseDirective(
  headers: RequestHeaders,
  name: 'x-amz-metadata-directive' | 'x-amz-tagging-directive',
): 'COPY' | 'REPLACE' {
  const text = headers.get(name)
  if (text === null) return 'COPY'
  if (text === 'COPY' || text === 'REPLACE') return text
  const what = name === 'x-amz-metadata-directive' ? 'metadata' : 'tagging'
  throw new S3Error('InvalidArgument', {
    message: `Unknown ${what} directive.`,
    fields: { ArgumentName: name, ArgumentValue: text },
  })
}

function invalid(text: string): S3Error {
  return new S3Error('InvalidArgument', {
    message: 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
    fields: { ArgumentName: 'x-amz-copy-source', ArgumentValue: text },
  })
}

const VERSION = '?versionId='
