// ListObjects and ListObjectsV2. A page costs what it returns, not what it skips; a page that cannot
// be read whole is an error, never a shorter page.

import type { Bucket, ListEntry, ListPage } from '../../object-index/object-index.ts'
import {
  decodeListToken,
  encodeListToken,
  type ListParams,
  parseListParams,
} from '../../s3/list-request.ts'
import { queryValue } from '../../s3/query-params.ts'
import { type Owner, type PageHead, renderListObjects } from '../../s3/xml/list-objects.ts'
import type { Call } from '../operation.ts'
import { ownersOf } from './owners.ts'

const TOKEN = 'objects'

/**
 * Version 1: goes on behind a key that the client names. Its Prefix is never URL-encoded: older
 * SDKs decode all of the page but that.
 */
export async function listObjects(call: Call, bucket: Bucket): Promise<void> {
  const { query } = call.target
  const params = parseListParams(query, 'max-keys')
  const marker = queryValue(query, 'marker') ?? ''
  const page = await readPage(call, bucket, params, marker === '' ? null : marker)
  const isNamed = page.isTruncated && params.delimiter !== ''
  await sendPage(call, page, params, {
    withOwner: true,
    head: {
      plain: [...commonPlain(bucket, params, page), ['Prefix', params.prefix]],
      encoded: [
        ...delimiterOf(params),
        ['Marker', marker],
        ['NextMarker', isNamed ? page.last : null],
      ],
    },
  })
}

/** Version 2: goes on by a token. */
export async function listObjectsV2(call: Call, bucket: Bucket): Promise<void> {
  const { query } = call.target
  const params = parseListParams(query, 'max-keys')
  const position = decodeListToken(TOKEN, query)
  const startAfter = queryValue(query, 'start-after')
  const after = position ?? (startAfter === '' ? null : startAfter)
  const page = await readPage(call, bucket, params, after)
  const { entries, prefixes, isTruncated, last } = page
  await sendPage(call, page, params, {
    withOwner: queryValue(query, 'fetch-owner') === 'true',
    head: {
      plain: [
        ...commonPlain(bucket, params, page),
        ['KeyCount', String(entries.length + prefixes.length)],
        ['ContinuationToken', queryValue(query, 'continuation-token')],
        ['NextContinuationToken', isTruncated ? encodeListToken(TOKEN, last ?? '') : null],
      ],
      encoded: [
        ['Prefix', params.prefix],
        ...delimiterOf(params),
        ['StartAfter', startAfter === '' ? null : startAfter],
      ],
    },
  })
}

async function readPage(
  { services }: Call,
  bucket: Bucket,
  { prefix, delimiter, limit }: ListParams,
  after: string | null,
): Promise<ListPage<ListEntry>> {
  return await services.index.list({ bucketId: bucket.id, prefix, delimiter, after, limit })
}

function commonPlain(
  bucket: Bucket,
  { limitAsked, encoding }: ListParams,
  { isTruncated }: ListPage<ListEntry>,
): PageHead['plain'] {
  return [
    ['Name', bucket.name],
    ['MaxKeys', String(limitAsked)],
    ['EncodingType', encoding],
    ['IsTruncated', String(isTruncated)],
  ]
}

function delimiterOf({ delimiter }: ListParams): PageHead['encoded'] {
  return [['Delimiter', delimiter === '' ? null : delimiter]]
}

async function sendPage(
  call: Call,
  { entries, prefixes }: ListPage<ListEntry>,
  { encoding }: ListParams,
  { head, withOwner }: { readonly head: PageHead; readonly withOwner: boolean },
): Promise<void> {
  const owners = withOwner ? await ownersOf(call, entries) : null
  const ownerOf = owners === null ? null : (index: number): Owner => owners(entries[index]?.ownerId)
  call.exchange.sendDocument(renderListObjects({ head, encoding, entries, prefixes, ownerOf }))
}
