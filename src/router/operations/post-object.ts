// PostObject: a browser's form with a file in it. It signs itself in by its fields, so all that the
// pipeline does for other operations is done here, once the fields have been read.
// Source: S3.md 16; S3 API, POST Object.

import { PUT_SIZE_BYTES_MAX } from '../../base/limits.ts'
import type { Account } from '../../directory/directory.ts'
import type { Written } from '../../gateway/gateway.ts'
import type { Bucket } from '../../object-index/object-index.ts'
import { parseContentMd5, parseRequestChecksum } from '../../s3/checksum-header.ts'
import { verifyForm } from '../../s3/form-auth.ts'
import { parseFormBoundary } from '../../s3/form-data.ts'
import { percentEncode } from '../../s3/percent.ts'
import {
  formAnswer,
  formHeaders,
  formTags,
  parsePostForm,
  type PostForm,
  redirectLocation,
} from '../../s3/post-form.ts'
import { judgePolicy, judgeSize, parsePostPolicy, type PostPolicy } from '../../s3/post-policy.ts'
import {
  checkAclHeaders,
  parseExpectedOwner,
  refuseUnsupportedHeaders,
} from '../../s3/refused-headers.ts'
import type { RequestHeaders } from '../../s3/request-headers.ts'
import type { RequestTarget } from '../../s3/request-target.ts'
import { S3Error } from '../../s3/s3-error.ts'
import { S3_LIMITS } from '../../s3/s3-limits.ts'
import { parseSizeHeader } from '../../s3/size-header.ts'
import { parseWritePrecondition } from '../../s3/write-condition.ts'
import { renderPostResponse } from '../../s3/xml/post-response.ts'
import { authorizeBucket, noSuchBucket } from '../authorize.ts'
import type { Exchange } from '../exchange.ts'
import { type FormFileBody, FormUpload } from '../form-upload.ts'
import { parseDraft } from '../object-metadata.ts'
import { RequestBody } from '../request-body.ts'
import { withCondition, writtenFields } from '../write-answer.ts'

/** What a form may do, once its signature and its policy hold. */
interface Admitted {
  readonly bucket: Bucket
  readonly account: Account
  readonly policy: PostPolicy
}

/** Stores the file of a form. */
export async function postObject(
  exchange: Exchange,
  target: RequestTarget,
  headers: RequestHeaders,
): Promise<void> {
  const upload = await openUpload(exchange, target, headers)
  const { fields, file } = await upload.readFields()
  const form = parsePostForm(fields, file, { region: exchange.services.settings.region })
  exchange.target = { ...target, key: form.key }
  const { bucket, account, policy } = await admit(exchange, target, headers, form)
  const asHeaders = formHeaders(form)
  refuseUnsupportedHeaders(asHeaders)
  if (bucket.ownership === 'BucketOwnerEnforced') checkAclHeaders(asHeaders)
  const draft = { ...parseDraft(asHeaders, bucket, account.id), tags: formTags(form) }
  const condition = parseWritePrecondition(asHeaders)
  const body = await upload.openFile(claimsOf(asHeaders))
  try {
    checkSize(policy, body)
    const { key } = form
    const { signal, services } = exchange
    const put = { bucket, key, condition, ownerId: account.id, ...draft, body, signal }
    const written = await withCondition(key, condition, async () => await services.gateway.put(put))
    answer(exchange, form, written, locationOf(exchange, target, headers, key))
  } finally {
    body.release()
  }
}

