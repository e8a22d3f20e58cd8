// One key of one bucket, as S3 has it: its versions newest first, its uploads, and the state of the
// bucket it stands in. What an operation may answer in a state, and what state comes behind it.
// Written against S3's rules and not against the index, so that the two can be held together.

import type { VersionSelector, WriteCondition } from '../../src/object-index/object-index.ts'
import { orderIn } from './key-state.ts'
import type {
  KeyAnswer,
  KeyCall,
  KeyState,
  KeyStep,
  KeyUpload,
  KeyVersion,
  SeenVersion,
} from './key-state.ts'

/**
 * Refusals that are judged by the key's state. Others say nothing of it: of quotas (a model of their
 * own), of space, of a body, of an attempt that was given up before it decided anything.
 */
const OF_THE_KEY: ReadonlySet<string> = new Set([
  'no-such-bucket',
  'bucket-exists',
  'no-such-key',
  'no-such-version',
  'no-such-upload',
  'is-delete-marker',
  'precondition-failed',
  'conditional-conflict',
  'invalid-part',
])

/** Of an upload that is completed its own model judges what is wrong with it, the key's the rest. */
const OF_THE_UPLOAD: ReadonlySet<string> = new Set(['no-such-upload', 'invalid-part'])

function isJudged(call: KeyCall, code: string): boolean {
  if (!OF_THE_KEY.has(code)) return false
  if (call.kind !== 'complete-upload' || code === 'no-such-bucket') return true
  return OF_THE_UPLOAD.has(code) === (call.of === 'upload')
}

/**
 * States that may follow when the step takes effect in this one; none where it could not have been
 * answered so. The very same state where it changed nothing.
 */
export function follow(state: KeyState, step: KeyStep): readonly KeyState[] {
  const { call, answer } = step
  if (answer.kind === 'refused' && !isJudged(call, answer.code)) return [state]
  switch (call.kind) {
    case 'lookup':
      return answer.kind === 'found' ? seeOne(state, find(state, call.version), answer.version) : []
    case 'see-current':
      return answer.kind === 'found' ? seeOne(state, currentOf(state), answer.version) : []
    case 'see-versions':
      return answer.kind === 'versions' ? seeMany(state, answer) : []
    case 'put':
      return putWith(state, step, call)
    default:
      return write(state, step, judge(state, step))
  }
}

type Put = Extract<KeyCall, { kind: 'put' }>

/** A copy may come to as many states as it may have ETags; refused, to one. */
function putWith(state: KeyState, step: KeyStep, call: Put): readonly KeyState[] {
  const { id: maker, tag } = step
  const refusal = putRefused(state, call)
  if (refusal !== null) return write(state, step, refusal)
  const { sizeBytes, tags } = call
  return call.etags.flatMap((etag) =>
    write(state, step, placed(state, { maker, tag, etag, sizeBytes, tags })),
  )
}

function putRefused(state: KeyState, { condition }: Put): Judged | null {
  if (!isLive(state)) return refused('no-such-bucket')
  const broken = conditionBroken(state, condition)
  return broken === null ? null : refused(broken)
}

function isLive({ bucket }: KeyState): boolean {
  return bucket !== 'none' && bucket !== 'gone'
}

/** What a write comes to: a refusal, or the state behind it with what it answers. */
type Judged =
  | { readonly kind: 'refused'; readonly codes: readonly string[] }
  | { readonly kind: 'done'; readonly next: KeyState; readonly versionId: AnsweredId }
  | {
      readonly kind: 'deleted'
      readonly next: KeyState
      readonly versionId: AnsweredId
      readonly isMarker: boolean
    }
/** The id of the version that this one made, or one that is known. */
type AnsweredId =
  | 'null'
  | null
  | { readonly ofMaker: string }
  /** Whatever it is, of a completed upload: the same each time. */
  | { readonly ofUpload: string }
  | { readonly versionId: string | null }

function write(state: KeyState, { answer }: KeyStep, judged: Judged): readonly KeyState[] {
  if (answer.kind === 'unknown') return judged.kind === 'refused' ? [state] : [judged.next]
  if (judged.kind === 'refused') {
    return answer.kind === 'refused' && judged.codes.includes(answer.code) ? [state] : []
  }
  if (answer.kind !== judged.kind) return []
  if (answer.kind === 'deleted' && judged.kind === 'deleted') {
    if (answer.isMarker !== judged.isMarker) return []
  }
  const { versionId, next } = judged
  if (versionId !== null && typeof versionId === 'object' && 'ofUpload' in versionId) {
    return bindUpload(next, versionId.ofUpload, String(answer.versionId))
  }
  if (versionId === 'null' || versionId === null)
    return answer.versionId === versionId ? [next] : []
  if (answer.versionId === null || answer.versionId === 'null') return []
  if ('ofMaker' in versionId) return bindMaker(next, versionId.ofMaker, answer.versionId)
  return versionId.versionId === answer.versionId ? [next] : []
}

