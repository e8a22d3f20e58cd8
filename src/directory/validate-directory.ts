// Validation of the directory: every record against its checksum, and what must stand in pairs both
// ways: names and their owners, accounts and their keys and addresses. It runs while the store
// serves; what differs counts only where the directory stood still meanwhile.

import { assert } from '../base/assert.ts'
import type { EngineReader } from '../engine/engine.ts'
import { DirectoryError, type AccessKey, type BucketName } from './directory.ts'
import { directoryError } from './directory-reader.ts'
import {
  DIRECTORY_SPACE,
  accessKeyKey,
  accountKey,
  decodeAccessKey,
  decodeAccount,
  decodeBucketName,
  decodeEmail,
  decodeGeneration,
  emailKey,
  generationKey,
  nameKey,
  ownedNameKey,
  type AccountRecord,
} from './directory-record.ts'

export interface DirectoryFinding {
  readonly kind: 'corrupt-record' | 'wrong-directory'
  /** The bucket name, account, access key or address. */
  readonly what: string
  readonly message: string
}

export interface DirectoryValidation {
  readonly recordsDone: number
  readonly findings: readonly DirectoryFinding[]
  /** All names whose records are sound. */
  readonly names: readonly BucketName[]
}

const PAGE_ENTRIES = 1000
const FIRST: Buffer = Buffer.of(DIRECTORY_SPACE.name)
const END: Buffer = Buffer.of(0x90)
/** Scans of a directory that changes all the while. */
const TRIES = 5

/** Reads all of it. @throws DirectoryError where it cannot be read at all */
export async function validateDirectory(engine: EngineReader): Promise<DirectoryValidation> {
  for (let tries = 1; ; tries += 1) {
    const before = await generationOf(engine)
    const scan = new Scan()
    await readAll(engine, scan)
    const isStill = before !== null && before === (await generationOf(engine))
    const damages = scan.damages
    const result = { recordsDone: scan.recordsDone, names: [...scan.names.values()] }
    if (isStill || damages.length > 0) {
      return { ...result, findings: [...damages, ...(isStill ? differences(scan) : [])] }
    }
    if (tries < TRIES) continue
    const message = 'it was changed all the while it was read; verify again'
    return { ...result, findings: [{ kind: 'wrong-directory', what: 'the directory', message }] }
  }
}

/** Null where the record of it is damaged, which the scan names. */
async function generationOf(engine: EngineReader): Promise<number | null> {
  try {
    const { values } = await engine.read({ keys: [generationKey()] })
    return decodeGeneration(values[0] ?? null)
  } catch (cause) {
    if (cause instanceof DirectoryError && cause.code === 'corrupt') return null
    throw directoryError(cause)
  }
}

async function readAll(engine: EngineReader, scan: Scan): Promise<void> {
  for (let start: Buffer = FIRST; ;) {
    const page: (readonly [Buffer, Buffer])[] = []
    try {
      await engine.read({
        ranges: [
          {
            range: { start, end: END },
            limit: PAGE_ENTRIES,
            visit: (key, value) => {
              page.push([Buffer.from(key), Buffer.from(value)])
              return 'next'
            },
          },
        ],
      })
    } catch (cause) {
      throw directoryError(cause)
    }
    for (const [key, value] of page) scan.take(key, value)
    const last = page.at(-1)
    if (last === undefined || page.length < PAGE_ENTRIES) return
    start = Buffer.concat([last[0], Buffer.of(0)])
  }
}

/** What is there, by engine key, so that one record's partner is found by the key it must have. */
class Scan {
  recordsDone = 0
  hasGeneration = false
  readonly damages: DirectoryFinding[] = []
  readonly names: Map<string, BucketName> = new Map()
  readonly owned: Map<string, BucketName> = new Map()
  readonly accounts: Map<string, AccountRecord> = new Map()
  readonly keys: Map<string, AccessKey> = new Map()
  /** Account ids. */
  readonly emails: Map<string, string> = new Map()

