// DELETE: what was there before is not there after.

import { bodyOf } from './canary.ts'
import { failed, WELL, wrongData, type ProbeRun, type Verdict } from './probe-run.ts'

export async function probeDelete(run: ProbeRun): Promise<Verdict> {
  const { bucket } = run
  const { memory, prefix } = run.target
  const key = memory.nextKey(`${prefix}delete/`)
  // Where PUT is down, the deletion of what is not there must still be acknowledged.
  const put = await run.aside(
    async (client) => await client.putObject(bucket, key, bodyOf({ key, sizeBytes: 16 })),
  )
  // A try that was given up may still arrive, and then it arrives after the deletion.
  const isPutSure = put.failure === null && run.isAsidePlain
  const deleted = await run.step(async (client) => await client.deleteObject(bucket, key))
  if (deleted.failure !== null) return failed(deleted.failure)
  if (!isPutSure) return WELL
  const head = await run.aside(async (client) => await client.headObject(bucket, key))
  if (head.failure !== null || head.value === null) return WELL
  return wrongData(`DELETE of ${key}: it was acknowledged, and HEAD still finds the object`)
}
