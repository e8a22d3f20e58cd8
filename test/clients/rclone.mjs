// rclone: copyto, lsjson, sync and check over an S3 remote that is named in the environment.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { syncOverDamage } from './damaged-list.mjs'
import { cleanEnvironment, findProgram, programRunner } from './program.mjs'
import { check } from './standard.mjs'
import { checkSameTree, growTree } from './tree.mjs'

const CLEANS = 'rclone cleans remote paths as a file system would, so that it never sends this key'
const CANNOT = {
  'key: ../': CLEANS,
  'key: a/../b': CLEANS,
  'key: a/./b': CLEANS,
  'key: //': CLEANS,
  'key: leading /': CLEANS,
  'key: trailing /': CLEANS,
}

/** rclone with a remote `store:` at a job's endpoint. */
function rcloneAt(job) {
  const env = cleanEnvironment(job, {
    RCLONE_CONFIG: join(job.folder, 'rclone.conf'),
    RCLONE_CONFIG_STORE_TYPE: 's3',
    RCLONE_CONFIG_STORE_PROVIDER: 'Other',
    RCLONE_CONFIG_STORE_ENDPOINT: job.endpoint,
    RCLONE_CONFIG_STORE_REGION: job.region,
    RCLONE_CONFIG_STORE_FORCE_PATH_STYLE: 'true',
    RCLONE_CONFIG_STORE_ACCESS_KEY_ID: job.credentials.access,
    RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY: job.credentials.secret,
    RCLONE_S3_UPLOAD_CUTOFF: '5M',
    RCLONE_S3_CHUNK_SIZE: '5M',
    RCLONE_RETRIES: '1',
    RCLONE_LOW_LEVEL_RETRIES: '2',
    ...(job.caFile === null ? {} : { RCLONE_CA_CERT: job.caFile }),
  })
  return programRunner(findProgram('rclone'), env)
}

export async function open(job) {
  const rclone = rcloneAt(job)
  const url = (bucket, key) => `store:${bucket}/${key}`
  const store = {
    makeBucket: (bucket) => rclone(['mkdir', `store:${bucket}`]),
    put: (bucket, key, file) => rclone(['copyto', '--ignore-times', file, url(bucket, key)]),
    get: (bucket, key, file) => rclone(['copyto', '--ignore-times', url(bucket, key), file]),
    list: async (bucket) =>
      JSON.parse(await rclone(['lsjson', '-R', '--files-only', `store:${bucket}`])).map(
        ({ Path, Size }) => ({ key: controls(Path), sizeBytes: Size }),
      ),
    remove: (bucket, key) => rclone(['deletefile', url(bucket, key)]),
    removeBucket: (bucket) => rclone(['rmdir', `store:${bucket}`]),
  }
  return {
    version: (await rclone(['version'])).split('\n')[0],
    store,
    isMultipart: true,
    cannot: CANNOT,
    extras: [
      ['sync and check', (context) => syncAndCheck(rclone, context)],
      [
        'sync deletes nothing while LIST fails',
        (context) => syncOverDamage(job, (other) => rcloneAt({ ...job, ...other }), context),
      ],
    ],
    close: async () => {
      /* nothing was started */
    },
  }
}

/** rclone shows control characters as their pictures, from U+2400 on. */
function controls(path) {
  return path.replace(/[\u2400-\u241f]/g, (picture) =>
    String.fromCharCode(picture.charCodeAt(0) - 0x2400),
  )
}

async function syncAndCheck(rclone, { oracle, bucket, folder }) {
  const [from, to] = [growTree(join(folder, 'from')), join(folder, 'to')]
  const remote = `store:${bucket}/tree`
  await rclone(['sync', from, remote])
  await rclone(['check', from, remote])
  await rclone(['check', '--download', from, remote])
  await rclone(['sync', remote, to])
  checkSameTree(from, to)
  rmSync(join(from, 'plain.txt'))
  await rclone(['sync', from, remote])
  check((await oracle.head(bucket, 'tree/plain.txt')).status === 404, 'sync left a deleted file')
  await rclone(['check', from, remote])
}
