// Browser uploads against a started server: forms signed both ways, what they store, how they are
// answered and refused, and that a form which is not whole stores nothing.

import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import { deriveSigningKey } from '../src/s3/sign/signing-key.ts'
import { type Answer, StartedStore } from './started-store.ts'

const B = 'test-boundary-0123456789'
const MIB = 1_048_576
let store: StartedStore

before(async () => {
  store = await StartedStore.start()
  assert.equal((await store.signed('PUT', '/forms')).status, 200)
  assert.equal((await store.signed('PUT', '/other')).status, 200)
})
after(async () => await store[Symbol.asyncDispose]())

type Fields = Readonly<Record<string, string>>

interface FormOptions {
  readonly version?: 'v2' | 'v4' | 'none'
  readonly conditions?: readonly unknown[]
  readonly expiration?: string
  readonly policy?: string
  readonly secret?: string
  readonly filename?: string
  /** Behind the file. */
  readonly end?: string
}

const OPEN = ['key', 'acl', 'content-type', 'success_action_status', 'success_action_redirect']

/** The fields of a form, with a policy that holds for all of them, and its signature. */
function signedFields(fields: Fields, options: FormOptions): Fields {
  const { version = 'v4', secret = store.secret } = options
  if (version === 'none') return fields
  const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = `${date.slice(0, 8)}/${store.region}/s3/aws4_request`
  const auth: Fields =
    version === 'v2'
      ? { AWSAccessKeyId: store.accessKeyId }
      : {
          'x-amz-algorithm': 'AWS4-HMAC-SHA256',
          'x-amz-credential': `${store.accessKeyId}/${scope}`,
          'x-amz-date': date,
        }
  const all = { ...fields, ...auth }
  const named = Object.keys(all).filter((name) => name !== 'AWSAccessKeyId')
  const conditions = options.conditions ?? [
    { bucket: 'forms' },
    ...named.map((name) =>
      OPEN.includes(name.toLowerCase()) ? ['starts-with', `$${name}`, ''] : { [name]: all[name] },
    ),
  ]
  const expiration = options.expiration ?? new Date(Date.now() + 600_000).toISOString()
  const policy =
    options.policy ?? Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64')
  const signature: Fields =
    version === 'v2'
      ? { signature: createHmac('sha1', secret).update(policy).digest('base64') }
      : {
          'x-amz-signature': createHmac('sha256', deriveSigningKey(secret, scope))
            .update(policy)
            .digest('hex'),
        }
  return { ...all, policy, ...signature }
}

function formOf(fields: Fields, file: Buffer | string, options: FormOptions = {}): Buffer {
  let head = ''
  for (const [name, value] of Object.entries(signedFields(fields, options))) {
    head += `--${B}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  }
  const { filename = 'file.txt', end = `\r\n--${B}--\r\n` } = options
  head += `--${B}\r\nContent-Disposition: form-data; name="file"; filename="${filename}"\r\n`
  return Buffer.concat([
    Buffer.from(`${head}Content-Type: text/html\r\n\r\n`),
    Buffer.from(file),
    Buffer.from(end),
  ])
}

function formHeaders(form: Buffer): Record<string, string> {
  return {
    'content-type': `multipart/form-data; boundary=${B}`,
    'content-length': String(form.length),
  }
}

async function post(
  fields: Fields,
  file: Buffer | string,
  options: FormOptions = {},
  bucket = 'forms',
): Promise<Answer> {
  const form = formOf(fields, file, options)
  const body = [form.subarray(0, 100), form.subarray(100)]
  return await store.send({
    method: 'POST',
    target: `/${bucket}`,
    headers: formHeaders(form),
    body,
  })
}

function codeOf({ body }: Answer): string {
  return /<Code>(\w+)<\/Code>/.exec(body.toString())?.[1] ?? body.toString()
}

async function refused(posted: Promise<Answer>, status: number, code: string): Promise<void> {
  const answer = await posted
  assert.deepEqual([answer.status, codeOf(answer)], [status, code], answer.body.toString())
  const requestId = answer.headers['x-amz-request-id']
  assert.ok(answer.body.includes(`<RequestId>${String(requestId)}</RequestId>`))
}

function bytes(sizeBytes: number): Buffer {
  const file = Buffer.allocUnsafe(sizeBytes)
  for (let i = 0; i < sizeBytes; i++) file[i] = (i * 31 + (i >> 10)) & 0xff
  return file
}

function md5(file: Buffer | string): string {
  return createHash('md5').update(file).digest('hex')
}

async function stored(key: string): Promise<Answer> {
  return await store.signed('GET', `/forms/${encodeURIComponent(key)}`)
}

test('forms of both signatures are stored, with what their fields say', async () => {
  for (const version of ['v2', 'v4'] as const) {
    const key = `a/${version} ä.txt`
    const answer = await post(
      {
        key,
        acl: 'private',
        'Content-Type': 'text/plain',
        'Cache-Control': 'max-age=5',
        'x-amz-meta-Who': 'me, ü',
        'x-amz-storage-class': 'STANDARD_IA',
        'x-ignore-this': 'x',
        tagging: '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>',
      },
      'hello',
      { version },
    )
    assert.equal(answer.status, 204, answer.body.toString())
    assert.equal(answer.body.length, 0)
    assert.equal(answer.headers['content-length'], undefined)
    assert.equal(answer.headers['etag'], `"${md5('hello')}"`)
    assert.equal(answer.headers['x-amz-checksum-type'], 'FULL_OBJECT')
    const location = `http://${store.host}/forms/a%2F${version}%20%C3%A4.txt`
    assert.equal(answer.headers['location'], location)
    const { status, body, headers } = await stored(key)
    assert.deepEqual([status, body.toString()], [200, 'hello'])
    assert.equal(headers['content-type'], 'text/plain')
    assert.equal(headers['cache-control'], 'max-age=5')
    assert.equal(headers['x-amz-meta-who'], '=?UTF-8?Q?me=2C=20=C3=BC?=')
    assert.equal(headers['x-amz-storage-class'], 'STANDARD_IA')
    assert.equal(headers['x-amz-tagging-count'], '1')
  }
})

