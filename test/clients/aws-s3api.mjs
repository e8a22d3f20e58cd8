// The AWS CLI's one-request commands: `aws s3api put-object` and its kin, which can name any key.

import { join } from 'node:path'
import { readFileSync, writeFileSync } from 'node:fs'
import { awsEnvironment, findProgram, programRunner } from './program.mjs'
import { check, checkSame } from './standard.mjs'

export async function open(job) {
  const aws = programRunner(
    findProgram('aws', [join(job.toolsFolder, 'venv/bin')]),
    awsEnvironment(job),
  )
  const api = async (command, words) => {
    const text = await aws(['s3api', command, '--output', 'json', ...words])
    return text.trim() === '' ? {} : JSON.parse(text)
  }
  const at = (bucket, key) => ['--bucket', bucket, '--key', key]
  const store = {
    makeBucket: (bucket) => api('create-bucket', ['--bucket', bucket]),
    put: (bucket, key, file) => api('put-object', [...at(bucket, key), '--body', file]),
    get: (bucket, key, file) => api('get-object', [...at(bucket, key), file]),
    list: async (bucket) =>
      ((await api('list-objects-v2', ['--bucket', bucket])).Contents ?? []).map(
        ({ Key, Size }) => ({ key: Key, sizeBytes: Size }),
      ),
    remove: (bucket, key) => api('delete-object', at(bucket, key)),
    removeBucket: (bucket) => api('delete-bucket', ['--bucket', bucket]),
  }
  const named = (act) => (context) => act({ ...context, api, at })
  return {
    version: (await aws(['--version'])).trim(),
    store,
    isMultipart: false,
    cannot: {},
    extras: [
      ['conditional put', named(conditionalPut)],
      ['checksums', named(checksums)],
      ['delete-objects', named(deleteObjects)],
      ['range', named(range)],
    ],
    close: async () => {
      /* nothing was started */
    },
  }
}

function bodyFile(folder, name, body) {
  const file = join(folder, name)
  writeFileSync(file, body)
  return file
}

async function conditionalPut({ api, at, oracle, bucket, folder }) {
  const first = bodyFile(folder, 'first', 'first')
  const second = bodyFile(folder, 'second', 'second')
  const put = (file, ...words) =>
    api('put-object', [...at(bucket, 'once'), '--body', file, ...words])
  const { ETag } = await put(first, '--if-none-match', '*')
  const refused = await put(second, '--if-none-match', '*').then(
    () => '',
    (error) => error.message,
  )
  check(refused.includes('PreconditionFailed'), `If-None-Match did not refuse: ${refused}`)
  checkSame(Buffer.from('first'), await oracle.get(bucket, 'once'), 'after the refusal')
  await put(second, '--if-match', ETag)
  checkSame(Buffer.from('second'), await oracle.get(bucket, 'once'), 'after If-Match')
}

async function checksums({ api, at, bucket, folder }) {
  const body = Buffer.from('checked on both ways')
  const file = bodyFile(folder, 'checked', body)
  for (const algorithm of ['CRC32', 'SHA1', 'SHA256']) {
    const put = await api('put-object', [
      ...at(bucket, algorithm),
      '--body',
      file,
      '--checksum-algorithm',
      algorithm,
    ])
    const back = join(folder, algorithm)
    const got = await api('get-object', [
      ...at(bucket, algorithm),
      '--checksum-mode',
      'ENABLED',
      back,
    ])
    const field = `Checksum${algorithm}`
    check(
      put[field] !== undefined && put[field] === got[field],
      `${field}: ${put[field]} at PUT, ${got[field]} at GET`,
    )
    checkSame(body, readFileSync(back), algorithm)
  }
}

async function deleteObjects({ api, oracle, bucket }) {
  const keys = ['a/../b', ' c ', 'd&<e>', 'f\u{1FAA3}']
  for (const key of keys) await oracle.put(bucket, key, Buffer.from(key))
  const what = JSON.stringify({ Objects: keys.map((Key) => ({ Key })) })
  const { Deleted = [], Errors } = await api('delete-objects', [
    '--bucket',
    bucket,
    '--delete',
    what,
  ])
  check(Errors === undefined, `errors: ${JSON.stringify(Errors)}`)
  check(Deleted.length === keys.length, `${Deleted.length} of ${keys.length} deleted`)
  check((await oracle.list(bucket)).length === 0, 'something is left')
}

async function range({ api, at, oracle, bucket, folder }) {
  await oracle.put(bucket, 'digits', Buffer.from('0123456789'))
  const file = join(folder, 'range')
  for (const [asked, wanted] of [
    ['bytes=2-4', '234'],
    ['bytes=7-', '789'],
    ['bytes=-2', '89'],
  ]) {
    await api('get-object', [...at(bucket, 'digits'), '--range', asked, file])
    checkSame(Buffer.from(wanted), readFileSync(file), asked)
  }
}
