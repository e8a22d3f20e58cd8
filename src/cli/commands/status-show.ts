// holdfast status show: what a site tells, for a terminal.

import { systemClock } from '../../platform/clock.ts'
import { openNetwork } from '../../platform/network.ts'
import { isWorse } from '../../status/status.ts'
import type { Posting } from '../../status/posting.ts'
import { openStatusClient, originsOf } from '../status-client.ts'
import { formatSeconds, table } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

/** The first of `URL[,URL…]` that answers. */
export async function showStatus(terminal: Terminal, urls: string): Promise<void> {
  const origins = originsOf(urls)
  await using network = openNetwork()
  const posting = await openStatusClient(network, origins, (line) => terminal.note(line)).posting()
  terminal.result(posting, () => render(posting, systemClock.nowMs()))
}

function render(posting: Posting, nowMs: number): string {
  const { components, incidents, maintenances, nowMs: siteMs, site } = posting
  const bad = components.filter(({ level }) => level !== 'operational')
  const byWord = components.filter(({ level, seen }) => isWorse(level, seen)).length
  const off = Math.abs(nowMs - siteMs) / 1000
  const parts = [
    `as site ${site} sees it at ${new Date(siteMs).toISOString()}` +
      (off > 60 ? ` (this machine's clock is ${formatSeconds(off)} off)` : ''),
    bad.length === 0
      ? `all ${components.length} components are told as operational`
      : `${bad.length} of ${components.length} components are not operational`,
    ...(byWord === 0 ? [] : [`${byWord} told better than probes see, by a person's word`]),
    table(
      ['COMPONENT', 'LEVEL'],
      components.map(({ id, level, seen }) => [
        id,
        isWorse(level, seen) ? `${level} by a person's word; probes see ${seen}` : level,
      ]),
    ),
  ]
  if (incidents.length > 0) parts.push(stories('INCIDENT', incidents))
  if (maintenances.length > 0) parts.push(stories('MAINTENANCE', maintenances))
  return parts.join('\n\n')
}

function stories(
  what: string,
  all: readonly { readonly id: string; readonly title: string; readonly state: string }[],
): string {
  return table(
    [what, 'STATE', 'TITLE'],
    all.map(({ id, state, title }) => [id.slice(0, 8), state, title]),
  )
}