function judge(state: KeyState, step: KeyStep): Judged {
  const { call, id: maker, tag } = step
  if (call.kind === 'create-bucket') {
    if (isLive(state)) return refused('bucket-exists')
    return done({ ...state, bucket: 'unversioned' })
  }
  // Who finds the bucket gone goes on and gives its name back.
  if (call.kind === 'delete-bucket' && state.bucket === 'gone') return done(state)
  // An upload may be looked for before the bucket is, and ends with it.
  if (!isLive(state)) return refused('no-such-bucket', 'no-such-upload')
  switch (call.kind) {
    case 'delete-bucket':
      if (state.versions.length > 0) return refused('bucket-not-empty')
      return done({ bucket: 'gone', versions: [], uploads: [] })
    case 'set-versioning':
      return done(call.versioning === state.bucket ? state : { ...state, bucket: call.versioning })
    case 'set-tags':
      return judgeTags(state, call)
    case 'delete':
      return judgeDelete(state, call, maker)
    case 'create-upload':
      if (state.uploads.some(({ uploadId }) => uploadId === call.uploadId)) return refused()
      return done({ ...state, uploads: [...state.uploads, beginUpload(state, call, tag)] })
    case 'put-part':
    case 'abort-upload':
      return judgeUpload(state, call)
    case 'complete-upload':
      return call.of === 'upload' ? judgeEnd(state, call) : judgeVersion(state, call, tag)
    default:
      return refused()
  }
}

function refused(...codes: readonly string[]): Judged {
  return { kind: 'refused', codes }
}

function done(next: KeyState, versionId: AnsweredId = null): Judged {
  return { kind: 'done', next, versionId }
}

function conditionBroken(state: KeyState, condition: WriteCondition): string | null {
  const current = currentOf(state)
  switch (condition.kind) {
    case 'none':
      return null
    case 'absent':
      return current === null ? null : 'precondition-failed'
    case 'etag':
      if (current === null) return 'no-such-key'
      return isMatch(condition.etag, current) ? null : 'precondition-failed'
  }
}

function isMatch(etag: string, version: KeyVersion): boolean {
  return etag === '*' || etag === version.etag
}

/** A newcomer on top; in a bucket without versions it takes the null version's place. */
function placed(
  state: KeyState,
  newcomer: Pick<KeyVersion, 'maker' | 'tag' | 'etag' | 'sizeBytes' | 'tags'>,
  isDeleteMarker = false,
): Judged & { readonly kind: 'done' } {
  const isNull = state.bucket !== 'enabled'
  const kept = isNull ? state.versions.filter((version) => !version.isNull) : state.versions
  const order = 1 + (state.versions[0]?.order ?? 0)
  const version = { ...newcomer, order, versionId: null, isNull, isDeleteMarker }
  const next = { ...state, versions: [version, ...kept] }
  const nullName = state.bucket === 'suspended' ? 'null' : null
  return { kind: 'done', next, versionId: isNull ? nullName : { ofMaker: newcomer.maker } }
}

type SetTags = Extract<KeyCall, { kind: 'set-tags' }>

function judgeTags(state: KeyState, { version, tags }: SetTags): Judged {
  const found = find(state, version)
  if (found === null) {
    return refused(version.kind === 'latest' ? 'no-such-key' : 'no-such-version')
  }
  if (found.isDeleteMarker) return refused('is-delete-marker')
  const next =
    found.tags === tags
      ? state
      : {
          ...state,
          versions: state.versions.with(state.versions.indexOf(found), { ...found, tags }),
        }
  if (state.bucket === 'unversioned') return done(next)
  return done(next, found.isNull ? 'null' : { ofMaker: found.maker })
}

type Delete = Extract<KeyCall, { kind: 'delete' }>

function judgeDelete(state: KeyState, { version, ifMatch }: Delete, maker: string): Judged {
  const found = find(state, version)
  if (version.kind === 'latest') {
    const current = currentOf(state)
    if (ifMatch !== null && current === null) return refused('no-such-key')
    if (ifMatch !== null && current !== null && !isMatch(ifMatch, current)) {
      return refused('precondition-failed')
    }
    if (state.bucket === 'unversioned') {
      const next = current === null ? state : { ...state, versions: [] }
      return { kind: 'deleted', next, versionId: null, isMarker: false }
    }
    const { next, versionId } = placed(
      state,
      { maker, tag: '', etag: '', sizeBytes: 0, tags: '' },
      true,
    )
    return { kind: 'deleted', next, versionId, isMarker: true }
  }
  if (found === null) return refused('no-such-version')
  if (ifMatch !== null && !isMatch(ifMatch, found)) return refused('precondition-failed')
  return {
    kind: 'deleted',
    next: { ...state, versions: state.versions.filter((other) => other !== found) },
    versionId: found.isNull ? 'null' : { versionId: found.versionId },
    isMarker: found.isDeleteMarker,
  }
}

