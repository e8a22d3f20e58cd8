// An error's body. Unlike every other document of S3 it has no namespace, and it can always be read:
// what XML 1.0 cannot carry is shown as U+FFFD, or a client's parser would lose the code with it.
// Source: S3 API, REST error responses.

import { escapeXml } from './xml-write.ts'
import type { S3Error } from './s3-error.ts'

/** Both ids also go out as `x-amz-request-id` and `x-amz-id-2`, and must be the same there. */
export interface ErrorContext {
  readonly requestId: string
  readonly hostId: string
  /** What was asked for, as S3 names it: `/bucket/key`; null leaves the element out. */
  readonly resource: string | null
}

/** The XML document of an error, to be sent as `application/xml`. */
export function renderError(error: S3Error, context: ErrorContext): string {
  let xml = '<?xml version="1.0" encoding="UTF-8"?>\n<Error>'
  xml += `<Code>${error.code}</Code><Message>${escapeAny(error.message)}</Message>`
  for (const name of Object.keys(error.fields)) {
    xml += `<${name}>${escapeAny(error.fields[name] ?? '')}</${name}>`
  }
  if (context.resource !== null) xml += `<Resource>${escapeAny(context.resource)}</Resource>`
  xml += `<RequestId>${escapeXml(context.requestId)}</RequestId>`
  return `${xml}<HostId>${escapeXml(context.hostId)}</HostId></Error>`
}

function escapeAny(text: string): string {
  return escapeXml(text.replace(NOT_IN_XML, '\ufffd'))
}

const NOT_IN_XML =
  /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
