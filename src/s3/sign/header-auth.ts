// The Authorization header of Signature Version 4.
// Source: S3 API, Authenticating Requests: Using the Authorization Header.

import { parseHttpDate } from '../http-date.ts'
import { S3Error } from '../s3-error.ts'
import { formatAmzDate, parseAmzDate } from './amz-date.ts'
import { checkSignedHeaders, checkSkew, malformed, parseCredential } from './credential.ts'
import type { AuthContext, SignedRequest, SigV4Auth } from './auth.ts'

/** Judges all of a header signature but the signature itself; see `parseAuth` for errors. */
export function parseHeaderAuth(
  authorization: string,
  request: SignedRequest,
  context: AuthContext,
): SigV4Auth {
  const { headers } = request
  const fields = splitAuthorization(authorization)
  const { accessKeyId, scope, day } = parseCredential(fields.credential, context.region, CODE)
  const sent = headers.get('x-amz-date') ?? headers.get('date')
  const dateMs = sent === null ? null : (parseAmzDate(sent) ?? parseHttpDate(sent))
  if (sent === null || dateMs === null) {
    throw new S3Error('AccessDenied', {
      message: 'AWS authentication requires a valid Date or x-amz-date header',
    })
  }
  checkSkew(dateMs, sent, context.nowMs)
  const amzDate = formatOnce(sent, dateMs)
  if (!amzDate.startsWith(day)) {
    throw new S3Error('SignatureDoesNotMatch', {
      message: `The date of the credential scope, ${day}, is not the request's, ${amzDate}.`,
    })
  }
  const payloadHash = headers.get('x-amz-content-sha256')
  if (payloadHash === null) {
    throw new S3Error('InvalidRequest', {
      message: 'Missing required header for this request: x-amz-content-sha256',
    })
  }
  checkSignedHeaders(headers, fields.signedHeaders, '')
  return {
    kind: 'header',
    accessKeyId,
    scope,
    amzDate,
    signedHeaders: fields.signedHeaders,
    signature: fields.signature,
    payloadHash,
    sessionToken: headers.get('x-amz-security-token'),
  }
}

function formatOnce(sent: string, dateMs: number): string {
  return sent.length === 16 && sent.endsWith('Z') ? sent : formatAmzDate(dateMs)
}

interface AuthorizationFields {
  readonly credential: string
  readonly signedHeaders: string
  readonly signature: string
}

function splitAuthorization(authorization: string): AuthorizationFields {
  const space = authorization.indexOf(' ')
  const scheme = space < 0 ? authorization : authorization.slice(0, space)
  if (scheme.startsWith('AWS4-ECDSA-P256-SHA256')) {
    throw new S3Error('NotImplemented', {
      message: 'Signature Version 4A is not implemented. Please use AWS4-HMAC-SHA256.',
    })
  }
  if (scheme !== 'AWS4-HMAC-SHA256') {
    throw new S3Error('InvalidArgument', {
      message: 'Unsupported Authorization Type',
      fields: { ArgumentName: 'Authorization', ArgumentValue: authorization },
    })
  }
  const credential = field(authorization, space, 'Credential=')
  const signedHeaders = field(authorization, space, 'SignedHeaders=')
  const signature = field(authorization, space, 'Signature=')
  if (!SIGNED_HEADERS.test(signedHeaders)) {
    throw malformed(CODE, 'the SignedHeaders are mal-formed; expecting "host;x-amz-date".')
  }
  if (!SIGNATURE.test(signature)) {
    throw malformed(CODE, 'the Signature is mal-formed; expecting 64 lower-case hex digits.')
  }
  return { credential, signedHeaders, signature }
}

/** The value of `name` in `Credential=…, SignedHeaders=…,Signature=…`: spaces are optional. */
function field(authorization: string, from: number, name: string): string {
  const start = fieldStart(authorization, from, name)
  if (start < 0) {
    const list = 'expecting Credential, SignedHeaders and Signature, separated by commas.'
    throw malformed(CODE, `it has no ${name.slice(0, -1)}; ${list}`)
  }
  // Two readers could take different ones.
  if (fieldStart(authorization, start, name) >= 0) {
    throw malformed(CODE, `it has more than one ${name.slice(0, -1)}.`)
  }
  const comma = authorization.indexOf(',', start)
  return authorization.slice(start, comma < 0 ? authorization.length : comma).trim()
}

/** Where the value of the next field `name` starts; -1 where there is none. */
function fieldStart(authorization: string, from: number, name: string): number {
  let at = authorization.indexOf(name, from)
  // `Signature=` must not be found inside another field, so a separator goes before it.
  while (at > 0 && authorization[at - 1] !== ' ' && authorization[at - 1] !== ',') {
    at = authorization.indexOf(name, at + 1)
  }
  return at <= 0 ? -1 : at + name.length
}

const CODE = 'AuthorizationHeaderMalformed'
const SIGNED_HEADERS = /^[^;\s]+(;[^;\s]+)*$/
const SIGNATURE = /^[0-9a-f]{64}$/
