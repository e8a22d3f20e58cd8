// Sign-in: the account's key lists its buckets, and a wrong secret is refused.

import { failed, WELL, wrongData, type ProbeRun, type Verdict } from './probe-run.ts'

export async function probeSignIn(run: ProbeRun): Promise<Verdict> {
  const listed = await run.step(async (client) => await client.listBuckets())
  if (listed.failure !== null) return failed(listed.failure)
  const wrongSecret = `${run.target.cell.secretKey}-wrong`
  const refused = await run.step(async (client) => await client.listBuckets(), wrongSecret)
  if (refused.failure === null) return wrongData('a wrong secret key was taken for the right one')
  return refused.failure.status === 403 ? WELL : failed(refused.failure)
}
