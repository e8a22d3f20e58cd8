// The router: takes HTTP, signs in, finds the bucket and carries one S3 operation out over index,
// gateway and directory. It keeps nothing but caches. Source: DESIGN.md, Words; README.md here.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Directory } from '../directory/directory.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { ObjectIndex } from '../object-index/object-index.ts'
import type { Placement } from '../placement/placement.ts'
import type { ObjectOwnership } from '../s3/canned-acl.ts'

/** Where rare events go: errors that are nobody's answer. The access log is not one of them. */
export interface RouterLog {
  error(message: string, fields: Readonly<Record<string, unknown>>): void
  warn(message: string, fields: Readonly<Record<string, unknown>>): void
}

/** One figure that the cell adds to a process's own, such as commits or open extents. */
export interface Figure {
  /** `holdfast_…`, in Prometheus' spelling. */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  /** Over several processes counters are added; of a gauge, the sum or the largest. */
  readonly over: 'sum' | 'max'
  readonly values: readonly {
    readonly labels: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

/** A process's figures as plain values, which may cross to another process. */
export interface MetricsSnapshot {
  readonly figures: readonly Figure[]
  readonly histograms: readonly HistogramFigure[]
}

/** Observations by upper bound in seconds; `counts` has one more, for all above. Not cumulative. */
export interface HistogramFigure {
  readonly name: string
  readonly help: string
  readonly boundsSec: readonly number[]
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>
    readonly counts: readonly number[]
    readonly sumSec: number
  }[]
}

export interface RouterSettings {
  readonly region: string
  /** Base domains of virtual-host addressing, maybe with a port. Path style always works. */
  readonly domains: readonly string[]
  /** What new buckets get: without ACLs, or with. */
  readonly objectOwnership: ObjectOwnership
  /** Which requests the access log has. */
  readonly accessLog: 'none' | 'errors' | 'all'
  /** Whether `/-/health` and `/-/metrics` are answered beside S3, or by `onAdminRequest` alone. */
  readonly admin: 'here' | 'elsewhere'
}

export interface RouterOptions {
  readonly gateway: Gateway
  readonly index: ObjectIndex
  readonly directory: Directory
  /** Null: another process places; whether it serves shows in PUTs alone. */
  readonly placement: Pick<Placement, 'status'> | null
  readonly clock: Clock
  readonly random: Random
  readonly log: RouterLog
  /** Takes whole lines of the access log, a batch at a time. It must not wait. */
  readonly writeAccessLog: (lines: string) => void
  /** The cell's own figures of this process, asked for with each snapshot. */
  readonly figures: () => readonly Figure[]
  /** Snapshots of all processes that serve, this one's included; null: this one's alone. */
  readonly gatherMetrics: (() => Promise<readonly MetricsSnapshot[]>) | null
  /**
   * Runs `act` when this turn of the event loop has read all sockets. Requests that came together
   * are then carried out together, step by step. Measured in bench/store: CPU of a HEAD 0.077 to
   * 0.054 ms.
   */
  readonly defer: (act: () => void) => void
  /** Told of a programmer's error after its request was answered 500: the server is to stop. */
  readonly onFault: (fault: unknown) => void
  readonly settings: RouterSettings
}

export interface Router extends AsyncDisposable {
  /** Answers one request, always; never throws. */
  readonly onRequest: (req: IncomingMessage, res: ServerResponse) => void
  /** The same for a request that waits for `100 Continue` before it sends its body. */
  readonly onCheckContinue: (req: IncomingMessage, res: ServerResponse) => void
  /** Answers what the HTTP parser refused. */
  readonly onClientError: (error: NodeJS.ErrnoException, socket: Duplex) => void
  /** Health and metrics for a listener of their own; anything else is 404. */
  readonly onAdminRequest: (req: IncomingMessage, res: ServerResponse) => void
  /** Requests under way. */
  readonly inFlight: number
  snapshot(): MetricsSnapshot
  /** Answers all new requests 503 from now on; resolves when those under way have ended. */
  drain(): Promise<void>
}

/**
 * Lets a server's requests be answered by `router`; the sockets stay the caller's. What is no HTTP
 * is answered 400, and its connection is closed.
 */
export function attachRouter(server: Server, router: Router): void {
  server.on('request', router.onRequest)
  server.on('checkContinue', router.onCheckContinue)
  server.on('checkExpectation', router.onRequest)
  server.on('clientError', router.onClientError)
}
