// Which names a bucket may have. Source: S3 User Guide, General purpose bucket naming rules.

import { S3_LIMITS } from './s3-limits.ts'
import { S3Error } from './s3-error.ts'

/** Whether S3 takes `name` for a new general-purpose bucket. */
function isBucketName(name: string): boolean {
  if (name.length < S3_LIMITS.bucketNameLengthMin) return false
  if (name.length > S3_LIMITS.bucketNameLengthMax) return false
  if (!SHAPE.test(name) || BAD_LABEL.test(name) || IPV4.test(name)) return false
  for (const prefix of RESERVED_PREFIXES) if (name.startsWith(prefix)) return false
  for (const suffix of RESERVED_SUFFIXES) if (name.endsWith(suffix)) return false
  return true
}

/** @throws S3Error `InvalidBucketName` unless `isBucketName(name)` */
export function checkBucketName(name: string): void {
  if (!isBucketName(name)) throw new S3Error('InvalidBucketName', { fields: { BucketName: name } })
}

const SHAPE = /^[a-z0-9][a-z0-9.-]*[a-z0-9]$/
// Each label between dots starts and ends alphanumeric, as DNS has it.
const BAD_LABEL = /\.[.-]|-\./
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/
const RESERVED_PREFIXES = ['xn--', 'sthree-', 'amzn-s3-demo-']
const RESERVED_SUFFIXES = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3']
