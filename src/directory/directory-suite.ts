// What every implementation of the directory must do; run by each one's test.

import { strict as check } from 'node:assert'
import { describe, test } from 'node:test'
import type { BucketId } from '../base/id.ts'
import {
  ANONYMOUS_ID,
  type Account,
  type Directory,
  type DirectoryOperation,
  type DirectoryReader,
} from './directory.ts'

/** A directory under test, and a reader of it such as another process has. */
export interface OpenedDirectory extends AsyncDisposable {
  readonly directory: Directory
  openReader(): DirectoryReader
}

const A = ('0'.repeat(31) + 'a') as BucketId
const B = ('0'.repeat(31) + 'b') as BucketId

/** Runs the suite against directories that `open` makes, each one empty. */
export function directorySuite(name: string, open: () => Promise<OpenedDirectory>): void {
  const run = (title: string, body: (opened: OpenedDirectory) => Promise<void>): void => {
    test(title, async () => {
      const opened = await open()
      await body(opened)
      await opened[Symbol.asyncDispose]()
    })
  }
  describe(`directory: ${name}`, () => {
    accountTests(run)
    nameTests(run)
    readerTests(run)
  })
}

type Run = (title: string, body: (opened: OpenedDirectory) => Promise<void>) => void

function account(id: string, over: Partial<Account> = {}): DirectoryOperation {
  return {
    kind: 'add-account',
    account: {
      id,
      displayName: id.toUpperCase(),
      email: `${id}@example.com`,
      isRoot: false,
      ...over,
    },
  }
}

function key(accessKeyId: string, accountId: string): DirectoryOperation {
  return { kind: 'add-key', key: { accessKeyId, secretKey: `secret/${accessKeyId}+`, accountId } }
}

function claim(name: string, bucketId: BucketId, ownerId: string): DirectoryOperation {
  return { kind: 'claim-name', name, bucketId, ownerId }
}

function accountTests(run: Run): void {
  run('an account and its keys are found, and go together', async ({ directory }) => {
    check.equal(await directory.apply(account('ann')), 'done')
    check.equal(await directory.apply(account('ann')), 'account-exists')
    check.equal(await directory.apply(account(ANONYMOUS_ID)), 'account-exists', 'it is nobody’s')
    check.equal(await directory.apply(account('bob', { email: 'ANN@example.com' })), 'email-taken')
    check.equal(await directory.apply(account('bob', { email: '' })), 'done')
    check.equal(await directory.apply(account('cay', { email: '' })), 'done')
    check.equal(await directory.apply(key('AK1', 'ann')), 'done')
    check.equal(await directory.apply(key('AK1', 'bob')), 'key-exists')
    check.equal(await directory.apply(key('AK2', 'nobody')), 'no-such-account')
    check.equal(await directory.apply(key('AK2', 'ann')), 'done')
    const found = await directory.accessKey('AK1')
    check.deepEqual([found?.key.secretKey, found?.account.displayName], ['secret/AK1+', 'ANN'])
    check.deepEqual(
      (await directory.accessKeys('ann')).map(({ accessKeyId }) => accessKeyId),
      ['AK1', 'AK2'],
    )
    check.deepEqual(
      (await directory.accounts()).map(({ id }) => id),
      ['ann', 'bob', 'cay'],
    )
    check.equal(await directory.apply({ kind: 'remove-key', accessKeyId: 'AK1' }), 'done')
    check.equal(await directory.apply({ kind: 'remove-key', accessKeyId: 'AK1' }), 'no-such-key')
    check.equal(await directory.accessKey('AK1'), null)
    check.equal(await directory.apply({ kind: 'remove-account', accountId: 'ann' }), 'done')
    check.deepEqual(
      [await directory.accessKey('AK2'), await directory.account('ann')],
      [null, null],
    )
    check.equal(await directory.apply(account('dan', { email: 'ann@example.com' })), 'done')
  })

  run('the root account and one that owns buckets stay', async ({ directory }) => {
    await directory.apply(account('root', { isRoot: true }))
    await directory.apply(account('ann'))
    check.equal(
      await directory.apply({ kind: 'remove-account', accountId: 'root' }),
      'account-is-root',
    )
    check.equal(
      await directory.apply({ kind: 'remove-account', accountId: 'who' }),
      'no-such-account',
    )
    await directory.apply(claim('photos', A, 'ann'))
    check.equal(
      await directory.apply({ kind: 'remove-account', accountId: 'ann' }),
      'account-owns-buckets',
    )
    await directory.apply({ kind: 'release-name', name: 'photos', bucketId: A })
    check.equal(await directory.apply({ kind: 'remove-account', accountId: 'ann' }), 'done')
  })
}

