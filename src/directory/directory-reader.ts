// The reading half of the directory, for any process that can read the engine. Decoded entries are
// kept and guarded by the generation record: what is known costs one get, and is never stale.

import { ENGINE_KEY_SIZE_BYTES_MAX } from '../base/limits.ts'
import { EngineError, type Engine, type ReadRequest, type ReadResult } from '../engine/engine.ts'
import {
  DirectoryError,
  type AccessKey,
  type Account,
  type BucketName,
  type DirectoryReader,
} from './directory.ts'
import {
  DIRECTORY_SPACE,
  accessKeyKey,
  accountKey,
  decodeAccessKey,
  decodeAccount,
  decodeBucketName,
  decodeGeneration,
  generationKey,
  nameKey,
  ownedNameKey,
  rangeOf,
  type AccountRecord,
} from './directory-record.ts'

/** Entries kept at most, found and missing ones; all go when there are more. */
const CACHE_ENTRIES_MAX = 10_000
const PAGE_ENTRIES = 1000

type ReadEngine = Pick<Engine, 'read'>

/** Reads over one engine, with a bounded cache. */
export function openDirectoryReader(engine: ReadEngine): DirectoryReader {
  const cache = new GuardedCache(engine)
  const bucketByName = (name: string): Promise<BucketName | null> => {
    const key = nameKey(name)
    return cache.get(key, () => one(engine, key, decodeBucketName))
  }
  const account = (accountId: string): Promise<AccountRecord | null> => {
    const key = accountKey(accountId)
    return cache.get(key, () => one(engine, key, decodeAccount))
  }
  // Key and account together, so that signing in costs one get.
  const accessKey = (accessKeyId: string): Promise<{ key: AccessKey; account: Account } | null> => {
    const at = accessKeyKey(accessKeyId)
    return cache.get(at, async () => {
      const key = await one(engine, at, decodeAccessKey)
      const owner =
        key === null ? null : await one(engine, accountKey(key.accountId), decodeAccount)
      return key === null || owner === null ? null : { key, account: accountOf(owner) }
    })
  }
  const generationAt = [generationKey()]
  // Asked for with every request: what it was last is recognised by its bytes.
  let last: { readonly record: Buffer; readonly generation: number } = {
    record: Buffer.alloc(0),
    generation: 0,
  }
  return {
    generation: async () => {
      const { values } = await read(engine, { keys: generationAt })
      const record = values[0] ?? null
      if (record?.equals(last.record) === true) return last.generation
      const generation = decodeGeneration(record)
      if (record !== null) last = { record, generation }
      return generation
    },
    bucketByName,
    account: async (accountId) => {
      const found = await account(accountId)
      return found === null ? null : accountOf(found)
    },
    accessKey,
    accounts: async () => {
      const found: Account[] = []
      const range = rangeOf(Buffer.from([DIRECTORY_SPACE.account]))
      await pages(engine, range.start, range.end, (key, value) => {
        found.push(accountOf(decodeAccount(key, value)))
        return 'next'
      })
      return found
    },
    accessKeys: async (accountId) => {
      const found: AccessKey[] = []
      for (const id of (await account(accountId))?.accessKeyIds ?? []) {
        const known = await accessKey(id)
        if (known !== null) found.push(known.key)
      }
      return found
    },
    buckets: (request) => buckets(engine, request),
  }
}

async function buckets(
  engine: ReadEngine,
  request: Parameters<DirectoryReader['buckets']>[0],
): Promise<readonly BucketName[]> {
  const { ownerId, prefix, after, limit } = request
  const keyOf = (name: string): Buffer =>
    ownerId === null ? nameKey(name) : ownedNameKey(ownerId, name)
  const found: BucketName[] = []
  const first = keyOf(prefix)
  if (first.length > ENGINE_KEY_SIZE_BYTES_MAX) return found // no name is that long
  const { end } = rangeOf(first.at(-1) === 0xff ? Buffer.concat([first, Buffer.of(0)]) : first)
  // Exclusive: nothing sorts between a name and the same with 0x00 behind it.
  // No name is longer than a key, so that what stands behind one in `after` changes nothing.
  const last = after === null ? null : keyOf(after).subarray(0, ENGINE_KEY_SIZE_BYTES_MAX)
  const behind = last === null ? first : Buffer.concat([last, Buffer.of(0)])
  const start = Buffer.compare(behind, first) > 0 ? behind : first
  if (limit === 0 || Buffer.compare(start, end) >= 0) return found
  await pages(engine, start, end, (key, value) => {
    found.push(decodeBucketName(key, value))
    return found.length < limit ? 'next' : 'stop'
  })
  return found
}

