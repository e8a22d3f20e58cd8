// The probes against a cell in memory: each fault is told of the operation that failed, alone.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManualClock } from '../../base/manual-clock.ts'
import type { HttpAnswer, NetworkErrorCode } from '../../base/network.ts'
import type { S3Operation } from '../../s3/s3-operation.ts'
import type { CellConfig } from '../config.ts'
import { OPERATIONS, type FailureKind, type Operation } from '../status.ts'
import { CellMemory, listedCanaries, readCanaries } from './canary.ts'
import { CellModel, MODEL_SECRET, ModelNetwork, type Fault } from './cell-model.ts'
import { probeOperation, type Outcome } from './probe-operation.ts'

const ORIGIN = 'http://cell'
const PREFIX = 'site-a/'
const BUCKET = 'canaries'

const CELL: CellConfig = {
  name: 'c1',
  title: 'Cell 1',
  endpoints: [ORIGIN],
  signingRegion: 'us-east-1',
  accessKey: 'key',
  secretKey: MODEL_SECRET,
  bucket: BUCKET,
  reports: [],
}

class World {
  readonly clock = new ManualClock(Date.UTC(2024, 0, 1))
  readonly network: ModelNetwork = new ModelNetwork(this.clock)
  readonly cell: CellModel = new CellModel()
  memory = new CellMemory()
  #lot = 0

  constructor() {
    this.network.cells.set(ORIGIN, this.cell)
  }

  get objects(): Map<string, Buffer> {
    return this.cell.buckets.get(BUCKET) ?? new Map()
  }

