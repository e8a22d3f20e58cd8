// What the answers to writes have in common: ETag, checksum and version, as headers or in XML.

import { GatewayError } from '../gateway/gateway.ts'
import type { StoredChecksum, VersionId, WriteCondition } from '../object-index/object-index.ts'
import { CHECKSUMS } from '../s3/checksum-algorithm.ts'
import { failed } from '../s3/condition.ts'
import { formatChecksum } from '../s3/multipart-checksum.ts'
import { S3Error } from '../s3/s3-error.ts'
import type { ChecksumText } from '../s3/xml/multipart.ts'

/** `ETag`, the checksum with its type, and the version, flat. */
export function writtenFields(written: {
  readonly etag: string
  readonly checksum: StoredChecksum | null
  readonly versionId: VersionId | 'null' | null
}): string[] {
  const fields = ['ETag', `"${written.etag}"`]
  if (written.checksum !== null) {
    const { algorithm, type } = written.checksum
    fields.push(CHECKSUMS[algorithm].header, formatChecksum(written.checksum, null))
    fields.push('x-amz-checksum-type', type)
  }
  pushVersionId(fields, written.versionId)
  return fields
}

/** `x-amz-version-id` of what was written; a null version has none to tell of. */
export function pushVersionId(fields: string[], versionId: VersionId | 'null' | null): void {
  if (versionId !== null && versionId !== 'null') fields.push('x-amz-version-id', versionId)
}

/** A checksum as XML answers have it; `partCount` goes behind a composite one. */
export function checksumText(
  checksum: StoredChecksum | null,
  partCount: number | null,
): ChecksumText | null {
  if (checksum === null) return null
  const { algorithm, type } = checksum
  return {
    element: CHECKSUMS[algorithm].element,
    value: formatChecksum(checksum, partCount),
    type,
  }
}

/** Carries out a write of `key`; its refusals then say which condition failed, and of which key. */
export async function withCondition<T>(
  key: string,
  condition: WriteCondition,
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    const header = condition.kind === 'absent' ? 'If-None-Match' : 'If-Match'
    if (error.code === 'precondition-failed') throw failed(header)
    if (error.code === 'no-such-key') throw new S3Error('NoSuchKey', { fields: { Key: key } })
    if (error.code !== 'conditional-conflict') throw error
    throw new S3Error('ConditionalRequestConflict', { fields: { Condition: header, Key: key } })
  }
}