function beginUpload(
  state: KeyState,
  { uploadId, isJudged }: Extract<KeyCall, { kind: 'create-upload' }>,
  tag: string,
): KeyUpload {
  return {
    uploadId,
    tag,
    state: 'open',
    newestAtStart: isJudged ? (state.versions[0]?.maker ?? null) : null,
    hadObjectAtStart: isJudged && currentOf(state) !== null,
    parts: [],
    completedParts: '',
    completedVersionId: null,
  }
}

type OfUpload = Extract<KeyCall, { kind: 'put-part' | 'abort-upload' }>

function judgeUpload(state: KeyState, call: OfUpload): Judged {
  const upload = state.uploads.find(({ uploadId }) => uploadId === call.uploadId)
  if (upload === undefined || upload.state !== 'open') return refused('no-such-upload')
  if (call.kind === 'abort-upload') {
    return done({ ...state, uploads: state.uploads.filter((other) => other !== upload) })
  }
  const { partNumber, etag } = call
  const others = upload.parts.filter((part) => part.partNumber !== partNumber)
  const parts = [...others, { partNumber, etag }].toSorted((a, b) => a.partNumber - b.partNumber)
  return done(withUpload(state, { ...upload, parts }))
}

type Complete = Extract<KeyCall, { kind: 'complete-upload' }>

/** What becomes of the upload: it ends once, with parts that are there. */
function judgeEnd(state: KeyState, call: Complete): Judged {
  const upload = state.uploads.find(({ uploadId }) => uploadId === call.uploadId)
  if (upload === undefined) return refused('no-such-upload')
  const completedParts = namesOf(call)
  const versionId = { ofUpload: upload.uploadId }
  if (upload.state === 'completed') {
    return completedParts === upload.completedParts
      ? done(state, versionId)
      : refused('no-such-upload')
  }
  const isThere = call.parts.every(({ partNumber, etag }) =>
    upload.parts.some((part) => part.partNumber === partNumber && part.etag === etag),
  )
  if (!isThere) return refused('invalid-part')
  const ended = { ...upload, state: 'completed', parts: [], completedParts } as const
  return done(withUpload(state, { ...ended, completedVersionId: UNSEEN }), versionId)
}

/** What becomes of the key: the upload is a version of it once, if its condition allows. */
function judgeVersion(state: KeyState, call: Complete, tag: string): Judged {
  const { uploadId, condition, etag, sizeBytes } = call
  const upload = state.uploads.find((other) => other.uploadId === uploadId)
  if (upload?.state === 'completed') {
    const { completedVersionId: versionId } = upload
    const isNull = versionId === 'null' || versionId === null
    return done(state, isNull ? versionId : { ofMaker: uploadId })
  }
  // Of one that is never completed under a condition nobody needs to know when it began.
  const begun =
    upload ?? beginUpload(state, { kind: 'create-upload', uploadId, isJudged: false }, tag)
  const broken =
    (upload === undefined ? null : raced(state, condition, upload)) ??
    conditionBroken(state, condition)
  if (broken !== null) return refused(broken)
  const made = placed(state, { maker: uploadId, tag: begun.tag, etag, sizeBytes, tags: '' })
  const { versionId } = made
  const ended: KeyUpload = {
    ...begun,
    state: 'completed',
    completedVersionId: versionId === 'null' || versionId === null ? versionId : UNSEEN,
  }
  const uploads = [...state.uploads.filter((other) => other !== upload), ended]
  return { ...made, next: { ...made.next, uploads } }
}

function namesOf({ parts }: Complete): string {
  return parts.map(({ partNumber, etag }) => `${partNumber}:${etag}`).join()
}

/** For the id of a completed upload's version that nobody has seen yet; `bind` puts it in. */
const UNSEEN = '?'

/** Under a condition a key that changed since the upload began is a conflict. Source: S3.md, 27. */
function raced(state: KeyState, condition: WriteCondition, upload: KeyUpload): string | null {
  const newest = state.versions[0]?.maker ?? null
  if (condition.kind === 'none' || newest === upload.newestAtStart) return null
  if (currentOf(state) !== null) return 'conditional-conflict'
  if (condition.kind === 'etag') return 'no-such-key'
  return upload.hadObjectAtStart ? 'conditional-conflict' : null
}

