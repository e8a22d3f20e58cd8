// Listings as a client makes them: page by page to the end, behind what the page before ended with,
// while others write.

import type { ListRequest, ListVersionsRequest } from '../../src/object-index/object-index.ts'
import type { Operations } from '../history.ts'
import type { Act, Client } from '../region.ts'
import type { Dice } from './dice.ts'
import { noteVersion } from './known.ts'
import type { KnownBucket } from './known.ts'

/** Pages of one listing at most: it may be written ahead of the reader without end. */
const PAGES_MAX = 12

interface Listing {
  readonly dice: Dice
}

function drawRequest(bucket: KnownBucket, dice: Dice): ListRequest {
  return {
    bucketId: bucket.bucketId,
    prefix: dice.pick(['', '', '', 'a', 'a/']),
    delimiter: dice.pick(['', '', '/']),
    after: dice.chance(0.3) ? dice.pick([...bucket.keys, 'a/', 'zz', '']) : null,
    limit: dice.pick([0, 1, 1, 2, 3, 1000, 1000, 1000]),
  }
}

export async function listWhole(
  { dice }: Listing,
  client: Client,
  bucket: KnownBucket,
): Promise<void> {
  let asked = drawRequest(bucket, dice)
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = asked
    const list: Act<Operations['list']['ok']> = async ({ index }) => await index.list(page)
    const outcome = await client.perform('list', page, list)
    if (outcome.kind !== 'ok' || !outcome.result.isTruncated) return
    asked = { ...page, after: outcome.result.last }
  }
}

export async function listWholeVersions(
  { dice }: Listing,
  client: Client,
  bucket: KnownBucket,
): Promise<void> {
  let asked: ListVersionsRequest = { ...drawRequest(bucket, dice), afterVersion: null }
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = asked
    const list: Act<Operations['listVersions']['ok']> = async ({ index }) =>
      await index.listVersions(page)
    const outcome = await client.perform('listVersions', page, list)
    if (outcome.kind !== 'ok') return
    const { entries, isTruncated, last } = outcome.result
    for (const { key, etag, versionId } of entries) noteVersion(bucket, key, etag, versionId)
    if (!isTruncated) return
    const final = entries.at(-1)
    const versionId = final?.key === last ? final?.versionId : undefined
    asked = {
      ...page,
      after: last,
      afterVersion:
        versionId === undefined
          ? null
          : versionId === 'null'
            ? { kind: 'null' }
            : { kind: 'id', versionId },
    }
  }
}
