// The commands, on a store that is served and on one that is not: the same answers, tables for
// people, JSON for programs, and one line with exit code 2 for what cannot be meant.

import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { cli, type Ended, ROOT_KEY, scratch, Served } from './group.ts'

async function json(words: readonly string[]): Promise<unknown> {
  const ended = await cli('/', [...words, '--json'])
  assert.equal(ended.code, 0, ended.stderr)
  assert.equal(ended.stderr, '')
  return JSON.parse(ended.stdout)
}

async function text(words: readonly string[]): Promise<string> {
  const ended = await cli('/', words)
  assert.equal(ended.code, 0, ended.stderr)
  for (const line of ended.stdout.trimEnd().split('\n')) {
    assert.equal(line, line.trimEnd(), 'no blanks at the end')
    assert.doesNotMatch(line, /^ /, 'nothing is indented')
  }
  return ended.stdout
}

/** One line that matches, exit code 2, nothing on standard output. */
function assertRefused({ code, stdout, stderr }: Ended, line: RegExp): void {
  assert.equal(code, 2, stderr)
  assert.match(stderr, line)
  assert.match(stderr, /^holdfast: [^\n]+\n$/)
  assert.equal(stdout, '')
}

/** All that is asked of a store, in whichever way it is reached. */
async function exercise(folder: string, isServed: boolean): Promise<void> {
  const name = isServed ? 'Ann' : 'Älva 🐘'
  const id = isServed ? 'ann' : 'alva'
  const pair = ['--access-key', `${id}-key-1`, '--secret-key', `${id}-secret-1`]
  const added = await json(['user', 'add', folder, name, '--id', id, ...pair])
  const { account } = added as { account: { id: string; displayName: string; isRoot: boolean } }
  assert.deepEqual([account.id, account.displayName, account.isRoot], [id, name, false])
  const key = (await json(['user', 'key', folder, id])) as { key: { accessKeyId: string } }
  assert.match(
    await text(['user', 'list', folder]),
    new RegExp(`^${id} +${name} .*${id}-key-1`, 'm'),
  )
  assertRefused(
    await cli('/', ['user', 'key', folder, 'root', '--remove', key.key.accessKeyId]),
    /not root's/,
  )
  await text(['user', 'key', folder, id, '--remove', key.key.accessKeyId])
  assertRefused(await cli('/', ['user', 'add', folder, 'x', '--id', id]), /such a user already/)
  assertRefused(
    await cli('/', [
      'user',
      'add',
      folder,
      'x',
      '--access-key',
      `${id}-key-1`,
      '--secret-key',
      '12345678',
    ]),
    /such an access key already/,
  )
  assert.match(await text(['bucket', 'list', folder]), /^BUCKET .*QUOTA/m)
  const quota = await json(['bucket', 'quota', folder, 'bucket', '--bytes', '1.5KiB'])
  assert.equal((quota as { quotaBytes: number }).quotaBytes, 1536)
  assert.match(await text(['bucket', 'usage', folder, 'bucket']), /^objects +1, 4 B$/m)
  assert.match(await text(['bucket', 'usage', folder, 'bucket']), /^quota +1\.5 KiB$/m)
  await text(['bucket', 'quota', folder, 'bucket', '--bytes', 'none'])
  const info = (await json(['info', folder])) as { isServed: boolean; objects: number }
  assert.equal(info.isServed, isServed)
  assert.equal(info.objects, 1)
  assert.match(await text(['info', folder]), /^objects +1 in 1 buckets, 4 B$/m)
  assert.match(await text(['verify', folder, '--records']), /all sound$/m)
  const verified = (await json(['verify', folder])) as { blobs: number; findings: unknown[] }
  assert.deepEqual(verified.findings, [])
  assert.ok(verified.blobs >= 1)
  await text(['user', 'remove', folder, id])
  assertRefused(await cli('/', ['user', 'remove', folder, id]), /no such user/)
}

