// Takes a history apart by key: every operation as a step of each key that it says something of.
// What concerns a whole bucket is a step of each of its keys; a page of a listing says of every key
// that lies in it whether it stood at one moment.

import { unreachable } from '../src/base/assert.ts'
import type {
  ListEntry,
  ListPage,
  ListRequest,
  ObjectVersion,
  Pairs,
  VersionEntry,
} from '../src/object-index/object-index.ts'
import type { Outcome, Recorded, RecordedAs } from './history.ts'
import { covers } from './models/page.ts'
import { orderIn } from './models/key-state.ts'
import type { KeyAnswer, KeyCall, SeenVersion, TimedStep } from './models/key-state.ts'

/** The steps of one key. */
export interface KeyHistory {
  readonly bucketId: string
  readonly key: string
  readonly steps: readonly KeyHistoryStep[]
}
export interface KeyHistoryStep extends TimedStep {
  readonly recorded: Recorded
}

/** All keys that any operation named, each with its steps. */
export function keyHistories(operations: readonly Recorded[]): readonly KeyHistory[] {
  return new Splitter(operations).run()
}

/**
 * What of a key is judged apart, since it may be: its versions, and each of its uploads. A completion
 * is a step of both. Each alone has few explanations, where all together have many.
 */
export function partsOf({ steps }: KeyHistory): readonly (readonly KeyHistoryStep[])[] {
  const uploads = new Map<string, KeyHistoryStep[]>()
  const versions: KeyHistoryStep[] = []
  const bucket: KeyHistoryStep[] = []
  for (const step of steps) {
    const { call } = step
    if (call.kind === 'create-bucket' || call.kind === 'delete-bucket') bucket.push(step)
    if (!('uploadId' in call)) {
      versions.push(step)
      continue
    }
    if (call.kind === 'complete-upload') versions.push(step)
    if (call.kind === 'create-upload' && call.isJudged) versions.push(step)
    const own = uploads.get(call.uploadId) ?? []
    uploads.set(call.uploadId, own)
    own.push(call.kind === 'complete-upload' ? { ...step, call: { ...call, of: 'upload' } } : step)
  }
  return [versions, ...[...uploads.values()].map((own) => [...bucket, ...own])]
}

/** What only the history as a whole tells. */
class Splitter {
  readonly #operations: readonly Recorded[]
  readonly #keys = new Map<string, Map<string, KeyHistoryStep[]>>()
  /** Uploads that were seen, and nobody was told of, by the mark of who began them. */
  readonly #uploads = new Map<string, string>()
  readonly #known: ReadonlySet<string>
  /** Marks of uploads: what the version says that an upload becomes. */
  readonly #marks = new Map<string, string>()
  /** Uploads of which it was told whether they met a condition. */
  readonly #judged = new Set<string>()

