// holdfast serve, and holdfast alone: reads the options, starts the group of processes, stays until
// it ends, and stops it gracefully at the first signal and at once at the second.

import { resolve } from 'node:path'
import { assert } from '../../base/assert.ts'
import { WORKERS_MAX } from '../../base/limits.ts'
import { startGroup } from '../../cell/start-group.ts'
import type { Group, GroupSettings } from '../../cell/start-group.ts'
import type { Address, CellSettings } from '../../cell/settings.ts'
import { describeMachine, hasFile, onEndSignal, readTextFile } from '../../platform/machine.ts'
import { CliError } from '../cli-error.ts'
import type { ExitCode } from '../cli-error.ts'
import type { Environment } from '../env.ts'
import { flagsByName } from '../option.ts'
import { readConfigField, readServeOptions, SERVE_OPTION_NAMES } from '../options.ts'
import type { ServeOptions } from '../options.ts'
import { asCliError } from '../store-access.ts'
import type { Terminal } from '../terminal.ts'
import type { makeStore } from './init.ts'
import { VERSION } from '../version.ts'
import { welcome } from '../welcome.ts'

const DEFAULT_FOLDER = 'holdfast-data'

type Flags = Readonly<Record<string, string>>

/** `npx holdfast`: the default directory, made where it does not exist, and served. */
export async function serveDefault(
  terminal: Terminal,
  flags: Flags,
  environment: Environment,
): Promise<ExitCode> {
  const made = hasFile(DEFAULT_FOLDER) ? null : await makeDefault(flags, environment)
  return await serve(terminal, DEFAULT_FOLDER, flags, environment, (url, region) =>
    welcome({ url, folder: DEFAULT_FOLDER, region, key: made?.key ?? null }),
  )
}

/** Loaded where it is needed: it brings the engine, which a server's first process does without. */
async function makeDefault(flags: Flags, environment: Environment): ReturnType<typeof makeStore> {
  const init = await import('./init.ts')
  return await init.makeStore(DEFAULT_FOLDER, flags, environment)
}

export async function serveStore(
  terminal: Terminal,
  folder: string,
  flags: Flags,
  environment: Environment,
): Promise<ExitCode> {
  return await serve(terminal, folder, flags, environment, (url) => `${folder} is served at ${url}`)
}

async function serve(
  terminal: Terminal,
  folder: string,
  flags: Flags,
  environment: Environment,
  greet: (url: string, region: string) => string,
): Promise<ExitCode> {
  refuseOtherSystems(terminal)
  const options = readOptions(flags, environment)
  const settings = settingsOf(resolve(folder), options)
  try {
    const group = await startGroup(settings)
    const { region } = group
    const url = urlOf(settings.tls === null ? 'http' : 'https', group.address)
    const adminUrl = group.adminAddress === null ? url : urlOf('http', group.adminAddress)
    const ended = untilEnded(terminal, group)
    // Only now: whoever reads it may send a signal at once.
    terminal.result({ url, adminUrl, pid: process.pid, region }, () => greet(url, region))
    return await ended
  } catch (error) {
    throw asCliError(error)
  }
}

function urlOf(scheme: string, { host, port }: Address): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Waits for a signal: the first drains, the second ends at once. */
async function untilEnded(terminal: Terminal, group: Group): Promise<ExitCode> {
  return await new Promise<ExitCode>((resolvePromise) => {
    let signals = 0
    const onSignal = (): void => {
      signals++
      if (signals > 1) {
        group.kill()
        resolvePromise(1)
        return
      }
      terminal.note('holdfast: finishing what is under way; a second signal stops at once')
      void group.drain().then(() => resolvePromise(0))
    }
    onEndSignal(onSignal)
    void group.failed.then((message) => {
      terminal.note(`holdfast: ${message}`)
      resolvePromise(2)
    })
  })
}

function readOptions(flags: Flags, environment: Environment): ServeOptions {
  const configFile = flags['config'] ?? environment.variables['HOLDFAST_CONFIG']
  return readServeOptions({
    flags: flagsByName(SERVE_OPTION_NAMES, flags),
    environment: environment.variables,
    config: configFile === undefined ? {} : readConfig(configFile),
  })
}

function readConfig(file: string): Readonly<Record<string, string>> {
  let parsed: unknown
  try {
    parsed = JSON.parse(readTextFile(file))
  } catch (error) {
    const reason = error instanceof Error ? error.message : ''
    throw new CliError(`the config file ${file} cannot be read: ${reason}`)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new CliError(`the config file ${file} is not a JSON object`)
  }
  return Object.fromEntries(
    Object.entries(parsed).map(([name, value]) => [name, readConfigField(name, value)]),
  )
}

function settingsOf(folder: string, options: ServeOptions): GroupSettings {
  const { listen, region, 'tls-cert': cert, 'tls-key': key } = options
  assert(listen !== null, 'there is a default')
  const workers = options.workers ?? 0
  return {
    folder,
    listen,
    region,
    adminListen: options['admin-listen'],
    domains: options.domain ?? [],
    tls: cert === null || key === null ? null : { certFile: resolve(cert), keyFile: resolve(key) },
    workerCount: workers === 0 ? Math.min(describeMachine().coreCount, WORKERS_MAX) : workers,
    start: options.start ?? 'serve',
    objectOwnership: options['object-ownership'] ?? 'BucketOwnerEnforced',
    accessLog: options['access-log'] ?? 'errors',
    logLevel: options['log-level'] ?? 'info',
    version: VERSION,
    rootKey: rootKeyOf(options),
  }
}

function rootKeyOf(options: ServeOptions): CellSettings['rootKey'] {
  const { 'access-key': accessKeyId, 'secret-key': secretKey } = options
  return accessKeyId === null || secretKey === null ? null : { accessKeyId, secretKey }
}

function refuseOtherSystems(terminal: Terminal): void {
  const { system, architecture } = describeMachine()
  if (system === 'linux' && (architecture === 'x64' || architecture === 'arm64')) return
  if (system === 'darwin') {
    terminal.note(
      'macOS: writes past the page cache and the lock of the process group are ' +
        'untested here; use it to try Holdfast, not to keep data.',
    )
    return
  }
  throw new CliError(
    `Holdfast runs on Linux (x64, arm64) and, untested, macOS; not on ` +
      `${system} ${architecture}`,
  )
}
