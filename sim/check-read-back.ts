// At the end every version is read back, and what is read goes into the history: the check of the
// history then tells whether anything that was acknowledged is missing, or anything is there that
// was refused or deleted. What cannot be read must be damaged.

import type { BucketId } from '../src/base/id.ts'
import type { WorkerCell } from '../src/cell/embedded.ts'
import type {
  ListRequest,
  VersionEntry,
  VersionSelector,
} from '../src/object-index/object-index.ts'
import { isDamaged, locationsOf } from './damage.ts'
import type { Asked, OperationKind, Operations } from './history.ts'
import type { CheckParts, Finding } from './region.ts'
import { get } from './workloads/acts.ts'

const READER = { client: -1, worker: 'healed' }
const WHOLE = { from: 0, to: 1 }
const NEVER: AbortSignal = new AbortController().signal

export async function checkReadBack(parts: CheckParts): Promise<readonly Finding[]> {
  const [cell] = parts.region.workers
  if (cell === undefined) return [{ check: 'read back', message: 'nobody serves', keys: [] }]
  return await new ReadBack(parts, cell).run()
}

class ReadBack {
  readonly #parts: CheckParts
  readonly #cell: WorkerCell
  readonly #findings: Finding[] = []

  constructor(parts: CheckParts, cell: WorkerCell) {
    this.#parts = parts
    this.#cell = cell
  }

  async run(): Promise<readonly Finding[]> {
    for (const [bucketId, keys] of this.#keys()) {
      const page: ListRequest = { bucketId, prefix: '', delimiter: '', after: null, limit: 1000 }
      const { index } = this.#cell
      await this.#note('list', page, '', async () => await index.list(page))
      const asked = { ...page, afterVersion: null }
      const list = async () => await index.listVersions(asked)
      await this.#note('usage', { bucketId }, '', async () => await index.usage(bucketId))
      const listed = await this.#note('listVersions', asked, '', list)
      for (const key of keys) {
        await this.#read(bucketId, key, { kind: 'latest' })
        await this.#read(bucketId, key, { kind: 'null' })
      }
      for (const entry of listed?.entries ?? []) await this.#readEntry(bucketId, entry)
    }
    return this.#findings
  }

  /** Every key that anybody named, by its bucket. */
  #keys(): ReadonlyMap<BucketId, ReadonlySet<string>> {
    const found = new Map<BucketId, Set<string>>()
    for (const { asked } of this.#parts.history.operations) {
      if (!('bucketId' in asked)) continue
      const keys = found.get(asked.bucketId) ?? new Set<string>()
      found.set(asked.bucketId, keys)
      if ('key' in asked) keys.add(asked.key)
      if ('entries' in asked) for (const { key } of asked.entries) keys.add(key)
    }
    return found
  }

  async #readEntry(bucketId: BucketId, { key, versionId }: VersionEntry): Promise<void> {
    if (versionId !== 'null') await this.#read(bucketId, key, { kind: 'id', versionId })
  }

  async #read(bucketId: BucketId, key: string, version: VersionSelector): Promise<void> {
    const asked = { bucketId, key, version }
    const { clock, random } = this.#parts.region
    const context = { clock, random, signal: NEVER }
    const act = get(asked, this.#parts.bodies, WHOLE)
    await this.#note('get', asked, key, async () => await act(this.#cell, context))
  }

  /** Notes one operation; one that fails is a finding, if damage does not explain it. */
  async #note<K extends OperationKind>(
    kind: K,
    asked: Asked<K>,
    key: string,
    act: () => Promise<Operations[K]['ok']>,
  ): Promise<Operations[K]['ok'] | null> {
    const { history } = this.#parts
    const recorded = history.invoke(READER, kind, asked)
    try {
      const result = await act()
      history.answer(recorded, { kind: 'ok', result })
      return result
    } catch (error) {
      history.answer(recorded, { kind: 'unknown', why: String(error) })
      if (!(await this.#isExplained(asked))) {
        const message = `${kind} of ${JSON.stringify(asked)} failed: ${String(error)}`
        this.#findings.push({ check: 'read back', message, keys: [key] })
      }
      return null
    }
  }

  async #isExplained(asked: Asked<OperationKind>): Promise<boolean> {
    const { damage } = this.#parts
    if (damage.length === 0 || !('version' in asked)) return false
    const { index } = this.#cell
    const version = await index.lookup(asked.bucketId, asked.key, asked.version)
    if (version === null) return false
    const locations = await locationsOf(index, version)
    return locations.some((location) => isDamaged(location, damage))
  }
}
