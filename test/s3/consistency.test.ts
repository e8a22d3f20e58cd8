// What was answered holds at once, for every client and worker. S3.md 54.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import type { S3Client } from './client.ts'
import { md5Hex } from './client.ts'
import { S3Server } from './server.ts'
import { Upload } from './upload.ts'

const server = await S3Server.open()
const { client } = server
const workers: readonly S3Client[] = [client, await server.worker(), await server.worker()]
after(() => server[Symbol.asyncDispose]())

const MIB = 1024 * 1024

/** One worker after another, so that no two requests in a row go to the same. */
function inTurn(): () => S3Client {
  let next = 0
  return () => workers[next++ % workers.length] ?? client
}

test('S3.md 54: read, list and delete after write, across workers and many clients', async () => {
  const bucket = await client.bucket('after-write')
  const live = async (name: string): Promise<void> => {
    const next = inTurn()
    const target = `${bucket}/${name}`
    for (let round = 0; round < 4; round++) {
      const body = `${name} ${round} ${'x'.repeat(round * 50)}`
      const etag = (await next().write(target, body)).header('etag')
      assert.equal(await next().read(target), body)
      assert.equal((await next().headOf(target)).header('etag'), etag)
      const listed = await next().get(`${bucket}?prefix=${name}`)
      assert.deepEqual(listed.all('Contents/ETag'), [etag])
      isStatus(await next().put(`${target}?tagging`, '<Tagging><TagSet/></Tagging>'), 200)
      if (round % 2 === 0) continue
      isStatus(await next().delete(target), 204)
      isError(await next().get(target), 404, 'NoSuchKey')
      assert.deepEqual((await next().get(`${bucket}?prefix=${name}`)).all('Contents/Key'), [])
    }
  }
  await Promise.all(Array.from({ length: 10 }, (_, index) => live(`key-${index}-`)))
})

test('S3.md 54: a bucket, its settings and its end are seen by every worker at once', async () => {
  const next = inTurn()
  for (let round = 0; round < 3; round++) {
    const bucket = await next().bucket('comes-and-goes')
    await next().setVersioning(bucket, 'Enabled')
    const id = (await next().write(`${bucket}/k`, `${round}`)).header('x-amz-version-id')
    assert.ok(id !== null, 'the next worker knows that the bucket has versions')
    assert.equal(await next().read(`${bucket}/k`), `${round}`)
    isStatus(await next().delete(`${bucket}/k?versionId=${id}`), 204)
    isStatus(await next().delete(bucket), 204)
    for (const worker of workers) isError(await worker.get(bucket), 404, 'NoSuchBucket')
  }
})

test('S3.md 54: an upload’s steps may each go to another worker', async () => {
  const bucket = await client.bucket('steps')
  const [first, second, third] = workers
  assert.ok(first !== undefined && second !== undefined && third !== undefined)
  const upload = await Upload.create(first, `${bucket}/k`)
  const target = `${bucket}/k?uploadId=${upload.id}`
  const etag = isStatus(await second.put(`${target}&partNumber=1`, 'x'), 200).header('etag')
  assert.equal((await third.get(target)).one('Part/ETag'), etag)
  const part = `<Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part>`
  const xml = `<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`
  isStatus(await third.post(target, xml), 200)
  assert.equal(await first.read(`${bucket}/k`), 'x')
})

test('S3.md 54: a GET under way keeps the version it began with', async () => {
  const bucket = await client.bucket('under-way')
  const size = 20 * MIB
  const body = Buffer.alloc(size)
  for (let at = 0; at < size; at += 4096) body.writeUInt32LE(at, at)
  await client.write(`${bucket}/k`, body)
  const wires = await Promise.all(workers.map((worker) => worker.wire()))
  const starts: Buffer[] = []
  for (const [index, wire] of wires.entries()) {
    await wire.write((workers[index] ?? client).head('GET', `${bucket}/k`).head)
    starts.push(await wire.start(MIB))
  }
  await client.write(`${bucket}/k`, 'overwritten')
  assert.equal(await client.read(`${bucket}/k`), 'overwritten')
  isStatus(await client.delete(`${bucket}/k`), 204)
  isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
  for (const [index, wire] of wires.entries()) {
    const rest = await wire.take(size - MIB)
    assert.ok(Buffer.concat([starts[index] ?? Buffer.alloc(0), rest]).equals(body))
    wire.destroy()
  }
})

test('S3.md 54: of many writers at once every reader sees one body whole', async () => {
  const bucket = await client.bucket('whole')
  const bodies = Array.from({ length: 8 }, (_, index) =>
    Buffer.alloc(200_000 + index * 60_000, `${index}`),
  )
  const etags = new Set(bodies.map((body) => `"${md5Hex(body)}"`))
  await client.write(`${bucket}/k`, bodies[0] ?? '')
  const write = async (body: Buffer, index: number): Promise<void> => {
    for (let round = 0; round < 3; round++) {
      await (workers[(index + round) % workers.length] ?? client).write(`${bucket}/k`, body)
    }
  }
  const read = async (_: unknown, index: number): Promise<void> => {
    for (let round = 0; round < 12; round++) {
      const answer = await (workers[(index + round) % workers.length] ?? client).get(`${bucket}/k`)
      isStatus(answer, 200)
      assert.ok(etags.has(answer.header('etag') ?? ''))
      assert.equal(`"${md5Hex(answer.body)}"`, answer.header('etag'))
    }
  }
  await Promise.all([...bodies.map(write), ...Array.from({ length: 4 }, read)])
})

test('S3.md 54: a page of a list never leaves out what stood before it and after it', async () => {
  const bucket = await client.bucket('steady')
  const steady = Array.from({ length: 40 }, (_, index) => `steady-${index}`).toSorted()
  await Promise.all(steady.map((key) => client.write(`${bucket}/${key}`, '')))
  const lists = new AbortController()
  const churn = async (index: number): Promise<void> => {
    for (let round = 0; !lists.signal.aborted; round++) {
      const target = `${bucket}/steady-${index}-${round % 7}`
      await client.write(target, '')
      isStatus(await client.delete(target), 204)
    }
  }
  const list = async (worker: S3Client): Promise<void> => {
    for (let round = 0; round < 6; round++) {
      const seen: string[] = []
      for (let marker = '', more = true; more;) {
        const page = await worker.get(`${bucket}?max-keys=7&marker=${marker}`)
        seen.push(...page.all('Contents/Key'))
        assert.ok(seen.length < 1000, 'the pages end')
        more = page.one('IsTruncated') === 'true'
        marker = seen.at(-1) ?? ''
      }
      assert.deepEqual(
        seen.filter((key) => steady.includes(key)),
        steady,
      )
    }
  }
  const churning = [0, 1, 2, 3].map((index) => churn(index))
  await Promise.all(workers.map(list)).finally(() => lists.abort())
  await Promise.all(churning)
})
