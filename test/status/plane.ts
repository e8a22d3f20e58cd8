// A status plane as its operator makes it: directories and keys by the command line, a configuration,
// sites in processes of their own on free ports.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFreePort } from '../../src/platform/http-server.ts'
import { cli, scratch, type Started, startServer } from '../serve/group.ts'

export interface Plane {
  readonly folder: string
  readonly configFile: string
  /** The person's key file. */
  readonly keyFile: string
  /** Origins by site. */
  readonly urls: Readonly<Record<string, string>>
  /** Starts a site. It is ended with the test, or by `stop`. */
  start(site: string, variables?: Readonly<Record<string, string>>): Promise<Started>
  /** `holdfast status …` as one who knows all sites. */
  run(...words: string[]): ReturnType<typeof cli>
}

/** What the configuration says beside its sites and people. */
export interface PlaneOptions {
  readonly sites?: readonly string[]
  readonly regions?: readonly object[]
  readonly timing?: object
}

/** A service that nobody serves: there is something to watch, and nothing to start. */
const REGIONS = [
  {
    name: 'eu',
    services: [
      { name: 'console', title: 'Console', url: 'http://127.0.0.1:1/' },
      { name: 'billing', title: 'Billing', url: 'http://127.0.0.1:1/' },
    ],
  },
]

export async function makePlane(
  t: { after(end: () => void | Promise<void>): void },
  { regions = REGIONS, sites = ['a', 'b'], timing = {} }: PlaneOptions = {},
): Promise<Plane> {
  const folder = scratch(t)
  const urls: Record<string, string> = {}
  const lines: object[] = []
  for (const name of sites) {
    const url = `http://127.0.0.1:${await findFreePort('127.0.0.1')}`
    urls[name] = url
    lines.push(await made(folder, ['init', name, '--site', name, '--url', url]))
  }
  const person = await made(folder, ['key', 'ada.pem', '--name', 'On call'])
  const configFile = join(folder, 'config.json')
  const people = [person]
  const config = { plane: 'test', title: 'A plane', sites: lines, people, regions, timing }
  writeFileSync(configFile, JSON.stringify(config))
  const started: Started[] = []
  t.after(async () => {
    for (const { child } of started) child.kill('SIGKILL')
    await Promise.all(started.map(async ({ exit }) => await exit))
  })
  return {
    folder,
    configFile,
    keyFile: join(folder, 'ada.pem'),
    urls,
    start: async (site, variables = {}) => {
      const listen = (urls[site] ?? '').replace('http://', '')
      const words = ['--site', site, '--config', configFile, '--listen', listen]
      const site_ = await startServer(folder, ['status', 'serve', site, ...words], variables)
      started.push(site_)
      return site_
    },
    run: async (...words) =>
      await cli(folder, ['status', ...words], {
        HOLDFAST_STATUS_URL: Object.values(urls).join(','),
        HOLDFAST_STATUS_KEY: join(folder, 'ada.pem'),
      }),
  }
}

/** What a command printed that makes a key: its line of the configuration. */
async function made(folder: string, words: readonly string[]): Promise<object> {
  const { code, stderr, stdout } = await cli(folder, ['status', ...words, '--json'])
  assert.equal(code, 0, stderr)
  const { key, name, url } = JSON.parse(stdout) as { key: string; name: string; url?: string }
  return { name, key, ...(url === undefined ? {} : { url }) }
}
