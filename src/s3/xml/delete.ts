// DeleteObjects: which keys go, and what became of each.

import { bareEtag } from '../condition.ts'
import { S3_LIMITS } from '../s3-limits.ts'
import { S3_ERRORS } from '../s3-error.ts'
import type { S3ErrorCode } from '../s3-error.ts'
import { childrenOf, malformed, parseXml, requireText, textOf } from '../xml-read.ts'
import { escapeXml, XML_DECLARATION, XML_NAMESPACE } from '../xml-write.ts'

export interface DeleteRequest {
  readonly isQuiet: boolean
  readonly entries: readonly NamedDelete[]
}
export interface NamedDelete {
  readonly key: string
  readonly versionId: string | null
  /** Without quotes. */
  readonly etag: string | null
}
export type DeletedEntry =
  | {
      readonly kind: 'deleted'
      readonly key: string
      readonly versionId: string | null
      /** The delete marker that was made, or that went. */
      readonly markerVersionId: string | null
    }
  | {
      readonly kind: 'error'
      readonly key: string
      readonly versionId: string | null
      readonly code: S3ErrorCode
    }

/** @throws S3Error `MalformedXML` */
export function parseDelete(body: Uint8Array): DeleteRequest {
  const root = parseXml(body, 'Delete', S3_LIMITS.xmlListSizeBytesMax)
  const entries = childrenOf(root, 'Object').map((entry): NamedDelete => {
    const etag = textOf(entry, 'ETag')
    const key = requireText(entry, 'Key')
    if (key === '') throw malformed('a Key is empty')
    return {
      key,
      versionId: textOf(entry, 'VersionId'),
      etag: etag === null ? null : bareEtag(etag),
    }
  })
  if (entries.length === 0 || entries.length > S3_LIMITS.pageEntriesMax) {
    throw malformed(`${entries.length} objects`)
  }
  return { entries, isQuiet: textOf(root, 'Quiet')?.trim() === 'true' }
}

export function renderDeleted(entries: readonly DeletedEntry[]): string {
  const rows = entries.map((entry) => {
    const versionId =
      entry.versionId === null ? '' : `<VersionId>${escapeXml(entry.versionId)}</VersionId>`
    const key = `<Key>${escapeXml(entry.key)}</Key>`
    if (entry.kind === 'error') {
      const message = escapeXml(S3_ERRORS[entry.code].message)
      return `<Error>${key}${versionId}<Code>${entry.code}</Code><Message>${message}</Message></Error>`
    }
    const marker =
      entry.markerVersionId === null
        ? ''
        : '<DeleteMarker>true</DeleteMarker>' +
          `<DeleteMarkerVersionId>${escapeXml(entry.markerVersionId)}</DeleteMarkerVersionId>`
    return `<Deleted>${key}${versionId}${marker}</Deleted>`
  })
  return `${XML_DECLARATION}<DeleteResult ${XML_NAMESPACE}>${rows.join('')}</DeleteResult>`
}
