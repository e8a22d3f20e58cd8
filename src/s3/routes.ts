// How each operation looks on the wire: where it is sent, by which method, with which subresource,
// and which further query parameters it knows. Total over S3Operation; detect.ts reads it.

import type { S3Operation } from './s3-operation.ts'

/** Where a request is sent: to `/`, to a bucket or to a key. */
export type RoutePlace = 'service' | 'bucket' | 'object'

/** The wire form of one operation. */
export interface OperationRoute {
  readonly place: RoutePlace
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE' | 'OPTIONS'
  /** The query parameter that names it; null for the plain operation of its method. */
  readonly sub: string | null
  /** Other query parameters it knows. One that is not here is refused, never ignored. */
  readonly params: readonly string[]
  /** A parameter or header that tells it from another of the same method and subresource. */
  readonly needs: { readonly param: string } | { readonly header: string } | null
}

type Method = OperationRoute['method']

const NONE: readonly string[] = []
const VERSION: readonly string[] = ['versionId']
const RESPONSE = [
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
]
const READ = ['versionId', 'partNumber', ...RESPONSE]
const LIST = ['prefix', 'delimiter', 'max-keys', 'encoding-type']
const LIST_V2 = [...LIST, 'continuation-token', 'start-after', 'fetch-owner']
const LIST_VERSIONS = [...LIST, 'key-marker', 'version-id-marker']
const LIST_UPLOADS = [
  'prefix',
  'delimiter',
  'encoding-type',
  'max-uploads',
  'key-marker',
  'upload-id-marker',
]
const LIST_PARTS = ['max-parts', 'part-number-marker', 'encoding-type']
const LIST_BUCKETS = ['max-buckets', 'prefix', 'continuation-token', 'bucket-region']
const COPY = { header: 'x-amz-copy-source' }
const ID = { param: 'id' }
const PAGE = ['continuation-token']

function service(method: Method, params: readonly string[] = NONE): OperationRoute {
  return { place: 'service', method, sub: null, params, needs: null }
}
function bucket(method: Method, sub: string | null, params = NONE): OperationRoute {
  return { place: 'bucket', method, sub, params, needs: null }
}
function object(method: Method, sub: string | null, params = VERSION): OperationRoute {
  return { place: 'object', method, sub, params, needs: null }
}
function oneOf(method: Method, sub: string): OperationRoute {
  return { place: 'bucket', method, sub, params: ['id'], needs: ID }
}