  /** One run of a probe, with as much time as it takes. */
  async probe(operation: Operation, prefix = PREFIX): Promise<Outcome> {
    const running = probeOperation(operation, {
      network: this.network,
      clock: this.clock,
      random: {
        bytes: (count) => new Uint8Array(count),
        fraction: () => (this.#lot = (this.#lot + 0.37) % 1),
      },
      cell: CELL,
      prefix,
      memory: this.memory,
      signal: new AbortController().signal,
    })
    const over = new AbortController()
    running.then(
      () => over.abort(),
      () => over.abort(),
    )
    for (let count = 0; count < 2000 && !over.signal.aborted; count += 1) {
      await this.clock.advance(100)
    }
    return await running
  }

  /** What each operation's probe says: `well`, or the kind of the failure. */
  async verdicts(): Promise<Record<Operation, string>> {
    const said: Partial<Record<Operation, string>> = {}
    for (const operation of OPERATIONS) {
      const { verdict } = await this.probe(operation)
      said[operation] = verdict.kind === 'failed' ? verdict.failure.kind : verdict.kind
    }
    return said as Record<Operation, string>
  }

  /** All that fails does so by this fault. */
  fail(operations: readonly S3Operation[], fault: Fault): void {
    this.network.fault = ({ operation }) =>
      operation !== null && operations.includes(operation) ? fault : null
  }
}

const ALL_WELL: Readonly<Record<Operation, string>> = {
  get: 'well',
  list: 'well',
  put: 'well',
  delete: 'well',
  multipart: 'well',
  'sign-in': 'well',
}

const UNAVAILABLE: Fault = { kind: 'refused', status: 503, code: 'ServiceUnavailable' }

/** What the probe of an operation needs, and what is thereby only its own. */
const OWN: Readonly<Record<Operation, readonly S3Operation[]>> = {
  get: ['GetObject'],
  list: ['ListObjectsV2'],
  put: ['PutObject'],
  delete: ['DeleteObject'],
  multipart: ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'],
  'sign-in': ['ListBuckets'],
}

test('a cell that nobody has probed is set up, and is well at once and ever after', async () => {
  const world = new World()
  for (let round = 0; round < 4; round += 1) {
    assert.deepEqual(await world.verdicts(), ALL_WELL)
    world.memory = round === 1 ? new CellMemory() : world.memory // the site was started again
  }
  assert.ok(readCanaries(PREFIX).some(({ key }) => world.objects.has(key)))
  assert.equal(world.cell.uploads.size, 0)
})

test('one operation that is down is told alone, and by how it failed', async () => {
  for (const operation of OPERATIONS) {
    const world = new World()
    await world.verdicts()
    for (const s3Operation of OWN[operation]) {
      world.fail([s3Operation], UNAVAILABLE)
      assert.deepEqual(await world.verdicts(), { ...ALL_WELL, [operation]: 'status' }, s3Operation)
    }
    world.network.fault = () => null
    assert.deepEqual(await world.verdicts(), ALL_WELL)
  }
})

test('an operation that hangs does not use up the time of another', async () => {
  for (const operation of OPERATIONS) {
    const world = new World()
    await world.verdicts()
    world.fail(OWN[operation], { kind: 'silent' })
    assert.deepEqual(await world.verdicts(), { ...ALL_WELL, [operation]: 'timeout' })
  }
})

test('with PUT down from the first probe on, only what cannot be set up is unsure', async () => {
  const world = new World()
  world.fail(['PutObject'], { kind: 'silent' })
  const expected = { ...ALL_WELL, get: 'unsure', list: 'unsure', put: 'timeout' }
  assert.deepEqual(await world.verdicts(), expected)
  world.network.fault = () => null
  assert.deepEqual(await world.verdicts(), ALL_WELL)
})

test('each way in which a network fails is told as it is', async () => {
  const codes: Readonly<Record<NetworkErrorCode, FailureKind>> = {
    unresolved: 'unresolved',
    refused: 'refused',
    unreachable: 'unreachable',
    reset: 'reset',
    timeout: 'timeout',
    tls: 'tls',
    'too-large': 'malformed',
    malformed: 'malformed',
  }
  for (const [code, kind] of Object.entries(codes)) {
    const world = new World()
    await world.verdicts()
    world.network.fault = () => ({ kind: 'lost', code: code as NetworkErrorCode })
    for (const said of Object.values(await world.verdicts())) assert.equal(said, kind)
  }
})

test('a failure names the request and keeps the raw answer', async () => {
  const world = new World()
  await world.verdicts()
  world.fail(['GetObject'], UNAVAILABLE)
  const { retryCount, verdict } = await world.probe('get')
  assert.ok(verdict.kind === 'failed')
  const { code, message, raw, requestId, status } = verdict.failure
  assert.deepEqual([status, code, requestId], [503, 'ServiceUnavailable', 'a-request'])
  assert.match(message, /GET of canaries\/site-a\/get\/\d+: answered 503 ServiceUnavailable/)
  assert.match(raw, /^HTTP 503\nx-amz-request-id: a-request\n\n<Error>/)
  assert.equal(retryCount, 2)
})

test('a lost request or two are retries and no failures', async () => {
  for (const operation of OPERATIONS) {
    const world = new World()
    await world.verdicts()
    for (const fault of [
      UNAVAILABLE,
      { kind: 'lost', code: 'reset' },
      { kind: 'answer-lost' },
    ] as const) {
      for (const s3Operation of OWN[operation]) {
        let left = 2
        world.network.fault = (seen) =>
          seen.operation === s3Operation && (left -= 1) >= 0 ? fault : null
        const { retryCount, verdict } = await world.probe(operation)
        assert.deepEqual(verdict, { kind: 'well' }, `${s3Operation} ${fault.kind}`)
        assert.equal(retryCount, 2)
      }
    }
  }
})

test('a slow answer takes its time, and what is beside the operation does not count', async () => {
  const world = new World()
  await world.verdicts()
  world.fail(['DeleteObject'], { kind: 'slow', delayMs: 3000 })
  const slow = await world.probe('delete')
  assert.equal(slow.verdict.kind, 'well')
  assert.ok(slow.durationMs >= 3000 && slow.durationMs < 3500, `${slow.durationMs} ms`)
  world.fail(['PutObject', 'HeadObject'], { kind: 'slow', delayMs: 2000 })
  const fast = await world.probe('delete')
  assert.equal(fast.verdict.kind, 'well')
  assert.ok(fast.durationMs < 1000, `${fast.durationMs} ms`)
})

test('one wrong byte of a canary is found, and so is a missing end', async () => {
  const world = new World()
  await world.verdicts()
  const flip = (answer: HttpAnswer): HttpAnswer => {
    const body = Buffer.from(answer.body)
    body[300] = (body[300] ?? 0) ^ 1
    return { ...answer, body }
  }
  world.fail(['GetObject'], { kind: 'changed', change: flip })
  assert.deepEqual(await world.verdicts(), { ...ALL_WELL, get: 'wrong-data' })
  const cut = (answer: HttpAnswer): HttpAnswer => ({
    ...answer,
    body: answer.body.subarray(0, 300),
  })
  world.fail(['GetObject'], { kind: 'changed', change: cut })
  assert.deepEqual(await world.verdicts(), { ...ALL_WELL, get: 'wrong-data' })
})

test('a lost canary is told twice in a row, and then put again', async () => {
  const world = new World()
  for (let count = 0; count < 9; count += 1) await world.probe('get') // all three are there
  const [canary] = readCanaries(PREFIX)
  assert.ok(canary !== undefined && world.objects.delete(canary.key))
  const said: string[] = []
  for (let count = 0; count < 12; count += 1) said.push((await world.probe('get')).verdict.kind)
  const first = said.indexOf('failed')
  assert.ok(first >= 0)
  const expected = [
    'failed',
    'failed',
    ...Array.from({ length: said.length - first - 2 }, () => 'well'),
  ]
  assert.deepEqual(said.slice(first), expected)
  assert.ok(world.objects.has(canary.key))
})

test('LIST with a key too few, one too many, or in another order is wrong', async () => {
  const world = new World()
  await world.probe('list')
  const [, canary] = listedCanaries(PREFIX)
  assert.ok(canary !== undefined)
  const say = async (): Promise<string> => {
    const { verdict } = await world.probe('list')
    return verdict.kind === 'failed' ? verdict.failure.kind : verdict.kind
  }
  world.objects.delete(canary.key)
  assert.deepEqual([await say(), await say(), await say()], ['wrong-data', 'wrong-data', 'well'])
  world.objects.set(`${PREFIX}list/extra`, Buffer.alloc(1))
  assert.equal(await say(), 'wrong-data')
  world.objects.delete(`${PREFIX}list/extra`)
  world.objects.set(canary.key, Buffer.from('other'))
  assert.equal(await say(), 'wrong-data')
})

test('a PUT with another ETag, or that leaves nothing behind, is wrong', async () => {
  const world = new World()
  await world.verdicts()
  const other = (answer: HttpAnswer): HttpAnswer => ({
    ...answer,
    headers: new Map([['etag', '"0"']]),
  })
  world.fail(['PutObject'], { kind: 'changed', change: other })
  assert.deepEqual(await world.verdicts(), { ...ALL_WELL, put: 'wrong-data' })
  world.network.fault = ({ operation, request }) => {
    if (operation === 'HeadObject' && request.target.includes('/put/')) {
      return { kind: 'refused', status: 404, code: 'NoSuchKey' }
    }
    return null
  }
  assert.deepEqual(await world.verdicts(), { ...ALL_WELL, put: 'wrong-data' })
})

test("what reading does not find is not PUT's doing while reading is down", async () => {
  const world = new World()
  await world.verdicts()
  const missing: Fault = { kind: 'refused', status: 404, code: 'NoSuchKey' }
  world.fail(['GetObject', 'HeadObject'], missing)
  assert.deepEqual(await world.verdicts(), { ...ALL_WELL, get: 'wrong-data' })
})

test('a DELETE that leaves the object is wrong, unless a late PUT may have brought it back', async () => {
  const world = new World()
  await world.verdicts()
  const kept = (): Fault => ({ kind: 'refused', status: 204, code: '' })
  world.network.fault = ({ operation }) => (operation === 'DeleteObject' ? kept() : null)
  const { verdict } = await world.probe('delete')
  assert.equal(verdict.kind === 'failed' && verdict.failure.kind, 'wrong-data')
  let putCount = 0
  world.network.fault = ({ operation }) => {
    if (operation === 'DeleteObject') return kept()
    return operation === 'PutObject' && (putCount += 1) === 1 ? { kind: 'answer-lost' } : null
  }
  assert.equal((await world.probe('delete')).verdict.kind, 'well')
})

test('a wrong secret that is taken, or not refused as one, is a failure of sign-in', async () => {
  const world = new World()
  const right = await world.probe('sign-in')
  assert.equal(right.verdict.kind, 'well')
  const taken = (answer: HttpAnswer): HttpAnswer => ({
    ...answer,
    status: 200,
    body: Buffer.from('<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>'),
  })
  world.fail(['ListBuckets'], { kind: 'changed', change: taken })
  const { verdict } = await world.probe('sign-in')
  assert.equal(verdict.kind === 'failed' && verdict.failure.kind, 'wrong-data')
})

test('a bucket that is gone is told once by who finds it, and made again', async () => {
  const world = new World()
  await world.verdicts()
  world.cell.buckets.clear()
  const { verdict } = await world.probe('put')
  assert.equal(verdict.kind === 'failed' && verdict.failure.code, 'NoSuchBucket')
  assert.deepEqual(await world.verdicts(), ALL_WELL)
})

test('a bucket that cannot be made says nothing of the operations', async () => {
  const world = new World()
  world.fail(['CreateBucket'], { kind: 'refused', status: 403, code: 'AccessDenied' })
  const { get, 'sign-in': signIn } = await world.verdicts()
  assert.deepEqual([get, signIn], ['unsure', 'well'])
})

test('what probes leave lying is bounded, and uploads of earlier runs are removed', async () => {
  const world = new World()
  await world.verdicts()
  world.fail(['CompleteMultipartUpload', 'AbortMultipartUpload'], UNAVAILABLE)
  for (let count = 0; count < 7; count += 1) await world.probe('multipart')
  assert.equal(world.cell.uploads.size, 7)
  world.network.fault = () => null
  world.memory = new CellMemory() // and the site was started again
  for (let count = 0; count < 3; count += 1) await world.probe('multipart')
  assert.equal(world.cell.uploads.size, 0)
  for (let count = 0; count < 200; count += 1) await world.probe('put')
  assert.ok(world.objects.size < 80, `${world.objects.size} objects`)
})

test('sites do not disturb each other in one bucket', async () => {
  const world = new World()
  const other = new CellMemory()
  for (let round = 0; round < 3; round += 1) {
    assert.deepEqual(await world.verdicts(), ALL_WELL)
    const mine = world.memory
    world.memory = other
    for (const operation of OPERATIONS) {
      assert.equal((await world.probe(operation, 'site-b/')).verdict.kind, 'well')
    }
    world.memory = mine
  }
})
