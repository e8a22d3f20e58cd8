// Every S3 operation: what must serve for it, what it needs to be allowed, and what answers it. Total, so that one which nobody
// handles does not compile; a null handler answers 501 by name and stands in docs/gaps.md.

import type { S3Operation } from '../s3/s3-operation.ts'
import type { Access } from './access.ts'
import type { BucketHandler, Need, Operation, ServiceHandler } from './operation.ts'
import { getBucketAcl, getObjectAcl, putBucketAcl, putObjectAcl } from './operations/acl.ts'
import { abortUpload } from './operations/abort-upload.ts'
import {
  deleteBucketTagging,
  getBucketTagging,
  putBucketTagging,
} from './operations/bucket-tagging.ts'
import { getBucketVersioning, putBucketVersioning } from './operations/bucket-versioning.ts'
import { completeUpload } from './operations/complete-upload.ts'
import { copyObject } from './operations/copy-object.ts'
import { createBucket } from './operations/create-bucket.ts'
import { createUpload } from './operations/create-upload.ts'
import { deleteBucket } from './operations/delete-bucket.ts'
import { deleteObject } from './operations/delete-object.ts'
import { deleteObjects } from './operations/delete-objects.ts'
import { getBucketLocation } from './operations/get-bucket-location.ts'
import { getObjectAttributes } from './operations/get-object-attributes.ts'
import { getObject } from './operations/get-object.ts'
import { headBucket } from './operations/head-bucket.ts'
import { headObject } from './operations/head-object.ts'
import { listBuckets } from './operations/list-buckets.ts'
import { listObjects, listObjectsV2 } from './operations/list-objects.ts'
import { listParts } from './operations/list-parts.ts'
import { listUploads } from './operations/list-uploads.ts'
import { listVersions } from './operations/list-versions.ts'
import {
  deleteObjectTagging,
  getObjectTagging,
  putObjectTagging,
} from './operations/object-tagging.ts'
import { postObject } from './operations/post-object.ts'
import { putObject } from './operations/put-object.ts'
import { uploadPartCopy } from './operations/upload-part-copy.ts'
import { uploadPart } from './operations/upload-part.ts'

const GAP: Operation = { needs: [], handle: null }

function service(needs: readonly Need[], handle: ServiceHandler): Operation {
  return { needs, on: 'service', handle }
}
function bucket(needs: readonly Need[], access: Access, handle: BucketHandler): Operation {
  return { needs, on: 'bucket', access, handle }
}

const INDEX: readonly Need[] = ['index']
const READ: readonly Need[] = ['index', 'storage']
const WRITE: readonly Need[] = ['index', 'storage', 'lease']
const NAMES: readonly Need[] = ['directory', 'index']

