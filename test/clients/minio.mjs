// minio-js: files in and out, streams of a listing, presigned URLs and a browser form.

import { installedVersion, load } from './npm-client.mjs'
import { postForm, presignedGetAndPut } from './presigned.mjs'
import { check, checkSame } from './standard.mjs'

export async function open(job) {
  const minio = await load('minio')
  const { protocol, hostname, port } = new URL(job.endpoint)
  const client = new minio.Client({
    endPoint: hostname,
    port: Number(port),
    region: job.region,
    useSSL: protocol === 'https:',
    pathStyle: true,
    partSize: 5 * 2 ** 20,
    accessKey: job.credentials.access,
    secretKey: job.credentials.secret,
  })
  const presign = (method, bucket, key) => client.presignedUrl(method, bucket, key, 60)
  return {
    version: `minio ${installedVersion('minio')}, Node ${process.version}`,
    store: storeOf(client),
    isMultipart: true,
    cannot: {},
    extras: [
      ['presigned GET and PUT', (context) => presignedGetAndPut(presign, context)],
      [
        'presigned POST form',
        (context) => postForm((bucket, key) => presignPost(client, bucket, key), context),
      ],
      ['putObject of a buffer', (context) => putBuffer(client, context)],
      ['copy', (context) => copy(client, context)],
      ['removeObjects', (context) => removeMany(client, context)],
      ['list v1 with a delimiter', (context) => listFolders(client, context)],
    ],
    close: async () => {
      /* its sockets end with this process */
    },
  }
}

function storeOf(client) {
  return {
    makeBucket: (bucket) => client.makeBucket(bucket),
    put: (bucket, key, file) => client.fPutObject(bucket, key, file),
    get: (bucket, key, file) => client.fGetObject(bucket, key, file),
    list: async (bucket) => {
      const entries = await collect(client.listObjectsV2(bucket, '', true))
      return entries.map(({ name, size }) => ({ key: name, sizeBytes: size }))
    },
    remove: (bucket, key) => client.removeObject(bucket, key),
    removeBucket: (bucket) => client.removeBucket(bucket),
  }
}

async function presignPost(client, bucket, key) {
  const policy = client.newPostPolicy()
  policy.setBucket(bucket)
  policy.setKey(key)
  policy.setExpires(new Date(Date.now() + 60_000))
  policy.setContentLengthRange(1, 1000)
  const { postURL, formData } = await client.presignedPostPolicy(policy)
  return { url: postURL, fields: formData }
}

async function putBuffer(client, { oracle, bucket }) {
  const body = Buffer.from('in memory')
  await client.putObject(bucket, 'buffer', body, body.length, { 'X-Amz-Meta-Colour': 'blue' })
  checkSame(body, await oracle.get(bucket, 'buffer'), 'the store has')
  const { metaData, size } = await client.statObject(bucket, 'buffer')
  check(
    size === body.length && metaData.colour === 'blue',
    `stat: ${size} ${JSON.stringify(metaData)}`,
  )
}

async function copy(client, { oracle, bucket }) {
  const body = Buffer.from('copied')
  await oracle.put(bucket, 'from', body)
  await client.copyObject(bucket, 'to', `/${bucket}/from`)
  checkSame(body, await oracle.get(bucket, 'to'), 'the copy has')
}

async function removeMany(client, { oracle, bucket }) {
  const keys = ['a/../b', ' c ', 'd&<e>', 'f\u{1FAA3}']
  for (const key of keys) await oracle.put(bucket, key, Buffer.from(key))
  await client.removeObjects(bucket, keys)
  check((await oracle.list(bucket)).length === 0, 'something is left')
}

async function listFolders(client, { oracle, bucket }) {
  for (const key of ['a/1', 'a/b/2', 'a/c', 'd']) await oracle.put(bucket, key, Buffer.from(key))
  const found = await collect(client.listObjects(bucket, 'a/', false))
  const names = found.map(({ name, prefix }) => name ?? prefix).sort()
  check(names.join() === 'a/1,a/b/,a/c', `listed ${names}`)
}

async function collect(stream) {
  const entries = []
  for await (const entry of stream) entries.push(entry)
  return entries
}
