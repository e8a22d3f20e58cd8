// Drives one client: `node drive.mjs CLIENT JOB.json`. Prints one JSON line for the client's
// version and one for each case. A process of its own, so that a client that hangs can be ended,
// and that NODE_EXTRA_CA_CERTS holds for the clients that run on Node.
//
// A client's file exports `open(job)`, which answers
//   version      what the client says of itself
//   store        makeBucket, put, get, list, remove, removeBucket by that client; null: has no keys
//   isMultipart  whether it writes the large object in parts
//   cannot       case name ('*': all) to the reason why the client itself cannot express it
//   extras       [name, async ({ oracle, bucket, folder, skip }) => …]: cases of that client alone
//   close        ends what open started
// and throws ClientMissing where the client is not installed.

import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openS3 } from './harness/s3.mjs'
import { ClientMissing, CaseSkipped } from './outcomes.mjs'
import { runStandardCases } from './standard.mjs'

function print(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

function tell(name, status, reason = '') {
  print({ case: name, status, reason: reason.replaceAll(/\s+/g, ' ').slice(0, 500) })
}

async function runExtra([name, act], client, { oracle, bucket, folder }) {
  try {
    await mkdir(folder, { recursive: true })
    await oracle.makeBucket(bucket)
    await act({
      oracle,
      bucket,
      folder,
      skip: (reason) => {
        throw new CaseSkipped(reason)
      },
    })
    tell(name, 'ok')
  } catch (error) {
    if (error instanceof CaseSkipped) tell(name, 'skipped', error.message)
    else if (name in client.cannot) tell(name, 'skipped', client.cannot[name])
    else tell(name, 'failed', error.message)
  }
  try {
    await oracle.emptyBucket(bucket)
    await oracle.removeBucket(bucket)
  } catch (error) {
    tell(`${name}: clean up`, 'failed', error.message)
  }
}

async function main([name, jobFile]) {
  const job = JSON.parse(readFileSync(jobFile, 'utf8'))
  const { open } = await import(`./${name}.mjs`)
  const client = await open(job).catch((error) => {
    if (!(error instanceof ClientMissing)) throw error
    return error
  })
  if (client instanceof ClientMissing) return print({ missing: client.message })
  print({ version: client.version })
  const oracle = openS3(job)
  try {
    await runStandardCases(client, {
      oracle,
      bucket: job.bucket,
      folder: join(job.folder, 'standard'),
      tell,
    })
    for (const [index, extra] of client.extras.entries()) {
      await runExtra(extra, client, {
        oracle,
        bucket: `${job.bucket}-x${index}`,
        folder: join(job.folder, `extra-${index}`),
      })
    }
  } finally {
    oracle.close()
    await client.close()
  }
  print({ isDone: true })
}

await main(process.argv.slice(2))
