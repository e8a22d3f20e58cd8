// The credential of a signature, `AKIA…/20130524/us-east-1/s3/aws4_request`, and what header and
// query signatures are judged by alike: scope, date and which headers must be signed.

import { S3Error } from '../s3-error.ts'
import type { S3ErrorCode } from '../s3-error.ts'
import { S3_LIMITS } from '../s3-limits.ts'
import type { RequestHeaders } from '../request-headers.ts'

/** A credential taken apart. */
export interface Credential {
  readonly accessKeyId: string
  readonly scope: string
  /** `20130524`. */
  readonly day: string
}

type MalformedCode = Extract<
  S3ErrorCode,
  'AuthorizationHeaderMalformed' | 'AuthorizationQueryParametersError' | 'InvalidArgument' // a form's
>

/** Takes a credential apart and checks all of its scope but the day. @throws S3Error `code` */
export function parseCredential(text: string, region: string, code: MalformedCode): Credential {
  // From the end: an access key may hold a slash, the other four cannot.
  const pieces = text.split('/')
  const count = pieces.length
  const [day = '', inRegion = '', service, end] = pieces.slice(count - 4)
  if (count < 5) {
    const form = '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request"'
    throw malformed(code, `the Credential is mal-formed; expecting ${form}.`)
  }
  if (!/^\d{8}$/.test(day)) {
    throw malformed(code, `incorrect date format "${day}". It must be in the format "yyyyMMdd".`)
  }
  if (inRegion !== region) {
    const message = `the region '${inRegion}' is wrong; expecting '${region}'`
    throw malformed(code, message, { Region: region })
  }
  if (service !== 's3') throw malformed(code, `incorrect service "${service}". It must be "s3".`)
  if (end !== 'aws4_request') {
    throw malformed(code, `incorrect terminal "${end}". It must be "aws4_request".`)
  }
  const scope = `${day}/${inRegion}/s3/aws4_request`
  return { accessKeyId: text.slice(0, text.length - scope.length - 1), scope, day }
}

/** An error of the credentials' form. */
export function malformed(
  code: MalformedCode,
  reason: string,
  fields: Readonly<Record<string, string>> = {},
): S3Error {
  const what =
    code === 'AuthorizationHeaderMalformed' ? 'The authorization header is malformed; ' : ''
  return new S3Error(code, { message: what + reason, fields })
}

/** @throws S3Error `RequestTimeTooSkewed` where the date is more than 15 minutes from now */
export function checkSkew(dateMs: number, sent: string, nowMs: number): void {
  const limitMs = S3_LIMITS.clockSkewMsMax
  if (Math.abs(nowMs - dateMs) <= limitMs) return
  throw new S3Error('RequestTimeTooSkewed', {
    fields: {
      RequestTime: sent,
      ServerTime: new Date(nowMs).toISOString(),
      MaxAllowedSkewMilliseconds: String(limitMs),
    },
  })
}

/**
 * `host` and every `x-amz-*` header that was sent must be signed, but for `exempt`.
 * @throws S3Error `AccessDenied`
 */
export function checkSignedHeaders(
  headers: RequestHeaders,
  signedHeaders: string,
  exempt: string,
): void {
  let missing = ''
  const list = `;${signedHeaders};`
  for (const name of headers.names) {
    const mustBeSigned = name === 'host' || (name.startsWith('x-amz-') && name !== exempt)
    if (mustBeSigned && !list.includes(`;${name};`)) missing += missing === '' ? name : `, ${name}`
  }
  if (missing === '') return
  throw new S3Error('AccessDenied', {
    message: 'There were headers present in the request which were not signed',
    fields: { HeadersNotSigned: missing },
  })
}
