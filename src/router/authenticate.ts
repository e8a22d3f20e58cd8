// Who sent a request: reads its credentials, looks them up, compares the signature.

import type { Account, BucketName } from '../directory/directory.ts'
import { S3Error } from '../s3/s3-error.ts'
import type { SignedRequest } from '../s3/sign/auth.ts'
import { parseAuth } from '../s3/sign/parse-auth.ts'
import { type StreamSeed, verifySignature } from '../s3/sign/verify.ts'
import type { Services } from './services.ts'

/** Who sent a request, and the record of the name it is sent to. */
export type Identity =
  | { readonly kind: 'anonymous'; readonly name: BucketName | null }
  | {
      readonly kind: 'header' | 'query'
      readonly account: Account
      readonly seed: StreamSeed
      readonly name: BucketName | null
    }

/**
 * Identifies a request, and finds its bucket's name on the way.
 * @throws S3Error what `parseAuth` and `verifySignature` throw; `InvalidAccessKeyId`
 */
export async function authenticate(services: Services, request: SignedRequest): Promise<Identity> {
  const { settings, clock, known, signingKeys } = services
  const { bucket } = request.target
  const auth = parseAuth(request, { region: settings.region, nowMs: clock.nowMs() })
  if (auth.kind === 'anonymous') {
    return { kind: 'anonymous', name: (await known.find(null, bucket)).name }
  }
  const { credential, name } = await known.find(auth.accessKeyId, bucket)
  if (credential === null) {
    throw new S3Error('InvalidAccessKeyId', { fields: { AWSAccessKeyId: auth.accessKeyId } })
  }
  // There is no service here that hands out session tokens.
  if (auth.sessionToken !== null) throw new S3Error('InvalidToken')
  const seed = verifySignature(auth, request, credential.key.secretKey, signingKeys)
  return { kind: auth.kind, account: credential.account, seed, name }
}
