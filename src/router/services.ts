// What all requests of a router share.

import type { BaseDomain } from '../s3/request-target.ts'
import type { SigningKeys } from '../s3/sign/signing-key.ts'
import type { AccessLog } from './access-log.ts'
import type { DirectoryCache } from './directory-cache.ts'
import type { HttpDate } from './http-clock.ts'
import type { OnceASecond } from './once-a-second.ts'
import type { RequestMetrics } from './request-metrics.ts'
import type { RouterOptions } from './router.ts'
import type { Watchdog } from './watchdog.ts'

export interface Services extends Readonly<RouterOptions> {
  readonly known: DirectoryCache
  readonly domains: readonly BaseDomain[]
  readonly signingKeys: SigningKeys
  readonly metrics: RequestMetrics
  readonly accessLog: AccessLog
  readonly watchdog: Watchdog
  readonly date: HttpDate
  readonly troubles: OnceASecond
  /** Names this process in every answer, as x-amz-id-2. */
  readonly hostId: string
  /** A fresh x-amz-request-id: 16 hex digits. */
  readonly newRequestId: () => string
}
