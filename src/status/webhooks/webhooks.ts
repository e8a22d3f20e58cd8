// The webhooks' contract: what is told to receivers, and what who operates sees of it.

import type { RecordId } from '../records/record.ts'
import type { Snapshot } from '../snapshot.ts'

export interface Webhooks extends AsyncDisposable {
  /** Looks for posts that are new, and delivers by this snapshot from now on. Cheap where there is none. */
  look(snapshot: Snapshot): void
  /** In the order of the configuration. */
  states(): WebhookState[]
}

export interface WebhookState {
  /** Scheme and host; what stands behind it may be a secret. */
  readonly receiver: string
  readonly deliveredCount: number
  /** Wall clock; null: nothing since the start. */
  readonly deliveredAtMs: number | null
  /** Not taken yet, the oldest first. */
  readonly pending: readonly PendingPost[]
  /** Since the start; `givenUp` are the last of them. */
  readonly givenUpCount: number
  readonly givenUp: readonly GivenUpPost[]
}

export interface PendingPost {
  readonly record: RecordId
  /** When this site had it first, by its wall clock. */
  readonly sinceMs: number
  readonly tryCount: number
  /** Why it was not taken last; null: not tried since the start. */
  readonly error: string | null
}

export interface GivenUpPost {
  readonly record: RecordId
  readonly atMs: number
  readonly error: string
}
