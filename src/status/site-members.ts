// What a site is made of: each member opened in its order, and closed in the reverse one.

import type { Clock } from '../base/clock.ts'
import type { Closers } from '../base/closers.ts'
import type { Disk } from '../base/disk.ts'
import type { Network } from '../base/network.ts'
import type { Random } from '../base/random.ts'
import type { StatusConfig } from './config.ts'
import { consoleRoutes } from './console/console-routes.ts'
import type { ConsoleRoutes } from './console/console-routes.ts'
import type { OperateState } from './console/operate-page.ts'
import type { ProbeLog } from './console/probe-log.ts'
import { MachineVoice } from './machine-voice.ts'
import { Publisher } from './output/publish.ts'
import type { Renderer } from './output/render.ts'
import { Authors } from './records/authors.ts'
import { openExchange } from './records/exchange.ts'
import type { Exchange } from './records/exchange.ts'
import type { KeyPair } from './records/keys.ts'
import { openRecordLog } from './records/record-log.ts'
import type { RecordLog } from './records/record-log.ts'
import type { KnownRecord } from './records/record.ts'
import { SiteDays } from './site-days.ts'
import type { StatusError } from './status.ts'
import { openWebhooks } from './webhooks/open-webhooks.ts'
import type { Webhooks } from './webhooks/webhooks.ts'

/** Where a site tells what an operator should know. */
export interface SiteLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export interface SiteParts {
  readonly config: StatusConfig
  /** Which of the configuration's sites this is. */
  readonly site: string
  readonly pair: KeyPair
  /** Of this site alone: whoever opens it has seen to that. */
  readonly disk: Disk
  /** A folder that is published to; made where it is missing. */
  readonly openFolder: (path: string) => Disk | Promise<Disk>
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly log: SiteLog
  /** In place of the site's own; for whoever needs what is told and no pages of it. */
  readonly renderer?: Pick<Renderer, 'render'>
}

/** What a site keeps in its directory. */
const RECORDS_FOLDER = 'records'
const INCARNATION_FILE = 'incarnation'
const WEBHOOKS_FILE = 'webhooks'

export interface SiteMembers {
  readonly log: RecordLog
  readonly authors: Authors
  readonly console: ConsoleRoutes
  readonly exchange: Exchange
  readonly days: SiteDays
  readonly machine: MachineVoice
  readonly publisher: Publisher
  readonly webhooks: Webhooks
}

/** Whom the members tell. None may throw. */
export interface SiteEars {
  readonly probes: ProbeLog
  readonly operateState: () => OperateState
  /** From peers. */
  readonly onRecords: () => void
  /** By this site's machine. */
  readonly onPosted: (record: KnownRecord) => void
  /** A peer answered what was asked at this moment (monotonic). */
  readonly onHeard: (beganMs: number) => void
  readonly onFinding: (error: StatusError, peer: string | null) => void
}

/** What was opened closes with `closers`, also where a later one cannot be. @throws StatusError */
export async function openMembers(
  parts: SiteParts,
  closers: Closers,
  ears: SiteEars,
): Promise<SiteMembers> {
  const { clock, config, disk, network, openFolder, pair, random, site } = parts
  const { onFinding, onPosted, operateState, probes } = ears
  const find = (error: StatusError): void => onFinding(error, null)
  const authors = new Authors(config)
  const log = closers.use(await openRecordLog({ disk, folder: RECORDS_FOLDER, random, authors }))
  const exchange = closers.use(await openExchangeOf(parts, { log, authors, ears }))
  const { components } = config
  const days = closers.use(await SiteDays.open({ disk, components, onFinding: find }))
  const voice = { pair, authors, log, clock, random }
  const machine = closers.use(new MachineVoice({ config, site, voice, onPosted, onFinding: find }))
  const publisher = closers.use(
    new Publisher({
      targets: config.publish,
      openFolder,
      network,
      clock,
      random,
      onProblem: (target, error) => {
        parts.log.warn({ target, err: error }, 'not published; it is tried again')
      },
    }),
  )
  const file = WEBHOOKS_FILE
  const webhooks = closers.use(
    await openWebhooks({ config, disk, file, log, network, clock, random, onFinding: find }),
  )
  const state = operateState
  const console = consoleRoutes({ config, site, authors, clock, random, probes, state })
  return { console, log, authors, exchange, days, machine, publisher, webhooks }
}

async function openExchangeOf(
  parts: SiteParts,
  { authors, ears, log }: { log: RecordLog; authors: Authors; ears: SiteEars },
): Promise<Exchange> {
  const { clock, config, disk, network, pair, random, site } = parts
  const { onFinding, onHeard, onRecords } = ears
  return await openExchange({
    config,
    site,
    pair,
    log,
    authors,
    disk,
    incarnationFile: INCARNATION_FILE,
    network,
    clock,
    random,
    events: {
      onRecords,
      onViews: () => undefined, // the next turn looks at all of them
      onHeard,
      onReached: (peer) => parts.log.info({ peer }, `site ${peer} is reached`),
      onFinding,
    },
  })
}
