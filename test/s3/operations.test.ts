// The whole table of operations through HTTP: each is answered by its handler or refused by name,
// and nothing falls through to another. S3.md 22, 45, 47, 49 to 51.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { OPERATIONS } from '../../src/router/operations.ts'
import { OPERATION_ROUTES } from '../../src/s3/routes.ts'
import { S3_OPERATIONS } from '../../src/s3/s3-operation.ts'
import type { S3Operation } from '../../src/s3/s3-operation.ts'
import { isError, isStatus } from './answer.ts'
import type { S3Answer } from './answer.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

/** Answered as one operation, and how often; by the server's own figures. */
function countOf(operation: string): number {
  const figures = server.router.snapshot().figures
  const requests = figures.find(({ name }) => name === 'holdfast_requests_total')
  return (requests?.values ?? [])
    .filter(({ labels }) => labels['operation'] === operation)
    .reduce((sum, { value }) => sum + value, 0)
}

/** A request that is this operation's and no other's, at its barest. */
async function ask(operation: S3Operation, bucket: string): Promise<S3Answer> {
  const { place, method, sub, needs } = OPERATION_ROUTES[operation]
  const path = place === 'service' ? '/' : place === 'bucket' ? bucket : `${bucket}/k`
  const query = sub === null ? [] : [sub === 'list-type' ? 'list-type=2' : sub]
  const headers: Record<string, string> = {}
  if (needs !== null && 'param' in needs) query.push(`${needs.param}=x`)
  else if (needs !== null) headers[needs.header] = `${bucket}/k`
  const target = query.length === 0 ? path : `${path}?${query.join('&')}`
  return await client.send(method, target, { headers })
}

for (const operation of S3_OPERATIONS) {
  const isGap = OPERATIONS[operation].handle === null
  const what = isGap ? 'is refused by name' : 'is answered by its own handler'
  test(`S3.md 22: ${operation} ${what}`, async () => {
    const name = `op-${S3_OPERATIONS.indexOf(operation)}`
    const bucket = operation === 'CreateBucket' ? `/${name}` : await client.bucket(name)
    if (operation !== 'CreateBucket' && operation !== 'DeleteBucket') {
      await client.write(`${bucket}/k`, 'body')
    }
    const before = countOf(operation)
    const answer = await ask(operation, bucket)
    assert.equal(countOf(operation), before + 1)
    if (!isGap) return assert.notEqual(answer.status, 501, answer.text)
    isError(answer, 501, 'NotImplemented', { Message: `${operation} is not implemented.` })
    assert.equal(await client.read(`${bucket}/k`), 'body')
    isStatus(await client.headOf(bucket), 200)
  })
}

test('S3.md 22: an unknown subresource is 501 with any method, and does nothing', async () => {
  const bucket = await client.bucket('unknown')
  const empty = await client.bucket('unknown-empty')
  await client.write(`${bucket}/k`, 'body')
  for (const sub of ['unknown', 'unknown=1', 'ACL', 'object-lambda', 'x-idx=1', 'prefix%00=a']) {
    for (const [method, target] of [
      ['GET', bucket],
      ['PUT', bucket],
      ['DELETE', empty],
      ['GET', `${bucket}/k`],
      ['PUT', `${bucket}/k`],
      ['DELETE', `${bucket}/k`],
      ['GET', '/'],
    ] as const) {
      const answer = await client.send(method, `${target}?${sub}`, {
        body: method === 'PUT' ? '<X/>' : '',
      })
      isError(answer, 501, 'NotImplemented')
    }
    assert.equal((await client.send('HEAD', `${bucket}/k?${sub}`)).status, 501)
  }
  assert.equal(await client.read(`${bucket}/k`), 'body')
  isStatus(await client.headOf(empty), 200)
})

test('S3.md 22: DELETE with a subresource that it does not know deletes nothing', async () => {
  const bucket = await client.bucket('not-deleted')
  for (const sub of ['ownershipControls', 'policy', 'cors', 'lifecycle', 'website', 'encryption']) {
    isError(await client.delete(`${bucket}?${sub}`), 501, 'NotImplemented')
  }
  for (const sub of ['versioning', 'acl', 'uploads', 'location', 'logging', 'object-lock']) {
    isError(await client.delete(`${bucket}?${sub}`), 405, 'MethodNotAllowed')
  }
  isStatus(await client.headOf(bucket), 200)
})

test('S3.md 22: a subresource of the one place is none of another', async () => {
  const bucket = await client.bucket('places')
  await client.write(`${bucket}/k`, 'body')
  for (const target of [`${bucket}/k?versioning`, `${bucket}/k?versions`, `${bucket}?torrent`]) {
    isError(await client.get(target), 501, 'NotImplemented')
  }
  for (const target of [`${bucket}/k?location`, `${bucket}/k?policy`, `${bucket}/k?list-type=2`]) {
    isError(await client.delete(target), 501, 'NotImplemented')
  }
  assert.equal(await client.read(`${bucket}/k`), 'body')
})

test('S3.md 22: two subresources at once are refused; x-id is ignored', async () => {
  const bucket = await client.bucket('conflicts')
  isError(await client.get(`${bucket}?acl&versioning`), 400, 'InvalidArgument')
  isError(await client.delete(`${bucket}?tagging&policy`), 400, 'InvalidArgument')
  isStatus(await client.get(`${bucket}?x-id=DeleteBucket`), 200)
  isStatus(await client.headOf(bucket), 200)
})

async function areRefused(names: readonly S3Operation[], bucket: string): Promise<void> {
  for (const name of names) {
    const answer = await ask(name, bucket)
    isError(answer, 501, 'NotImplemented', { Message: `${name} is not implemented.` })
  }
}

