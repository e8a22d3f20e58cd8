// boto3: managed transfers, paginators, presigned URLs and forms, through boto3_client.py.

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ClientMissing, INSTALLER } from './outcomes.mjs'
import { awsEnvironment, findProgram } from './program.mjs'
import { presignedGetAndPut, postForm } from './presigned.mjs'
import { check, checkSame } from './standard.mjs'

const SCRIPT = fileURLToPath(new URL('boto3_client.py', import.meta.url))

/** boto3_client.py said no. */
class Boto3Error extends Error {
  name = 'Boto3Error'
}

export async function open(job) {
  const python = findProgram('python3', [join(job.toolsFolder, 'venv/bin')])
  const { ask, close } = startPython(python, job)
  const version = await ask('versions').catch((error) => {
    close()
    throw new ClientMissing(`boto3 is not installed: ${INSTALLER} (${error.message})`)
  })
  const store = {
    makeBucket: (bucket) => ask('make_bucket', { bucket }),
    put: (bucket, key, file) => ask('put', { bucket, key, file }),
    get: (bucket, key, file) => ask('get', { bucket, key, file }),
    list: (bucket) => ask('list', { bucket }),
    remove: (bucket, key) => ask('remove', { bucket, key }),
    removeBucket: (bucket) => ask('remove_bucket', { bucket }),
  }
  const presign = (method, bucket, key) =>
    ask('presign', { method: method === 'GET' ? 'get_object' : 'put_object', bucket, key })
  const presignPost = (bucket, key) => ask('presign_post', { bucket, key })
  return {
    version,
    store,
    isMultipart: true,
    cannot: {},
    close,
    extras: [
      ['presigned GET and PUT', (context) => presignedGetAndPut(presign, context)],
      ['presigned POST form', (context) => postForm(presignPost, context)],
      ['conditional put', (context) => conditionalPut(ask, context)],
      ['metadata and checksum', (context) => metadata(ask, context)],
      ['delete_objects', (context) => deleteMany(ask, context)],
      ['list v1, delimiter, pages of 2', (context) => listPages(ask, context)],
    ],
  }
}

/** Starts the script; `ask` sends one request and waits for its answer. */
function startPython(python, job) {
  const child = spawn(python, [SCRIPT], {
    env: awsEnvironment(job),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const waiting = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { result, error } = JSON.parse(line)
    const asker = waiting.shift()
    if (error === undefined) asker.done(result)
    else asker.fail(new Boto3Error(error))
  })
  child.stdin.on('error', () => {
    /* told by the exit below */
  })
  child.on('error', (error) => waiting.splice(0).forEach(({ fail }) => fail(error)))
  child.on('exit', (code) =>
    waiting.splice(0).forEach(({ fail }) => fail(new Boto3Error(`python ended with ${code}`))),
  )
  const ask = (op, words = {}) =>
    new Promise((done, fail) => {
      if (child.exitCode !== null) return fail(new Boto3Error('python has ended'))
      waiting.push({ done, fail })
      child.stdin.write(`${JSON.stringify({ op, ...words })}\n`)
    })
  return {
    ask,
    close: async () => {
      child.stdin.end()
    },
  }
}

async function conditionalPut(ask, { oracle, bucket }) {
  const put = (text, more) => ask('put_with', { bucket, key: 'once', text, arguments: more })
  const first = await put('first', { IfNoneMatch: '*' })
  check(first.ETag !== undefined, `the first was refused: ${first.code}`)
  const second = await put('second', { IfNoneMatch: '*' })
  check(second.code === 'PreconditionFailed', `the second got ${second.code ?? 'through'}`)
  const third = await put('third', { IfMatch: '"0123456789abcdef0123456789abcdef"' })
  check(third.code === 'PreconditionFailed', `a wrong If-Match got ${third.code ?? 'through'}`)
  checkSame(Buffer.from('first'), await oracle.get(bucket, 'once'), 'after the refusals')
}

async function metadata(ask, { bucket }) {
  const put = await ask('put_with', {
    bucket,
    key: 'described',
    text: 'text',
    arguments: {
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'no-store',
      ChecksumAlgorithm: 'SHA256',
      ContentDisposition: 'attachment; filename="a b.txt"',
      Metadata: { colour: 'blue  green' },
    },
  })
  check(put.ETag !== undefined, `refused: ${put.code}`)
  const head = await ask('head', { bucket, key: 'described' })
  check(head.ContentType === 'text/plain; charset=utf-8', `type ${head.ContentType}`)
  check(head.CacheControl === 'no-store', `cache ${head.CacheControl}`)
  check(head.Metadata.colour?.startsWith('blue'), `metadata ${JSON.stringify(head.Metadata)}`)
  check(
    put.ChecksumSHA256 !== undefined && head.ChecksumSHA256 === put.ChecksumSHA256,
    `checksum ${put.ChecksumSHA256} at PUT, ${head.ChecksumSHA256} at HEAD`,
  )
}

async function deleteMany(ask, { oracle, bucket }) {
  const keys = Array.from({ length: 50 }, (_, index) => `${' '.repeat(index % 3)}many/${index}&`)
  for (const key of keys) await oracle.put(bucket, key, Buffer.from(key))
  const { deleted, errors } = await ask('remove_many', { bucket, keys })
  check(
    deleted === keys.length && errors.length === 0,
    `${deleted} deleted, ${errors.length} errors`,
  )
  check((await oracle.list(bucket)).length === 0, 'something is left')
}

async function listPages(ask, { oracle, bucket }) {
  const keys = ['a/1', 'a/2', 'a/b/1', 'a/b/2', 'a/c', 'a/d/', 'a/\u{1FAA3}', 'b']
  for (const key of keys) await oracle.put(bucket, key, Buffer.from(key))
  const got = await ask('list_v1', { bucket, prefix: 'a/', delimiter: '/' })
  check(got.keys.join() === 'a/1,a/2,a/c,a/\u{1FAA3}', `keys ${got.keys}`)
  check(got.prefixes.join() === 'a/b/,a/d/', `prefixes ${got.prefixes}`)
}