  constructor(operations: readonly Recorded[]) {
    this.#operations = operations
    this.#known = new Set(
      operations.flatMap(({ kind, outcome }) =>
        kind === 'createUpload' && outcome.kind === 'ok' ? [outcome.result] : [],
      ),
    )
    for (const operation of operations) this.#note(operation)
  }

  run(): readonly KeyHistory[] {
    for (const operation of this.#operations) this.#split(operation)
    return [...this.#keys].flatMap(([bucketId, keys]) =>
      [...keys].map(([key, steps]) => ({ bucketId, key, steps })),
    )
  }

  #note(operation: Recorded): void {
    const { kind, outcome } = operation
    if (kind === 'delete') {
      for (const { key } of operation.asked.entries) this.#keyOf(operation.asked.bucketId, key)
    } else if ('key' in operation.asked) {
      this.#keyOf(operation.asked.bucketId, operation.asked.key)
    }
    if (kind === 'completeUpload' && isDecided(operation)) {
      this.#judged.add(operation.asked.uploadId)
    }
    if (outcome.kind !== 'ok') return
    if (kind === 'createUpload') this.#marks.set(outcome.result, operation.asked.mark)
    if (kind === 'listUploads') {
      for (const { draft, uploadId } of outcome.result.entries) {
        const mark = markOf(draft.userMetadata)
        if (mark === null || this.#known.has(uploadId)) continue
        this.#uploads.set(mark, uploadId)
        this.#marks.set(uploadId, mark)
      }
    }
  }

  #keyOf(bucketId: string, key: string): KeyHistoryStep[] {
    const keys = this.#keys.get(bucketId) ?? new Map<string, KeyHistoryStep[]>()
    this.#keys.set(bucketId, keys)
    const steps = keys.get(key) ?? []
    keys.set(key, steps)
    return steps
  }

  #add(recorded: Recorded, key: string, step: StepOf): void {
    if (step.answer.kind === 'unknown' && isRead(step.call)) return
    const bucketId = bucketOf(recorded)
    const id = step.id ?? `#${recorded.index}`
    this.#keyOf(bucketId, key).push({
      tag: id,
      behind: null,
      ...step,
      id,
      invokedAt: recorded.invokedStep,
      answeredAt:
        (step.answer.kind === 'unknown' ? recorded.settledStep : recorded.answeredStep) ??
        Number.POSITIVE_INFINITY,
      recorded,
    })
  }

  /** The same step for all keys of the bucket. */
  #addAll(recorded: Recorded, step: StepOf): void {
    for (const key of this.#keys.get(bucketOf(recorded))?.keys() ?? []) {
      this.#add(recorded, key, step)
    }
  }

  #split(recorded: Recorded): void {
    switch (recorded.kind) {
      case 'put':
      case 'copy':
      case 'setTags':
      case 'get':
      case 'head':
        return this.#add(recorded, recorded.asked.key, objectStep(recorded))
      case 'delete':
        return this.#splitDelete(recorded)
      case 'createUpload':
      case 'putPart':
      case 'completeUpload':
      case 'abortUpload':
        return this.#addUpload(recorded)
      case 'list':
        return this.#splitList(recorded)
      case 'listVersions':
        return this.#splitVersions(recorded)
      case 'createBucket':
      case 'deleteBucket':
      case 'setVersioning':
        return this.#addAll(recorded, bucketStep(recorded))
      case 'listParts':
      case 'listUploads':
      case 'usage':
      case 'headBucket':
      case 'setQuota':
        return
      default:
        return unreachable(recorded)
    }
  }

  #addUpload(recorded: Parameters<typeof uploadStep>[0]): void {
    const step = uploadStep(recorded, this.#uploads, this.#judged)
    const mark = recorded.kind === 'completeUpload' && this.#marks.get(recorded.asked.uploadId)
    this.#add(
      recorded,
      recorded.asked.key,
      typeof mark === 'string' ? { tag: mark, ...step } : step,
    )
  }

  #splitDelete(recorded: RecordedAs<'delete'>): void {
    const { outcome } = recorded
    const last = new Map<string, string>()
    for (const [index, { key, version, ifMatch }] of recorded.asked.entries.entries()) {
      const id = `#${recorded.index}.${index}`
      const behind = outcome.kind === 'ok' ? (last.get(key) ?? null) : null
      last.set(key, id)
      const answer = deleteAnswer(outcome, index, recorded.asked.entries.length)
      this.#add(recorded, key, { id, behind, call: { kind: 'delete', version, ifMatch }, answer })
    }
  }

  #splitList(recorded: RecordedAs<'list'>): void {
    if (recorded.outcome.kind !== 'ok') return
    const { asked } = recorded
    const page: ListPage<ListEntry> = recorded.outcome.result
    const entries = new Map(page.entries.map((entry) => [entry.key, entry]))
    for (const key of this.#keys.get(asked.bucketId)?.keys() ?? []) {
      if (covers(asked, page, key) !== 'entry') continue
      const entry = entries.get(key)
      const version = entry === undefined ? null : seenEntry(entry)
      this.#add(recorded, key, {
        call: { kind: 'see-current' },
        answer: { kind: 'found', version },
      })
    }
  }

  #splitVersions(recorded: RecordedAs<'listVersions'>): void {
    if (recorded.outcome.kind !== 'ok') return
    const { asked } = recorded
    const page: ListPage<VersionEntry> = recorded.outcome.result
    const behindVersion: ListRequest =
      asked.afterVersion === null ? asked : { ...asked, after: null }
    for (const key of this.#keys.get(asked.bucketId)?.keys() ?? []) {
      const isWithin = asked.afterVersion !== null && key === asked.after
      if (covers(isWithin ? behindVersion : asked, page, key) !== 'entry') continue
      const versions = page.entries.filter((entry) => entry.key === key).map(seenVersionEntry)
      const hasLast = !(page.isTruncated && page.last === key)
      const marker = isWithin && asked.afterVersion?.kind === 'id' ? asked.afterVersion : null
      const below = marker === null ? null : orderIn(marker.versionId)
      const answer = { kind: 'versions', versions, hasFirst: !isWithin, below, hasLast } as const
      this.#add(recorded, key, { call: { kind: 'see-versions' }, answer })
    }
  }
}

