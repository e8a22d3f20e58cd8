// Who signed a form: by Signature Version 4, or by Version 2, which S3 still takes from forms. The
// signature is over the base64 of the policy as it was sent.
// Source: S3 API, Authenticating Requests: Browser-Based Uploads Using POST; HTML forms (V2).

import { createHmac } from 'node:crypto'
import { S3Error } from './s3-error.ts'
import { parseAmzDate } from './sign/amz-date.ts'
import { malformed, parseCredential } from './sign/credential.ts'
import type { SigningKeys } from './sign/signing-key.ts'
import { equalHex, hmacHex } from './sign/verify.ts'

/** A form's credentials, not yet compared. */
export type FormAuth = { readonly kind: 'anonymous' } | SignedForm

/** What all signed forms have. */
export interface SignedForm {
  readonly kind: 'v4' | 'v2'
  readonly accessKeyId: string
  /** Of a Version 4 credential; empty else. */
  readonly scope: string
  /** The base64 text that was signed. */
  readonly policy: string
  readonly signature: string
  readonly sessionToken: string | null
}

/**
 * Reads the credentials among a form's fields (names in lower case). A form without any is
 * anonymous, with a policy too.
 * @throws S3Error `InvalidArgument`
 */
export function parseFormAuth(fields: ReadonlyMap<string, string>, region: string): FormAuth {
  const hasV4 = V4_FIELDS.some((name) => fields.has(name.toLowerCase()))
  const hasV2 = V2_FIELDS.some((name) => fields.has(name.toLowerCase()))
  if (hasV4 && hasV2) {
    throw new S3Error('InvalidArgument', {
      message: 'Only one auth mechanism allowed; the form has fields of both versions.',
    })
  }
  const sessionToken = fields.get('x-amz-security-token') ?? null
  if (hasV4) return { ...parseV4(fields, region), sessionToken }
  if (!hasV2) return { kind: 'anonymous' }
  return {
    kind: 'v2',
    accessKeyId: requireField(fields, 'AWSAccessKeyId'),
    scope: '',
    signature: requireField(fields, 'Signature'),
    policy: requireField(fields, 'Policy'),
    sessionToken,
  }
}

/**
 * Compares a form's signature with the one that the secret of its key gives, in constant time.
 * @throws S3Error `SignatureDoesNotMatch`
 */
export function verifyForm(auth: SignedForm, secret: string, keys: SigningKeys): void {
  const { kind, policy, signature } = auth
  const computed =
    kind === 'v4'
      ? hmacHex(keys.get(secret, auth.scope), policy)
      : createHmac('sha1', secret).update(policy).digest('base64')
  if (equalHex(computed, signature)) return
  throw new S3Error('SignatureDoesNotMatch', {
    fields: {
      AWSAccessKeyId: auth.accessKeyId,
      StringToSign: policy,
      SignatureProvided: signature,
      StringToSignBytes: Buffer.from(policy).toString('hex').replace(/../g, '$& ').trimEnd(),
    },
  })
}

function parseV4(
  fields: ReadonlyMap<string, string>,
  region: string,
): Omit<SignedForm, 'sessionToken'> {
  const algorithm = requireField(fields, 'X-Amz-Algorithm')
  if (algorithm !== 'AWS4-HMAC-SHA256') {
    throw malformed(CODE, 'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"')
  }
  const credential = requireField(fields, 'X-Amz-Credential')
  const { accessKeyId, scope, day } = parseCredential(credential, region, CODE)
  const date = requireField(fields, 'X-Amz-Date')
  // How long a form is good for is its policy's to say, not its date's.
  if (parseAmzDate(date) === null) {
    throw malformed(CODE, 'X-Amz-Date must be in the ISO8601 Long Format "yyyyMMddTHHmmssZ"')
  }
  if (!date.startsWith(day)) {
    throw malformed(CODE, `Invalid credential date "${day}": it is not that of X-Amz-Date.`)
  }
  const signature = requireField(fields, 'X-Amz-Signature')
  return { kind: 'v4', accessKeyId, scope, policy: requireField(fields, 'Policy'), signature }
}

function requireField(fields: ReadonlyMap<string, string>, name: string): string {
  const value = fields.get(name.toLowerCase()) ?? ''
  if (value === '') throw missingField(name)
  return value
}

/** A field that must be there; S3 ignores those behind the file. */
export function missingField(name: string): S3Error {
  return new S3Error('InvalidArgument', {
    message:
      `Bucket POST must contain a field named '${name}'.  If it is specified, please check the ` +
      'order of the fields.',
    fields: { ArgumentName: name, ArgumentValue: '' },
  })
}

const CODE = 'InvalidArgument'
const V4_FIELDS = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-Signature'] as const
const V2_FIELDS = ['AWSAccessKeyId', 'Signature'] as const
