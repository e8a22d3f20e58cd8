// What an operator may ask of a store, served or not: users, buckets, quotas, figures, validation.
// One table of methods; the commands call them in their own process when they hold the store's
// lock, else over the admin socket of the process that serves it.

import type { Clock } from '../base/clock.ts'
import { newId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
import type { AccessKey, Account, Directory, DirectoryOutcome } from '../directory/directory.ts'
import type { BucketUsage, ObjectIndex } from '../object-index/object-index.ts'
import type { PlacementStatus } from '../placement/placement.ts'
import type { VerifyReport, VerifyRequest } from './verify.ts'

/** What is asked cannot be done; the message is for the operator. */
export class AdminError extends Error {
  override readonly name = 'AdminError'
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export interface UserRequest {
  /** Canonical id; null: 32 random hex digits. */
  readonly id: string | null
  readonly displayName: string
  readonly email: string
  /** Both or neither. */
  readonly accessKeyId: string | null
  readonly secretKey: string | null
}
export interface User {
  readonly account: Account
  readonly accessKeyIds: readonly string[]
}
export interface BucketLine {
  readonly name: string
  readonly ownerId: string
  readonly createdAtMs: number
  readonly versioning: string
  readonly usage: BucketUsage
  readonly quotaBytes: number | null
  readonly quotaObjects: number | null
}
/** The validation of all records that follows each start. */
export type ValidationStatus =
  | { readonly state: 'waiting' }
  | { readonly state: 'running'; readonly progress: Progress }
  | {
      readonly state: 'done'
      readonly records: number
      /** 0: all are sound. */
      readonly findings: number
      readonly endedAtMs: number
    }
  | { readonly state: 'failed'; readonly message: string }

export interface StoreStatus {
  readonly version: string
  readonly region: string
  readonly driveId: string
  readonly isServed: boolean
  readonly epoch: number
  /** Change log position: incarnation and sequence. */
  readonly position: string
  readonly archivedTo: string
  readonly clockAlarm: string | null
  readonly validation: ValidationStatus
  readonly placement: PlacementStatus
  readonly buckets: number
  readonly objects: number
  readonly bytes: number
}

/** Progress of a long method: shares of the whole where it is known. */
export interface Progress {
  readonly step: string
  readonly done: number
  /** Null: not known yet. */
  readonly total: number | null
  readonly unit: 'records' | 'bytes' | 'blobs'
  readonly ratePerSec: number
}

/** The methods; an argument and a result are plain values, `note` takes progress. */
export interface Admin {
  addUser(request: UserRequest): Promise<{ account: Account; key: AccessKey }>
  listUsers(): Promise<readonly User[]>
  removeUser(id: string): Promise<void>
  addKey(request: {
    id: string
    accessKeyId: string | null
    secretKey: string | null
  }): Promise<AccessKey>
  removeKey(request: { id: string; accessKeyId: string }): Promise<void>
  listBuckets(): Promise<readonly BucketLine[]>
  bucketUsage(name: string): Promise<BucketLine>
  setQuota(request: {
    name: string
    bytes: number | null
    objects: number | null
  }): Promise<BucketLine>
  status(): Promise<StoreStatus>
  verify(request: VerifyRequest, note: (progress: Progress) => void): Promise<VerifyReport>
}

export interface AdminParts {
  readonly index: ObjectIndex
  readonly directory: Directory
  readonly clock: Clock
  readonly random: Random
  readonly status: () => Promise<Omit<StoreStatus, 'buckets' | 'objects' | 'bytes'>>
  readonly verify: Admin['verify']
}

const ACCESS_KEY_SIZE_CHARS = 20
const SECRET_KEY_SIZE_BYTES = 30
const LIST_PAGE = 1000
const ID_PATTERN = /^[\x21-\x7e]{1,64}$/
const NAME_LENGTH_MAX = 256
const EMAIL_PATTERN = /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u
const ACCESS_KEY_PATTERN = /^[A-Za-z0-9._-]{3,128}$/

export function openAdmin(parts: AdminParts): Admin {
  const { directory, random } = parts
  return {
    addUser: async (request) => await addUser(parts, request),
    listUsers: async () => {
      const accounts = await directory.accounts()
      return await Promise.all(
        accounts.map(async (account) => ({
          account,
          accessKeyIds: (await directory.accessKeys(account.id)).map((key) => key.accessKeyId),
        })),
      )
    },
    removeUser: async (id) => {
      requireDone(await directory.apply({ kind: 'remove-account', accountId: id }), id)
    },
    addKey: async ({ id, accessKeyId, secretKey }) => {
      const key = keyFor(id, accessKeyId, secretKey, random)
      requireDone(
        await directory.apply({ kind: 'add-key', key }),
        (await directory.account(id)) === null ? id : key.accessKeyId,
      )
      return (await describeUser(directory, id, key.accessKeyId)).key
    },
    removeKey: async ({ id, accessKeyId }) => {
      const found = await directory.accessKey(accessKeyId)
      if (found !== null && found.account.id !== id) {
        throw new AdminError('no-such-key', `${accessKeyId}: this access key is not ${id}'s`)
      }
      requireDone(await directory.apply({ kind: 'remove-key', accessKeyId }), accessKeyId)
    },
    listBuckets: async () => await allBuckets(parts),
    bucketUsage: async (name) => await bucketLine(parts, name),
    setQuota: async ({ name, bytes, objects }) => {
      const named = await requireBucket(parts, name)
      const outcome = await parts.index.apply(
        { kind: 'set-quota', bucketId: named.bucketId, quotaBytes: bytes, quotaObjects: objects },
        newId(random),
      )
      if (outcome.kind !== 'done') throw noSuchBucket(name)
      return await bucketLine(parts, name)
    },
    status: async () => {
      const lines = await allBuckets(parts)
      return {
        ...(await parts.status()),
        buckets: lines.length,
        objects: lines.reduce((sum, line) => sum + line.usage.objects, 0),
        bytes: lines.reduce(
          (sum, line) => sum + line.usage.bytes + line.usage.otherBytes + line.usage.uploadBytes,
          0,
        ),
      }
    },
    verify: parts.verify,
  }
}

async function addUser(
  { directory, random }: AdminParts,
  request: UserRequest,
): Promise<{ account: Account; key: AccessKey }> {
  const id = request.id ?? newId(random)
  if (!ID_PATTERN.test(id)) {
    throw new AdminError('bad-id', `user id: 1 to 64 printable ASCII characters, not '${id}'`)
  }
  const key = keyFor(id, request.accessKeyId, request.secretKey, random)
  const { displayName, email } = request
  requireText(displayName)
  requireEmail(email)
  const account = { id, displayName, email, isRoot: false }
  requireDone(await directory.apply({ kind: 'add-account', account }), id)
  const outcome = await directory.apply({ kind: 'add-key', key })
  if (outcome !== 'done') await directory.apply({ kind: 'remove-account', accountId: id })
  requireDone(outcome, key.accessKeyId)
  return await describeUser(directory, id, key.accessKeyId)
}

/** Names are shown on terminals and in XML: nothing that moves a cursor or cannot be written. */
function requireText(displayName: string): void {
  const isFine = displayName.trim() !== '' && !/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u.test(displayName)
  if (isFine && displayName.length <= NAME_LENGTH_MAX) return
  throw new AdminError(
    'bad-name',
    `display name: 1 to ${NAME_LENGTH_MAX} characters, not all blank, and no control characters`,
  )
}

function requireEmail(email: string): void {
  if (email === '' || (EMAIL_PATTERN.test(email) && email.length <= NAME_LENGTH_MAX)) return
  throw new AdminError('bad-email', `e-mail address: such as alice@example.com, not '${email}'`)
}

/** A key pair for an account; what is not given is drawn. @throws AdminError on half a pair */
export function keyFor(
  accountId: string,
  accessKeyId: string | null,
  secretKey: string | null,
  random: Random,
): Omit<AccessKey, 'createdAtMs'> {
  if ((accessKeyId === null) !== (secretKey === null)) {
    throw new AdminError('half-a-key', 'give an access key and a secret key, or neither')
  }
  if (accessKeyId !== null && !ACCESS_KEY_PATTERN.test(accessKeyId)) {
    throw new AdminError(
      'bad-access-key',
      'access key: 3 to 128 letters, digits, dots, dashes and underscores',
    )
  }
  if (secretKey !== null && (secretKey.length < 8 || secretKey.length > 128)) {
    throw new AdminError('bad-secret-key', 'secret key: 8 to 128 characters')
  }
  return {
    accountId,
    accessKeyId: accessKeyId ?? drawAccessKey(random),
    secretKey:
      secretKey ??
      Buffer.from(random.bytes(SECRET_KEY_SIZE_BYTES)).toString('base64').replaceAll('/', 'x'),
  }
}

/** Twenty characters of base 32, upper case, as clients expect them to look. */
function drawAccessKey(random: Random): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bytes = [...random.bytes(ACCESS_KEY_SIZE_CHARS)]
  return bytes.map((byte) => alphabet[byte % alphabet.length]).join('')
}

async function describeUser(
  directory: Directory,
  id: string,
  accessKeyId: string,
): Promise<{ account: Account; key: AccessKey }> {
  const found = await directory.accessKey(accessKeyId)
  if (found === null) throw new AdminError('no-such-user', `user ${id} was removed meanwhile`)
  return found
}

const OUTCOME_MESSAGES: Readonly<Record<Exclude<DirectoryOutcome, 'done'>, string>> = {
  'name-taken': 'that bucket name is taken',
  'no-such-name': 'there is no such bucket',
  'account-exists': 'there is such a user already',
  'email-taken': 'another user has that e-mail address',
  'no-such-account': 'there is no such user; `holdfast user list DIR` shows all',
  'account-owns-buckets': 'this user owns buckets; delete those first',
  'account-is-root': 'the root user cannot be removed',
  'key-exists': 'there is such an access key already',
  'no-such-key': 'there is no such access key; `holdfast user list DIR` shows all',
}

function requireDone(outcome: DirectoryOutcome, subject: string): void {
  if (outcome !== 'done') throw new AdminError(outcome, `${subject}: ${OUTCOME_MESSAGES[outcome]}`)
}

function noSuchBucket(name: string): AdminError {
  return new AdminError(
    'no-such-bucket',
    `${name}: there is no such bucket; \`holdfast bucket list DIR\` shows all`,
  )
}

async function requireBucket(parts: AdminParts, name: string) {
  const named = await parts.directory.bucketByName(name)
  if (named === null) throw noSuchBucket(name)
  return named
}

async function bucketLine(parts: AdminParts, name: string): Promise<BucketLine> {
  const named = await requireBucket(parts, name)
  const bucket = await parts.index.bucket(named.bucketId)
  if (bucket === null) throw noSuchBucket(name)
  const { ownerId, createdAtMs, versioning, quotaBytes, quotaObjects } = bucket
  const usage = await parts.index.usage(bucket.id)
  return { name, ownerId, createdAtMs, versioning, usage, quotaBytes, quotaObjects }
}

async function allBuckets(parts: AdminParts): Promise<readonly BucketLine[]> {
  const lines: BucketLine[] = []
  for (let after: string | null = null; ;) {
    const page = await parts.directory.buckets({
      ownerId: null,
      prefix: '',
      after,
      limit: LIST_PAGE,
    })
    for (const { name, state } of page) {
      if (state === 'active') lines.push(await bucketLine(parts, name))
    }
    if (page.length < LIST_PAGE) return lines
    after = page.at(-1)?.name ?? null
  }
}