/** Every operation. Source: DESIGN.md, What serves when; access.ts for who may. */
export const OPERATIONS: Readonly<Record<S3Operation, Operation>> = {
  ListBuckets: service(['directory'], listBuckets),
  CreateBucket: service(NAMES, createBucket),
  DeleteBucket: bucket(NAMES, 'owner', deleteBucket),
  HeadBucket: bucket(INDEX, 'bucket-read', headBucket),
  GetBucketLocation: bucket(INDEX, 'owner', getBucketLocation),
  GetBucketVersioning: bucket(INDEX, 'owner', getBucketVersioning),
  PutBucketVersioning: bucket(INDEX, 'owner', putBucketVersioning),

  GetBucketTagging: bucket(INDEX, 'owner', getBucketTagging),
  PutBucketTagging: bucket(INDEX, 'owner', putBucketTagging),
  DeleteBucketTagging: bucket(INDEX, 'owner', deleteBucketTagging),
  GetBucketAcl: bucket(INDEX, 'owner', getBucketAcl),
  PutBucketAcl: bucket(INDEX, 'owner', putBucketAcl),

  ListObjects: bucket(INDEX, 'bucket-read', listObjects),
  ListObjectsV2: bucket(INDEX, 'bucket-read', listObjectsV2),
  ListObjectVersions: bucket(INDEX, 'owner', listVersions),
  ListMultipartUploads: bucket(INDEX, 'owner', listUploads),
  ListParts: bucket(INDEX, 'upload', listParts),

  GetObject: bucket(READ, 'object-read', getObject),
  HeadObject: bucket(INDEX, 'object-read', headObject),
  GetObjectAttributes: bucket(INDEX, 'owner', getObjectAttributes),
  PutObject: bucket(WRITE, 'bucket-write', putObject),
  PostObject: { needs: WRITE, on: 'form', handle: postObject },
  CopyObject: bucket(WRITE, 'bucket-write-signed', copyObject),
  DeleteObject: bucket(INDEX, 'bucket-write', deleteObject),
  DeleteObjects: bucket(INDEX, 'owner', deleteObjects),
  GetObjectTagging: bucket(INDEX, 'owner', getObjectTagging),
  PutObjectTagging: bucket(INDEX, 'owner', putObjectTagging),
  DeleteObjectTagging: bucket(INDEX, 'owner', deleteObjectTagging),
  GetObjectAcl: bucket(INDEX, 'object-read-acp', getObjectAcl),
  PutObjectAcl: bucket(INDEX, 'object-write-acp', putObjectAcl),

  CreateMultipartUpload: bucket(INDEX, 'bucket-write-signed', createUpload),
  UploadPart: bucket(WRITE, 'upload', uploadPart),
  UploadPartCopy: bucket(WRITE, 'upload', uploadPartCopy),
  CompleteMultipartUpload: bucket(INDEX, 'upload', completeUpload),
  AbortMultipartUpload: bucket(INDEX, 'upload', abortUpload),

  CreateBucketMetadataConfiguration: GAP,
  CreateBucketMetadataTableConfiguration: GAP,
  CreateSession: GAP,
  DeleteBucketAnalyticsConfiguration: GAP,
  DeleteBucketCors: GAP,
  DeleteBucketEncryption: GAP,
  DeleteBucketIntelligentTieringConfiguration: GAP,
  DeleteBucketInventoryConfiguration: GAP,
  DeleteBucketLifecycle: GAP,
  DeleteBucketMetadataConfiguration: GAP,
  DeleteBucketMetadataTableConfiguration: GAP,
  DeleteBucketMetricsConfiguration: GAP,
  DeleteBucketOwnershipControls: GAP,
  DeleteBucketPolicy: GAP,
  DeleteBucketReplication: GAP,
  DeleteBucketWebsite: GAP,
  DeletePublicAccessBlock: GAP,
  GetBucketAbac: GAP,
  GetBucketAccelerateConfiguration: GAP,
  GetBucketAnalyticsConfiguration: GAP,
  GetBucketCors: GAP,
  GetBucketEncryption: GAP,
  GetBucketIntelligentTieringConfiguration: GAP,
  GetBucketInventoryConfiguration: GAP,
  GetBucketLifecycleConfiguration: GAP,
  GetBucketLogging: GAP,
  GetBucketMetadataConfiguration: GAP,
  GetBucketMetadataTableConfiguration: GAP,
  GetBucketMetricsConfiguration: GAP,
  GetBucketNotificationConfiguration: GAP,
  GetBucketOwnershipControls: GAP,
  GetBucketPolicy: GAP,
  GetBucketPolicyStatus: GAP,
  GetBucketReplication: GAP,
  GetBucketRequestPayment: GAP,
  GetBucketWebsite: GAP,
  GetObjectLegalHold: GAP,
  GetObjectLockConfiguration: GAP,
  GetObjectRetention: GAP,
  GetObjectTorrent: GAP,
  GetPublicAccessBlock: GAP,
  ListBucketAnalyticsConfigurations: GAP,
  ListBucketIntelligentTieringConfigurations: GAP,
  ListBucketInventoryConfigurations: GAP,
  ListBucketMetricsConfigurations: GAP,
  ListDirectoryBuckets: GAP,
  OptionsObject: GAP,
  PutBucketAbac: GAP,
  PutBucketAccelerateConfiguration: GAP,
  PutBucketAnalyticsConfiguration: GAP,
  PutBucketCors: GAP,
  PutBucketEncryption: GAP,
  PutBucketIntelligentTieringConfiguration: GAP,
  PutBucketInventoryConfiguration: GAP,
  PutBucketLifecycleConfiguration: GAP,
  PutBucketLogging: GAP,
  PutBucketMetricsConfiguration: GAP,
  PutBucketNotificationConfiguration: GAP,
  PutBucketOwnershipControls: GAP,
  PutBucketPolicy: GAP,
  PutBucketReplication: GAP,
  PutBucketRequestPayment: GAP,
  PutBucketWebsite: GAP,
  PutObjectLegalHold: GAP,
  PutObjectLockConfiguration: GAP,
  PutObjectRetention: GAP,
  PutPublicAccessBlock: GAP,
  RenameObject: GAP,
  RestoreObject: GAP,
  SelectObjectContent: GAP,
  UpdateBucketMetadataInventoryTableConfiguration: GAP,
  UpdateBucketMetadataJournalTableConfiguration: GAP,
  UpdateObjectEncryption: GAP,
  WriteGetObjectResponse: GAP,
}
