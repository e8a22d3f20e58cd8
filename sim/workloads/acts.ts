// What each operation does in the worker that carries it out: the router's steps without HTTP.

import { assert } from '../../src/base/assert.ts'
import { newId } from '../../src/base/id.ts'
import type { BucketId, CommitId } from '../../src/base/id.ts'
import type { WorkerCell } from '../../src/cell/embedded.ts'
import { GatewayError } from '../../src/gateway/gateway.ts'
import type { CompleteRequest } from '../../src/gateway/gateway.ts'
import type {
  Bucket,
  IndexOperation,
  IndexOutcome,
  ObjectVersion,
} from '../../src/object-index/object-index.ts'
import { sendBody, SourceGone } from '../bodies.ts'
import type { Bodies, MadeBody, SendOptions } from '../bodies.ts'
import type { Asked, Operations, SeenBody } from '../history.ts'
import { OWNER_ID } from '../region.ts'
import type { Act, ActContext } from '../region.ts'

/** The account that all clients are. */
type Ok<K extends keyof Operations> = Operations[K]['ok']

/** What every version of a workload says of itself beside its mark. */
function draftOf(mark: string) {
  return {
    ownerId: OWNER_ID,
    storageClass: 'STANDARD',
    headers: [['Content-Type', 'text/plain']] as const,
    userMetadata: [['mark', mark]] as const,
    tags: [],
    acl: 'private',
  } as const
}

/** @throws GatewayError for a refusal, as the gateway's own operations do */
async function commit(
  cell: WorkerCell,
  { random }: ActContext,
  operation: IndexOperation,
): Promise<Exclude<IndexOutcome, { kind: 'refused' }>> {
  const outcome = await cell.index.apply(operation, newId<CommitId>(random))
  if (outcome.kind === 'refused') throw new GatewayError(outcome.refusal, '')
  return outcome
}

async function requireBucket(cell: WorkerCell, bucketId: BucketId): Promise<Bucket> {
  const bucket = await cell.index.bucket(bucketId)
  if (bucket === null) throw new GatewayError('no-such-bucket', '')
  return bucket
}

export function put(
  { bucketId, key, condition, tags, mark }: Asked<'put'>,
  made: MadeBody,
  options: SendOptions,
): Act<Ok<'put'>> {
  return async (cell, { clock, signal }) => {
    const bucket = await requireBucket(cell, bucketId)
    const body = sendBody(made, clock, options)
    return await cell.gateway.put({
      ...draftOf(mark),
      bucket,
      key,
      condition,
      tags,
      body,
      signal,
    })
  }
}

export function copy({ bucketId, key, condition, source, mark }: Asked<'copy'>): Act<Ok<'copy'>> {
  return async (cell, { signal }) => {
    const bucket = await requireBucket(cell, bucketId)
    const from = await cell.index.bucket(source.bucketId)
    if (from === null) throw new SourceGone('the bucket of what is copied is no more')
    return await cell.gateway.copy({
      source: { bucket: from, version: source.version },
      bucket,
      key,
      condition,
      draft: { ...draftOf(mark), tags: source.version.tags },
      checksumAlgorithm: null,
      signal,
    })
  }
}

export function remove({ bucketId, entries }: Asked<'delete'>): Act<Ok<'delete'>> {
  return async (cell, context) => {
    const outcome = await commit(cell, context, { kind: 'delete-objects', bucketId, entries })
    return outcome.kind === 'deleted' ? outcome.results : []
  }
}

export function head({ bucketId, key, version }: Asked<'head'>): Act<Ok<'head'>> {
  return async (cell) => {
    const found = await cell.index.lookup(bucketId, key, version)
    return found === null ? null : { version: found, body: null }
  }
}

/** Of the version's bytes a share from `from` (0 to 1) to `to`. */
export function get(
  { bucketId, key, version }: Asked<'get'>,
  bodies: Bodies,
  range: { readonly from: number; readonly to: number },
): Act<Ok<'get'>> {
  return async (cell, context) => {
    const found = await cell.index.lookup(bucketId, key, version)
    if (found === null || found.isDeleteMarker) {
      return found === null ? null : { version: found, body: null }
    }
    const start = Math.floor(found.sizeBytes * range.from)
    const end = Math.ceil(found.sizeBytes * range.to)
    const body = await readRange(cell, context, { bucketId, found, start, end, bodies })
    return { version: found, body }
  }
}

async function readRange(
  { gateway }: WorkerCell,
  { signal }: ActContext,
  asked: {
    readonly bucketId: BucketId
    readonly found: ObjectVersion
    readonly start: number
    readonly end: number
    readonly bodies: Bodies
  },
): Promise<SeenBody> {
  const { bucketId, found, start, end, bodies } = asked
  if (end - start === found.sizeBytes) {
    const whole = gateway.readSmall(found, bucketId)
    if (whole !== null) return bodies.seen(found.etag, 0, [await whole])
  }
  const pieces: Uint8Array[] = []
  if (end > start) {
    for await (const piece of gateway.read(found, { start, end }, signal, bucketId)) {
      pieces.push(Buffer.from(piece))
    }
  }
  const seen = bodies.seen(found.etag, start, pieces)
  // Fewer bytes than were asked for, and no error, are wrong bytes.
  return { ...seen, isRight: seen.isRight && seen.end === end }
}

