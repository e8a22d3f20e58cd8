// The commands of the status plane as an operator types them, at three in the morning too: real
// processes, two sites; every mistake gets one line and exit code 2.

import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { cli, type Ended, until } from '../serve/group.ts'
import { makePlane } from './plane.ts'
import type { Plane } from './plane.ts'

function refusedWith(ended: Ended, line: RegExp, code = 2): void {
  assert.equal(ended.code, code, ended.stderr)
  assert.match(ended.stderr, line)
  assert.equal(ended.stderr.trim().split('\n').length, 1, ended.stderr)
}

/** A public document of a site. */
async function read(plane: Plane, site: string, path: string): Promise<Record<string, unknown>> {
  const answer = await fetch(`${plane.urls[site] ?? ''}${path}`)
  assert.equal(answer.status, 200, path)
  return (await answer.json()) as Record<string, unknown>
}

interface Incident {
  readonly name: string
  readonly status: string
  readonly incident_updates: readonly { readonly body: string }[]
}

async function incidentsAt(plane: Plane, site: string): Promise<readonly Incident[]> {
  const { incidents } = await read(plane, site, '/api/v2/incidents.json')
  return incidents as readonly Incident[]
}

describe('commands', { concurrency: 2 }, () => {
  test('a start that cannot be right is refused in one line', async (t) => {
    const plane = await makePlane(t)
    const serve = async (folder: string, ...words: string[]): Promise<Ended> =>
      await plane.run('serve', folder, '--listen', '127.0.0.1:0', ...words)
    const config = ['--config', plane.configFile]
    refusedWith(await serve('c', '--site', 'c', ...config), /c is no status site's directory; make/)
    refusedWith(await serve('', '--site', 'a', ...config), /^holdfast: DIR is empty$/m)
    refusedWith(await serve('a', ...config), /--site is missing \(or HOLDFAST_STATUS_SITE\)/)
    refusedWith(
      await serve('a', '--site', 'aa', ...config),
      /no site "aa" \(did you mean a\?\): it has a, b$/m,
    )
    refusedWith(
      await serve('a', '--site', 'b', ...config),
      /key is not that of site b in the configuration, but of site a/,
    )
    refusedWith(
      await serve('a', '--site', 'a'),
      /the configuration .*a\/config\.json cannot be read/,
    )
    refusedWith(await serve('a', '--site', 'A b', ...config), /--site takes a name of a-z/)
    refusedWith(
      await serve('a', '--site', 'a', ...config, '--peer', 'c=http://127.0.0.1:1'),
      /--peer c=http:\/\/127\.0\.0\.1:1: "c" is no peer.*there are b$/m,
    )
    const broken = join(plane.folder, 'broken.json')
    writeFileSync(broken, readFileSync(plane.configFile, 'utf8').replace('"sites"', '"site"'))
    refusedWith(
      await serve('a', '--site', 'a', '--config', broken),
      /broken\.json: the configuration has an unknown field "site" \(did you mean sites\?\); and 1 more/,
    )
    const checked = await plane.run('check', broken)
    assert.equal(checked.code, 1)
    assert.equal(checked.stdout.trim().split('\n').length, 2, 'each on its line')
    assert.equal((await plane.run('check', plane.configFile)).code, 0)
    const misspelt = await cli(plane.folder, ['status', 'serve', 'a', '--site', 'a', ...config], {
      HOLDFAST_STATUS_LISTN: '127.0.0.1:0',
    })
    refusedWith(
      misspelt,
      /unknown variable HOLDFAST_STATUS_LISTN \(did you mean HOLDFAST_STATUS_LISTEN\?\)/,
    )
  })

  test('keys are made once, for their owner alone, and never written over', async (t) => {
    const plane = await makePlane(t)
    const pem = readFileSync(plane.keyFile, 'utf8')
    assert.equal(statSync(plane.keyFile).mode & 0o777, 0o600)
    assert.equal(statSync(join(plane.folder, 'a', 'site.key')).mode & 0o777, 0o600)
    const again = await plane.run('key', 'ada.pem', '--name', 'On call')
    assert.equal(again.code, 0, again.stderr)
    assert.match(again.stdout, /is there already, and was left as it is/)
    assert.equal(readFileSync(plane.keyFile, 'utf8'), pem)
    writeFileSync(join(plane.folder, 'letter'), 'dear')
    refusedWith(await plane.run('key', 'letter'), /letter: the file holds no private key/)
    refusedWith(await plane.run('init', 'letter', '--site', 'x'), /letter is a file/)
  })

  test('two processes never share a directory', async (t) => {
    const plane = await makePlane(t, { sites: ['a'] })
    await plane.start('a')
    const config = ['--config', plane.configFile, '--listen', '127.0.0.1:0']
    const second = await plane.run('serve', 'a', '--site', 'a', ...config)
    refusedWith(second, /a is in use by another holdfast/)
  })

  test('a port that another has is told in one line', async (t) => {
    const plane = await makePlane(t, { sites: ['a'] })
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    t.after(() => other.close())
    const { port } = other.address() as AddressInfo
    const words = ['--config', plane.configFile, '--listen', `127.0.0.1:${port}`]
    const refused = await plane.run('serve', 'a', '--site', 'a', ...words)
    refusedWith(refused, new RegExp(`cannot serve at 127.0.0.1:${port}: .*EADDRINUSE`))
  })

  test('what is posted to one site is told by both, and mistakes are told in one line', async (t) => {
    const plane = await makePlane(t, { timing: { exchangeIntervalSec: 1 } })
    const [siteA, siteB] = [await plane.start('a'), await plane.start('b')]
    const words = ['--title', 'Bills are late', '--text', 'We **look**.']
    const affected = ['--affected', 'eu/billing=degraded']
    const posted = await plane.run('post', 'incident', ...words, ...affected)
    assert.equal(posted.code, 0, posted.stderr)
    for (const site of ['a', 'b']) {
      await until(`site ${site} tells it`, async () => {
        const incidents = await incidentsAt(plane, site)
        return incidents.some(({ name }) => name === 'Bills are late')
      })
    }
    const id = /its id is ([0-9a-f]{8})/.exec(posted.stdout)?.[1] ?? ''
    const update = ['--state', 'resolved', '--text', 'It was a queue.']
    refusedWith(
      await plane.run('post', 'update', 'ffffffff', ...update),
      new RegExp(
        `no open incident "ffffffff"; open are .*${id} "Bills are late" \\(investigating\\)`,
      ),
    )
    refusedWith(
      await plane.run('post', 'override', 'eu/biling', 'degraded', '--reason', 'x'),
      /no component "eu\/biling" \(did you mean eu\/billing\?\)/,
    )
    refusedWith(
      await plane.run('post', 'override', 'eu/billing', 'red', '--reason', 'x'),
      /no level "red": it is one of operational, .*none/,
    )
    refusedWith(
      await plane.run('post', 'override', 'eu/billing', 'degraded'),
      /--reason is missing/,
    )
    refusedWith(await plane.run('post', 'incident', '--title', 'x'), /--text/)
    const stranger = join(plane.folder, 'stranger.pem')
    assert.equal((await plane.run('key', stranger)).code, 0)
    refusedWith(
      await plane.run('post', 'incident', ...words, ...affected, '--key', stranger),
      /did not take it: the configuration has no key/,
    )
    refusedWith(await plane.run('post', 'incident', ...words, ...affected, '--key', 'x'), /x/)

    siteA.child.kill('SIGKILL')
    await siteA.exit
    const resolved = await plane.run('post', 'update', id, ...update)
    assert.equal(resolved.code, 0, resolved.stderr)
    assert.match(resolved.stderr, /ECONNREFUSED/, 'the site that is away is told')
    await until('site b tells it', async () => {
      const mine = (await incidentsAt(plane, 'b')).find(({ name }) => name === 'Bills are late')
      return mine?.status === 'resolved' && mine.incident_updates.length === 2
    })
    await plane.start('a')
    await until('site a has what it missed', async () => {
      const mine = (await incidentsAt(plane, 'a')).find(({ name }) => name === 'Bills are late')
      return mine?.status === 'resolved' && mine.incident_updates.length === 2
    })
    const shown = await plane.run('show', plane.urls['b'] ?? '')
    assert.equal(shown.code, 0, shown.stderr)
    assert.match(shown.stdout, /as site b sees it.*\n\n.*\n\nCOMPONENT\s+LEVEL\neu\/console/)
    siteB.child.kill('SIGTERM')
    const ended = await siteB.exit
    assert.equal(ended.code, 0, ended.stderr)
    refusedWith(await plane.run('show', 'http://127.0.0.1:1'), /no site answered/, 1)
  })

  test('what was acknowledged is there from the first answer on, also after SIGKILL', async (t) => {
    const plane = await makePlane(t, { sites: ['a'] })
    const first = await plane.start('a')
    const words = ['--title', 'Kept', '--text', 'x', '--affected', 'none']
    assert.equal((await plane.run('post', 'incident', ...words)).code, 0)
    first.child.kill('SIGKILL')
    await first.exit
    await plane.start('a')
    const incidents = await incidentsAt(plane, 'a')
    assert.deepEqual(
      incidents.map(({ name }) => name),
      ['Kept'],
    )
  })
})
