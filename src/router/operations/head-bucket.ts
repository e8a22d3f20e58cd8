// HeadBucket: whether a bucket is there and the caller's to use, and in which region.

import type { Call } from '../operation.ts'

export async function headBucket(call: Call): Promise<void> {
  const { exchange, services } = call
  exchange.sendHead(200, [
    'x-amz-bucket-region',
    services.settings.region,
    'x-amz-access-point-alias',
    'false',
    'Content-Type',
    'application/xml',
    'Content-Length',
    '0',
  ])
  return await Promise.resolve()
}
