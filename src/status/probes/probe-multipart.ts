// Multipart: an upload is begun, gets one part, is completed; both ETags are those of what was sent.
// Afterwards the object is removed, and so is what earlier probes left unfinished.

import { digest, digestHex } from '../../base/digest.ts'
import { PROBE_UPLOADS_REMOVED_MAX } from '../../base/limits.ts'
import { bodyOf } from './canary.ts'
import { failed, WELL, wrongData, type ProbeRun, type Verdict } from './probe-run.ts'

const PART_SIZE_BYTES = 100_000

export async function probeMultipart(run: ProbeRun): Promise<Verdict> {
  const { memory, prefix } = run.target
  const folder = `${prefix}multipart/`
  const key = memory.nextKey(folder)
  const verdict = await upload(run, key)
  if (verdict.kind === 'well') {
    await run.aside(async (client) => await client.deleteObject(run.bucket, key))
  } else {
    memory.hasLeftUploads = true
  }
  if (memory.hasLeftUploads) await removeLeft(run, folder)
  return verdict
}

async function upload(run: ProbeRun, key: string): Promise<Verdict> {
  const { bucket } = run
  const created = await run.step(async (client) => await client.createMultipartUpload(bucket, key))
  if (created.failure !== null) return failed(created.failure)
  const place = { bucket, key, uploadId: created.value }
  const body = bodyOf({ key, sizeBytes: PART_SIZE_BYTES })
  const md5 = digestHex('md5', body)
  const part = await run.step(async (client) => await client.uploadPart(place, 1, body))
  if (part.failure !== null) return failed(part.failure)
  if (part.value !== md5) {
    return wrongData(`part 1 of ${key}: expected the ETag ${md5}, came ${part.value}`)
  }
  const expected = `${digestHex('md5', digest('md5', body))}-1`
  const before = run.retryCount
  const done = await run.step(async (client) => await client.completeMultipartUpload(place, [md5]))
  if (done.failure === null) {
    if (done.value === expected) return WELL
    return wrongData(`completion of ${key}: expected the ETag ${expected}, came ${done.value}`)
  }
  // The first try took effect, its answer was lost, and the second finds no upload any more.
  if (done.failure.code === 'NoSuchUpload' && run.retryCount > before) {
    const head = await run.aside(async (client) => await client.headObject(bucket, key))
    if (head.value?.etag === expected) return WELL
  }
  return failed(done.failure)
}

/** Aborts a few unfinished uploads of this site. */
async function removeLeft(run: ProbeRun, folder: string): Promise<void> {
  const { bucket } = run
  const listed = await run.aside(
    async (client) => await client.listMultipartUploads(bucket, folder, PROBE_UPLOADS_REMOVED_MAX),
  )
  if (listed.failure !== null) return
  for (const { key, uploadId } of listed.value) {
    const place = { bucket, key, uploadId }
    await run.aside(async (client) => await client.abortMultipartUpload(place))
  }
  run.target.memory.hasLeftUploads = listed.value.length > 0 // then the next looks again
}
