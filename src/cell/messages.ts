// What the supervisor and its children say to one another over their process channel. Requests'
// work goes over the writer's socket (writer-socket.ts); this is life, death and figures only.

import type { WriterId } from '../base/id.ts'
import type { Address, CellSettings } from './settings.ts'

/** 'writer' decides and commits, 'http' serves requests, 'both' does both. */
export type Role = 'writer' | 'http' | 'both'

export type ToChild =
  | {
      readonly kind: 'start'
      readonly role: Role
      /** Who it is to the writer; drawn by the supervisor, which tells of its death by it. */
      readonly writerId: WriterId
      readonly settings: CellSettings
    }
  | { readonly kind: 'ping'; readonly sequence: number }
  /** Take no new requests, finish those under way, answer 'drained'; commit for the others on. */
  | { readonly kind: 'quiesce' }
  /** The same, and close all that is open. */
  | { readonly kind: 'drain' }
  /** A worker is gone: end its leases and its channel, now. */
  | { readonly kind: 'writer-dead'; readonly writerId: WriterId }
  | { readonly kind: 'figures'; readonly requestId: number }
  /** All children's figures, asked for by this child with 'gather'. */
  | { readonly kind: 'gathered'; readonly requestId: number; readonly figures: readonly unknown[] }

export type FromChild =
  | { readonly kind: 'ready'; readonly address: Address | null }
  | { readonly kind: 'pong'; readonly sequence: number }
  | { readonly kind: 'drained' }
  /** It cannot start; the message is for the operator. A group that has not served ends with it. */
  | {
      readonly kind: 'refused'
      readonly subject: 'store' | 'listener'
      readonly message: string
    }
  | { readonly kind: 'figures'; readonly requestId: number; readonly figures: unknown }
  | { readonly kind: 'gather'; readonly requestId: number }
