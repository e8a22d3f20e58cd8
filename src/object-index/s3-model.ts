// A model of S3's versions in a few lines of plain arrays, to hold the index against: every key has
// its versions newest first, and that is all.

import type {
  DeleteEntry,
  DeleteResult,
  VersionSelector,
  VersioningState,
  WriteCondition,
} from './object-index.ts'

export interface ModelVersion {
  readonly versionId: string
  readonly isNull: boolean
  readonly isDeleteMarker: boolean
  readonly sizeBytes: number
  readonly etag: string
  readonly tags: string
}

/** One bucket. What it answers is what the index must answer. */
export class S3Model {
  versioning: VersioningState = 'unversioned'
  readonly keys: Map<string, ModelVersion[]> = new Map()

  versions(key: string): ModelVersion[] {
    return this.keys.get(key) ?? []
  }

  latest(key: string): ModelVersion | null {
    return this.versions(key)[0] ?? null
  }

  find(key: string, selector: VersionSelector): ModelVersion | null {
    const versions = this.versions(key)
    switch (selector.kind) {
      case 'latest':
        return versions[0] ?? null
      case 'null':
        return versions.find((version) => version.isNull) ?? null
      case 'id':
        return versions.find(({ versionId }) => versionId === selector.versionId) ?? null
    }
  }

  /** What a condition refuses with, or null. */
  judge(key: string, condition: WriteCondition): 'precondition-failed' | 'no-such-key' | null {
    const latest = this.latest(key)
    const current = latest?.isDeleteMarker === false ? latest : null
    if (condition.kind === 'none') return null
    if (condition.kind === 'absent') return current === null ? null : 'precondition-failed'
    if (current === null) return 'no-such-key'
    return current.etag === condition.etag ? null : 'precondition-failed'
  }

  put(key: string, version: Omit<ModelVersion, 'isNull'>): void {
    const isNull = this.versioning !== 'enabled'
    const kept = this.versions(key).filter((other) => !isNull || !other.isNull)
    this.keys.set(key, [{ ...version, isNull }, ...kept])
  }

  /** `marker` is the id of the marker that the index made, if it made one. */
  delete(entry: DeleteEntry, marker: string): Omit<DeleteResult, 'versionId'> {
    const { key, version: selector, ifMatch } = entry
    const found = this.find(key, selector)
    const current = found !== null && !found.isDeleteMarker ? found : null
    if (selector.kind === 'latest') {
      if (ifMatch !== null && current === null) return failed('no-such-key')
      if (ifMatch !== null && current !== null && !matches(ifMatch, current)) {
        return failed('precondition-failed')
      }
      if (this.versioning === 'unversioned') {
        this.keys.delete(key)
        return { outcome: 'deleted', isDeleteMarker: false }
      }
      this.put(key, { versionId: marker, isDeleteMarker: true, sizeBytes: 0, etag: '', tags: '' })
      return { outcome: 'deleted', isDeleteMarker: true }
    }
    if (found === null) return failed('no-such-version')
    if (ifMatch !== null && !matches(ifMatch, found)) return failed('precondition-failed')
    const rest = this.versions(key).filter((other) => other !== found)
    if (rest.length === 0) this.keys.delete(key)
    else this.keys.set(key, rest)
    return { outcome: 'deleted', isDeleteMarker: found.isDeleteMarker }
  }

  retag(key: string, found: ModelVersion, tags: string): void {
    this.keys.set(
      key,
      this.versions(key).map((other) => (other === found ? { ...found, tags } : other)),
    )
  }

  /** Keys in byte order. */
  sortedKeys(): string[] {
    return [...this.keys.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  }
}

function failed(outcome: DeleteResult['outcome']): Omit<DeleteResult, 'versionId'> {
  return { outcome, isDeleteMarker: false }
}

function matches(ifMatch: string, version: ModelVersion): boolean {
  return ifMatch === '*' || ifMatch === version.etag
}

/** A page by the rules of S3: `limit` keys and common prefixes behind `after`. */
export function modelPage(
  keys: readonly string[],
  request: {
    readonly prefix: string
    readonly delimiter: string
    readonly after: string | null
    readonly limit: number
  },
): { keys: string[]; prefixes: string[]; isTruncated: boolean } {
  const { prefix, delimiter, after, limit } = request
  const page = { keys: [] as string[], prefixes: [] as string[], isTruncated: false }
  if (limit === 0) return page
  const common = (key: string): string | null => {
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
    return at === -1 ? null : key.slice(0, at + delimiter.length)
  }
  const skipped = after !== null && after.startsWith(prefix) ? common(after) : null
  const isBehind = (key: string): boolean =>
    after === null ||
    (Buffer.compare(Buffer.from(key), Buffer.from(after)) > 0 &&
      (skipped === null || !key.startsWith(skipped)))
  for (const key of keys) {
    if (!key.startsWith(prefix) || !isBehind(key)) continue
    const shared = common(key)
    if (shared !== null && page.prefixes.at(-1) === shared) continue
    if (page.keys.length + page.prefixes.length === limit) {
      page.isTruncated = true
      break
    }
    if (shared === null) page.keys.push(key)
    else page.prefixes.push(shared)
  }
  return page
}
