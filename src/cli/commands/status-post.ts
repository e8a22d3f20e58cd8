// holdfast status post: a signed word on how things are, handed to the first site that answers.

import { STATUS_POST_AGE_MS_MAX } from '../../base/limits.ts'
import { systemClock } from '../../platform/clock.ts'
import { readTextFile } from '../../platform/machine.ts'
import { openNetwork } from '../../platform/network.ts'
import { openSystemRandom } from '../../platform/random.ts'
import type { Posting } from '../../status/posting.ts'
import { draftRecord, newNonce, nextOrder } from '../../status/records/draft.ts'
import { recordIdOf, seal } from '../../status/records/envelope.ts'
import { CliError } from '../cli-error.ts'
import type { Environment } from '../env.ts'
import { readAuthorities, readKeyFile } from '../key-file.ts'
import { statementOf } from '../statement.ts'
import type { Typed } from '../statement.ts'
import { openStatusClient, originsOf } from '../status-client.ts'
import { asStatusCliError } from '../status-error.ts'
import { readPostOptions, statusVariableOf } from '../status-options.ts'
import { formatSeconds } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

export type PostFlags = Readonly<Record<string, string | undefined>>

/** A clock that is off by nearly what a site allows: the post would be refused while it is typed. */
const CLOCK_MARGIN_MS = 30_000

export async function postStatement(
  terminal: Terminal,
  typed: Typed,
  flags: PostFlags,
  environment: Environment,
): Promise<void> {
  const options = readPostOptions(flags, environment.variables)
  const origins = originsOf(given(options.url, 'url'))
  const pair = readKeyFile(given(options.key, 'key'))
  await using network = openNetwork({ ca: readAuthorities(options.ca) })
  const client = openStatusClient(network, origins, (line) => terminal.note(line))
  try {
    const posting = await client.posting()
    checkClock(posting, systemClock.nowMs())
    // The site's time: `--for 3m` is three of its minutes, however far this machine's clock is off.
    const { nowMs } = posting
    const text = draftRecord({
      plane: posting.plane,
      statement: statementOf(typed, posting, nowMs),
      order: nextOrder(posting.orderMax),
      atMs: nowMs,
      nonce: newNonce(openSystemRandom()),
      author: pair.id,
    })
    const { site } = await client.post(seal('record', text, pair))
    const id = recordIdOf(text)
    terminal.result({ id, site }, () => `${site} has taken it; its id is ${id.slice(0, 8)}`)
  } catch (error) {
    throw asStatusCliError(error)
  }
}

/** A text of `-` is what stands on standard input. */
export function textOf(typed: string): string {
  return typed === '-' ? readTextFile('/dev/stdin').trim() : typed
}

function given(value: string | null, option: string): string {
  if (value !== null) return value
  throw new CliError(`--${option} is missing (or ${statusVariableOf(option)})`)
}

function checkClock({ nowMs: siteMs, site }: Posting, nowMs: number): void {
  const offMs = nowMs - siteMs
  if (Math.abs(offMs) < STATUS_POST_AGE_MS_MAX - CLOCK_MARGIN_MS) return
  const side = offMs > 0 ? 'ahead of' : 'behind'
  throw new CliError(
    `this machine's clock is ${formatSeconds(Math.abs(offMs) / 1000)} ${side} that of site ${site}: ` +
      'set it, a post must be signed within 5 minutes',
  )
}
