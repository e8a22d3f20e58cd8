// What an exchange is made of and whom it tells: its parts share it.

import type { Clock } from '../../base/clock.ts'
import type { Disk } from '../../base/disk.ts'
import type { Network } from '../../base/network.ts'
import type { Random } from '../../base/random.ts'
import type { StatusConfig } from '../config.ts'
import type { StatusError } from '../status.ts'
import type { Authors } from './authors.ts'
import type { KeyPair } from './keys.ts'
import type { RecordLog } from './record-log.ts'
import type { KnownRecord } from './record.ts'

export interface ExchangeOptions {
  readonly config: Pick<StatusConfig, 'sites' | 'components' | 'timing'>
  /** This site's name, and its key pair. */
  readonly site: string
  readonly pair: KeyPair
  readonly log: RecordLog
  readonly authors: Authors
  readonly disk: Disk
  /** Of the disk: where the number of starts is kept. */
  readonly incarnationFile: string
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly events: ExchangeEvents
}

/** Called in the exchange's own turns; none may throw. */
export interface ExchangeEvents {
  /** New ones, from a peer; they are on this site's disk. */
  onRecords(records: readonly KnownRecord[]): void
  /** Views or what is known of peers changed. */
  onViews(): void
  /** A peer answered a question that was asked at this moment (monotonic): this site's network works. */
  onHeard(beganMs: number): void
  /** The exchange with a peer works, for the first time or again. */
  onReached(peer: string): void
  /** What was not taken or did not work, for the site's own log: once, until it works again or is another thing. */
  onFinding(error: StatusError, peer: string | null): void
}

/** Where a site answers its peers, below its URL. */
export const EXCHANGE_PATH = '/-/exchange'