interface StepOf {
  /** The operation's own by default. */
  readonly id?: string
  readonly tag?: string
  readonly behind?: string | null
  readonly call: KeyCall
  readonly answer: KeyAnswer
}

/** Whether a completion tells what became of its condition. */
function isDecided({ asked, outcome }: RecordedAs<'completeUpload'>): boolean {
  if (asked.condition.kind === 'none' || outcome.kind === 'unknown') return false
  return outcome.kind === 'ok' || BY_CONDITION.has(outcome.code)
}

const BY_CONDITION: ReadonlySet<string> = new Set([
  'conditional-conflict',
  'precondition-failed',
  'no-such-key',
])

const READS: ReadonlySet<KeyCall['kind']> = new Set(['lookup', 'see-current', 'see-versions'])

export function isRead({ kind }: KeyCall): boolean {
  return READS.has(kind)
}

function bucketOf({ asked }: Recorded): string {
  return 'bucketId' in asked ? asked.bucketId : ''
}

function objectStep(
  recorded:
    | RecordedAs<'put'>
    | RecordedAs<'copy'>
    | RecordedAs<'setTags'>
    | RecordedAs<'get'>
    | RecordedAs<'head'>,
): StepOf {
  switch (recorded.kind) {
    case 'put': {
      const { asked, outcome } = recorded
      const { condition, etag, sizeBytes, mark } = asked
      const call = {
        kind: 'put',
        condition,
        etags: [etag],
        sizeBytes,
        tags: textOfTags(asked.tags),
      } as const
      return { tag: mark, call, answer: writtenAnswer(outcome) }
    }
    case 'copy': {
      const { asked, outcome } = recorded
      const { condition, source, copiedEtag, mark } = asked
      const { sizeBytes, tags } = source.version
      // By reference it has its source's ETag. Where that cannot be, as when its source went since
      // it was looked up, its bytes are copied, and have their own. Who was told, was told which.
      const etags = [...new Set([source.version.etag, copiedEtag])]
      const call = {
        kind: 'put',
        condition,
        etags: etags.filter((etag) => outcome.kind !== 'ok' || etag === outcome.result.etag),
        sizeBytes,
        tags: textOfTags(tags),
      } as const
      return { tag: mark, call, answer: writtenAnswer(outcome) }
    }
    case 'setTags': {
      const { asked, outcome } = recorded
      const call = {
        kind: 'set-tags',
        version: asked.version,
        tags: textOfTags(asked.tags),
      } as const
      return { call, answer: writtenAnswer(outcome) }
    }
    default: {
      const { asked, outcome } = recorded
      const call = { kind: 'lookup', version: asked.version } as const
      if (outcome.kind !== 'ok') return { call, answer: { kind: 'unknown' } }
      const { result } = outcome
      const version = result === null ? null : seenObject(result.version)
      return { call, answer: { kind: 'found', version } }
    }
  }
}

function uploadStep(
  recorded:
    | RecordedAs<'createUpload'>
    | RecordedAs<'putPart'>
    | RecordedAs<'completeUpload'>
    | RecordedAs<'abortUpload'>,
  uploads: ReadonlyMap<string, string>,
  judged: ReadonlySet<string>,
): StepOf {
  switch (recorded.kind) {
    case 'createUpload': {
      const { mark } = recorded.asked
      const { outcome } = recorded
      const uploadId = outcome.kind === 'ok' ? outcome.result : (uploads.get(mark) ?? mark)
      const call = { kind: 'create-upload', uploadId, isJudged: judged.has(uploadId) } as const
      return { tag: mark, call, answer: plainAnswer(recorded.outcome) }
    }
    case 'putPart': {
      const { uploadId, partNumber, etag } = recorded.asked
      const call = { kind: 'put-part', uploadId, partNumber, etag } as const
      return { call, answer: plainAnswer(recorded.outcome) }
    }
    case 'completeUpload': {
      const { uploadId, condition, parts, etag, sizeBytes } = recorded.asked
      const asked = { uploadId, condition, parts, etag, sizeBytes }
      const call = { kind: 'complete-upload', of: 'version', ...asked } as const
      return { call, answer: writtenAnswer(recorded.outcome) }
    }
    case 'abortUpload': {
      const call = { kind: 'abort-upload', uploadId: recorded.asked.uploadId } as const
      return { call, answer: plainAnswer(recorded.outcome) }
    }
  }
}

