// holdfast status serve: one site of the status plane, in this process alone, until it is stopped.

import { join, resolve } from 'node:path'
import { assert } from '../../base/assert.ts'
import { Closers } from '../../base/closers.ts'
import {
  REQUEST_HEADER_SIZE_BYTES_MAX,
  STATUS_ANSWERS_MAX,
  STATUS_BODIES_MAX,
  STATUS_CONNECTIONS_MAX,
  STATUS_CONNECTIONS_SHARE_MAX,
  STATUS_DRAIN_MS_MAX,
  STATUS_HEAD_TIMEOUT_MS,
  STATUS_IDLE_MS,
  STATUS_REQUEST_BODY_SIZE_BYTES_MAX,
  STATUS_TRANSFER_TIMEOUT_MS,
} from '../../base/limits.ts'
import { systemClock } from '../../platform/clock.ts'
import { openDisk } from '../../platform/disk.ts'
import { tryLockFile } from '../../platform/lock.ts'
import { openLog } from '../../platform/log.ts'
import type { Log } from '../../platform/log.ts'
import { hasFile, makeFolders, onEndSignal, openFilesMax } from '../../platform/machine.ts'
import { openNetwork } from '../../platform/network.ts'
import { listenPlain } from '../../platform/plain-server.ts'
import type { PlainServer } from '../../platform/plain-server.ts'
import { openSystemRandom } from '../../platform/random.ts'
import { openStatusSite } from '../../status/status-service.ts'
import type { StatusSite } from '../../status/status.ts'
import { CliError } from '../cli-error.ts'
import type { ExitCode } from '../cli-error.ts'
import type { Environment } from '../env.ts'
import { readAuthorities, readKeyFile } from '../key-file.ts'
import { flagsByName } from '../option.ts'
import type { Address } from '../option.ts'
import { withPeers } from '../peers.ts'
import { readStatusConfig } from '../status-config.ts'
import { asStatusCliError } from '../status-error.ts'
import { readStatusOptions, STATUS_OPTION_NAMES } from '../status-options.ts'
import type { StatusOptions } from '../status-options.ts'
import type { Terminal } from '../terminal.ts'
import { SITE_KEY_FILE } from './status-init.ts'

const CONFIG_FILE = 'config.json'
const LOCK_FILE = 'lock'

type Flags = Readonly<Record<string, string | undefined>>

export async function serveStatus(
  terminal: Terminal,
  folder: string,
  flags: Flags,
  environment: Environment,
): Promise<ExitCode> {
  const given = flagsByName(STATUS_OPTION_NAMES, flags)
  const options = readStatusOptions(given, environment.variables)
  await using closers = new Closers()
  try {
    const ends = endSignals(terminal)
    const { server, name } = await openAll(resolve(folder), folder, options, closers)
    const scheme = options['tls-cert'] === null ? 'http' : 'https'
    const url = urlOf(scheme, options.listen, server.port)
    terminal.result({ url, site: name, pid: process.pid }, () => `site ${name} tells at ${url}`)
    return await ends
  } catch (error) {
    throw asStatusCliError(error)
  }
}

async function openAll(
  folder: string,
  typed: string,
  options: StatusOptions,
  closers: Closers,
): Promise<{ server: PlainServer; name: string }> {
  const keyFile = join(folder, SITE_KEY_FILE)
  if (!hasFile(keyFile)) {
    throw new CliError(
      `${typed} is no status site's directory; make it with: holdfast status init ${typed} --site NAME`,
    )
  }
  if (options.site === null) throw new CliError('--site is missing (or HOLDFAST_STATUS_SITE)')
  const file = options.config ?? join(folder, CONFIG_FILE)
  const config = withPeers(readStatusConfig(file), options.site, options.peer ?? [])
  const lock = await tryLockFile(join(folder, LOCK_FILE))
  if (lock === null) throw new CliError(`${typed} is in use by another holdfast; stop that first`)
  closers.defer(async () => await lock.release())
  const log = openLog('status', options['log-level'] ?? 'info')
  const network = closers.use(openNetwork({ ca: readAuthorities(options.ca) }))
  const site = closers.use(
    await openStatusSite({
      config,
      site: options.site,
      pair: readKeyFile(keyFile),
      disk: openDisk(folder),
      openFolder: (path) => {
        makeFolders(path)
        return openDisk(path)
      },
      network,
      clock: systemClock,
      random: openSystemRandom(),
      log,
    }),
  )
  const server = closers.use(await listen(options, site, log))
  log.info({ site: site.name, port: server.port, components: config.components.length }, 'serving')
  return { server, name: site.name }
}

/** @throws CliError: a port that another has, an address that is not this machine's, a bad certificate */
async function listen(options: StatusOptions, site: StatusSite, log: Log): Promise<PlainServer> {
  const { listen: address, 'tls-cert': certFile, 'tls-key': keyFile } = options
  assert(address !== null, 'there is a default')
  const room = Math.floor(openFilesMax() * STATUS_CONNECTIONS_SHARE_MAX)
  const tls =
    certFile === null || keyFile === null
      ? null
      : { certFile: resolve(certFile), keyFile: resolve(keyFile) }
  const server = listenPlain(
    {
      ...address,
      tls,
      headerSizeBytesMax: REQUEST_HEADER_SIZE_BYTES_MAX,
      bodySizeBytesMax: STATUS_REQUEST_BODY_SIZE_BYTES_MAX,
      answersMax: STATUS_ANSWERS_MAX,
      connectionsMax: Math.min(STATUS_CONNECTIONS_MAX, room),
      bodiesMax: STATUS_BODIES_MAX,
      headTimeoutMs: STATUS_HEAD_TIMEOUT_MS,
      transferTimeoutMs: STATUS_TRANSFER_TIMEOUT_MS,
      idleMs: STATUS_IDLE_MS,
      drainMsMax: STATUS_DRAIN_MS_MAX,
      onTlsError: (error) => log.error({ err: error }, 'the changed certificate cannot be used'),
      onTlsChange: (validTo) => log.info({ validTo }, 'a changed certificate is in use'),
      onDefect: (error) => log.error({ err: error }, 'a request met a defect'),
    },
    (request) => site.answer(request),
  )
  return await server.catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CliError(`cannot serve at ${address.host}:${address.port}: ${reason}`)
  })
}

/** The first signal ends in order; the second at once. */
async function endSignals(terminal: Terminal): Promise<ExitCode> {
  return await new Promise<ExitCode>((resolveEnd) => {
    let count = 0
    onEndSignal(() => {
      count += 1
      if (count > 1) process.exit(1)
      terminal.note('holdfast: finishing what is under way; a second signal stops at once')
      resolveEnd(0)
    })
  })
}

function urlOf(scheme: string, address: Address | null, port: number): string {
  const host = address?.host ?? ''
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}
