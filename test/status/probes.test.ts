// The client of S3 and the probes against a started store, over the machine's own network.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openNetwork } from '../../src/platform/network.ts'
import { openSystemRandom } from '../../src/platform/random.ts'
import { systemClock } from '../../src/platform/clock.ts'
import type { Network } from '../../src/base/network.ts'
import { ClientMemory } from '../../src/s3/client-memory.ts'
import { S3Client } from '../../src/s3/client.ts'
import type { CellConfig } from '../../src/status/config.ts'
import { CellMemory, readCanaries } from '../../src/status/probes/canary.ts'
import { probeOperation } from '../../src/status/probes/probe-operation.ts'
import { getOf, probeService } from '../../src/status/probes/probe-service.ts'
import { parseReport } from '../../src/status/probes/report.ts'
import { OPERATIONS, type Operation } from '../../src/status/status.ts'
import { StartedStore } from '../started-store.ts'

const PREFIX = 'site-a/'

function cellOf(store: StartedStore, secretKey: string = store.secret): CellConfig {
  return {
    name: 'c1',
    title: 'Cell 1',
    endpoints: [`http://${store.host}`],
    signingRegion: store.region,
    accessKey: store.accessKeyId,
    secretKey,
    bucket: 'canaries',
    reports: [],
  }
}

/** One probe: `well`, or how it failed. */
async function say(network: Network, cell: CellConfig, memory: CellMemory, operation: Operation) {
  const { retryCount, verdict } = await probeOperation(operation, {
    network,
    clock: systemClock,
    random: openSystemRandom(),
    cell,
    prefix: PREFIX,
    memory,
    signal: new AbortController().signal,
  })
  assert.ok(retryCount === 0 || verdict.kind !== 'well')
  if (verdict.kind === 'well') return 'well'
  const { code, kind, message, requestId, status } = verdict.failure
  assert.ok(message.length > 10)
  return `${verdict.kind} ${kind} ${status} ${code} ${requestId === null ? 'without' : 'with'} id`
}

function clientOf(network: Network, cell: CellConfig): S3Client {
  return new S3Client({
    network,
    clock: systemClock,
    random: openSystemRandom(),
    endpoints: cell.endpoints,
    region: cell.signingRegion,
    accessKeyId: cell.accessKey,
    secret: cell.secretKey,
    memory: new ClientMemory(),
    triesMax: 1,
    tryMs: 20_000,
    deadlineMs: systemClock.monotonicMs() + 120_000,
  })
}

test('a store that runs is well by every probe; with its data changed, or gone, it is not', async () => {
  await using network = openNetwork()
  const memory = new CellMemory()
  const cell = await (async () => {
    await using store = await StartedStore.start()
    const cell = cellOf(store)
    const client = clientOf(network, cell)
    assert.equal(await client.headBucket('canaries'), false)
    for (let round = 0; round < 4; round += 1) {
      for (const operation of OPERATIONS) {
        assert.equal(await say(network, cell, memory, operation), 'well', operation)
      }
    }
    const restarted = new CellMemory()
    for (const operation of OPERATIONS) {
      assert.equal(await say(network, cell, restarted, operation), 'well', operation)
    }
    const wrong = cellOf(store, 'wrong')
    for (const operation of ['get', 'sign-in'] as const) {
      const said = await say(network, wrong, memory, operation)
      assert.equal(said, 'failed status 403 SignatureDoesNotMatch with id')
    }
    for (const { key } of readCanaries(PREFIX)) {
      assert.equal((await client.headObject('canaries', key)) !== null, true)
      await client.putObject('canaries', key, Buffer.from('something else'))
    }
    assert.equal(await say(network, cell, memory, 'get'), 'failed wrong-data 200 null without id')
    for (const { key } of readCanaries(PREFIX)) await client.deleteObject('canaries', key)
    assert.equal(await say(network, cell, memory, 'get'), 'failed wrong-data 404 NoSuchKey with id')
    assert.equal(await say(network, cell, memory, 'put'), 'well')
    return cell
  })()
  for (const operation of OPERATIONS) {
    const said = await say(network, cell, memory, operation)
    assert.equal(said, 'failed refused null null without id', operation)
  }
})

test('the client reads what the store answers: pages, uploads, buckets', async () => {
  await using network = openNetwork()
  await using store = await StartedStore.start()
  const client = clientOf(network, cellOf(store))
  await client.createBucket('one')
  await client.createBucket('one') // it is ours already
  assert.deepEqual(await client.listBuckets(), ['one'])
  const keys = ['a b', 'a+b', 'ä/ö', "x'()*!~", '%41']
  for (const key of keys) await client.putObject('one', key, Buffer.from(key))
  const listed: string[] = []
  let token: string | null = null
  do {
    const page = await client.listObjects('one', { prefix: '', keysMax: 2, token })
    listed.push(...page.entries.map(({ key }) => key))
    token = page.nextToken
  } while (token !== null)
  const byBytes = (one: string, other: string): number =>
    Buffer.compare(Buffer.from(one), Buffer.from(other))
  assert.deepEqual(listed, keys.toSorted(byBytes))
  for (const key of keys) {
    const sizeBytes = Buffer.from(key).length
    assert.equal((await client.headObject('one', key))?.sizeBytes, sizeBytes)
    assert.equal(Buffer.from(await client.getObject('one', key, 100)).toString(), key)
  }
  const uploadId = await client.createMultipartUpload('one', 'ü p')
  assert.deepEqual(await client.listMultipartUploads('one', 'ü', 5), [{ key: 'ü p', uploadId }])
  await client.abortMultipartUpload({ bucket: 'one', key: 'ü p', uploadId })
  await client.abortMultipartUpload({ bucket: 'one', key: 'ü p', uploadId })
  assert.deepEqual(await client.listMultipartUploads('one', 'ü', 5), [])
})

test("the store's own readiness is a report, and a service that answers 2xx is well", async () => {
  await using network = openNetwork()
  await using store = await StartedStore.start()
  const url = `http://${store.host}/-/health/ready`
  const report = parseReport(await network.request(getOf(url, 20_000)), 'cell')
  assert.deepEqual([report?.level, report?.isReady], ['operational', true])
  const { signal } = new AbortController()
  const common = { network, clock: systemClock, random: openSystemRandom(), signal }
  const well = await probeService({ ...common, url })
  assert.deepEqual([well.verdict.kind, well.answer?.status], ['well', 200])
  const missing = await probeService({ ...common, url: `http://${store.host}/-/nothing` })
  assert.equal(missing.verdict.kind, 'failed')
})
