// GET: a canary is read, and every byte of it compared.

import { readCanaries, type Canary } from './canary.ts'
import { failed, unsure, WELL, wrongData, type ProbeRun, type Verdict } from './probe-run.ts'

export async function probeGet(run: ProbeRun): Promise<Verdict> {
  const { memory, prefix, random } = run.target
  const canaries = readCanaries(prefix)
  const drawn = canaries[Math.floor(random.fraction() * canaries.length)]
  const canary = canaries.find(({ key }) => memory.isMissed(key)) ?? drawn
  if (canary === undefined) return WELL
  const verdict = await readCanary(run, canary)
  memory.isGetWell = verdict.kind === 'well'
  return verdict
}

async function readCanary(run: ProbeRun, canary: Canary): Promise<Verdict> {
  const { bucket } = run
  const { memory } = run.target
  const { body, key } = canary
  const got = await run.step(async (client) => await client.getObject(bucket, key, body.length))
  if (got.failure === null) return judge(run, canary, got.value)
  if (got.failure.code !== 'NoSuchKey') return failed(got.failure)
  if (memory.noteMissing(key)) {
    return failed({
      ...got.failure,
      kind: 'wrong-data',
      message: `${key} is missing, and had been acknowledged`,
    })
  }
  const put = await run.aside(async (client) => await client.putObject(bucket, key, body))
  if (put.failure !== null) return unsure(put.failure)
  memory.noteThere(key)
  const again = await run.step(async (client) => await client.getObject(bucket, key, body.length))
  return again.failure === null ? judge(run, canary, again.value) : failed(again.failure)
}

function judge(run: ProbeRun, { body, key }: Canary, got: Uint8Array): Verdict {
  run.target.memory.noteThere(key)
  if (body.equals(got)) return WELL
  if (got.length !== body.length) {
    return wrongData(`GET of ${key}: expected ${body.length} bytes, came ${got.length}`)
  }
  const offset = got.findIndex((byte, index) => byte !== body[index])
  return wrongData(`GET of ${key}: what came differs from what was stored from byte ${offset} on`)
}
