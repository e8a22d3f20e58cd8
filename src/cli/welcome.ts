// What a first start shows: where the store is and how three common clients use it.

import type { RootKey } from '../cell/init-store.ts'

export interface Welcome {
  readonly url: string
  readonly folder: string
  readonly region: string
  /** Null where the store was there before: its key was shown when it was made. */
  readonly key: RootKey | null
}

export function welcome({ url, folder, region, key }: Welcome): string {
  const served = `Holdfast serves ./${folder} at ${url}`
  if (key === null) return served
  return (
    `${served}

  root access key  ${key.accessKeyId}
  root secret key  ${key.secretKey}      (not shown again)

Use it with the AWS command line:

  export AWS_ACCESS_KEY_ID=${key.accessKeyId}
  export AWS_SECRET_ACCESS_KEY=${key.secretKey}
  export AWS_DEFAULT_REGION=${region}
  aws --endpoint-url ${url} s3 mb s3://first
  echo hello | aws --endpoint-url ${url} s3 cp - s3://first/hello.txt

with rclone:

  rclone lsf ":s3,provider=Other,endpoint='${url}',access_key_id=${key.accessKeyId},` +
    `secret_access_key=${key.secretKey}:"

with an SDK (JavaScript):

  new S3Client({ endpoint: '${url}', region: '${region}', forcePathStyle: true,
    credentials: { accessKeyId: '${key.accessKeyId}',
      secretAccessKey: '${key.secretKey}' } })
`
  )
}
