import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliError } from './cli-error.ts'
import { variableOf } from './option.ts'
import { readConfigField, readServeOptions } from './options.ts'

const none = { flags: {}, environment: {}, config: {} }

function refusal(sources: Partial<typeof none>): string {
  try {
    readServeOptions({ ...none, ...sources })
  } catch (error) {
    assert.ok(error instanceof CliError)
    assert.equal(error.exitCode, 2)
    return error.message
  }
  return assert.fail('accepted')
}

test('without anything given the defaults hold', () => {
  const options = readServeOptions(none)
  assert.deepEqual(options.listen, { host: '127.0.0.1', port: 9000 })
  assert.equal(options.region, null)
  assert.equal(options['tls-cert'], null)
  assert.equal(options.start, 'serve')
  assert.equal(options['object-ownership'], 'BucketOwnerEnforced', 'nobody else is let in')
})

test('a flag wins over the environment, that over the config file', () => {
  const config = { region: 'from-config', listen: '127.0.0.1:1' }
  const environment = { HOLDFAST_REGION: 'from-environment', HOLDFAST_LISTEN: '127.0.0.1:2' }
  const flags = { listen: '127.0.0.1:3' }
  const options = readServeOptions({ flags, environment, config })
  assert.equal(options.region, 'from-environment')
  assert.equal(options.listen?.port, 3)
  assert.equal(readServeOptions({ ...none, config }).region, 'from-config')
})

test('a value that does not fit is refused with its source and what fits', () => {
  assert.match(refusal({ flags: { listen: 'nine thousand' } }), /^--listen takes a host and a port/)
  assert.match(refusal({ environment: { HOLDFAST_WORKERS: 'many' } }), /^HOLDFAST_WORKERS takes/)
  assert.match(refusal({ config: { start: 'maybe' } }), /"start" in the config file takes one of/)
  assert.match(refusal({ flags: { 'object-ownership': 'objectwriter' } }), /^--object-own.* takes/)
  for (const listen of ['127.0.0.1', ':70000', 'a b:1', '[::1:9000', ''])
    refusal({ flags: { listen } })
})

test('a blank value never means the default', () => {
  assert.match(refusal({ flags: { region: ' ' } }), /--region takes a name/)
})

test('half of a pair is refused', () => {
  assert.match(refusal({ flags: { 'tls-cert': 'a.pem' } }), /--tls-cert needs --tls-key/)
  assert.match(refusal({ environment: { HOLDFAST_SECRET_KEY: 'x' } }), /needs --access-key/)
})

test('addresses: IPv6 in brackets, no host is all of them', () => {
  const read = (listen: string) => readServeOptions({ ...none, flags: { listen } }).listen
  assert.deepEqual(read('[::1]:80'), { host: '::1', port: 80 })
  assert.deepEqual(read(':9000'), { host: '::', port: 9000 })
})

test('an option is a variable by its name', () => {
  assert.equal(variableOf('tls-cert'), 'HOLDFAST_TLS_CERT')
})

test('an unknown variable is refused by name, with the one that was meant', () => {
  assert.match(
    refusal({ environment: { HOLDFAST_LISTN: '127.0.0.1:1' } }),
    /unknown variable HOLDFAST_LISTN \(did you mean HOLDFAST_LISTEN\?\)/,
  )
  assert.doesNotMatch(refusal({ environment: { HOLDFAST_ZZZZZZZZ: '1' } }), /did you mean/)
  readServeOptions({ ...none, environment: { HOLDFAST_CONFIG: 'a.json' } })
})

test('a field of the config file is a text, a number or a list of texts; others are refused', () => {
  assert.equal(readConfigField('workers', 2), '2')
  assert.equal(readConfigField('domain', ['a.b', 'c.d']), 'a.b,c.d')
  for (const value of [null, true, {}, [], [1], ['a', null], Number.NaN]) {
    assert.throws(() => readConfigField('domain', value), CliError)
  }
  assert.throws(() => readConfigField('tls-crt', 'a'), /unknown option "tls-crt" .*tls-cert/)
  assert.throws(() => readConfigField('__proto__', 'a'), /unknown option/)
})

test('workers are counted up to the limit, regions are names', () => {
  assert.equal(readServeOptions({ ...none, flags: { workers: '64' } }).workers, 64)
  for (const workers of ['65', '-1', '1.5', '', ' 1', '0x1', '٣']) refusal({ flags: { workers } })
  for (const region of ['', 'us east', 'a/b', 'ü', 'x'.repeat(65)]) refusal({ flags: { region } })
})
