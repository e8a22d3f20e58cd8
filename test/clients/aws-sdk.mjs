// @aws-sdk/client-s3 with its default checksums, and lib-storage's Upload for what is large.

import { createReadStream, createWriteStream, readFileSync, statSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { installedVersion, load } from './npm-client.mjs'
import { postForm, presignedGetAndPut } from './presigned.mjs'
import { check, checkSame } from './standard.mjs'

const PART_BYTES = 5 * 2 ** 20

export async function open(job) {
  const sdk = await load('@aws-sdk/client-s3')
  const { Upload } = await load('@aws-sdk/lib-storage')
  const { getSignedUrl } = await load('@aws-sdk/s3-request-presigner')
  const { createPresignedPost } = await load('@aws-sdk/s3-presigned-post')
  const s3 = new sdk.S3({
    endpoint: job.endpoint,
    region: job.region,
    forcePathStyle: true,
    credentials: { accessKeyId: job.credentials.access, secretAccessKey: job.credentials.secret },
  })
  const presign = (method, Bucket, Key) =>
    getSignedUrl(
      s3,
      method === 'GET'
        ? new sdk.GetObjectCommand({ Bucket, Key })
        : new sdk.PutObjectCommand({ Bucket, Key }),
      { expiresIn: 60 },
    )
  const presignPost = (Bucket, Key) =>
    createPresignedPost(s3, {
      Bucket,
      Key,
      Conditions: [['content-length-range', 1, 1000]],
      Expires: 60,
    })
  const named = (act) => (context) => act(s3, context)
  return {
    version:
      `client-s3 ${installedVersion('@aws-sdk/client-s3')}, ` +
      `lib-storage ${installedVersion('@aws-sdk/lib-storage')}, Node ${process.version}`,
    store: storeOf(s3, Upload),
    isMultipart: true,
    cannot: {},
    extras: [
      ['Upload of a stream', (context) => uploadStream(s3, Upload, context)],
      ['checksum algorithms', named(checksums)],
      ['conditional put', named(conditionalPut)],
      ['copy', named(copy)],
      ['range', named(range)],
      ['DeleteObjects', named(deleteObjects)],
      ['presigned GET and PUT', (context) => presignedGetAndPut(presign, context)],
      ['presigned POST form', (context) => postForm(presignPost, context)],
    ],
    close: async () => s3.destroy(),
  }
}

function storeOf(s3, Upload) {
  return {
    makeBucket: (Bucket) => s3.createBucket({ Bucket }),
    put: async (Bucket, Key, file) => {
      if (statSync(file).size < PART_BYTES) {
        await s3.putObject({ Bucket, Key, Body: readFileSync(file) })
        return
      }
      await new Upload({
        client: s3,
        partSize: PART_BYTES,
        params: { Bucket, Key, Body: createReadStream(file) },
      }).done()
    },
    get: async (Bucket, Key, file) => {
      const { Body } = await s3.getObject({ Bucket, Key })
      await pipeline(Body, createWriteStream(file))
    },
    list: async (Bucket) => {
      const entries = []
      for (let token; ;) {
        const page = await s3.listObjectsV2({ Bucket, ContinuationToken: token })
        const { Contents = [] } = page
        entries.push(...Contents.map(({ Key, Size }) => ({ key: Key, sizeBytes: Size })))
        if (!page.IsTruncated) return entries
        token = page.NextContinuationToken
      }
    },
    remove: (Bucket, Key) => s3.deleteObject({ Bucket, Key }),
    removeBucket: (Bucket) => s3.deleteBucket({ Bucket }),
  }
}

/** A body whose length nobody knows beforehand. */
async function uploadStream(s3, Upload, { oracle, bucket }) {
  const pieces = Array.from({ length: 120 }, (_, index) => Buffer.alloc(100_000, String(index)))
  await new Upload({
    client: s3,
    partSize: PART_BYTES,
    params: { Bucket: bucket, Key: 'streamed', Body: Readable.from(pieces) },
  }).done()
  checkSame(Buffer.concat(pieces), await oracle.get(bucket, 'streamed'), 'the store has')
}

async function checksums(s3, { bucket }) {
  for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']) {
    const Key = ChecksumAlgorithm
    const put = await s3.putObject({ Bucket: bucket, Key, Body: 'checked', ChecksumAlgorithm })
    const got = await s3.getObject({ Bucket: bucket, Key, ChecksumMode: 'ENABLED' })
    const text = await got.Body.transformToString()
    check(text === 'checked', `${Key}: read back ${text}`)
    const field = `Checksum${Key}`
    check(
      put[field] !== undefined && put[field] === got[field],
      `${field}: ${put[field]} at PUT, ${got[field]} at GET`,
    )
  }
}

async function conditionalPut(s3, { oracle, bucket }) {
  const put = (Body, more) => s3.putObject({ Bucket: bucket, Key: 'once', Body, ...more })
  const { ETag } = await put('first', { IfNoneMatch: '*' })
  const refused = await put('second', { IfNoneMatch: '*' }).then(
    () => null,
    (error) => error,
  )
  check(refused?.$metadata?.httpStatusCode === 412, `not refused with 412: ${refused?.name}`)
  checkSame(Buffer.from('first'), await oracle.get(bucket, 'once'), 'after the refusal')
  await put('third', { IfMatch: ETag })
  checkSame(Buffer.from('third'), await oracle.get(bucket, 'once'), 'after If-Match')
}

async function copy(s3, { oracle, bucket }) {
  const body = Buffer.from('copied')
  await oracle.put(bucket, 'from +%/\u{1FAA3}', body)
  await s3.copyObject({
    Bucket: bucket,
    Key: 'to',
    CopySource: encodeURI(`${bucket}/from +`).replaceAll('+', '%2B') + '%25/%F0%9F%AA%A3',
  })
  checkSame(body, await oracle.get(bucket, 'to'), 'the copy has')
}

async function range(s3, { oracle, bucket }) {
  await oracle.put(bucket, 'digits', Buffer.from('0123456789'))
  for (const [Range, wanted] of [
    ['bytes=2-4', '234'],
    ['bytes=7-', '789'],
    ['bytes=-2', '89'],
  ]) {
    const { Body } = await s3.getObject({ Bucket: bucket, Key: 'digits', Range })
    checkSame(Buffer.from(wanted), Buffer.from(await Body.transformToByteArray()), Range)
  }
}

async function deleteObjects(s3, { oracle, bucket }) {
  const keys = ['a/../b', ' c ', 'd&<e>', 'f\u{1FAA3}']
  for (const key of keys) await oracle.put(bucket, key, Buffer.from(key))
  const { Deleted = [], Errors = [] } = await s3.deleteObjects({
    Bucket: bucket,
    Delete: { Objects: keys.map((Key) => ({ Key })) },
  })
  check(
    Deleted.length === keys.length && Errors.length === 0,
    `${Deleted.length} deleted, ${Errors.length} errors`,
  )
  check((await oracle.list(bucket)).length === 0, 'something is left')
}
