// CreateBucket: the bucket in the index first, then its name in the directory. A crash between the
// two leaves a bucket without a name, which nobody can reach or see; a name never stands alone.

import { BUCKETS_PER_ACCOUNT_MAX } from '../../base/limits.ts'
import { newId, type BucketId, type CommitId } from '../../base/id.ts'
import {
  DirectoryError,
  type BucketName,
  type DirectoryOutcome,
} from '../../directory/directory.ts'
import { checkBucketName } from '../../s3/bucket-name.ts'
import { S3Error } from '../../s3/s3-error.ts'
import { asBucketAcl, parseAclHeaders, parseObjectOwnership } from '../../s3/canned-acl.ts'
import { checkAclHeaders } from '../../s3/refused-headers.ts'
import { parseCreateBucket } from '../../s3/xml/create-bucket.ts'
import type { Bucket } from '../../object-index/object-index.ts'
import { commit } from '../commit.ts'
import type { Call } from '../operation.ts'
import { readBody } from '../read-body.ts'
import type { Services } from '../services.ts'

/** How often a claim is repeated whose answer was lost: it says `done` again. */
const CLAIM_TRIES = 3

export async function createBucket(call: Call): Promise<void> {
  const { services, account, exchange } = call
  const name = call.target.bucket ?? ''
  const acls = aclsOf(call)
  checkBucketName(name)
  const constraint = parseCreateBucket(await readBody(call, { integrity: 'optional' }))
  checkRegion(constraint, services.settings.region)
  await checkCount(services, account.id)
  const taken = await services.directory.bucketByName(name)
  if (taken !== null && !(await isGhost(services, taken))) return answerTaken(call, taken)

  const bucketId = newId<BucketId>(services.random)
  await commit(services, {
    kind: 'create-bucket',
    bucket: {
      id: bucketId,
      name,
      ownerId: account.id,
      versioning: 'unversioned',
      quotaBytes: null,
      quotaObjects: null,
      ...acls,
    },
  })
  const outcome = await claim(services, { name, bucketId, ownerId: account.id })
  if (outcome === 'done') return exchange.send(200, ['Location', `/${name}`], '')
  await forget(services, bucketId)
  if (outcome !== 'name-taken') throw new S3Error('AccessDenied') // the account went meanwhile
  const other = await services.directory.bucketByName(name)
  if (other === null) throw new S3Error('OperationAborted')
  return answerTaken(call, other)
}

/**
 * Whether the bucket is to have ACLs, and its own. A request may do without them; it may have them
 * only where the operator lets new buckets have them.
 * @throws S3Error `AccessControlListNotSupported`, `NotImplemented`, and as `parseAclHeaders`
 */
function aclsOf({ headers, services, account }: Call): Pick<Bucket, 'ownership' | 'acl'> {
  const preset = services.settings.objectOwnership
  const ownership = parseObjectOwnership(headers) ?? preset
  if (ownership === 'BucketOwnerEnforced') {
    checkAclHeaders(headers)
    return { ownership, acl: 'private' }
  }
  if (preset === 'BucketOwnerEnforced') {
    throw new S3Error('NotImplemented', {
      message:
        'Buckets with ACLs are switched off here; the operator lets them in by ' +
        '--object-ownership ObjectWriter.',
      fields: { Header: 'x-amz-object-ownership' },
    })
  }
  return { ownership, acl: asBucketAcl(parseAclHeaders(headers, account.id) ?? 'private') }
}

/** @throws S3Error `InvalidLocationConstraint`, `IllegalLocationConstraintException` */
function checkRegion(constraint: string | null, region: string): void {
  if (constraint === null || constraint === '') {
    if (region === 'us-east-1') return
    throw illegalConstraint('unspecified')
  }
  if (constraint === 'us-east-1')
    throw new S3Error('InvalidLocationConstraint', {
      fields: { LocationConstraint: constraint },
    })
  if (constraint === region || (constraint === 'EU' && region === 'eu-west-1')) return
  throw illegalConstraint(constraint)
}

function illegalConstraint(constraint: string): S3Error {
  return new S3Error('IllegalLocationConstraintException', {
    message:
      `The ${constraint} location constraint is incompatible for the region specific ` +
      'endpoint this request was sent to.',
  })
}

async function checkCount(services: Services, ownerId: string): Promise<void> {
  const owned = await services.directory.buckets({
    ownerId,
    prefix: '',
    after: null,
    limit: BUCKETS_PER_ACCOUNT_MAX,
  })
  if (owned.length >= BUCKETS_PER_ACCOUNT_MAX) throw new S3Error('TooManyBuckets')
}

/** A name whose deletion was cut off behind its bucket's end: the end is made good here. */
async function isGhost(services: Services, taken: BucketName): Promise<boolean> {
  if (taken.state !== 'deleting') return false
  if ((await services.index.bucket(taken.bucketId)) !== null) return false
  const { name, bucketId } = taken
  await services.directory.apply({ kind: 'release-name', name, bucketId })
  return true
}

/** A name that stands: fine for its owner in us-east-1, where nothing changes. */
function answerTaken(call: Call, taken: BucketName): void {
  const { services, account, exchange } = call
  const fields = { BucketName: taken.name }
  if (taken.state === 'deleting') throw new S3Error('OperationAborted', { fields })
  if (taken.ownerId !== account.id) throw new S3Error('BucketAlreadyExists', { fields })
  if (services.settings.region !== 'us-east-1') {
    throw new S3Error('BucketAlreadyOwnedByYou', { fields })
  }
  exchange.send(200, ['Location', `/${taken.name}`], '')
}

async function claim(
  services: Services,
  name: { readonly name: string; readonly bucketId: BucketId; readonly ownerId: string },
): Promise<DirectoryOutcome> {
  let isUnsure = false
  for (let tries = 1; ; tries += 1) {
    try {
      return await services.directory.apply({ kind: 'claim-name', ...name })
    } catch (error) {
      if (!(error instanceof DirectoryError)) throw error
      isUnsure ||= error.code === 'unsure'
      if (error.code === 'unsure' && tries < CLAIM_TRIES) continue
      // Where any try was unsure the name may stand, so its bucket must.
      if (!isUnsure) await forget(services, name.bucketId)
      throw error
    }
  }
}

/** Takes back a bucket that has no name. One that stays is empty, and nothing leads to it. */
async function forget(services: Services, bucketId: BucketId): Promise<void> {
  const id = newId<CommitId>(services.random)
  try {
    await services.index.apply({ kind: 'delete-bucket', bucketId }, id)
  } catch (error) {
    services.log.warn('a bucket without a name stays in the index', {
      bucketId,
      detail: error instanceof Error ? error.message : String(error),
    })
  }
}