test('the type of the file part is not the type of the object', async () => {
  assert.equal((await post({ key: 'untyped' }, 'x')).status, 204)
  assert.equal((await stored('untyped')).headers['content-type'], 'binary/octet-stream')
})

test('a key may hold the name of the file', async () => {
  const answer = await post({ key: 'n/${filename}' }, 'x', { filename: 'C:\\a b\\c.txt' })
  assert.equal(answer.status, 204, answer.body.toString())
  assert.equal((await stored('n/c.txt')).status, 200)
})

test('success is answered as the form asks', async () => {
  const created = await post({ key: 'a/<s>', success_action_status: '201' }, 'hello')
  assert.equal(created.status, 201)
  assert.equal(created.headers['content-type'], 'application/xml')
  const location = `http://${store.host}/forms/a%2F%3Cs%3E`
  assert.equal(
    created.body.toString(),
    `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse><Location>${location}</Location>` +
      `<Bucket>forms</Bucket><Key>a/&lt;s&gt;</Key>` +
      `<ETag>&quot;${md5('hello')}&quot;</ETag></PostResponse>`,
  )
  for (const [asked, status] of [
    ['200', 200],
    ['404', 204],
  ] as const) {
    const answer = await post({ key: 's', success_action_status: asked }, 'hello')
    assert.deepEqual([answer.status, answer.body.length], [status, 0])
  }
  const redirect = `http://${store.host}/forms?x=y`
  const sent = await post({ key: 'r s', success_action_redirect: redirect }, 'hello')
  assert.equal(sent.status, 303)
  const query = `bucket=forms&key=r%20s&etag=%22${md5('hello')}%22`
  assert.equal(sent.headers['location'], `${redirect}&${query}`)
  const relative = await post({ key: 's', success_action_redirect: '/relative' }, 'hello')
  assert.equal(relative.status, 204)
})

test('who may not is refused, and nothing is stored', async () => {
  const fields = { key: 'never' }
  await refused(post(fields, 'x', { version: 'none' }), 403, 'AccessDenied')
  for (const version of ['v2', 'v4'] as const) {
    const wrong = post(fields, 'x', { version, secret: 'wrong' })
    await refused(wrong, 403, 'SignatureDoesNotMatch')
  }
  const unknown = { ...fields, AWSAccessKeyId: 'foo', signature: 's', policy: 'p' }
  await refused(post(unknown, 'x', { version: 'none' }), 403, 'InvalidAccessKeyId')
  const unsigned = { ...fields, AWSAccessKeyId: store.accessKeyId, policy: 'p' }
  await refused(post(unsigned, 'x', { version: 'none' }), 400, 'InvalidArgument')
  await refused(post({ ...fields, 'x-amz-security-token': 't' }, 'x'), 400, 'InvalidToken')
  await refused(post(fields, 'x', {}, 'other'), 403, 'AccessDenied') // its policy names forms
  await refused(post(fields, 'x', {}, 'missing'), 404, 'NoSuchBucket')
  assert.equal((await stored('never')).status, 404)
})

