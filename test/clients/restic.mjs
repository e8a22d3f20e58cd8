// restic: a repository in the store, from init to restore. It names its objects itself, by digest.

import { randomBytes } from 'node:crypto'
import { appendFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cleanEnvironment, findProgram, programRunner } from './program.mjs'
import { check } from './standard.mjs'
import { checkSameTree, growTree } from './tree.mjs'

export async function open(job) {
  const restic = programRunner(
    findProgram('restic'),
    cleanEnvironment(job, {
      RESTIC_PASSWORD: 'correct horse',
      RESTIC_CACHE_DIR: join(job.folder, 'cache'),
      AWS_ACCESS_KEY_ID: job.credentials.access,
      AWS_SECRET_ACCESS_KEY: job.credentials.secret,
      AWS_DEFAULT_REGION: job.region,
    }),
  )
  const trust = job.caFile === null ? [] : ['--cacert', job.caFile]
  const inBucket =
    (bucket) =>
    (...words) =>
      restic(['-r', `s3:${job.endpoint}/${bucket}`, ...trust, ...words], { timeoutMs: 300_000 })
  return {
    version: (await restic(['version'])).trim(),
    store: null,
    isMultipart: true,
    cannot: { '*': 'restic names its objects itself, by digest' },
    extras: [
      [
        'init, backup, check, restore, diff',
        (context) => backupAndRestore(inBucket(context.bucket), context),
      ],
      [
        'init makes the bucket',
        async (context) => {
          const { oracle, bucket } = context
          await oracle.removeBucket(bucket)
          await inBucket(bucket)('init')
          check((await oracle.head(bucket, 'config')).status === 200, 'no config object')
        },
      ],
      ['forget and prune', (context) => forgetAndPrune(inBucket(context.bucket), context)],
    ],
    close: async () => {
      /* nothing was started */
    },
  }
}

async function backupAndRestore(restic, { folder }) {
  const from = growTree(join(folder, 'from'))
  writeFileSync(join(from, 'large'), randomBytes(30 * 2 ** 20))
  symlinkSync('plain.txt', join(from, 'link'))
  await restic('init')
  await restic('backup', from)
  await restic('check', '--read-data')
  await restic('restore', 'latest', '--target', join(folder, 'to'))
  checkSameTree(from, join(folder, 'to', from))
  appendFileSync(join(from, 'plain.txt'), 'more')
  await restic('backup', from)
  const ids = JSON.parse(await restic('snapshots', '--json')).map(({ short_id: id }) => id)
  check(ids.length === 2, `${ids.length} snapshots in place of 2`)
  const diff = await restic('diff', ...ids)
  check(/^M .*plain\.txt$/m.test(diff), `diff names no change of plain.txt: ${diff.slice(0, 300)}`)
}

async function forgetAndPrune(restic, { oracle, bucket, folder }) {
  const from = growTree(join(folder, 'from'))
  const heldBytes = async () =>
    (await oracle.list(bucket, 'data/')).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  await restic('init')
  await restic('backup', from)
  const beforeBytes = await heldBytes()
  rmSync(join(from, 'big'), { recursive: true })
  await restic('backup', from)
  await restic('forget', '--keep-last', '1', '--prune')
  await restic('check', '--read-data')
  check(
    (await heldBytes()) < beforeBytes - 5 * 2 ** 20,
    `prune freed nothing of ${beforeBytes} bytes`,
  )
  await restic('restore', 'latest', '--target', join(folder, 'to'))
  checkSameTree(from, join(folder, 'to', from))
}
