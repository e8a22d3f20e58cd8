// HeadObject: the headers of the GetObject with the same parameters.

import type { Bucket } from '../../object-index/object-index.ts'
import type { Call } from '../operation.ts'
import { planRead } from '../read-plan.ts'

export async function headObject(call: Call, bucket: Bucket): Promise<void> {
  const plan = await planRead(call, bucket)
  call.exchange.sendHead(plan.kind === 'not-modified' ? 304 : plan.status, plan.fields)
}
