// ListObjectVersions: versions and delete markers, keys ascending, the newest version first.

import type { Bucket, VersionSelector } from '../../object-index/object-index.ts'
import { invalid, parseListParams } from '../../s3/list-request.ts'
import { queryValue } from '../../s3/query-params.ts'
import { renderListVersions } from '../../s3/xml/list-objects.ts'
import type { Call } from '../operation.ts'
import { parseVersion } from '../version-selector.ts'
import { ownersOf } from './owners.ts'

export async function listVersions(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services, target } = call
  const params = parseListParams(target.query, 'max-keys')
  const { prefix, delimiter, encoding, limit, limitAsked } = params
  const keyMarker = queryValue(target.query, 'key-marker') ?? ''
  const idMarker = queryValue(target.query, 'version-id-marker') ?? ''
  const page = await services.index.listVersions({
    bucketId: bucket.id,
    prefix,
    delimiter,
    limit,
    after: keyMarker === '' ? null : keyMarker,
    afterVersion: markedVersion(keyMarker, idMarker),
  })
  const { entries, prefixes, isTruncated, last } = page
  const owners = await ownersOf(call, entries)
  const lastEntry = entries.at(-1)
  const endsInEntry = lastEntry !== undefined && lastEntry.key === last
  const head = {
    plain: [
      ['Name', bucket.name],
      ['VersionIdMarker', idMarker],
      ['NextVersionIdMarker', isTruncated && endsInEntry ? lastEntry.versionId : null],
      ['MaxKeys', String(limitAsked)],
      ['EncodingType', encoding],
      ['IsTruncated', String(isTruncated)],
    ],
    encoded: [
      ['Prefix', prefix],
      ['Delimiter', delimiter === '' ? null : delimiter],
      ['KeyMarker', keyMarker],
      ['NextKeyMarker', isTruncated ? last : null],
    ],
  } as const
  const listed = entries.map((entry) => ({ ...entry, owner: owners(entry.ownerId) }))
  const document = renderListVersions({ head, encoding, entries: listed, prefixes })
  exchange.sendDocument(document)
}

/** @throws S3Error `InvalidArgument`: an id that is none, or one without its key */
function markedVersion(keyMarker: string, idMarker: string): VersionSelector | null {
  if (idMarker === '') return null
  if (keyMarker === '') {
    throw invalid(
      'version-id-marker',
      idMarker,
      'A version-id marker cannot be specified without a key marker.',
    )
  }
  const version = parseVersion(idMarker)
  if (version === null) throw invalid('version-id-marker', idMarker, 'Invalid version id specified')
  return version
}
