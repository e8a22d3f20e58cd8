// DeleteObjects: up to a thousand entries, each decided on its own, in the order of the request.

import type { Bucket, DeleteEntry, DeleteResult } from '../../object-index/object-index.ts'
import { checkKey } from '../../s3/request-target.ts'
import { S3Error, type S3ErrorCode } from '../../s3/s3-error.ts'
import { S3_LIMITS } from '../../s3/s3-limits.ts'
import { parseDelete, renderDeleted } from '../../s3/xml/delete.ts'
import type { DeletedEntry, NamedDelete } from '../../s3/xml/delete.ts'
import { commit } from '../commit.ts'
import type { Call } from '../operation.ts'
import { readBody } from '../read-body.ts'
import { parseVersion } from '../version-selector.ts'

type Planned =
  | { readonly kind: 'delete'; readonly named: NamedDelete; readonly entry: DeleteEntry }
  | { readonly kind: 'error'; readonly named: NamedDelete; readonly code: S3ErrorCode }

export async function deleteObjects(call: Call, bucket: Bucket): Promise<void> {
  const { exchange } = call
  const sizeBytesMax = S3_LIMITS.xmlListSizeBytesMax
  const body = await readBody(call, { integrity: 'required', sizeBytesMax })
  const { entries, isQuiet } = parseDelete(body)
  const planned = entries.map(plan)
  const toDelete = planned.flatMap((each) => (each.kind === 'delete' ? [each.entry] : []))
  const results = await apply(call, bucket, toDelete)
  logDamaged(call, toDelete, results)
  let next = 0
  const answers = planned.map((each): DeletedEntry => {
    if (each.kind === 'error') return errorOf(each.named, each.code)
    const result = results[next]
    next += 1
    return result === undefined
      ? errorOf(each.named, 'InternalError')
      : answerOf(each.named, result)
  })
  const shown = isQuiet ? answers.filter((answer) => answer.kind === 'error') : answers
  exchange.sendDocument(renderDeleted(shown))
}

async function apply(
  { services }: Call,
  bucket: Bucket,
  entries: readonly DeleteEntry[],
): Promise<readonly DeleteResult[]> {
  if (entries.length === 0) return []
  const outcome = await commit(services, { kind: 'delete-objects', bucketId: bucket.id, entries })
  return outcome.kind === 'deleted' ? outcome.results : []
}

/** One line, however many there are: validation names them all. */
function logDamaged(
  { exchange, services }: Call,
  entries: readonly DeleteEntry[],
  results: readonly DeleteResult[],
): void {
  const damaged = entries.filter((_, index) => results[index]?.outcome === 'damaged')
  if (damaged.length === 0) return
  services.log.error('records of keys that were to be deleted are damaged', {
    requestId: exchange.requestId,
    count: damaged.length,
    bucket: exchange.target?.bucket,
    key: damaged[0]?.key,
  })
}

/** An entry that cannot be meant fails alone; the others go on. */
function plan(named: NamedDelete): Planned {
  const version =
    named.versionId === null ? { kind: 'latest' as const } : parseVersion(named.versionId)
  if (version === null) return { kind: 'error', named, code: 'NoSuchVersion' }
  try {
    return {
      kind: 'delete',
      named,
      entry: { key: checkKey(named.key), version, ifMatch: named.etag },
    }
  } catch (error) {
    if (error instanceof S3Error) return { kind: 'error', named, code: error.code }
    throw error
  }
}

function errorOf({ key, versionId }: NamedDelete, code: S3ErrorCode): DeletedEntry {
  return { kind: 'error', key, versionId, code }
}

function answerOf(named: NamedDelete, result: DeleteResult): DeletedEntry {
  switch (result.outcome) {
    case 'deleted':
      return {
        kind: 'deleted',
        key: named.key,
        versionId: named.versionId,
        markerVersionId: result.isDeleteMarker ? result.versionId : null,
      }
    case 'precondition-failed':
      return errorOf(named, 'PreconditionFailed')
    case 'no-such-key':
      return errorOf(named, 'NoSuchKey')
    case 'damaged':
      return errorOf(named, 'InternalError')
    case 'no-such-version':
      // Gone already; see delete-object.ts.
      return { kind: 'deleted', key: named.key, versionId: named.versionId, markerVersionId: null }
  }
}
