// What each operation of the directory does, decided over the engine's overlay. Repeating what has
// been done says 'done' again, so that a caller who lost the answer may ask again.

import { unreachable } from '../base/assert.ts'
import type { Decision, Mutation, Overlay, Reads } from '../engine/engine.ts'
import {
  ANONYMOUS_ID,
  DirectoryError,
  type BucketName,
  type DirectoryOperation,
  type DirectoryOutcome,
} from './directory.ts'
import {
  accessKeyKey,
  accountKey,
  decodeAccessKey,
  decodeAccount,
  decodeBucketName,
  decodeGeneration,
  emailKey,
  encodeAccessKey,
  encodeAccount,
  encodeBucketName,
  encodeEmail,
  encodeGeneration,
  generationKey,
  nameKey,
  ownedNameKey,
  rangeOf,
  type AccountRecord,
} from './directory-record.ts'

/** An outcome, or the damaged record that stood in its way. */
export type DirectoryResult = DirectoryOutcome | { readonly error: DirectoryError }

export interface DirectoryPlan {
  readonly reads: Reads
  readonly decide: (overlay: Overlay) => Decision<DirectoryResult>
}

type Of<K extends DirectoryOperation['kind']> = Extract<DirectoryOperation, { kind: K }>
type Step = DirectoryOutcome | readonly Mutation[] | { readonly more: Reads }

export function planDirectory(operation: DirectoryOperation): DirectoryPlan {
  const { reads, decide } = planOf(operation)
  return {
    reads: { ...reads, keys: [generationKey(), ...(reads.keys ?? [])] },
    decide: (overlay) => {
      try {
        const step = decide(overlay)
        if (typeof step === 'string') return { kind: 'refuse', result: step }
        if ('more' in step) return { kind: 'more', reads: step.more }
        if (step.length === 0) return { kind: 'refuse', result: 'done' }
        const generation = decodeGeneration(overlay.get(generationKey())) + 1
        const raised = set(generationKey(), encodeGeneration(generation))
        return { kind: 'apply', mutations: [...step, raised], result: 'done' }
      } catch (error) {
        if (error instanceof DirectoryError) return { kind: 'refuse', result: { error } }
        throw error
      }
    },
  }
}

interface StepPlan {
  readonly reads: Reads
  readonly decide: (overlay: Overlay) => Step
}

function planOf(operation: DirectoryOperation): StepPlan {
  switch (operation.kind) {
    case 'claim-name':
      return planClaim(operation)
    case 'mark-deleting':
    case 'unmark-deleting':
    case 'release-name':
      return planName(operation)
    case 'add-account':
      return planAddAccount(operation)
    case 'remove-account':
      return planRemoveAccount(operation)
    case 'add-key':
      return planAddKey(operation)
    case 'remove-key':
      return planRemoveKey(operation)
    default:
      return unreachable(operation)
  }
}

function planClaim(operation: Of<'claim-name'>): StepPlan {
  const { name, bucketId, ownerId } = operation
  return {
    reads: { keys: [nameKey(name), accountKey(ownerId)] },
    decide: (overlay) => {
      const taken = nameIn(overlay, name)
      if (taken !== null) {
        return taken.bucketId === bucketId && taken.state === 'active' ? [] : 'name-taken'
      }
      if (overlay.get(accountKey(ownerId)) === null) return 'no-such-account'
      return setName({ name, bucketId, ownerId, createdAtMs: overlay.nowMs, state: 'active' })
    },
  }
}

function planName(operation: Of<'mark-deleting' | 'unmark-deleting' | 'release-name'>): StepPlan {
  const { kind, name, bucketId } = operation
  return {
    reads: { keys: [nameKey(name)] },
    decide: (overlay) => {
      const found = nameIn(overlay, name)
      if (found === null || found.bucketId !== bucketId) return 'no-such-name'
      if (kind === 'release-name') {
        return [remove(nameKey(name)), remove(ownedNameKey(found.ownerId, name))]
      }
      const state = kind === 'mark-deleting' ? 'deleting' : 'active'
      return found.state === state ? [] : setName({ ...found, state })
    },
  }
}