  take(key: Buffer, value: Buffer): void {
    this.recordsDone += 1
    try {
      this.#decode(key, value)
    } catch (cause) {
      if (!(cause instanceof DirectoryError)) throw cause
      this.damages.push({ kind: 'corrupt-record', what: describe(key), message: cause.message })
    }
  }

  #decode(key: Buffer, value: Buffer): void {
    const at = textOf(key)
    switch (key[0]) {
      case DIRECTORY_SPACE.name:
        return void this.names.set(at, decodeBucketName(key, value))
      case DIRECTORY_SPACE.ownedName:
        return void this.owned.set(at, decodeBucketName(key, value))
      case DIRECTORY_SPACE.account:
        return void this.accounts.set(at, decodeAccount(key, value))
      case DIRECTORY_SPACE.accessKey:
        return void this.keys.set(at, decodeAccessKey(key, value))
      case DIRECTORY_SPACE.email:
        return void this.emails.set(at, decodeEmail(key, value))
      case DIRECTORY_SPACE.generation:
        decodeGeneration(value)
        this.hasGeneration = true
        return
      default:
        throw new DirectoryError('corrupt', 'a record in a space that nobody writes')
    }
  }
}

const textOf = (key: Buffer): string => key.toString('latin1')

/** What has no partner, or another one than it says. Decides only. */
function differences(scan: Scan): DirectoryFinding[] {
  const found: DirectoryFinding[] = []
  const require = (isThere: boolean, what: Buffer, message: string): void => {
    if (!isThere) found.push({ kind: 'wrong-directory', what: describe(what), message })
  }
  require(scan.hasGeneration || scan.recordsDone === 0, generationKey(), 'it is missing')
  for (const { name, ownerId, bucketId } of scan.names.values()) {
    const copy = scan.owned.get(textOf(ownedNameKey(ownerId, name)))
    require(copy?.bucketId === bucketId, nameKey(name), `its owner ${ownerId} does not list it`)
    const hasOwner = scan.accounts.has(textOf(accountKey(ownerId)))
    require(hasOwner, nameKey(name), `its owner ${ownerId} is missing`)
  }
  for (const { name, ownerId, bucketId } of scan.owned.values()) {
    const isNamed = scan.names.get(textOf(nameKey(name)))?.bucketId === bucketId
    require(isNamed, nameKey(name), `it is missing, and its owner ${ownerId} lists it`)
  }
  for (const { id, email, accessKeyIds } of scan.accounts.values()) {
    for (const accessKeyId of accessKeyIds) {
      const key = accessKeyKey(accessKeyId)
      require(scan.keys.get(textOf(key))?.accountId === id, key, `it is missing, and ${id} has it`)
    }
    const isFound = email === '' || scan.emails.get(textOf(emailKey(email))) === id
    require(isFound, accountKey(id), 'its e-mail address does not lead to it')
  }
  for (const { accessKeyId, accountId } of scan.keys.values()) {
    const owner = scan.accounts.get(textOf(accountKey(accountId)))
    const isOwned = owner?.accessKeyIds.includes(accessKeyId) === true
    require(isOwned, accessKeyKey(accessKeyId), `its account ${accountId} does not have it`)
  }
  for (const [at, accountId] of scan.emails) {
    const hasAccount = scan.accounts.has(textOf(accountKey(accountId)))
    require(hasAccount, Buffer.from(at, 'latin1'), `its account ${accountId} is missing`)
  }
  return found
}

/** What people call a record. */
function describe(key: Buffer): string {
  assert(key.length > 0, 'a record has a space')
  const text = JSON.stringify(key.toString('utf8', 1).replace('\0', ' '))
  switch (key[0]) {
    case DIRECTORY_SPACE.name:
      return `bucket name ${text}`
    case DIRECTORY_SPACE.ownedName:
      return `list entry of owner and bucket ${text}`
    case DIRECTORY_SPACE.account:
      return `account ${text}`
    case DIRECTORY_SPACE.accessKey:
      return `access key ${text}`
    case DIRECTORY_SPACE.email:
      return `e-mail address ${text}`
    case DIRECTORY_SPACE.generation:
      return "the directory's generation"
    default:
      return `record 0x${key.toString('hex')}`
  }
}
