// Health and metrics: on the same listener or one of their own; what Prometheus reads is well
// formed, and its figures are those of all processes together.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { scratch, Served } from './group.ts'

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** The text format, version 0.0.4. Fails on a line that is none of it, or a family without a type. */
function parse(text: string): readonly Sample[] {
  const types = new Map<string, string>()
  const samples: Sample[] = []
  for (const line of text.split('\n')) {
    if (line === '') continue
    const head = /^# (HELP|TYPE) ([a-z_]+) (.+)$/.exec(line)
    if (head?.[1] === 'TYPE') types.set(head[2] ?? '', head[3] ?? '')
    if (head !== null) continue
    const sample = /^([a-z_]+)(?:\{(.*)\})? (-?[0-9.e+-]+)$/.exec(line)
    assert.ok(sample !== null, `not a sample: ${line}`)
    const [, name = '', inner = '', value] = sample
    const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, '')
    assert.ok(types.has(family), `no type: ${line}`)
    const labels = [...inner.matchAll(/([a-z]+)="([^"]*)"/g)].map(([, key, said]) => [key, said])
    samples.push({ name, labels: Object.fromEntries(labels), value: Number(value) })
  }
  return samples
}

function sum(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const found = samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )
  assert.ok(found.length > 0, `${name} ${JSON.stringify(labels)} is shown`)
  return found.reduce((total, { value }) => total + value, 0)
}

async function scrape(served: Served): Promise<readonly Sample[]> {
  const { status, headers, body } = await served.page('/-/metrics')
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
  return parse(body)
}

const PUTS = 40
const BODY = 'x'.repeat(1000)

for (const workers of ['1', '2']) {
  test(`figures are of all processes together (workers: ${workers})`, async (t) => {
    await using served = await Served.make(scratch(t), { words: ['--workers', workers] })
    assert.equal((await served.send('PUT', '/bucket')).status, 200)
    const before = await scrape(served)
    for (let put = 0; put < PUTS; put++) {
      assert.equal((await served.send('PUT', `/bucket/${put}`, BODY)).status, 200)
    }
    assert.equal((await served.send('GET', '/bucket/7')).body, BODY)
    assert.equal((await served.send('GET', '/bucket/none')).status, 404)
    const after = await scrape(served)
    const put = { operation: 'PutObject' }
    const get = { operation: 'GetObject' }
    assert.equal(sum(after, 'holdfast_requests_total', { ...put, status: '200' }), PUTS)
    assert.equal(sum(after, 'holdfast_requests_total', { ...get, status: '200' }), 1)
    assert.equal(sum(after, 'holdfast_requests_total', { ...get, status: '404' }), 1)
    assert.equal(sum(after, 'holdfast_request_bytes_received_total', put), PUTS * BODY.length)
    assert.ok(sum(after, 'holdfast_request_bytes_sent_total', get) >= BODY.length)
    const duration = 'holdfast_request_duration_seconds'
    assert.equal(sum(after, `${duration}_count`, put), PUTS)
    assert.equal(sum(after, `${duration}_bucket`, { ...put, le: '+Inf' }), PUTS)
    const steps = after.filter(
      ({ name, labels }) => name === `${duration}_bucket` && labels['operation'] === 'PutObject',
    )
    assert.ok(steps.every(({ value }, at) => value >= (steps[at - 1]?.value ?? 0)))
    const grown = (name: string, labels = {}): number =>
      sum(after, name, labels) - sum(before, name, labels)
    assert.ok(grown('holdfast_commits_total') >= PUTS)
    assert.ok(grown('holdfast_commit_batches_total') >= 1)
    assert.ok(grown('holdfast_change_log_sequence') >= PUTS)
    const syncs = 'holdfast_sync_duration_seconds_count'
    assert.ok(grown(syncs, { target: 'index' }) >= PUTS, 'one put after another: a sync each')
    assert.ok(grown(syncs, { target: 'extent' }) >= PUTS)
    assert.ok(sum(after, 'holdfast_extents', { state: 'open' }) >= Number(workers))
    assert.equal(sum(after, 'holdfast_change_log_incarnation'), 1)
    assert.ok(sum(after, 'holdfast_drive_free_bytes') > 0)
  })
}

describe('health', { concurrency: 2 }, () => {
  test('beside S3: alive, ready, and nothing else', async (t) => {
    await using served = await Served.make(scratch(t), { words: ['--workers', '1'] })
    assert.equal(served.greeting.adminUrl, served.greeting.url)
    assert.deepEqual(JSON.parse((await served.page('/-/health/live')).body), { status: 'live' })
    const ready = await served.page('/-/health/ready')
    assert.equal(ready.status, 200)
    assert.equal((JSON.parse(ready.body) as { status: string }).status, 'ready')
    assert.equal((await served.page('/-/health/other')).status, 404)
    assert.equal((await served.page('/-/')).status, 404)
  })

  test('on a listener of its own: there alone, and no S3 there', async (t) => {
    const words = ['--workers', '2', '--admin-listen', '127.0.0.1:0']
    await using served = await Served.make(scratch(t), { words })
    const { url, adminUrl } = served.greeting
    assert.notEqual(adminUrl, url)
    for (const path of ['/-/health/live', '/-/health/ready', '/-/metrics']) {
      assert.equal((await served.page(path)).status, 200, path)
      assert.notEqual((await served.page(path, url)).status, 200, path)
    }
    assert.equal((await served.send('PUT', '/bucket')).status, 200)
    assert.equal((await served.page('/bucket')).status, 404)
    parse((await served.page('/-/metrics')).body)
  })

  test('without a writer it is alive, and not ready for writes', async (t) => {
    await using served = await Served.make(scratch(t), { words: ['--workers', '4'] })
    const [writer] = served.children('writer')
    assert.ok(writer !== undefined)
    process.kill(writer, 'SIGSTOP')
    const ready = served.page('/-/health/ready')
    assert.equal((await served.page('/-/health/live')).status, 200)
    const { status, body } = await ready
    assert.equal(status, 503)
    assert.match(body, /"index":"serving".*"placement":"(?!serving)/)
  })
})