function nameIn(overlay: Overlay, name: string): BucketName | null {
  const value = overlay.get(nameKey(name))
  return value === null ? null : decodeBucketName(nameKey(name), value)
}

function setName(record: BucketName): Mutation[] {
  const byName = nameKey(record.name)
  const byOwner = ownedNameKey(record.ownerId, record.name)
  return [
    set(byName, encodeBucketName(byName, record)),
    set(byOwner, encodeBucketName(byOwner, record)),
  ]
}

function planAddAccount(operation: Of<'add-account'>): StepPlan {
  const { account } = operation
  const byEmail = account.email === '' ? null : emailKey(account.email)
  return {
    reads: { keys: [accountKey(account.id), ...(byEmail === null ? [] : [byEmail])] },
    decide: (overlay) => {
      const isTaken = account.id === ANONYMOUS_ID || overlay.get(accountKey(account.id)) !== null
      if (isTaken) return 'account-exists'
      if (byEmail !== null && overlay.get(byEmail) !== null) return 'email-taken'
      const record: AccountRecord = { ...account, createdAtMs: overlay.nowMs, accessKeyIds: [] }
      const mutations = [set(accountKey(account.id), encodeAccount(record))]
      if (byEmail !== null) {
        mutations.push(set(byEmail, encodeEmail(byEmail, account.id)))
      }
      return mutations
    },
  }
}

function planRemoveAccount(operation: Of<'remove-account'>): StepPlan {
  const { accountId } = operation
  const owned = rangeOf(ownedNameKey(accountId, ''))
  return {
    reads: { keys: [accountKey(accountId)], firsts: [owned] },
    decide: (overlay) => {
      const account = accountIn(overlay, accountId)
      if (account === null) return 'no-such-account'
      if (account.isRoot) return 'account-is-root'
      if (overlay.first(owned) !== null) return 'account-owns-buckets'
      const keys = account.accessKeyIds.map((id) => remove(accessKeyKey(id)))
      const email = account.email === '' ? [] : [remove(emailKey(account.email))]
      return [remove(accountKey(accountId)), ...email, ...keys]
    },
  }
}

function accountIn(overlay: Overlay, accountId: string): AccountRecord | null {
  const value = overlay.get(accountKey(accountId))
  return value === null ? null : decodeAccount(accountKey(accountId), value)
}

function planAddKey(operation: Of<'add-key'>): StepPlan {
  const { accessKeyId, accountId } = operation.key
  return {
    reads: { keys: [accessKeyKey(accessKeyId), accountKey(accountId)] },
    decide: (overlay) => {
      if (overlay.get(accessKeyKey(accessKeyId)) !== null) return 'key-exists'
      const account = accountIn(overlay, accountId)
      if (account === null) return 'no-such-account'
      const accessKeyIds = [...account.accessKeyIds, accessKeyId]
      return [
        set(
          accessKeyKey(accessKeyId),
          encodeAccessKey({ ...operation.key, createdAtMs: overlay.nowMs }),
        ),
        set(accountKey(accountId), encodeAccount({ ...account, accessKeyIds })),
      ]
    },
  }
}

function planRemoveKey(operation: Of<'remove-key'>): StepPlan {
  const { accessKeyId } = operation
  const at = accessKeyKey(accessKeyId)
  let asked: Overlay | null = null
  return {
    reads: { keys: [at] },
    decide: (overlay) => {
      const value = overlay.get(at)
      if (value === null) return 'no-such-key'
      const { accountId } = decodeAccessKey(at, value)
      if (asked !== overlay) {
        asked = overlay
        return { more: { keys: [accountKey(accountId)] } }
      }
      const account = accountIn(overlay, accountId)
      if (account === null) return [remove(at)]
      const accessKeyIds = account.accessKeyIds.filter((id) => id !== accessKeyId)
      return [remove(at), set(accountKey(accountId), encodeAccount({ ...account, accessKeyIds }))]
    },
  }
}

function set(key: Buffer, value: Buffer): Mutation {
  return { kind: 'set', key, value }
}

function remove(key: Buffer): Mutation {
  return { kind: 'delete', key }
}
