// What the memory driver's engines share: entries, log, fates and head, as a disk would hold them.

import { assert } from '../base/assert.ts'
import { FATE_KEPT_MS } from '../base/limits.ts'
import type { CommitId } from '../base/id.ts'
import type { Writes } from './committer.ts'
import type { Entry, KeyRange, LogEntry, ReadRequest, ReadResult, Versionstamp } from './engine.ts'
import { FRESH_HEAD, type Head } from './head.ts'
import { keyText } from './key-text.ts'
import { encodeLogEntry, logEntryStamp } from './log-entry.ts'
import { LOG_PAGE_SIZE_BYTES, checkLogLimit, checkLogPage } from './log-page.ts'
import { visitEntries } from './memory-visit.ts'
import type { Base } from './overlay.ts'
import { checkKey } from './range.ts'
import { SortedEntries, type Place } from './sorted-entries.ts'

interface Fate {
  readonly versionstamp: Versionstamp
  readonly atMs: number
}

export class MemoryStore implements Base {
  readonly entries: SortedEntries = new SortedEntries()
  head: Head = FRESH_HEAD
  /** Entries of the log, the first of them right behind `head.logStart`. */
  private log: Buffer[] = []
  private readonly fates: Map<CommitId, Fate> = new Map()
  private doubt: Promise<void> | null = null
  /** Whether a visitor is looking at entries. */
  private isVisited = false

  get(key: Uint8Array): Buffer | null {
    const value = this.entries.get(keyText(key))
    return value === null ? null : Buffer.from(value)
  }

  first({ start, end }: KeyRange): Entry | null {
    const place = this.entries.atOrBehind(keyText(start))
    return place === null || place.text >= keyText(end) ? null : entryOf(place)
  }

  last({ start, end }: KeyRange): Entry | null {
    const place = this.entries.before(keyText(end))
    return place === null || place.text < keyText(start) ? null : entryOf(place)
  }

  /** Makes a batch visible, all at once. */
  apply({ head, batch }: Writes): void {
    for (const slot of batch?.changes() ?? []) {
      const text = keyText(slot.key)
      const { value } = slot
      if (value === null) this.entries.delete(text)
      else this.entries.set(text, Buffer.from(value))
    }
    for (const { id, versionstamp, mutations } of batch?.applied ?? []) {
      const cellTimeMs = head.cellTimeMs
      this.log.push(Buffer.from(encodeLogEntry({ id, versionstamp, cellTimeMs }, mutations)))
      this.fates.set(id, { versionstamp, atMs: cellTimeMs })
    }
    this.log.splice(0, head.logStart.sequence - this.head.logStart.sequence)
    this.head = head
    this.forgetFates()
  }

  /** One snapshot of it all, as nothing is applied meanwhile. */
  read({ keys, ranges }: ReadRequest): ReadResult {
    assert(!this.isVisited, 'a visitor does not read')
    const values = (keys ?? []).map((key) => {
      checkKey(key)
      return this.get(key)
    })
    this.isVisited = true
    try {
      return { values, isWhole: (ranges ?? []).map((range) => visitEntries(this.entries, range)) }
    } finally {
      this.isVisited = false
    }
  }

  stealEpoch(): void {
    this.head = { ...this.head, epoch: this.head.epoch + 1 }
  }

  /** Whether a batch's outcome is in doubt. */
  get isInDoubt(): boolean {
    return this.doubt !== null
  }

  /** Resolves when no batch's outcome is in doubt. */
  async known(): Promise<void> {
    while (this.isInDoubt) await this.doubt
  }

  /** Starts a doubt; the answer ends it. */
  startDoubt(): () => void {
    let settle = (): void => {}
    this.doubt = new Promise((resolve) => {
      settle = () => {
        this.doubt = null
        resolve()
      }
    })
    return settle
  }

  fate(id: CommitId): Versionstamp | 'never' {
    return this.fates.get(id)?.versionstamp ?? 'never'
  }

  /** @throws EngineError `corrupt` on a gap */
  logBehind(after: Versionstamp, limit: number): LogEntry[] {
    checkLogLimit(limit)
    const from = after.sequence - this.head.logStart.sequence
    const page: LogEntry[] = []
    let sizeBytes = 0
    for (const entry of from < 0 ? [] : this.log.slice(from, from + limit)) {
      if (sizeBytes >= LOG_PAGE_SIZE_BYTES) break
      const bytes = Buffer.from(entry)
      page.push({ versionstamp: logEntryStamp(bytes), bytes })
      sizeBytes += bytes.length
    }
    checkLogPage(page, after, this.head)
    return page
  }

  private forgetFates(): void {
    for (const [id, { atMs }] of this.fates) {
      if (atMs + FATE_KEPT_MS >= this.head.cellTimeMs) return
      this.fates.delete(id)
    }
  }
}

function entryOf({ text, value }: Place): Entry {
  return { key: Buffer.from(text, 'latin1'), value: Buffer.from(value) }
}