/** Every operation's wire form. Source: the Request Syntax of its page in the API reference. */
export const OPERATION_ROUTES: Readonly<Record<S3Operation, OperationRoute>> = {
  ListBuckets: service('GET', LIST_BUCKETS),
  // Sent to another endpoint (s3express-control), never to this one; x-id alone would tell it.
  ListDirectoryBuckets: { ...service('GET', LIST_BUCKETS), sub: 'directory-buckets' },

  CreateBucket: bucket('PUT', null),
  DeleteBucket: bucket('DELETE', null),
  HeadBucket: bucket('HEAD', null),
  ListObjects: bucket('GET', null, [...LIST, 'marker']),
  ListObjectsV2: bucket('GET', 'list-type', LIST_V2),
  ListObjectVersions: bucket('GET', 'versions', LIST_VERSIONS),
  ListMultipartUploads: bucket('GET', 'uploads', LIST_UPLOADS),
  DeleteObjects: bucket('POST', 'delete'),
  PostObject: bucket('POST', null),
  CreateSession: bucket('GET', 'session'),

  GetBucketAbac: bucket('GET', 'abac'),
  PutBucketAbac: bucket('PUT', 'abac'),
  GetBucketAccelerateConfiguration: bucket('GET', 'accelerate'),
  PutBucketAccelerateConfiguration: bucket('PUT', 'accelerate'),
  GetBucketAcl: bucket('GET', 'acl'),
  PutBucketAcl: bucket('PUT', 'acl'),
  GetBucketAnalyticsConfiguration: oneOf('GET', 'analytics'),
  ListBucketAnalyticsConfigurations: bucket('GET', 'analytics', PAGE),
  PutBucketAnalyticsConfiguration: oneOf('PUT', 'analytics'),
  DeleteBucketAnalyticsConfiguration: oneOf('DELETE', 'analytics'),
  GetBucketCors: bucket('GET', 'cors'),
  PutBucketCors: bucket('PUT', 'cors'),
  DeleteBucketCors: bucket('DELETE', 'cors'),
  GetBucketEncryption: bucket('GET', 'encryption'),
  PutBucketEncryption: bucket('PUT', 'encryption'),
  DeleteBucketEncryption: bucket('DELETE', 'encryption'),
  GetBucketIntelligentTieringConfiguration: oneOf('GET', 'intelligent-tiering'),
  ListBucketIntelligentTieringConfigurations: bucket('GET', 'intelligent-tiering', PAGE),
  PutBucketIntelligentTieringConfiguration: oneOf('PUT', 'intelligent-tiering'),
  DeleteBucketIntelligentTieringConfiguration: oneOf('DELETE', 'intelligent-tiering'),
  GetBucketInventoryConfiguration: oneOf('GET', 'inventory'),
  ListBucketInventoryConfigurations: bucket('GET', 'inventory', PAGE),
  PutBucketInventoryConfiguration: oneOf('PUT', 'inventory'),
  DeleteBucketInventoryConfiguration: oneOf('DELETE', 'inventory'),
  GetBucketLifecycleConfiguration: bucket('GET', 'lifecycle'),
  PutBucketLifecycleConfiguration: bucket('PUT', 'lifecycle'),
  DeleteBucketLifecycle: bucket('DELETE', 'lifecycle'),
  GetBucketLocation: bucket('GET', 'location'),
  GetBucketLogging: bucket('GET', 'logging'),
  PutBucketLogging: bucket('PUT', 'logging'),
  GetBucketMetadataConfiguration: bucket('GET', 'metadataConfiguration'),
  CreateBucketMetadataConfiguration: bucket('POST', 'metadataConfiguration'),
  DeleteBucketMetadataConfiguration: bucket('DELETE', 'metadataConfiguration'),
  UpdateBucketMetadataInventoryTableConfiguration: bucket('PUT', 'metadataInventoryTable'),
  UpdateBucketMetadataJournalTableConfiguration: bucket('PUT', 'metadataJournalTable'),
  GetBucketMetadataTableConfiguration: bucket('GET', 'metadataTable'),
  CreateBucketMetadataTableConfiguration: bucket('POST', 'metadataTable'),
  DeleteBucketMetadataTableConfiguration: bucket('DELETE', 'metadataTable'),
  GetBucketMetricsConfiguration: oneOf('GET', 'metrics'),
  ListBucketMetricsConfigurations: bucket('GET', 'metrics', PAGE),
  PutBucketMetricsConfiguration: oneOf('PUT', 'metrics'),
  DeleteBucketMetricsConfiguration: oneOf('DELETE', 'metrics'),
  GetBucketNotificationConfiguration: bucket('GET', 'notification'),
  PutBucketNotificationConfiguration: bucket('PUT', 'notification'),
  GetBucketOwnershipControls: bucket('GET', 'ownershipControls'),
  PutBucketOwnershipControls: bucket('PUT', 'ownershipControls'),
  DeleteBucketOwnershipControls: bucket('DELETE', 'ownershipControls'),
  GetBucketPolicy: bucket('GET', 'policy'),
  PutBucketPolicy: bucket('PUT', 'policy'),
  DeleteBucketPolicy: bucket('DELETE', 'policy'),
  GetBucketPolicyStatus: bucket('GET', 'policyStatus'),
  GetBucketReplication: bucket('GET', 'replication'),
  PutBucketReplication: bucket('PUT', 'replication'),
  DeleteBucketReplication: bucket('DELETE', 'replication'),
  GetBucketRequestPayment: bucket('GET', 'requestPayment'),
  PutBucketRequestPayment: bucket('PUT', 'requestPayment'),
  GetBucketTagging: bucket('GET', 'tagging'),
  PutBucketTagging: bucket('PUT', 'tagging'),
  DeleteBucketTagging: bucket('DELETE', 'tagging'),
  GetBucketVersioning: bucket('GET', 'versioning'),
  PutBucketVersioning: bucket('PUT', 'versioning'),
  GetBucketWebsite: bucket('GET', 'website'),
  PutBucketWebsite: bucket('PUT', 'website'),
  DeleteBucketWebsite: bucket('DELETE', 'website'),
  GetObjectLockConfiguration: bucket('GET', 'object-lock'),
  PutObjectLockConfiguration: bucket('PUT', 'object-lock'),
  GetPublicAccessBlock: bucket('GET', 'publicAccessBlock'),
  PutPublicAccessBlock: bucket('PUT', 'publicAccessBlock'),
  DeletePublicAccessBlock: bucket('DELETE', 'publicAccessBlock'),

  GetObject: object('GET', null, READ),
  HeadObject: object('HEAD', null, READ),
  PutObject: object('PUT', null, NONE),
  CopyObject: { ...object('PUT', null, NONE), needs: COPY },
  DeleteObject: object('DELETE', null),
  OptionsObject: object('OPTIONS', null, NONE),
  GetObjectAcl: object('GET', 'acl'),
  PutObjectAcl: object('PUT', 'acl'),
  GetObjectAttributes: object('GET', 'attributes'),
  GetObjectLegalHold: object('GET', 'legal-hold'),
  PutObjectLegalHold: object('PUT', 'legal-hold'),
  GetObjectRetention: object('GET', 'retention'),
  PutObjectRetention: object('PUT', 'retention'),
  GetObjectTagging: object('GET', 'tagging'),
  PutObjectTagging: object('PUT', 'tagging'),
  DeleteObjectTagging: object('DELETE', 'tagging'),
  GetObjectTorrent: object('GET', 'torrent'),
  RenameObject: object('PUT', 'renameObject', NONE),
  RestoreObject: object('POST', 'restore'),
  SelectObjectContent: object('POST', 'select', ['select-type', 'versionId']),
  UpdateObjectEncryption: object('PUT', 'encryption'),
  // Sent to a host of its own (s3-object-lambda); here its path looks like a bucket's.
  WriteGetObjectResponse: bucket('POST', 'write-get-object-response'),

  CreateMultipartUpload: object('POST', 'uploads', NONE),
  UploadPart: object('PUT', 'uploadId', ['partNumber']),
  UploadPartCopy: { ...object('PUT', 'uploadId', ['partNumber']), needs: COPY },
  CompleteMultipartUpload: object('POST', 'uploadId', NONE),
  AbortMultipartUpload: object('DELETE', 'uploadId', NONE),
  ListParts: object('GET', 'uploadId', LIST_PARTS),
}