/** Judges what can be judged before the client sends its body. @throws S3Error */
async function openUpload(
  exchange: Exchange,
  target: RequestTarget,
  headers: RequestHeaders,
): Promise<FormUpload> {
  const boundary = parseFormBoundary(headers.get('content-type'))
  const wireSizeBytes = parseSizeHeader(headers, 'content-length')
  if (wireSizeBytes === null) throw new S3Error('MissingContentLength')
  if (wireSizeBytes > PUT_SIZE_BYTES_MAX + S3_LIMITS.formFieldsSizeBytesMax * 2) {
    throw tooLarge(wireSizeBytes)
  }
  const bucketName = target.bucket ?? ''
  const { name } = await exchange.services.known.find(null, bucketName)
  if (name === null) throw noSuchBucket(bucketName)
  const body = new RequestBody(exchange, {
    payload: { kind: 'unsigned' },
    seed: null,
    checksum: { kind: 'none' },
    md5: null,
    wireSizeBytes,
    sizeBytes: wireSizeBytes,
  })
  exchange.body = body
  exchange.isLong = true
  return new FormUpload(body, boundary)
}

/** Signs a form in, then holds it to its policy, size aside. @throws S3Error */
async function admit(
  exchange: Exchange,
  target: RequestTarget,
  headers: RequestHeaders,
  form: PostForm,
): Promise<Admitted> {
  const { services } = exchange
  const { auth } = form
  if (auth.kind === 'anonymous') throw new S3Error('AccessDenied')
  const { credential, name } = await services.known.find(auth.accessKeyId, target.bucket)
  if (credential === null) {
    throw new S3Error('InvalidAccessKeyId', { fields: { AWSAccessKeyId: auth.accessKeyId } })
  }
  // There is no service here that hands out session tokens.
  if (auth.sessionToken !== null) throw new S3Error('InvalidToken')
  verifyForm(auth, credential.key.secretKey, services.signingKeys)
  const { account } = credential
  exchange.accountId = account.id
  const bucketName = target.bucket ?? ''
  const policy = parsePostPolicy(auth.policy)
  judgePolicy(policy, { fields: form.fields, bucket: bucketName, nowMs: services.clock.nowMs() })
  const expectedOwnerId = parseExpectedOwner(headers)
  const access = 'owner'
  const asked = { account, access, bucketName, name, expectedOwnerId } as const
  return { bucket: await authorizeBucket(services, asked), account, policy }
}

/** @throws S3Error `InvalidRequest`, `InvalidDigest` */
function claimsOf(headers: RequestHeaders) {
  const checksum = parseRequestChecksum(headers)
  return {
    md5: parseContentMd5(headers),
    checksum: checksum.kind === 'value' ? checksum : null,
  }
}

/** @throws S3Error `EntityTooLarge`, `EntityTooSmall` */
function checkSize(policy: PostPolicy, { sizeBytes }: FormFileBody): void {
  if (sizeBytes > PUT_SIZE_BYTES_MAX) throw tooLarge(sizeBytes)
  judgeSize(policy, sizeBytes)
}

function tooLarge(sizeBytes: number): S3Error {
  return new S3Error('EntityTooLarge', {
    fields: { ProposedSize: String(sizeBytes), MaxSizeAllowed: String(PUT_SIZE_BYTES_MAX) },
  })
}

/** The object's URL, as the client would spell it. */
function locationOf(
  exchange: Exchange,
  { bucket, style }: RequestTarget,
  headers: RequestHeaders,
  key: string,
): string {
  const origin = `${exchange.isSecure ? 'https' : 'http'}://${headers.get('host') ?? ''}`
  return `${origin}/${style === 'path' ? `${bucket}/` : ''}${percentEncode(key)}`
}

function answer(exchange: Exchange, form: PostForm, written: Written, location: string): void {
  const { key } = form
  const { etag } = written
  const { status, redirect } = formAnswer(form)
  const bucket = exchange.target?.bucket ?? ''
  const fields = writtenFields(written)
  if (redirect !== null) {
    fields.push('Location', redirectLocation(redirect, { bucket, key, etag }))
    return exchange.send(303, fields, '')
  }
  fields.push('Location', location)
  if (status === 204) return exchange.sendHead(204, fields)
  if (status === 200) return exchange.send(200, fields, '')
  fields.push('Content-Type', 'application/xml')
  exchange.send(201, fields, renderPostResponse({ location, bucket, key, etag }))
}
