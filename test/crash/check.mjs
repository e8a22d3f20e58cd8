// What must hold after a restart: every key reads as the model allows, LIST names the same objects,
// and acknowledged parts can still be completed.

import { objectPath } from '../clients/harness/sigv4.mjs'
import { completeUpload, foundIn } from './load.mjs'
import { contradiction } from './model.mjs'

/** Reads every key; what was in doubt is settled by what is found. Answers problems by key. */
export async function checkObjects({ s3, bucket, model }, atOnce) {
  const problems = []
  const waiting = model.keys()
  const settled = { doubtful: 0, applied: 0 }
  const work = async () => {
    for (let key; (key = waiting.pop()) !== undefined;) {
      const answer = await s3.send({ method: 'GET', path: objectPath(bucket, key) })
      const found = foundIn(answer)
      if (found === undefined) {
        problems.push(`${key}: GET answers ${answer.status} ${answer.code}`)
        continue
      }
      const problem = contradiction(model, key, found)
      if (problem !== null) problems.push(`${key}: ${problem}`)
      if (model.settled(key) === undefined) {
        settled.doubtful++
        if (found?.sha256 !== model.possible(key)[0]?.sha256) settled.applied++
      }
      // A contradiction was told once; from here on what is there counts.
      model.acknowledge(key, found)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return { problems, settled }
}

/** Compares LIST with what the reads have settled. */
export async function checkListing({ s3, bucket, model }) {
  const problems = []
  const listed = new Map((await s3.list(bucket)).map((entry) => [entry.key, entry]))
  const expected = model.keys().filter((key) => model.settled(key) !== null)
  for (const key of expected) {
    const entry = listed.get(key)
    const { sizeBytes, etag } = model.settled(key)
    if (entry === undefined) problems.push(`${key} reads, but is not listed`)
    else if (entry.sizeBytes !== sizeBytes || entry.etag !== etag) {
      problems.push(
        `${key} is listed as ${entry.sizeBytes} bytes ${entry.etag} in place of ` +
          `${sizeBytes} ${etag}`,
      )
    }
  }
  const known = new Set(expected)
  const extra = [...listed.keys()].filter((key) => !known.has(key))
  return [...problems, ...extra.map((key) => `${key} is listed, but not there`)]
}

/** Completes uploads whose parts were acknowledged, and again those whose answer never came. */
export async function checkUploads(load) {
  const problems = []
  for (const upload of [...load.open, ...load.unsure]) {
    const isDone = await completeUpload({ ...load, note: (text) => problems.push(text) }, upload)
    if (isDone) load.model.acknowledge(upload.key, upload.content)
    else problems.push(`${upload.key}: its acknowledged parts are not completed`)
  }
  return problems
}
