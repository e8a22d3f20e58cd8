import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { StatusConfig } from '../status/config.ts'
import { CliError } from './cli-error.ts'
import { readServeOptions } from './options.ts'
import { withPeers } from './peers.ts'
import { readPostOptions, readStatusOptions } from './status-options.ts'

function refused(act: () => unknown, line: RegExp): void {
  assert.throws(act, (error) => error instanceof CliError && line.test(error.message))
}

test('a flag wins over the variable, that over the default', () => {
  const environment = { HOLDFAST_STATUS_LISTEN: '127.0.0.1:2', HOLDFAST_STATUS_SITE: 'a' }
  const options = readStatusOptions({ listen: '127.0.0.1:3' }, environment)
  assert.equal(options.listen?.port, 3)
  assert.equal(options.site, 'a')
  assert.equal(readStatusOptions({}, environment).listen?.port, 2)
  assert.deepEqual(readStatusOptions({}, {}).listen, { host: '127.0.0.1', port: 9100 })
  assert.equal(readPostOptions({}, { HOLDFAST_STATUS_KEY: 'k' }).key, 'k')
})

test('a misspelt variable is refused; those of the store and of the plane do not hinder each other', () => {
  refused(
    () => readStatusOptions({}, { HOLDFAST_STATUS_SIET: 'a' }),
    /unknown variable HOLDFAST_STATUS_SIET \(did you mean HOLDFAST_STATUS_SITE\?\)/,
  )
  assert.equal(readStatusOptions({}, { HOLDFAST_REGION: 'eu' }).site, null)
  const environment = { HOLDFAST_STATUS_KEY: 'k', HOLDFAST_REGION: 'eu' }
  assert.equal(readServeOptions({ flags: {}, environment, config: {} }).region, 'eu')
})

test('what does not fit is refused with its source', () => {
  refused(() => readStatusOptions({ 'tls-key': 'k' }, {}), /--tls-cert and --tls-key/)
  refused(
    () => readStatusOptions({ peer: 'b=ftp://x' }, {}),
    /^--peer takes origins such as https:\/\/b\.example\.com/,
  )
  refused(
    () => readStatusOptions({}, { HOLDFAST_STATUS_SITE: 'A' }),
    /^HOLDFAST_STATUS_SITE takes a name/,
  )
})

test('a peer is reached where the command line says', () => {
  const config = {
    sites: [
      { name: 'a', url: 'https://a.example' },
      { name: 'b', url: 'https://b.example' },
      { name: 'c', url: 'https://c.example' },
    ],
  } as unknown as StatusConfig
  const urls = (given: readonly string[]): string[] =>
    withPeers(config, 'a', given).sites.map(({ url }) => url)
  assert.deepEqual(urls([]), ['https://a.example', 'https://b.example', 'https://c.example'])
  assert.deepEqual(urls(['c=http://10.0.0.3:9100/', 'https://b.example']), [
    'https://a.example',
    'https://b.example',
    'http://10.0.0.3:9100',
  ])
  refused(() => urls(['http://10.0.0.3:9100']), /say which it is, NAME=URL; there are b, c$/)
  refused(() => urls(['a=http://10.0.0.1:9100']), /"a" is no peer/)
  refused(() => withPeers(config, 'd', []), /no site "d".*it has a, b, c$/)
  const two = { ...config, sites: config.sites.slice(0, 2) }
  assert.equal(withPeers(two, 'a', ['http://10.0.0.2']).sites[1]?.url, 'http://10.0.0.2')
})
