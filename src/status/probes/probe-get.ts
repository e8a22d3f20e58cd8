// GET: a canary is read, and every byte of it compared.

import { assert } from '../../base/assert.ts'
import type { ProbeFailure } from '../status.ts'
import { bodyOf, readCanaries, type Canary } from './canary.ts'
import { failed, unsure, WELL, wrongData, type ProbeRun, type Verdict } from './probe-run.ts'

export async function probeGet(run: ProbeRun): Promise<Verdict> {
  const { memory, prefix } = run.target
  const verdict = await readCanary(run, nextCanary(run, readCanaries(prefix)))
  memory.isGetWell = verdict.kind === 'well'
  return verdict
}

/** One that was missing before all, then one that is not known yet, else by lot. */
function nextCanary(run: ProbeRun, canaries: readonly Canary[]): Canary {
  const { memory, random } = run.target
  const drawn = canaries[Math.floor(random.fraction() * canaries.length)]
  const missed = canaries.find(({ key }) => memory.isMissed(key))
  const next = missed ?? canaries.find(({ key }) => !memory.isKnown(key)) ?? drawn
  assert(next !== undefined, 'there are canaries')
  return next
}

async function readCanary(run: ProbeRun, canary: Canary): Promise<Verdict> {
  const { bucket } = run
  const { memory, prefix } = run.target
  const { key, sizeBytes } = canary
  const got = await run.step(async (client) => await client.getObject(bucket, key, sizeBytes))
  if (got.failure === null) return judge(run, canary, got.value)
  if (got.failure.code !== 'NoSuchKey') return failed(got.failure)
  if (memory.noteMissing(key)) return lost(key, got.failure)
  const put = await run.aside(async (client) => await client.putObject(bucket, key, bodyOf(canary)))
  if (put.failure === null) {
    memory.noteThere(key)
    return await readThere(run, canary)
  }
  // PUT is down: of GET what is there already can tell.
  const known = readCanaries(prefix).find((each) => memory.isKnown(each.key))
  return known === undefined ? unsure(put.failure) : await readThere(run, known)
}

async function readThere(run: ProbeRun, canary: Canary): Promise<Verdict> {
  const { key, sizeBytes } = canary
  const got = await run.step(async (client) => await client.getObject(run.bucket, key, sizeBytes))
  if (got.failure === null) return judge(run, canary, got.value)
  return got.failure.code === 'NoSuchKey' ? lost(key, got.failure) : failed(got.failure)
}

function lost(key: string, failure: ProbeFailure): Verdict {
  const message = `GET of ${key}: it had been acknowledged, and is missing`
  return failed({ ...failure, kind: 'wrong-data', message })
}

function judge(run: ProbeRun, canary: Canary, got: Uint8Array): Verdict {
  const { key } = canary
  const body = bodyOf(canary)
  run.target.memory.noteThere(key)
  if (body.equals(got)) return WELL
  if (got.length !== body.length) {
    return wrongData(`GET of ${key}: expected ${body.length} bytes, came ${got.length}`)
  }
  const offset = got.findIndex((byte, index) => byte !== body[index])
  return wrongData(`GET of ${key}: what came differs from what was stored from byte ${offset} on`)
}
