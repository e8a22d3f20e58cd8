// Storage classes: every name that S3 knows is accepted and reported; they are one class here.

import type { RequestHeaders } from './request-headers.ts'
import { S3Error } from './s3-error.ts'

const STORAGE_CLASSES: ReadonlySet<string> = new Set([
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'OUTPOSTS',
  'GLACIER_IR',
  'SNOW',
  'EXPRESS_ONEZONE',
  'FSX_OPENZFS',
])

/** x-amz-storage-class, STANDARD where it is not sent. @throws S3Error `InvalidStorageClass` */
export function parseStorageClass(headers: RequestHeaders): string {
  const name = headers.get('x-amz-storage-class') ?? 'STANDARD'
  if (STORAGE_CLASSES.has(name)) return name
  throw new S3Error('InvalidStorageClass', { fields: { StorageClassRequested: name } })
}
