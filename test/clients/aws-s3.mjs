// The AWS CLI's own file commands: `aws s3 cp`, `ls`, `rm`, `sync`, `mv`, `presign`.

import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { awsEnvironment, findProgram, programRunner } from './program.mjs'
import { check, checkSame } from './standard.mjs'
import { checkSameTree, growTree } from './tree.mjs'

const CANNOT = {
  'key: trailing /':
    '`aws s3 cp FILE s3://b/k/` names a folder and appends the file name; ' +
    'aws-s3api writes the key',
  'key: newline': '`aws s3 ls` prints keys one a line, unescaped',
}

export async function open(job) {
  // Without this, `aws s3 presign` takes Signature Version 2 for an endpoint that is not AWS's.
  writeFileSync(join(job.folder, 'aws-config'), '[default]\ns3 =\n  signature_version = s3v4\n')
  const aws = programRunner(
    findProgram('aws', [join(job.toolsFolder, 'venv/bin')]),
    awsEnvironment(job),
  )
  const url = (bucket, key = '') => `s3://${bucket}/${key}`
  const store = {
    makeBucket: (bucket) => aws(['s3', 'mb', `s3://${bucket}`]),
    put: (bucket, key, file) => aws(['s3', 'cp', '--no-progress', file, url(bucket, key)]),
    get: (bucket, key, file) => aws(['s3', 'cp', '--no-progress', url(bucket, key), file]),
    list: async (bucket) =>
      parseList(await aws(['s3', 'ls', '--recursive', `s3://${bucket}`]).catch(emptyIsNoError)),
    remove: (bucket, key) => aws(['s3', 'rm', url(bucket, key)]),
    removeBucket: (bucket) => aws(['s3', 'rb', `s3://${bucket}`]),
  }
  return {
    version: (await aws(['--version'])).trim(),
    store,
    isMultipart: true,
    cannot: CANNOT,
    extras: [
      ['sync', (context) => sync(aws, context)],
      ['mv', (context) => move(aws, context)],
      ['presign', (context) => presigned(aws, context)],
    ],
    close: async () => {
      /* nothing was started */
    },
  }
}

/** `aws s3 ls` of nothing ends with 1 and says nothing. */
function emptyIsNoError(error) {
  if (error.message === 'exit 1:') return ''
  throw error
}

/** Lines of `2026-01-31 12:00:00       1000 key`. */
function parseList(text) {
  return [...text.matchAll(/^\S+ \S+ +(\d+) (.*)$/gm)].map(([, size, key]) => ({
    key,
    sizeBytes: Number(size),
  }))
}

async function sync(aws, { oracle, bucket, folder }) {
  const [from, to] = [growTree(join(folder, 'from')), join(folder, 'to')]
  await aws(['s3', 'sync', '--no-progress', from, `s3://${bucket}/tree`])
  await aws(['s3', 'sync', '--no-progress', `s3://${bucket}/tree`, to])
  checkSameTree(from, to)
  const again = await aws(['s3', 'sync', '--no-progress', from, `s3://${bucket}/tree`])
  check(again.trim() === '', `a second sync did something: ${again.slice(0, 200)}`)
  rmSync(join(from, 'plain.txt'))
  await aws(['s3', 'sync', '--no-progress', '--delete', from, `s3://${bucket}/tree`])
  check((await oracle.head(bucket, 'tree/plain.txt')).status === 404, 'sync --delete left a key')
}

/** A copy within the store, of a whole object and of one that is copied in parts, then a delete. */
async function move(aws, { oracle, bucket }) {
  for (const sizeBytes of [1000, 20 * 2 ** 20]) {
    const body = Buffer.alloc(sizeBytes, 'holdfast')
    await oracle.put(bucket, 'from +%', body)
    await aws(['s3', 'mv', '--no-progress', `s3://${bucket}/from +%`, `s3://${bucket}/to`])
    checkSame(body, await oracle.get(bucket, 'to'), 'moved')
    check((await oracle.head(bucket, 'from +%')).status === 404, 'the source is still there')
  }
}

async function presigned(aws, { oracle, bucket }) {
  const body = Buffer.from('signed in the query')
  await oracle.put(bucket, 'a b+c', body)
  const url = (await aws(['s3', 'presign', `s3://${bucket}/a b+c`])).trim()
  const answer = await fetch(url)
  check(answer.status === 200, `the presigned GET answered ${answer.status}`)
  checkSame(body, Buffer.from(await answer.arrayBuffer()), 'presigned GET')
}