test('a form that its policy does not allow is refused, and nothing is stored', async () => {
  const fields = { key: 'never' }
  const v2 = (conditions: readonly unknown[], more: FormOptions = {}): FormOptions => ({
    version: 'v2',
    conditions,
    ...more,
  })
  const bucket = { bucket: 'forms' }
  const any = ['starts-with', '$key', '']
  const cases: readonly (readonly [FormOptions, number, string])[] = [
    [v2([bucket, ['starts-with', '$key', 'foo']]), 403, 'AccessDenied'],
    [v2([bucket]), 403, 'AccessDenied'],
    [v2([any]), 403, 'AccessDenied'],
    [v2([bucket, any, ['starts-with', '$x-amz-meta-foo', '']]), 403, 'AccessDenied'],
    [v2([bucket, any], { expiration: '2020-01-01T00:00:00Z' }), 403, 'AccessDenied'],
    [v2([bucket, any], { expiration: 'tomorrow' }), 400, 'InvalidPolicyDocument'],
    [v2([{}]), 400, 'InvalidPolicyDocument'],
    [v2([], { policy: 'bm90IGpzb24=' }), 400, 'InvalidPolicyDocument'],
    [v2([bucket, any, ['content-length-range', 0, 0]]), 400, 'EntityTooLarge'],
    [v2([bucket, any, ['content-length-range', 512, 1000]]), 400, 'EntityTooSmall'],
    [v2([bucket, any, ['content-length-range', -1, 0]]), 400, 'InvalidPolicyDocument'],
  ]
  for (const [options, status, code] of cases) {
    await refused(post(fields, 'bar', options), status, code)
  }
  await refused(post({}, 'x'), 400, 'InvalidArgument')
  assert.equal((await stored('never')).status, 404)
})

test('what a form may not ask for is refused by name', async () => {
  const cases: readonly (readonly [Fields, number, string])[] = [
    [{ acl: 'public-read' }, 400, 'AccessControlListNotSupported'],
    [{ 'x-amz-server-side-encryption': 'aws:kms' }, 501, 'NotImplemented'],
    [{ 'x-amz-storage-class': 'FakeClass' }, 400, 'InvalidStorageClass'],
    [{ tagging: 'not-xml' }, 400, 'MalformedXML'],
    [{ 'x-amz-meta-a': 'a'.repeat(3000) }, 400, 'MetadataTooLarge'],
    [{ 'Cache-Control': 'a\r\nSet-Cookie: b' }, 400, 'InvalidArgument'],
    [{ 'If-Match': 'x' }, 404, 'NoSuchKey'],
  ]
  for (const [fields, status, code] of cases) {
    await refused(post({ key: 'never', ...fields }, 'x'), status, code)
  }
  assert.equal((await stored('never')).status, 404)
})

test('what the fields claim of the file is checked', async () => {
  const sha256 = createHash('sha256').update('hello').digest('base64')
  const key = 'summed'
  const good = await post({ key, 'x-amz-checksum-sha256': sha256 }, 'hello')
  assert.equal(good.status, 204, good.body.toString())
  await refused(post({ key, 'x-amz-checksum-sha256': sha256 }, 'hellO'), 400, 'BadDigest')
  const unreadable = await post({ key, 'x-amz-checksum-sha256': 'sailor' }, 'hello')
  assert.equal(unreadable.status, 400)
  assert.match(unreadable.body.toString(), /Value for x-amz-checksum-sha256 header is invalid/)
  const contentMd5 = createHash('md5').update('hello').digest('base64')
  assert.equal((await post({ key, 'Content-MD5': contentMd5 }, 'hello')).status, 204)
  await refused(post({ key, 'Content-MD5': contentMd5 }, 'hellO'), 400, 'BadDigest')
  assert.equal((await stored(key)).body.toString(), 'hello')
})

