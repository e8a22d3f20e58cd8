// PUT: the ETag is the MD5 of what was sent, and where reading works the object is there.

import { digestHex } from '../../base/digest.ts'
import { bodyOf } from './canary.ts'
import { failed, WELL, wrongData, type ProbeRun, type Verdict } from './probe-run.ts'

const SIZES_BYTES = [4096, 150_000]

export async function probePut(run: ProbeRun): Promise<Verdict> {
  const { bucket } = run
  const { memory, prefix, random } = run.target
  const key = memory.nextKey(`${prefix}put/`)
  const lot = random.fraction()
  const sizeBytes = SIZES_BYTES[Math.floor(lot * SIZES_BYTES.length)] ?? 0
  const body = bodyOf({ key: `${key} ${lot}`, sizeBytes })
  const md5 = digestHex('md5', body)
  const put = await run.step(async (client) => await client.putObject(bucket, key, body))
  if (put.failure !== null) return failed(put.failure)
  if (put.value !== md5) {
    return wrongData(`PUT of ${key}: expected the ETag ${md5}, came ${put.value}`)
  }
  // Only where reading works is what it finds PUT's doing.
  if (!memory.isGetWell) return WELL
  const head = await run.aside(async (client) => await client.headObject(bucket, key))
  if (head.failure !== null || head.value?.etag === md5) return WELL
  const found = head.value === null ? 'nothing' : `the ETag ${head.value.etag}`
  return wrongData(
    `PUT of ${key}: it was acknowledged with the ETag ${md5}, and HEAD finds ${found}`,
  )
}