function accountOf(record: AccountRecord): Account {
  const { accessKeyIds: _, ...account } = record
  return account
}

/** What was found, or found missing, in one generation of the directory. */
class GuardedCache {
  private readonly engine: ReadEngine
  private readonly entries: Map<string, unknown> = new Map()
  private generation = -1

  constructor(engine: ReadEngine) {
    this.engine = engine
  }

  /** `key` is one of a space that always loads the same type. */
  async get<T>(key: Buffer, load: () => Promise<T>): Promise<T> {
    if (key.length > ENGINE_KEY_SIZE_BYTES_MAX) return await load() // nothing that is worth keeping
    const name = key.toString('latin1')
    const { values } = await read(this.engine, { keys: [generationKey()] })
    const generation = decodeGeneration(values[0] ?? null)
    // Answers may come out of order: an older one neither clears nor fills the cache.
    if (generation > this.generation) {
      this.entries.clear()
      this.generation = generation
    }
    if (generation === this.generation && this.entries.has(name)) return this.entries.get(name) as T
    const loaded = await load()
    // What was loaded is of this generation or a later one; a later one clears it when it is seen.
    if (generation === this.generation) {
      if (this.entries.size >= CACHE_ENTRIES_MAX) this.entries.clear()
      this.entries.set(name, loaded)
    }
    return loaded
  }
}

/** One record, decoded; null where there is none, as under a key that none can have. */
async function one<T>(
  engine: ReadEngine,
  key: Buffer,
  decode: (key: Buffer, value: Buffer) => T,
): Promise<T | null> {
  // Names come from anyone who sends a request, of any length.
  if (key.length > ENGINE_KEY_SIZE_BYTES_MAX) return null
  const { values } = await read(engine, { keys: [key] })
  const value = values[0] ?? null
  return value === null ? null : decode(key, value)
}

/** Visits a range in pages; `visit` gets copies. */
async function pages(
  engine: ReadEngine,
  start: Uint8Array,
  end: Uint8Array,
  visit: (key: Buffer, value: Buffer) => 'next' | 'stop',
): Promise<void> {
  let from = start
  for (;;) {
    let last: Buffer | null = null
    let failed: unknown = null
    let isStopped = false
    const { isWhole } = await read(engine, {
      ranges: [
        {
          range: { start: from, end },
          limit: PAGE_ENTRIES,
          visit: (key, value) => {
            last = Buffer.from(key)
            try {
              isStopped = visit(last, Buffer.from(value)) === 'stop'
            } catch (cause) {
              failed = cause
            }
            return isStopped || failed !== null ? 'stop' : 'next'
          },
        },
      ],
    })
    if (failed !== null) throw failed
    if (isStopped || isWhole[0] !== false || last === null) return
    from = Buffer.concat([last, Buffer.of(0)])
  }
}

/** @throws DirectoryError */
async function read(engine: ReadEngine, request: ReadRequest): Promise<ReadResult> {
  try {
    return await engine.read(request)
  } catch (cause) {
    throw directoryError(cause)
  }
}

/** The directory's error for an engine's; anything else stays what it is. */
export function directoryError(cause: unknown): unknown {
  if (!(cause instanceof EngineError)) return cause
  const code =
    cause.code === 'corrupt'
      ? 'corrupt'
      : cause.code === 'unsure' || cause.code === 'failed'
        ? 'unsure'
        : 'unavailable'
  return new DirectoryError(code, `directory: ${cause.message}`, cause)
}
