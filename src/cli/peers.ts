// Where peers are reached from here, where that is not where the configuration says.

import { didYouMean } from '../base/closest.ts'
import type { StatusConfig } from '../status/config.ts'
import { CliError } from './cli-error.ts'

/** `NAME=URL`, or the URL alone where there is one peer. @throws CliError */
export function withPeers(
  config: StatusConfig,
  site: string,
  given: readonly string[],
): StatusConfig {
  const names = config.sites.map(({ name }) => name)
  if (!names.includes(site)) {
    throw new CliError(
      `the configuration has no site "${site}"${didYouMean(site, names)}: it has ${names.join(', ')}`,
    )
  }
  const peers = names.filter((name) => name !== site)
  const urls = new Map(given.map((text) => peerOf(text, config, peers)))
  const sites = config.sites.map((each) => ({ ...each, url: urls.get(each.name) ?? each.url }))
  return { ...config, sites }
}

function peerOf(
  text: string,
  { sites }: StatusConfig,
  peers: readonly string[],
): readonly [name: string, url: string] {
  const [, named, rest = ''] = /^(?:([a-z0-9-]+)=)?(.*)$/.exec(text) ?? []
  const url = rest.replace(/\/+$/, '')
  const known = sites.find((each) => each.url === url)?.name
  const name = named ?? known ?? (peers.length === 1 ? peers[0] : undefined)
  if (name === undefined) {
    throw new CliError(`--peer ${text}: say which it is, NAME=URL; there are ${peers.join(', ')}`)
  }
  if (peers.includes(name)) return [name, url]
  const there = peers.length === 0 ? 'there is none' : `there are ${peers.join(', ')}`
  throw new CliError(`--peer ${text}: "${name}" is no peer${didYouMean(name, peers)}; ${there}`)
}
