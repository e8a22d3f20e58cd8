// A request's way, step by step. Each step is a file; this one is their order and nothing else.

import { detectOperation } from '../s3/detect.ts'
import {
  checkAclHeaders,
  parseExpectedOwner,
  refuseUnsupportedHeaders,
} from '../s3/refused-headers.ts'
import { RequestHeaders } from '../s3/request-headers.ts'
import { parseTarget } from '../s3/request-target.ts'
import { parseResponseOverrides } from '../s3/response-overrides.ts'
import { S3Error } from '../s3/s3-error.ts'
import type { S3Operation } from '../s3/s3-operation.ts'
import { effectiveHeaders } from '../s3/sign/effective-headers.ts'
import { ANONYMOUS, ownsBucket } from './access.ts'
import { answerError } from './answer-error.ts'
import { authenticate } from './authenticate.ts'
import { authorizeBucket } from './authorize.ts'
import type { Exchange } from './exchange.ts'
import { answerAdmin, isAdminTarget } from './health.ts'
import type { Call } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { requireOwnUpload } from './operations/upload-id.ts'

/** Answers one request, whatever comes. */
export async function answer(exchange: Exchange): Promise<void> {
  try {
    await take(exchange)
  } catch (thrown) {
    answerError(exchange, thrown)
  }
}

async function take(exchange: Exchange): Promise<void> {
  const { req, services } = exchange
  const method = req.method ?? ''
  const sent = new RequestHeaders(req.rawHeaders)
  checkHost(sent, req.httpVersion)
  const target = parseTarget(req.url ?? '', sent.get('host'), services.domains)
  exchange.target = target
  if (services.settings.admin === 'here' && isAdminTarget(target)) {
    return await answerAdmin(exchange, target)
  }
  const name = detectOperation(method, target, sent)
  exchange.operation = name
  const operation = OPERATIONS[name]
  if (operation.handle === null) throw notImplemented(name)
  exchange.onDeadline = () => answerError(exchange, new S3Error('ServiceUnavailable'))
  if (operation.on === 'form') return await operation.handle(exchange, target, sent)

  const identity = await authenticate(services, { method, target, headers: sent })
  const isAnonymous = identity.kind === 'anonymous'
  const account = isAnonymous ? ANONYMOUS : identity.account
  exchange.accountId = isAnonymous ? null : account.id
  if (isAnonymous) parseResponseOverrides(target.query, 'anonymous') // refused before all else
  const headers = effectiveHeaders(sent, target.query, identity.kind)
  const bucket =
    operation.on === 'bucket'
      ? await authorizeBucket(services, {
          account,
          bucketName: target.bucket ?? '',
          name: identity.name,
          access: operation.access,
          expectedOwnerId: parseExpectedOwner(headers),
        })
      : null
  if (isAnonymous && bucket === null) throw new S3Error('AccessDenied')
  refuseUnsupportedHeaders(headers)
  // CreateBucket looks itself: what it makes may have ACLs.
  if (bucket === null ? name !== 'CreateBucket' : bucket.ownership === 'BucketOwnerEnforced') {
    checkAclHeaders(headers)
  }
  const call: Call = {
    exchange,
    services,
    target,
    key: target.key ?? '',
    headers,
    account,
    access: operation.on === 'bucket' ? operation.access : 'owner',
    authKind: identity.kind,
    seed: isAnonymous ? null : identity.seed,
  }
  if (operation.on === 'service') return await operation.handle(call)
  if (bucket === null) return
  if (call.access === 'upload' && !ownsBucket(account, bucket)) await requireOwnUpload(call, bucket)
  await operation.handle(call, bucket)
}

/** HTTP/1.1 asks for exactly one. Source: RFC 9112, 3.2. @throws S3Error `BadRequest` */
function checkHost(headers: RequestHeaders, httpVersion: string): void {
  const first = headers.names.indexOf('host')
  const isMissing = first < 0 && httpVersion !== '1.0'
  if (!isMissing && (first < 0 || !headers.names.includes('host', first + 1))) return
  throw new S3Error('BadRequest', { message: 'The request must have one Host header.' })
}

function notImplemented(name: S3Operation): S3Error {
  return new S3Error('NotImplemented', { message: `${name} is not implemented.` })
}
