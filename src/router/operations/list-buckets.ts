// ListBuckets: the caller's own, by name, in pages where they are asked for.

import type { BucketName } from '../../directory/directory.ts'
import { decodeListToken, encodeListToken, invalid, parseCount } from '../../s3/list-request.ts'
import { queryValue } from '../../s3/query-params.ts'
import { S3_LIMITS } from '../../s3/s3-limits.ts'
import { renderListBuckets } from '../../s3/xml/list-buckets.ts'
import type { Call } from '../operation.ts'

const TOKEN = 'buckets'

export async function listBuckets(call: Call): Promise<void> {
  const { exchange, services, account, target } = call
  const { query } = target
  const asked = queryValue(query, 'max-buckets')
  const limit = parseCount(query, 'max-buckets', S3_LIMITS.bucketPageEntriesMax)
  if (limit < 1 || limit > S3_LIMITS.bucketPageEntriesMax) {
    throw invalid('max-buckets', asked ?? '', 'max-buckets must be between 1 and 10000')
  }
  const region = queryValue(query, 'bucket-region')
  const { region: ours } = services.settings
  const prefix = queryValue(query, 'prefix') ?? ''
  const after = decodeListToken(TOKEN, query)
  const isElsewhere = region !== null && region !== '' && region !== ours
  const found = isElsewhere
    ? []
    : await services.directory.buckets({
        // The root account may use every bucket, and sees every one.
        ownerId: account.isRoot ? null : account.id,
        prefix,
        after,
        limit: limit + 1,
      })
  const names = await standing(call, found.slice(0, limit))
  const last = found.length > limit ? found[limit - 1] : undefined
  const document = renderListBuckets({
    owner: { id: account.id, displayName: account.displayName },
    buckets: names.map((name) => describe(name, asked === null ? null : ours)),
    prefix: queryValue(query, 'prefix'),
    token: last === undefined ? null : encodeListToken(TOKEN, last.name),
  })
  exchange.sendDocument(document)
}

/** A name in `deleting` counts while its bucket stands: its deletion was cut off, or is refused. */
async function standing(
  { services }: Call,
  names: readonly BucketName[],
): Promise<readonly BucketName[]> {
  const found: BucketName[] = []
  for (const name of names) {
    const isThere = name.state === 'active' || (await services.index.bucket(name.bucketId)) !== null
    if (isThere) found.push(name)
  }
  return found
}

function describe({ name, createdAtMs }: BucketName, region: string | null) {
  return { name, createdAtMs, region }
}