test('S3.md 45: policies and public access blocks are refused by name', async () => {
  const policies = ['GetBucketPolicy', 'PutBucketPolicy', 'DeleteBucketPolicy'] as const
  const blocks = [
    'GetPublicAccessBlock',
    'PutPublicAccessBlock',
    'DeletePublicAccessBlock',
  ] as const
  await areRefused([...policies, 'GetBucketPolicyStatus', ...blocks], await client.bucket('policy'))
})

test('S3.md 47: CORS rules and preflights are refused by name', async () => {
  const bucket = await client.bucket('cors')
  const rules = ['GetBucketCors', 'PutBucketCors', 'DeleteBucketCors', 'OptionsObject'] as const
  await areRefused(rules, bucket)
  const headers = { origin: 'https://a.example', 'access-control-request-method': 'GET' }
  const preflight = await client.send('OPTIONS', `${bucket}/k`, { headers, as: 'anonymous' })
  isError(preflight, 501, 'NotImplemented')
})

test('S3.md 49: locks are refused, their operations and their headers', async () => {
  const bucket = await client.bucket('locks')
  await client.write(`${bucket}/k`, 'body')
  const configuration = ['GetObjectLockConfiguration', 'PutObjectLockConfiguration'] as const
  const retention = ['GetObjectRetention', 'PutObjectRetention'] as const
  const hold = ['GetObjectLegalHold', 'PutObjectLegalHold'] as const
  await areRefused([...configuration, ...retention, ...hold], bucket)
  for (const header of ['mode', 'retain-until-date', 'legal-hold']) {
    const name = `x-amz-object-lock-${header}`
    const answer = await client.put(`${bucket}/locked`, 'x', { [name]: 'ON' })
    isError(answer, 501, 'NotImplemented', { Header: name })
    isError(
      await client.post(`${bucket}/locked?uploads`, '', { [name]: 'ON' }),
      501,
      'NotImplemented',
    )
    isError(
      await client.copy(`${bucket}/locked`, `${bucket}/k`, { [name]: 'ON' }),
      501,
      'NotImplemented',
    )
  }
  isError(await client.get(`${bucket}/locked`), 404, 'NoSuchKey')
  const enabled = { 'x-amz-bucket-object-lock-enabled': 'true' }
  isError(await client.send('PUT', '/locks-2', { headers: enabled }), 501, 'NotImplemented')
  isError(await client.get('/locks-2'), 404, 'NoSuchBucket')
  isStatus(
    await client.send('PUT', '/locks-2', {
      headers: { ...enabled, 'x-amz-bucket-object-lock-enabled': 'False' },
    }),
    200,
  )
})

test('S3.md 50: lifecycles are refused by name', async () => {
  const get = 'GetBucketLifecycleConfiguration'
  const names = [get, 'PutBucketLifecycleConfiguration', 'DeleteBucketLifecycle'] as const
  await areRefused(names, await client.bucket('lifecycle'))
})

test('S3.md 51: encryption is refused, its operations and its headers; never pretended', async () => {
  const bucket = await client.bucket('encryption')
  await client.write(`${bucket}/k`, 'body')
  const names = ['GetBucketEncryption', 'PutBucketEncryption', 'DeleteBucketEncryption'] as const
  await areRefused([...names, 'UpdateObjectEncryption'], bucket)
  const sse = 'x-amz-server-side-encryption'
  const headers = [
    { [sse]: 'AES256' },
    { [sse]: 'aws:kms' },
    { [`${sse}-aws-kms-key-id`]: 'k' },
    { [`${sse}-bucket-key-enabled`]: 'true' },
    { [`${sse}-customer-algorithm`]: 'AES256' },
  ]
  for (const header of headers) {
    const wanted = { Header: Object.keys(header)[0] ?? '' }
    isError(await client.put(`${bucket}/e`, 'x', header), 501, 'NotImplemented', wanted)
    isError(await client.post(`${bucket}/e?uploads`, '', header), 501, 'NotImplemented', wanted)
    isError(await client.copy(`${bucket}/e`, `${bucket}/k`, header), 501, 'NotImplemented', wanted)
    isError(await client.get(`${bucket}/k`, header), 501, 'NotImplemented', wanted)
  }
  const source = { 'x-amz-copy-source-server-side-encryption-customer-key': 'a' }
  isError(await client.copy(`${bucket}/e`, `${bucket}/k`, source), 501, 'NotImplemented')
  isError(await client.get(`${bucket}/e`), 404, 'NoSuchKey')
})

test('S3.md 42: MFA delete is refused, as a setting and as a header', async () => {
  const bucket = await client.bucket('mfa', 'Enabled')
  const xml =
    '<VersioningConfiguration><Status>Suspended</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>'
  isError(await client.put(`${bucket}?versioning`, xml), 501, 'NotImplemented')
  assert.equal((await client.get(`${bucket}?versioning`)).one('Status'), 'Enabled')
  await client.write(`${bucket}/k`, 'x')
  isError(await client.delete(`${bucket}/k`, { 'x-amz-mfa': '1 2' }), 501, 'NotImplemented')
  assert.equal(await client.read(`${bucket}/k`), 'x')
})

test('appending to an object is refused by its header', async () => {
  const bucket = await client.bucket('append')
  await client.write(`${bucket}/k`, 'one')
  const answer = await client.put(`${bucket}/k`, 'two', { 'x-amz-write-offset-bytes': '3' })
  isError(answer, 501, 'NotImplemented', { Header: 'x-amz-write-offset-bytes' })
  assert.equal(await client.read(`${bucket}/k`), 'one')
})
