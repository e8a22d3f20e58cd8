// What a key of one bucket is made of, in the words of the model: versions, uploads, what is asked of
// it and what is answered.

import type {
  VersionSelector,
  VersioningState,
  WriteCondition,
} from '../../src/object-index/object-index.ts'

/** A version as it stands. */
export interface KeyVersion {
  /** The one step that made it, or the upload that it was. */
  readonly maker: string
  /** What it says of who made it; a step that was tried twice has it twice. */
  readonly tag: string
  /** Its place among the key's versions: one more than the newest of them had. */
  readonly order: number
  /** 32 hex digits, the first 16 of them the order; null: nobody has seen it yet. */
  readonly versionId: string | null
  readonly isNull: boolean
  readonly isDeleteMarker: boolean
  readonly etag: string
  readonly sizeBytes: number
  readonly tags: string
}

/** A version as a client saw it; null where that answer does not show it. */
export interface SeenVersion {
  readonly tag: string | null
  readonly versionId: string | null
  readonly isNull: boolean | null
  readonly isLatest: boolean | null
  readonly isDeleteMarker: boolean
  readonly etag: string
  readonly sizeBytes: number
  readonly tags: string | null
}

export interface NamedEtag {
  readonly partNumber: number
  readonly etag: string
}

export interface KeyUpload {
  readonly uploadId: string
  readonly tag: string
  readonly state: 'open' | 'completed'
  /** Maker of the newest version when it began; null: there was none. */
  readonly newestAtStart: string | null
  readonly hadObjectAtStart: boolean
  readonly parts: readonly NamedEtag[]
  /** Of a completed one: what was named and what was answered. */
  readonly completedParts: string
  readonly completedVersionId: string | null
}

export interface KeyState {
  readonly bucket: 'none' | VersioningState | 'gone'
  /** Newest first. */
  readonly versions: readonly KeyVersion[]
  readonly uploads: readonly KeyUpload[]
}

export type KeyCall =
  | { readonly kind: 'create-bucket' | 'delete-bucket' }
  | { readonly kind: 'set-versioning'; readonly versioning: 'enabled' | 'suspended' }
  /** A PUT or a copy. */
  | {
      readonly kind: 'put'
      readonly condition: WriteCondition
      /** Of a copy all that it may have: its source's, and that of its bytes copied. */
      readonly etags: readonly string[]
      readonly sizeBytes: number
      readonly tags: string
    }
  | { readonly kind: 'set-tags'; readonly version: VersionSelector; readonly tags: string }
  | {
      readonly kind: 'create-upload'
      readonly uploadId: string
      /** Whether a condition of its completion was decided: then it counts what stood before. */
      readonly isJudged: boolean
    }
  | { readonly kind: 'abort-upload'; readonly uploadId: string }
  | ({ readonly kind: 'put-part'; readonly uploadId: string } & NamedEtag)
  | {
      readonly kind: 'complete-upload'
      /** Whether it is judged as an end of its upload, or as a version of its key. */
      readonly of: 'upload' | 'version'
      readonly uploadId: string
      readonly condition: WriteCondition
      readonly parts: readonly NamedEtag[]
      readonly etag: string
      readonly sizeBytes: number
    }
  | {
      readonly kind: 'delete'
      readonly version: VersionSelector
      readonly ifMatch: string | null
    }
  | { readonly kind: 'lookup'; readonly version: VersionSelector }
  /** What a page of LIST says of a key that lies in it. */
  | { readonly kind: 'see-current' }
  /** The same of ListObjectVersions. */
  | { readonly kind: 'see-versions' }

export type KeyAnswer =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'done'; readonly versionId: string | null }
  | { readonly kind: 'deleted'; readonly versionId: string | null; readonly isMarker: boolean }
  | { readonly kind: 'found'; readonly version: SeenVersion | null }
  | {
      readonly kind: 'versions'
      readonly versions: readonly SeenVersion[]
      /** Whether the page holds the key's newest, and its oldest. */
      readonly hasFirst: boolean
      /** Where it is known: of the versions below this order, the page begins with the newest. */
      readonly below: number | null
      readonly hasLast: boolean
    }

export interface KeyStep {
  /** Of this step alone. */
  readonly id: string
  /** What a version that it makes says of it. */
  readonly tag: string
  /** A step of the same request that comes before this one; null: none does. */
  readonly behind: string | null
  readonly call: KeyCall
  readonly answer: KeyAnswer
}

/** A step and when it was under way, by the history's one count. */
export interface TimedStep extends KeyStep {
  readonly invokedAt: number
  /** Of an unknown outcome: from when on it can take effect no more; Infinity where nobody knows. */
  readonly answeredAt: number
}

/** Before the bucket was made. */
export const NO_KEY: KeyState = { bucket: 'none', versions: [], uploads: [] }

/** A version's place among those of its key, as its id says it. */
export function orderIn(versionId: string): number {
  return Number.parseInt(versionId.slice(0, 16), 16)
}

/** A state as a text: the same text, the same state. States share most of what they are made of. */
export function textOf({ bucket, versions, uploads }: KeyState): string {
  let text: string = bucket
  for (const version of versions) text += partText(version)
  for (const upload of uploads) text += partText(upload)
  return text
}

const TEXTS = new WeakMap<KeyVersion | KeyUpload, string>()

function partText(part: KeyVersion | KeyUpload): string {
  let text = TEXTS.get(part)
  if (text === undefined) {
    text = JSON.stringify(Object.values(part))
    TEXTS.set(part, text)
  }
  return text
}