test('files of all sizes come back as they were sent', async () => {
  for (const sizeBytes of [0, 1, 262_144, 262_145, 3 * MIB, 5 * MIB, 12 * MIB + 200]) {
    const file = bytes(sizeBytes)
    const key = `size-${sizeBytes}`
    const conditions = [
      { bucket: 'forms' },
      { key },
      ['content-length-range', sizeBytes, sizeBytes],
    ]
    const answer = await post({ key }, file, { version: 'v2', conditions })
    assert.equal(answer.status, 204, answer.body.toString())
    assert.equal(answer.headers['etag'], `"${md5(file)}"`)
    assert.ok((await stored(key)).body.equals(file), key)
  }
})

test('fields behind the file are passed over where it is short, and refused where it is long', async () => {
  const end = `\r\n--${B}\r\nContent-Disposition: form-data; name="key"\r\n\r\nother\r\n--${B}--\r\n`
  for (const behind of [end, `\r\n--${B}--`]) {
    const short = await post({ key: 'behind' }, bytes(MIB), { end: behind })
    assert.equal(short.status, 204, short.body.toString())
    assert.ok((await stored('behind')).body.equals(bytes(MIB)))
    const long = post({ key: 'never' }, bytes(6 * MIB), { end: behind })
    await refused(long, 400, 'MalformedPOSTRequest')
  }
  const cut = post({ key: 'never' }, bytes(MIB), { end: '' })
  await refused(cut, 400, 'MalformedPOSTRequest')
  assert.equal((await stored('never')).status, 404)
  assert.equal((await stored('other')).status, 404)
})

test('a request that is no form, or does not say its length, is refused', async () => {
  const form = formOf({ key: 'never' }, 'x')
  const headers = formHeaders(form)
  const send = async (changed: Record<string, string>) =>
    await store.send({ method: 'POST', target: '/forms', headers: changed, body: [form] })
  await refused(send({ ...headers, 'content-type': 'text/html' }), 412, 'PreconditionFailed')
  await refused(
    send({ ...headers, 'content-type': 'multipart/form-data' }),
    400,
    'MalformedPOSTRequest',
  )
  const { 'content-length': _, ...chunked } = headers
  await refused(send({ ...chunked, 'transfer-encoding': 'chunked' }), 411, 'MissingContentLength')
})

/** Sends the head alone; resolves with what the server says first. */
async function expectContinue(
  target: string,
  form: Buffer,
): Promise<{
  readonly said: 'continue' | Answer
  readonly send: (end: number) => Promise<Answer>
}> {
  const headers = { ...formHeaders(form), expect: '100-continue' }
  const req = request({
    host: '127.0.0.1',
    port: store.port,
    method: 'POST',
    path: target,
    headers,
  })
  const response = once(req, 'response') as Promise<[IncomingMessage]>
  const whole = response.then(async ([res]) => {
    const pieces: Buffer[] = []
    for await (const piece of res) pieces.push(piece as Buffer)
    return { status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(pieces) }
  })
  req.flushHeaders()
  const said = await Promise.race([once(req, 'continue').then(() => 'continue' as const), whole])
  return {
    said,
    send: async (end) => {
      if (end === form.length) req.end(form)
      else req.write(form.subarray(0, end), () => req.destroy())
      return await whole
    },
  }
}

test('a client that waits is told to go on, or refused before it sends', async () => {
  const form = formOf({ key: 'waited' }, 'hello')
  const { said, send } = await expectContinue('/forms', form)
  assert.equal(said, 'continue')
  assert.equal((await send(form.length)).status, 204)
  const other = await expectContinue('/missing', form)
  assert.ok(other.said !== 'continue')
  assert.equal(codeOf(other.said), 'NoSuchBucket')
})

test('a client that goes away stores nothing', async () => {
  for (const sizeBytes of [1000, MIB, 8 * MIB]) {
    const form = formOf({ key: 'gone' }, bytes(sizeBytes))
    // Up to the last byte of the closing boundary, which is not sent.
    for (const end of [form.length - 3, form.length - sizeBytes / 2, 200]) {
      const { said, send } = await expectContinue('/forms', form)
      assert.equal(said, 'continue')
      await assert.rejects(send(end), { code: 'ECONNRESET' })
    }
  }
  // The server goes on, and what comes after shows that nothing of them was taken.
  assert.equal((await post({ key: 'here' }, 'x')).status, 204)
  const list = (await store.signed('GET', '/forms?list-type=2')).body.toString()
  assert.ok(list.includes('<Key>here</Key>'))
  assert.ok(!list.includes('<Key>gone</Key>'))
})
