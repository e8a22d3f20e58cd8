// holdfast status check: what is wrong with a configuration, all of it.

import type { StatusConfig } from '../../status/config.ts'
import type { ExitCode } from '../cli-error.ts'
import { checkStatusConfig } from '../status-config.ts'
import { facts } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

/** Exit code 1 where something is. */
export async function checkConfigFile(terminal: Terminal, file: string): Promise<ExitCode> {
  const { problems, config } = await Promise.resolve(checkStatusConfig(file))
  terminal.result({ file, problems }, () =>
    config === null ? problems.map((line) => `${file}: ${line}`).join('\n') : summary(file, config),
  )
  return config === null ? 1 : 0
}

function summary(file: string, config: StatusConfig): string {
  const { components, people, publish, regions, sites, timing, webhooks } = config
  const cells = regions.flatMap((region) => region.cells)
  const active = people.filter(({ state }) => state === 'active')
  return [
    `${file} is a sound configuration.`,
    '',
    facts([
      ['sites', sites.map(({ name, url }) => `${name} (${url})`).join(', ')],
      ['people', active.map(({ name }) => name).join(', ') || 'nobody: only machines can post'],
      ['regions', regions.map(({ name }) => name).join(', ')],
      ['probed', `${components.length} components; cells: ${cells.length}`],
      ['every', `${timing.probeIntervalSec} s; slow from ${timing.slowMs} ms on`],
      ['anchors', timing.anchors.join(', ') || 'none: a refused connection counts as a sign'],
      ['webhooks', String(webhooks.length)],
      ['publish', String(publish.length)],
    ]),
  ].join('\n')
}