function nameTests(run: Run): void {
  run("a name is one bucket's, from its claim to its release", async ({ directory }) => {
    await directory.apply(account('ann'))
    await directory.apply(account('bob'))
    check.equal(await directory.apply(claim('photos', A, 'who')), 'no-such-account')
    check.equal(await directory.apply(claim('photos', A, 'ann')), 'done')
    check.equal(await directory.apply(claim('photos', A, 'ann')), 'done')
    check.equal(await directory.apply(claim('photos', B, 'bob')), 'name-taken')
    const mark = (
      kind: 'mark-deleting' | 'unmark-deleting' | 'release-name',
      bucketId: BucketId,
    ): Promise<string> => directory.apply({ kind, name: 'photos', bucketId })
    check.equal(await mark('mark-deleting', B), 'no-such-name')
    check.equal(await mark('mark-deleting', A), 'done')
    check.equal((await directory.bucketByName('photos'))?.state, 'deleting')
    check.equal((await buckets(directory, 'ann'))[0]?.state, 'deleting')
    check.equal(await directory.apply(claim('photos', A, 'ann')), 'name-taken')
    check.equal(await mark('unmark-deleting', A), 'done')
    check.equal((await directory.bucketByName('photos'))?.state, 'active')
    check.equal(await mark('release-name', A), 'done')
    check.equal(await mark('release-name', A), 'no-such-name')
    check.equal(await directory.bucketByName('photos'), null)
    check.equal(await directory.apply(claim('photos', B, 'bob')), 'done')
  })

  run('of many who claim a name at once one gets it', async ({ directory }) => {
    await directory.apply(account('ann'))
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, (_, at) =>
        directory.apply(claim('photos', at.toString(16).padStart(32, '0') as BucketId, 'ann')),
      ),
    )
    check.equal(outcomes.filter((outcome) => outcome === 'done').length, 1)
  })

  run('buckets list by name, of one owner or all, in pages', async ({ directory }) => {
    await directory.apply(account('ann'))
    await directory.apply(account('an'))
    const names = ['b', 'a-1', 'a-2', 'c']
    for (const [at, name] of names.entries()) {
      await directory.apply(
        claim(name, `${at}`.padStart(32, '0') as BucketId, name === 'c' ? 'an' : 'ann'),
      )
    }
    check.deepEqual(await buckets(directory, 'ann').then(namesOf), ['a-1', 'a-2', 'b'])
    check.deepEqual(await buckets(directory, 'an').then(namesOf), ['c'])
    check.deepEqual(await buckets(directory, null).then(namesOf), ['a-1', 'a-2', 'b', 'c'])
    check.deepEqual(await buckets(directory, 'ann', { prefix: 'a-' }).then(namesOf), ['a-1', 'a-2'])
    check.deepEqual(await buckets(directory, null, { after: 'a-1', limit: 2 }).then(namesOf), [
      'a-2',
      'b',
    ])
    check.deepEqual(await buckets(directory, null, { after: 'z' }), [])
    check.deepEqual(await buckets(directory, null, { prefix: 'b', after: 'a' }).then(namesOf), [
      'b',
    ])
  })
}

type Buckets = Awaited<ReturnType<DirectoryReader['buckets']>>

function buckets(
  reader: DirectoryReader,
  ownerId: string | null,
  over: Partial<Parameters<DirectoryReader['buckets']>[0]> = {},
): Promise<Buckets> {
  return reader.buckets({ ownerId, prefix: '', after: null, limit: 1000, ...over })
}

function namesOf(found: Buckets): string[] {
  return found.map(({ name }) => name)
}

function readerTests(run: Run): void {
  run('a reader elsewhere sees each change at once, whatever it has kept', async (opened) => {
    const { directory } = opened
    const reader = opened.openReader()
    check.deepEqual(
      [await reader.bucketByName('photos'), await reader.accessKey('AK1')],
      [null, null],
    )
    const before = await reader.generation()
    await directory.apply(account('ann'))
    await directory.apply(key('AK1', 'ann'))
    await directory.apply(claim('photos', A, 'ann'))
    check.ok((await reader.generation()) > before)
    check.equal((await reader.bucketByName('photos'))?.bucketId, A)
    check.equal((await reader.accessKey('AK1'))?.account.id, 'ann')
    check.equal((await reader.accessKey('AK1'))?.key.secretKey, 'secret/AK1+')
    await directory.apply({ kind: 'remove-key', accessKeyId: 'AK1' })
    check.equal(await reader.accessKey('AK1'), null)
    await directory.apply({ kind: 'mark-deleting', name: 'photos', bucketId: A })
    check.equal((await reader.bucketByName('photos'))?.state, 'deleting')
  })

  run('a name of any length can be asked for', async ({ directory }) => {
    await directory.apply(account('ann'))
    for (const name of ['a', 'nnn', 'o']) await directory.apply(claim(name, A, 'ann'))
    for (const length of [0, 64, 1976, 1977, 1978, 1979, 16_384]) {
      check.equal(await directory.bucketByName('n'.repeat(length)), null)
      check.equal(await directory.accessKey('K'.repeat(length)), null)
      check.equal(await directory.account('\u00e9'.repeat(length)), null)
      const list = async (prefix: string, after: string | null, ownerId: string | null = null) =>
        (await directory.buckets({ ownerId, prefix, after, limit: 9 })).map(({ name }) => name)
      const long = 'n'.repeat(length)
      check.deepEqual(await list(long, null), length === 0 ? ['a', 'nnn', 'o'] : [])
      check.deepEqual(await list('', long, 'ann'), length === 0 ? ['a', 'nnn', 'o'] : ['o'])
      check.deepEqual(await list('', `a${long}`), ['nnn', 'o'])
    }
  })

  run('a refusal raises no generation', async ({ directory }) => {
    await directory.apply(account('ann'))
    const before = await directory.generation()
    await directory.apply(account('ann'))
    await directory.apply({ kind: 'remove-key', accessKeyId: 'none' })
    check.equal(await directory.generation(), before)
  })
}