export function setTags({ bucketId, key, version, tags }: Asked<'setTags'>): Act<Ok<'setTags'>> {
  return async (cell, context) => {
    const operation = { kind: 'set-tags', bucketId, key, version, tags } as const
    const outcome = await commit(cell, context, operation)
    return { versionId: outcome.kind === 'done' ? outcome.versionId : null }
  }
}

export function createUpload({
  bucketId,
  key,
  mark,
}: Asked<'createUpload'>): Act<Ok<'createUpload'>> {
  return async (cell, { signal }) => {
    const bucket = await requireBucket(cell, bucketId)
    return await cell.gateway.createUpload({
      ...draftOf(mark),
      bucket,
      key,
      initiatorId: OWNER_ID,
      checksumAlgorithm: null,
      checksumType: null,
      signal,
    })
  }
}

export function putPart(
  { bucketId, key, uploadId, partNumber }: Asked<'putPart'>,
  made: MadeBody,
  options: SendOptions,
): Act<Ok<'putPart'>> {
  return async (cell, { clock, signal }) => {
    const bucket = await requireBucket(cell, bucketId)
    const body = sendBody(made, clock, options)
    return await cell.gateway.putPart({ bucket, key, uploadId, partNumber, body, signal })
  }
}

/** Bytes of a version become a part. */
export function copyPart(
  { bucketId, key, uploadId, partNumber }: Asked<'putPart'>,
  source: { readonly bucketId: BucketId; readonly version: ObjectVersion },
  range: { readonly start: number; readonly end: number },
): Act<Ok<'putPart'>> {
  return async (cell, { signal }) => {
    const bucket = await requireBucket(cell, bucketId)
    return await cell.gateway.copyPart({
      bucket,
      key,
      uploadId,
      partNumber,
      source: source.version,
      sourceBucketId: source.bucketId,
      range,
      signal,
    })
  }
}

export function completeUpload({
  bucketId,
  key,
  uploadId,
  condition,
  parts,
}: Asked<'completeUpload'>): Act<Ok<'completeUpload'>> {
  return async (cell) => {
    const bucket = await requireBucket(cell, bucketId)
    const named: CompleteRequest['parts'] = parts.map((part) => ({
      ...part,
      checksum: null,
      checksumAlgorithm: null,
    }))
    return await cell.gateway.completeUpload({
      bucket,
      key,
      uploadId,
      condition,
      parts: named,
      checksum: null,
      checksumType: null,
      sizeBytes: null,
    })
  }
}

export function abortUpload({
  bucketId,
  key,
  uploadId,
}: Asked<'abortUpload'>): Act<Ok<'abortUpload'>> {
  return async (cell, context) => {
    await commit(cell, context, { kind: 'abort-upload', bucketId, key, uploadId })
    return null
  }
}

export function setVersioning({
  bucketId,
  versioning,
}: Asked<'setVersioning'>): Act<Ok<'setVersioning'>> {
  return async (cell, context) => {
    await commit(cell, context, { kind: 'set-versioning', bucketId, versioning })
    return null
  }
}

export function setQuota(asked: Asked<'setQuota'>): Act<Ok<'setQuota'>> {
  return async (cell, context) => {
    await commit(cell, context, { kind: 'set-quota', ...asked })
    return null
  }
}

/** The record first, then the name, as the router does it. */
export function createBucket({ name, bucketId }: Asked<'createBucket'>): Act<Ok<'createBucket'>> {
  return async (cell, context) => {
    const { directory } = cell
    const taken = await directory.bucketByName(name)
    const isGhost =
      taken?.state === 'deleting' && (await cell.index.bucket(taken.bucketId)) === null
    if (taken !== null && !isGhost) return 'name-taken'
    if (taken !== null) {
      await directory.apply({ kind: 'release-name', name, bucketId: taken.bucketId })
    }
    const access = { ownerId: OWNER_ID, acl: 'private', ownership: 'BucketOwnerEnforced' } as const
    const unlimited = { quotaBytes: null, quotaObjects: null } as const
    await commit(cell, context, {
      kind: 'create-bucket',
      bucket: { id: bucketId, name, ...access, ...unlimited, versioning: 'unversioned' },
    })
    const outcome = await directory.apply({
      kind: 'claim-name',
      name,
      bucketId,
      ownerId: OWNER_ID,
    })
    assert(outcome === 'done' || outcome === 'name-taken', `a name is given: ${outcome}`)
    if (outcome !== 'done') await commit(cell, context, { kind: 'delete-bucket', bucketId })
    return outcome
  }
}

/** The name is marked, the record goes if the bucket is empty, the name is given back. */
export function deleteBucket({ name, bucketId }: Asked<'deleteBucket'>): Act<Ok<'deleteBucket'>> {
  return async (cell, { random }) => {
    const { directory, index } = cell
    await directory.apply({ kind: 'mark-deleting', name, bucketId })
    const outcome = await index.apply({ kind: 'delete-bucket', bucketId }, newId<CommitId>(random))
    if (outcome.kind === 'refused' && outcome.refusal !== 'no-such-bucket') {
      await directory.apply({ kind: 'unmark-deleting', name, bucketId })
      throw new GatewayError(outcome.refusal, '')
    }
    await directory.apply({ kind: 'release-name', name, bucketId })
    return null
  }
}

export function headBucket({ name }: Asked<'headBucket'>): Act<Ok<'headBucket'>> {
  return async ({ directory, index }) => {
    const found = await directory.bucketByName(name)
    return found === null || found.state === 'deleting' ? null : await index.bucket(found.bucketId)
  }
}
