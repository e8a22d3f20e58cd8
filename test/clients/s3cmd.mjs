// s3cmd: put, get, ls, del, sync and signed URLs, with a configuration file of the test's own.

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cleanEnvironment, findProgram, programRunner } from './program.mjs'
import { check, checkSame } from './standard.mjs'
import { checkSameTree, growTree } from './tree.mjs'

const CANNOT = {
  'key: trailing /': '`s3cmd put FILE s3://b/k/` names a folder and appends the file name',
  'key: newline': 's3cmd takes the key of a URL up to the first line end',
  signurl: 's3cmd signs URLs with Signature Version 2 alone, which the store refuses',
}

export async function open(job) {
  const { host, protocol } = new URL(job.endpoint)
  const useHttps = protocol === 'https:' ? 'True' : 'False'
  const config = join(job.folder, 's3cfg')
  writeFileSync(
    config,
    [
      '[default]',
      `access_key = ${job.credentials.access}`,
      `secret_key = ${job.credentials.secret}`,
      `host_base = ${host}`,
      `host_bucket = ${host}`,
      `bucket_location = ${job.region}`,
      `use_https = ${useHttps}`,
      `signurl_use_https = ${useHttps}`,
      `ca_certs_file = ${job.caFile ?? ''}`,
      'multipart_chunk_size_mb = 5',
      '',
    ].join('\n'),
  )
  const program = programRunner(
    findProgram('s3cmd', [join(job.toolsFolder, 'venv/bin')]),
    cleanEnvironment(job),
  )
  const s3cmd = (...words) => program(['-c', config, '--no-progress', ...words])
  const url = (bucket, key) => `s3://${bucket}/${key}`
  const store = {
    makeBucket: (bucket) => s3cmd('mb', `s3://${bucket}`),
    put: (bucket, key, file) => s3cmd('put', file, url(bucket, key)),
    get: (bucket, key, file) => s3cmd('get', '--force', url(bucket, key), file),
    list: async (bucket) => parseList(await s3cmd('ls', '-r', `s3://${bucket}`), bucket),
    remove: (bucket, key) => s3cmd('del', url(bucket, key)),
    removeBucket: (bucket) => s3cmd('rb', `s3://${bucket}`),
  }
  return {
    version: (await s3cmd('--version')).trim(),
    store,
    isMultipart: true,
    cannot: CANNOT,
    extras: [
      ['sync', (context) => sync(s3cmd, context)],
      ['cp', (context) => copy(s3cmd, context)],
      ['signurl', (context) => signedUrl(s3cmd, context)],
    ],
    close: async () => {
      /* nothing was started */
    },
  }
}

/** Lines of `2026-01-31 12:00         1000  s3://bucket/key`. */
function parseList(text, bucket) {
  const pattern = new RegExp(`^\\S+ \\S+ +(\\d+)  s3://${bucket}/(.*)$`, 'gm')
  return [...text.matchAll(pattern)].map(([, size, key]) => ({ key, sizeBytes: Number(size) }))
}

async function sync(s3cmd, { oracle, bucket, folder }) {
  const [from, to] = [growTree(join(folder, 'from')), join(folder, 'to')]
  await s3cmd('sync', `${from}/`, `s3://${bucket}/tree/`)
  await s3cmd('sync', `s3://${bucket}/tree/`, `${to}/`)
  checkSameTree(from, to)
  rmSync(join(from, 'plain.txt'))
  await s3cmd('sync', '--delete-removed', `${from}/`, `s3://${bucket}/tree/`)
  check((await oracle.head(bucket, 'tree/plain.txt')).status === 404, 'sync left a deleted file')
}

async function copy(s3cmd, { oracle, bucket }) {
  const body = Buffer.from('copied')
  await oracle.put(bucket, 'from +%', body)
  await s3cmd('cp', `s3://${bucket}/from +%`, `s3://${bucket}/to`)
  checkSame(body, await oracle.get(bucket, 'to'), 'the copy has')
}

async function signedUrl(s3cmd, { oracle, bucket }) {
  const body = Buffer.from('signed')
  await oracle.put(bucket, 'signed', body)
  const url = (await s3cmd('signurl', `s3://${bucket}/signed`, '+60')).trim()
  const answer = await fetch(url)
  check(answer.status === 200, `GET answered ${answer.status}`)
  checkSame(body, Buffer.from(await answer.arrayBuffer()), 'GET')
}
