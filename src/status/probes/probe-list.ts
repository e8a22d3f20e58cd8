// LIST: exactly the keys that were put, in order, with their ETags, over more than one page.

import { digestHex } from '../../base/digest.ts'
import type { S3Client } from '../../s3/client.ts'
import type { ListEntry } from '../../s3/client-xml.ts'
import type { ProbeFailure } from '../status.ts'
import { bodyOf, listedCanaries, listPrefix, type Canary } from './canary.ts'
import { failed, unsure, WELL, wrongData, type ProbeRun, type Verdict } from './probe-run.ts'

/** Fewer than there are, so that the list has a second page. */
const PAGE_KEYS_MAX = 3
const PAGES_MAX = 4

export async function probeList(run: ProbeRun): Promise<Verdict> {
  const { memory, prefix } = run.target
  const expected = listedCanaries(prefix)
  const listed = await run.step(async (client) => await listAll(client, run))
  if (listed.failure !== null) return failed(listed.failure)
  const absent = missingIn(listed.value, expected)
  noteFound(run, absent, expected)
  if (absent.length === 0) return judge(listed.value, expected)
  const lost = absent.filter(({ key }) => memory.noteMissing(key))
  if (lost.length > 0) {
    return wrongData(`LIST of ${prefix}: ${lost[0]?.key} is missing, and had been acknowledged`)
  }
  const failure = await putAll(run, absent)
  if (failure !== null) return unsure(failure)
  const again = await run.step(async (client) => await listAll(client, run))
  return again.failure === null ? judge(again.value, expected) : failed(again.failure)
}

async function listAll(client: S3Client, run: ProbeRun): Promise<readonly ListEntry[]> {
  const entries: ListEntry[] = []
  let token: string | null = null
  for (let count = 0; count < PAGES_MAX; count += 1) {
    const query = { prefix: listPrefix(run.target.prefix), keysMax: PAGE_KEYS_MAX, token }
    const page = await client.listObjects(run.bucket, query)
    entries.push(...page.entries)
    token = page.nextToken
    if (token === null) break
  }
  return entries
}

function missingIn(entries: readonly ListEntry[], expected: readonly Canary[]): readonly Canary[] {
  const keys = new Set(entries.map(({ key }) => key))
  return expected.filter(({ key }) => !keys.has(key))
}

function noteFound(run: ProbeRun, absent: readonly Canary[], expected: readonly Canary[]): void {
  for (const canary of expected) {
    if (!absent.includes(canary)) run.target.memory.noteThere(canary.key)
  }
}

async function putAll(run: ProbeRun, canaries: readonly Canary[]): Promise<ProbeFailure | null> {
  for (const canary of canaries) {
    const { key } = canary
    const body = bodyOf(canary)
    const put = await run.aside(async (client) => await client.putObject(run.bucket, key, body))
    if (put.failure !== null) return put.failure
    run.target.memory.noteThere(key)
  }
  return null
}

function judge(entries: readonly ListEntry[], expected: readonly Canary[]): Verdict {
  const say = (each: readonly string[]): string => each.join(', ')
  const wanted = expected.map(
    (canary) => `${canary.key} ${digestHex('md5', bodyOf(canary))} ${canary.sizeBytes}`,
  )
  const came = entries.map(({ etag, key, sizeBytes }) => `${key} ${etag} ${sizeBytes}`)
  if (say(wanted) === say(came)) return WELL
  return wrongData(`LIST: expected ${say(wanted)}; came ${say(came)}`.slice(0, 1000))
}
