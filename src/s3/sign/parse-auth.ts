// Who says to have sent a request, and by what signature: anonymous, a header, or the query of a
// presigned URL. Everything that can be judged without the secret is judged here, so that the
// router looks the secret up between this and verify.ts.

import { S3Error } from '../s3-error.ts'
import type { RequestTarget } from '../request-target.ts'
import type { AuthContext, ParsedAuth, SignedRequest } from './auth.ts'
import { parseHeaderAuth } from './header-auth.ts'
import { parseQueryAuth } from './query-auth.ts'

/**
 * Reads the credentials of a request. @throws S3Error `AuthorizationHeaderMalformed`,
 * `AuthorizationQueryParametersError`, `RequestTimeTooSkewed`, `AccessDenied` (expired; headers not
 * signed), `InvalidArgument` (two kinds), `InvalidRequest` (SigV2), `NotImplemented` (SigV4A)
 */
export function parseAuth(request: SignedRequest, context: AuthContext): ParsedAuth {
  const authorization = request.headers.get('authorization')
  const inQuery = findQueryAuth(request.target)
  if (authorization === null && inQuery === null) return ANONYMOUS
  if (authorization !== null && inQuery !== null) {
    throw new S3Error('InvalidArgument', {
      message:
        'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature ' +
        'query string parameter or the Authorization header should be specified',
      fields: { ArgumentName: 'Authorization', ArgumentValue: authorization },
    })
  }
  if (inQuery === 'v2') throw signatureV2Refused()
  if (authorization === null) return parseQueryAuth(request, context)
  if (/^AWS\s/.test(authorization)) throw signatureV2Refused()
  return parseHeaderAuth(authorization, request, context)
}

function findQueryAuth(target: RequestTarget): 'v2' | 'v4' | null {
  const { rawQuery, query } = target
  if (rawQuery === '') return null
  for (const [name] of query) if (V4_PARAMS.has(name)) return 'v4'
  for (const [name] of query) if (name === 'AWSAccessKeyId' || name === 'Signature') return 'v2'
  return null
}

function signatureV2Refused(): S3Error {
  return new S3Error('InvalidRequest', {
    message:
      'The authorization mechanism you have provided is not supported. ' +
      'Please use AWS4-HMAC-SHA256.',
  })
}

const ANONYMOUS: ParsedAuth = { kind: 'anonymous' }
const V4_PARAMS: ReadonlySet<string> = new Set([
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
  'X-Amz-Expires',
])
