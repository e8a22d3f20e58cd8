// The gateway in a worker: fills extents that placement leased to it, commits through the index
// and reads back what the index names.

import type { Clock } from '../base/clock.ts'
import type { WriterId } from '../base/id.ts'
import type { Random } from '../base/random.ts'
import type { ObjectIndex } from '../object-index/object-index.ts'
import type { Placement } from '../placement/placement.ts'
import type { Storage } from '../storage/storage.ts'
import { GatewayError, type Gateway } from './gateway.ts'

export interface GatewayOptions {
  readonly index: ObjectIndex
  readonly placement: Pick<Placement, 'lease' | 'seal' | 'status'>
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  /** Drawn by this process at its start; every commit that names a blob names it. */
  readonly writerId: WriterId
}

/** Opens a gateway; what it stands on stays the caller's to close, after the gateway. */
export function openGateway(options: GatewayOptions): Gateway {
  throw new GatewayError('unavailable', `not built yet: ${options.clock.nowMs()}`)
}