function withUpload(state: KeyState, upload: KeyUpload): KeyState {
  const uploads = state.uploads.map((other) =>
    other.uploadId === upload.uploadId ? upload : other,
  )
  return { ...state, uploads }
}

/** The newest version, where it is no delete marker. */
export function currentOf(state: KeyState): KeyVersion | null {
  const newest = state.versions[0]
  return newest === undefined || newest.isDeleteMarker ? null : newest
}

function find(state: KeyState, selector: VersionSelector): KeyVersion | null {
  switch (selector.kind) {
    case 'latest':
      return state.versions[0] ?? null
    case 'null':
      return state.versions.find(({ isNull }) => isNull) ?? null
    case 'id':
      return state.versions.find(({ versionId }) => versionId === selector.versionId) ?? null
  }
}

/** One version seen, or none, where `version` stands. */
function seeOne(
  state: KeyState,
  version: KeyVersion | null,
  seen: SeenVersion | null,
): readonly KeyState[] {
  if (version === null || seen === null) return version === null && seen === null ? [state] : []
  const at = state.versions.indexOf(version)
  return isSeen(version, seen, at) ? named(state, at, seen) : []
}

/** A run of the key's versions, in their order; from the newest on, or behind one, or to the oldest. */
function seeMany(
  state: KeyState,
  { versions: seen, hasFirst, below, hasLast }: Extract<KeyAnswer, { kind: 'versions' }>,
): readonly KeyState[] {
  const { versions } = state
  const last = versions.length - seen.length
  const behind = below === null ? null : versions.filter(({ order }) => order >= below).length
  const first = hasFirst ? 0 : behind
  const states: KeyState[] = []
  for (let from = 0; from <= last; from += 1) {
    if ((first !== null && from !== first) || (hasLast && from !== last)) continue
    const isRun = seen.every((each, index) => {
      const version = versions[from + index]
      return version !== undefined && isSeen(version, each, from + index)
    })
    if (isRun) states.push(...namedAll(state, from, seen))
  }
  return states
}

function namedAll(
  state: KeyState,
  from: number,
  seen: readonly SeenVersion[],
): readonly KeyState[] {
  let states: readonly KeyState[] = [state]
  for (const [index, each] of seen.entries()) {
    states = states.flatMap((next) => named(next, from + index, each))
  }
  return states
}

function isSeen(version: KeyVersion, seen: SeenVersion, at: number): boolean {
  return (
    version.isDeleteMarker === seen.isDeleteMarker &&
    version.etag === seen.etag &&
    version.sizeBytes === seen.sizeBytes &&
    (seen.isNull === null || version.isNull === seen.isNull) &&
    (seen.isLatest === null || seen.isLatest === (at === 0)) &&
    (seen.tag === null || version.tag === seen.tag) &&
    (seen.tags === null || version.tags === seen.tags)
  )
}

/** The version at this place has the id that was seen, if one was. */
function named(state: KeyState, at: number, { versionId }: SeenVersion): readonly KeyState[] {
  if (versionId === null || state.versions[at]?.versionId === versionId) return [state]
  return bind(state, at, versionId)
}

/** The same of a version that may have gone since its upload was completed. */
function bindMaker(state: KeyState, maker: string, versionId: string): readonly KeyState[] {
  const at = state.versions.findIndex((version) => version.maker === maker)
  if (at >= 0) {
    return state.versions[at]?.versionId === versionId ? [state] : bind(state, at, versionId)
  }
  const upload = state.uploads.find((other) => other.uploadId === maker)
  if (upload?.completedVersionId === versionId) return [state]
  return upload?.completedVersionId === UNSEEN
    ? [withUpload(state, { ...upload, completedVersionId: versionId })]
    : []
}

/** What a completion answered is what each of its repetitions answers. */
function bindUpload(state: KeyState, uploadId: string, told: string): readonly KeyState[] {
  const upload = state.uploads.find((other) => other.uploadId === uploadId)
  if (upload?.completedVersionId === told) return [state]
  return upload?.completedVersionId === UNSEEN
    ? [withUpload(state, { ...upload, completedVersionId: told })]
    : []
}

/** Gives a version that nobody saw yet its id; no two have the same. */
function bind(state: KeyState, at: number, versionId: string): readonly KeyState[] {
  const version = state.versions[at]
  if (version === undefined || version.versionId !== null) return []
  if (orderIn(versionId) !== version.order) return []
  if (state.versions.some((other) => other.versionId === versionId)) return []
  const versions = state.versions.with(at, { ...version, versionId })
  const uploads = state.uploads.map((upload) =>
    upload.uploadId === version.maker && upload.completedVersionId === UNSEEN
      ? { ...upload, completedVersionId: versionId }
      : upload,
  )
  return [{ ...state, versions, uploads }]
}
