// What is served and what is refused: a store is never made by serving, never served twice, and its
// settings come from where they were given.

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import * as lmdb from 'lmdb'
import { cli, isRunning, ROOT_KEY, scratch, Served, until } from './group.ts'

/** Serving `folder` is refused in one line that matches. */
async function refused(folder: string, line: RegExp, words: readonly string[] = []): Promise<void> {
  const ended = await cli('/', ['serve', folder, '--listen', '127.0.0.1:0', ...words])
  assert.equal(ended.code, 2, ended.stderr)
  assert.match(ended.stderr, line)
  assert.equal(ended.stderr.trim().split('\n').length, 1, ended.stderr)
  assert.equal(ended.stdout, '')
}

describe('starts', { concurrency: 4 }, () => {
  test('a missing, an empty and a foreign directory are refused by name and left alone', async (t) => {
    const folder = scratch(t)
    const missing = join(folder, 'missing')
    await refused(
      missing,
      /missing does not exist; make a store there with: holdfast init .*missing/,
    )
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    await refused(empty, /empty: there is no store here\. Make one with `holdfast init .*mount it/)
    assert.deepEqual(readdirSync(empty), [])
    const foreign = join(folder, 'foreign')
    mkdirSync(foreign)
    writeFileSync(join(foreign, 'letter.txt'), 'dear')
    await refused(foreign, /foreign: this is no store: .*"letter\.txt"/)
    assert.deepEqual(readdirSync(foreign), ['letter.txt'])
    const init = await cli(folder, ['init', foreign])
    assert.equal(init.code, 2)
    assert.match(init.stderr, /foreign is not empty/)
  })

  test('damage of both superblocks is refused by name; of one it is not', async (t) => {
    const folder = join(scratch(t), 'store')
    assert.equal((await cli('/', ['init', folder])).code, 0)
    flipByte(join(folder, 'superblock'))
    const info = await cli('/', ['info', folder])
    assert.equal(info.code, 0, info.stderr)
    flipByte(join(folder, 'superblock.copy'))
    await refused(folder, /superblock is damaged/)
  })

  test('an index that is gone is not served as an empty one', async (t) => {
    const folder = join(scratch(t), 'store')
    assert.equal((await cli('/', ['init', folder])).code, 0)
    writeFileSync(join(folder, 'index', 'data.mdb'), '')
    await refused(folder, /the index is missing or empty.*holdfast rebuild/)
  })

  test('a region that is not the store’s is refused, its own needs no naming', async (t) => {
    const folder = join(scratch(t), 'store')
    assert.equal((await cli('/', ['init', folder, '--region', 'eu-north-9'])).code, 0)
    await refused(folder, /belongs to region eu-north-9, not eu-1/, ['--region', 'eu-1'])
    await using served = await Served.start(folder)
    assert.equal(served.greeting.region, 'eu-north-9')
    assert.equal((await served.send('GET', '/')).status, 200, 'signed for that region')
  })

  test('strict serves a store whose records are sound, and none whose are not', async (t) => {
    const folder = join(scratch(t), 'store')
    const words = ['--start', 'strict', '--workers', '1']
    {
      await using served = await Served.make(folder, { words })
      const info = await cli('/', ['info', folder, '--json'])
      const { validation } = JSON.parse(info.stdout) as { validation: Record<string, unknown> }
      assert.equal(validation['state'], 'done')
      assert.equal(validation['findings'], 0)
      assert.equal((await served.send('PUT', '/bucket')).status, 200)
      assert.equal((await served.send('PUT', '/bucket/the-victim', 'x')).status, 200)
      served.signal('SIGTERM')
      assert.equal((await served.exit).code, 0)
    }
    await damageRecord(join(folder, 'index'), 'the-victim')
    const ended = await cli('/', ['serve', folder, '--listen', '127.0.0.1:0', ...words])
    assert.equal(ended.code, 2)
    assert.match(ended.stderr, /"corrupt-record".*the-victim/)
    assert.match(ended.stderr, /^holdfast: .*2 of its records are not sound.*verify --records/m)
    await using served = await Served.start(folder, { words: ['--workers', '1'] })
    assert.equal(
      (await served.send('GET', '/bucket/the-victim')).status,
      500,
      'it is found on read',
    )
  })

  test('two servers never share a directory, also after the supervisor alone was killed', async (t) => {
    const folder = scratch(t)
    {
      await using served = await Served.make(folder, { words: ['--workers', '2'] })
      await refused(folder, /is in use by another holdfast/)
      const rebuild = await cli('/', ['rebuild', folder])
      assert.equal(rebuild.code, 2)
      assert.match(rebuild.stderr, /is in use/)
      assert.equal((await served.send('PUT', '/bucket')).status, 200)
      const children = [...served.children('worker'), ...served.children('writer')]
      assert.equal(children.length, 2)
      served.signal('SIGKILL')
      await until('its children end by themselves', () => !children.some(isRunning))
    }
    await using next = await Served.start(folder)
    assert.equal((await next.send('HEAD', '/bucket')).status, 200)
  })

  test('the command alone makes its directory where it does not exist, and only there', async (t) => {
    const home = scratch(t)
    mkdirSync(join(home, 'holdfast-data'))
    const ended = await cli(home, ['--listen', '127.0.0.1:0'])
    assert.equal(ended.code, 2)
    assert.match(ended.stderr, /there is no store here/)
    assert.deepEqual(readdirSync(join(home, 'holdfast-data')), [])
  })

  test('a flag wins over a variable, that over the config file; the root key is set', async (t) => {
    const folder = scratch(t)
    assert.equal((await cli('/', ['init', folder], {})).code, 0)
    const config = join(scratch(t), 'config.json')
    writeFileSync(config, JSON.stringify({ workers: 3, 'access-log': 'all', 'log-level': 'error' }))
    await using served = await Served.start(folder, {
      words: ['--workers', '1'],
      variables: {
        ...ROOT_KEY,
        HOLDFAST_CONFIG: config,
        HOLDFAST_ACCESS_LOG: 'none',
        HOLDFAST_WORKERS: '2',
      },
    })
    assert.equal(served.children('worker').length, 1)
    assert.equal((await served.send('PUT', '/bucket')).status, 200, 'with the key of the variables')
    served.signal('SIGTERM')
    const { stdout } = await served.exit
    assert.doesNotMatch(stdout, /PutBucket|CreateBucket/, 'nothing in the access log')
  })

  test('unknown names are refused with the one that was meant', async (t) => {
    const folder = scratch(t)
    const config = join(folder, 'config.json')
    writeFileSync(config, '{"lisen":"127.0.0.1:1"}')
    await refused(folder, /unknown option '--lisen' \(Did you mean --listen\?\)/, [
      '--lisen',
      'a:1',
    ])
    await refused(folder, /unknown option "lisen" \(did you mean listen\?\)/, ['--config', config])
    writeFileSync(config, '{')
    await refused(folder, /config\.json cannot be read/, ['--config', config])
    const variable = await cli('/', ['serve', folder], { HOLDFAST_LISTN: 'a:1' })
    assert.equal(variable.code, 2)
    assert.match(variable.stderr, /HOLDFAST_LISTN \(did you mean HOLDFAST_LISTEN\?\)/)
  })
})

/** Flips a bit of each record whose key ends so, behind the engine's back. */
async function damageRecord(path: string, keyEnd: string): Promise<void> {
  const binary = { keyEncoding: 'binary', encoding: 'binary' } as const
  const root = lmdb.open({ path, noSubdir: false, maxDbs: 4, ...binary })
  const entries = root.openDB<Buffer, Buffer>('entries', binary)
  let damaged = 0
  for (const { key, value } of entries.getRange()) {
    if (!key.toString('latin1').endsWith(keyEnd)) continue
    const bytes = Buffer.from(value)
    bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1)
    await entries.put(key, bytes)
    damaged += 1
  }
  await root.close()
  assert.ok(damaged > 0, 'there was one to damage')
}

function flipByte(path: string): void {
  const bytes = readFileSync(path)
  const at = bytes.length >> 1
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(path, bytes)
}
