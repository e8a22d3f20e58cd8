// GetObject: what read-plan.ts decides, with its bytes.

import type { Bucket } from '../../object-index/object-index.ts'
import type { Call } from '../operation.ts'
import { planRead } from '../read-plan.ts'
import { sendObject } from '../stream-object.ts'

export async function getObject(call: Call, bucket: Bucket): Promise<void> {
  const plan = await planRead(call, bucket)
  if (plan.kind === 'not-modified') return call.exchange.sendHead(304, plan.fields)
  const { version, range, status, fields } = plan
  await sendObject(call.exchange, { bucket, version, range, status, fields })
}
