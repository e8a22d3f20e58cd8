// What sites keep and exchange: signed records, never changed and never taken back. What the page
// says follows from the set of them, whatever the order in which they came.

import type { ComponentId, Level } from '../status.ts'

/** SHA-256 of the signed text, as 64 hex digits. */
export type RecordId = string & { readonly _brand: 'RecordId' }
/** SHA-256 of the raw Ed25519 public key, the first 32 hex digits. */
export type KeyId = string & { readonly _brand: 'KeyId' }

export const INCIDENT_STATES = ['investigating', 'identified', 'monitoring', 'resolved'] as const
export type IncidentState = (typeof INCIDENT_STATES)[number]
export const MAINTENANCE_STATES = [
  'scheduled',
  'in-progress',
  'verifying',
  'completed',
  'canceled',
] as const
export type MaintenanceState = (typeof MAINTENANCE_STATES)[number]

export interface Affected {
  readonly component: ComponentId
  readonly level: Level
}

/** What a record says. Texts are Markdown. */
export type Statement =
  | {
      readonly kind: 'incident'
      readonly title: string
      readonly state: IncidentState
      readonly text: string
      readonly affected: readonly Affected[]
      /** Of an incident that a machine opened: the region that it is about. Null: a person's. */
      readonly region: string | null
    }
  | {
      readonly kind: 'incident-update'
      /** The record that opened it. */
      readonly incident: RecordId
      readonly state: IncidentState
      readonly text: string
      /** Null: as before. */
      readonly affected: readonly Affected[] | null
    }
  | {
      /** A person's word on a component's health: lower at any time, higher with a reason that is shown. */
      readonly kind: 'override'
      readonly component: ComponentId
      /** Null: what machines see counts again. */
      readonly level: Level | null
      /**
       * Null: at least this level is shown, and what machines see worse all the same. Else it is a raise: the
       * level is shown in place of what machines see ill, as long as that is no worse than this, which is what
       * they saw when it was signed. Null with the level.
       */
      readonly over: Level | null
      readonly reason: string
      /** When it ends by itself; null: when somebody ends it. A raise always has an end. */
      readonly untilMs: number | null
    }
  | {
      readonly kind: 'maintenance'
      readonly title: string
      readonly text: string
      readonly components: readonly ComponentId[]
      readonly startMs: number
      readonly endMs: number
      /** Of a plan of the capacity ledger that it was made from; null: a person's. */
      readonly plan: string | null
    }
  | {
      readonly kind: 'maintenance-update'
      readonly maintenance: RecordId
      readonly state: MaintenanceState
      readonly text: string
    }

/**
 * What is signed: a statement, who says it, and its place among others. `order` is 1 + the highest
 * order that the author's site knew (Lamport's clock), so that an answer to a post comes behind it
 * whatever the clocks say; of equal ones the id decides.
 */
export interface StatusRecord {
  readonly version: 1
  /** What it was signed for: who has one key for two status planes says it on one of them alone. */
  readonly plane: string
  readonly author: KeyId
  /** By the author's clock, for people. */
  readonly atMs: number
  readonly order: number
  /** 16 random bytes in hex: two posts that say the same are two. */
  readonly nonce: string
  readonly statement: Statement
}

/** As it goes over the wire and to the disk: the text that was signed, not a re-encoding of it. */
export interface Envelope {
  readonly key: KeyId
  /** JSON of the record (or view), at most STATUS_RECORD_SIZE_BYTES_MAX (STATUS_VIEW_…). */
  readonly text: string
  /** Ed25519 over a prefix that names the use (`holdfast status record 1\n`) and the text; base64. */
  readonly signature: string
}

/** A record whose signature and shape were checked. */
export interface KnownRecord {
  readonly id: RecordId
  readonly envelope: Envelope
  readonly record: StatusRecord
  readonly author: Author
}

export interface Author {
  readonly key: KeyId
  readonly name: string
  /** A site's machine may open and update its own kind of incidents and nothing else. */
  readonly kind: 'person' | 'site'
}