function bucketStep(
  recorded: RecordedAs<'createBucket'> | RecordedAs<'deleteBucket'> | RecordedAs<'setVersioning'>,
): StepOf {
  switch (recorded.kind) {
    case 'createBucket': {
      const { outcome } = recorded
      // A bucket whose name another has stands for a moment, or longer, and nobody finds it.
      const isMade = outcome.kind === 'ok' && outcome.result === 'done'
      return {
        call: { kind: 'create-bucket' },
        answer: isMade ? plainAnswer(outcome) : { kind: 'unknown' },
      }
    }
    case 'deleteBucket':
      return { call: { kind: 'delete-bucket' }, answer: plainAnswer(recorded.outcome) }
    case 'setVersioning': {
      const { versioning } = recorded.asked
      const call = { kind: 'set-versioning', versioning } as const
      return { call, answer: plainAnswer(recorded.outcome) }
    }
  }
}

function plainAnswer(outcome: Outcome<unknown>): KeyAnswer {
  return outcome.kind === 'ok' ? { kind: 'done', versionId: null } : otherAnswer(outcome)
}

function writtenAnswer(outcome: Outcome<{ readonly versionId: string | null }>): KeyAnswer {
  if (outcome.kind !== 'ok') return otherAnswer(outcome)
  return { kind: 'done', versionId: outcome.result.versionId }
}

function otherAnswer(outcome: Exclude<Outcome<unknown>, { kind: 'ok' }>): KeyAnswer {
  return outcome.kind === 'refused' ? { kind: 'refused', code: outcome.code } : { kind: 'unknown' }
}

function deleteAnswer(
  outcome: RecordedAs<'delete'>['outcome'],
  index: number,
  count: number,
): KeyAnswer {
  if (outcome.kind !== 'ok') {
    // Many are decided in several commits: a refusal may be that of a later one.
    const isWhole = count === 1 || (outcome.kind === 'refused' && outcome.code === 'no-such-bucket')
    return isWhole ? otherAnswer(outcome) : { kind: 'unknown' }
  }
  const result = outcome.result[index]
  if (result === undefined) return { kind: 'unknown' }
  const { versionId, isDeleteMarker } = result
  return result.outcome === 'deleted'
    ? { kind: 'deleted', versionId, isMarker: isDeleteMarker }
    : { kind: 'refused', code: result.outcome }
}

function seenObject(version: ObjectVersion): SeenVersion {
  const { versionId, isNull, isLatest, isDeleteMarker, etag, sizeBytes, tags } = version
  return {
    tag: markOf(version.userMetadata),
    versionId,
    isNull,
    isLatest,
    isDeleteMarker,
    etag,
    sizeBytes,
    tags: textOfTags(tags),
  }
}

function seenEntry({ etag, sizeBytes }: ListEntry): SeenVersion {
  return {
    tag: null,
    versionId: null,
    isNull: null,
    isLatest: null,
    isDeleteMarker: false,
    etag,
    sizeBytes,
    tags: null,
  }
}

function seenVersionEntry(entry: VersionEntry): SeenVersion {
  const { versionId, isLatest, isDeleteMarker } = entry
  const isNull = versionId === 'null'
  return {
    ...seenEntry(entry),
    versionId: isNull ? null : versionId,
    isNull,
    isLatest,
    isDeleteMarker,
  }
}

/** What a version says of who made it; null where it does not. */
function markOf(userMetadata: Pairs): string | null {
  return userMetadata.find(([name]) => name === 'mark')?.[1] ?? null
}

function textOfTags(tags: Pairs): string {
  return tags.map(([name, value]) => `${name}=${value}`).join('&')
}