test('every command works on a store that is served, and on one that is not', async (t) => {
  const folder = join(scratch(t), 'store')
  {
    await using served = await Served.make(folder, { words: ['--workers', '1'] })
    assert.equal(statSync(join(folder, 'admin.sock')).mode & 0o777, 0o600)
    assert.equal(statSync(join(folder, 'writer.sock')).mode & 0o777, 0o600)
    assert.equal((await served.send('PUT', '/bucket')).status, 200)
    assert.equal((await served.send('PUT', '/bucket/key', 'body')).status, 200)
    await exercise(folder, true)
    await json(['bucket', 'quota', folder, 'bucket', '--bytes', '6'])
    const over = await served.send('PUT', '/bucket/more', 'body')
    assert.equal(over.status, 403)
    assert.match(over.body, /<Code>QuotaExceeded</)
    await json(['bucket', 'quota', folder, 'bucket', '--bytes', 'none'])
    served.signal('SIGTERM')
    assert.equal((await served.exit).code, 0)
  }
  await exercise(folder, false)
  const rebuilt = (await json(['rebuild', folder])) as { objects: number; keptAside: string }
  assert.equal(rebuilt.objects, 1)
  assert.ok(statSync(rebuilt.keptAside).isDirectory())
  await using again = await Served.start(folder)
  assert.equal((await again.send('GET', '/bucket/key')).body, 'body')
})

describe('what cannot be meant is one line and exit code 2', { concurrency: 3 }, () => {
  test('words', async () => {
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['srve'], /unknown command 'srve' \(Did you mean serve\?\)/],
      [['bucket', 'lst', '/x'], /unknown command 'lst' \(Did you mean list\?\)/],
      [['serve'], /missing required argument 'DIR'/],
      [['info'], /missing required argument 'DIR'/],
      [['info', '/x', '/y'], /too many arguments/],
      [['info', '--jsn', '/x'], /unknown option '--jsn' \(Did you mean --json\?\)/],
      [['info', ''], /DIR/],
      [['serve', ' '], /DIR/],
      [['info', '/nowhere/at/all'], /does not exist/],
      [['init', '/proc/version'], /version is a file; name the directory/],
      [['serve', '/proc/version'], /version is a file; name the directory/],
      [['info', '/proc/version'], /version is a file; name the directory/],
      [['serve', '/x', '--listen', ''], /--listen takes/],
      [['serve', '/x', '--workers', '-1'], /--workers takes/],
      [['--workers', 'two'], /--workers takes/],
      [['serve', '/x', '--tls-cert', '/y'], /needs --tls-key/],
    ]
    for (const [words, line] of cases) assertRefused(await cli('/', words), line)
  })

  test('values', async (t) => {
    const folder = join(scratch(t), 'store')
    assert.equal((await cli('/', ['init', folder])).code, 0)
    const user = ['user', 'add', folder]
    const quota = ['bucket', 'quota', folder, 'bucket']
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[...user, ''], /display name/],
      [[...user, ' '], /display name/],
      [[...user, 'a\u001B[2J'], /display name/],
      [[...user, 'x'.repeat(257)], /display name/],
      [[...user, 'a', '--id', ''], /user id/],
      [[...user, 'a', '--id', 'a b'], /user id/],
      [[...user, 'a', '--email', 'nobody'], /e-mail/],
      [[...user, 'a', '--access-key', 'abc'], /or neither/],
      [[...user, 'a', '--access-key', 'a', '--secret-key', '12345678'], /access key: 3 to 128/],
      [[...user, 'a', '--access-key', 'abc', '--secret-key', '1234567'], /secret key: 8 to 128/],
      [['user', 'key', folder, 'nobody'], /no such user/],
      [['user', 'remove', folder, 'root'], /cannot be removed/],
      [['bucket', 'usage', folder, 'bücket'], /no such bucket/],
      [quota, /--bytes SIZE or --objects N/],
      [[...quota, '--bytes', '-5'], /--bytes takes a size/],
      [[...quota, '--bytes', '0.5'], /--bytes takes a size/],
      [[...quota, '--bytes', '10 elephants'], /--bytes takes a size/],
      [[...quota, '--bytes', ''], /--bytes takes a size/],
      [[...quota, '--bytes', '9e99'], /--bytes takes a size/],
      [[...quota, '--objects', '1.5'], /--objects takes a whole number/],
      [[...quota, '--objects', '٣'], /--objects takes a whole number/],
      [[...quota, '--bytes', '5'], /no such bucket/],
    ]
    for (const [words, line] of cases) assertRefused(await cli('/', words), line)
  })

  test('version and help are no errors', async () => {
    const version = await cli('/', ['--version'])
    assert.deepEqual([version.code, version.stdout.trim()], [0, '0.1.0'])
    const help = await cli('/', ['serve', '--help'])
    assert.equal(help.code, 0)
    for (const name of ['--listen', '--tls-cert', 'HOLDFAST_SECRET_KEY', '--config']) {
      assert.ok(help.stdout.includes(name), name)
    }
    assert.equal((await cli('/', ['user'], ROOT_KEY)).code, 2)
  })
})
