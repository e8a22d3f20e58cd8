// What a site is told: who speaks, who else speaks, and what to watch. The same file for all sites of
// a status plane; which of them this is, the command line says.

import type { Component } from './status.ts'
import type { KeyId } from './records/record.ts'

export interface StatusConfig {
  /** Of the status plane, in every record that is signed for it: another plane's are not taken here. */
  readonly plane: string
  /** As the page's head names it. */
  readonly title: string
  /** Where readers find this page, for links in feeds and webhooks; null: relative links. */
  readonly publicUrl: string | null
  readonly sites: readonly SiteConfig[]
  /** What their machines posted stays; nothing else of them is taken, from nobody. */
  readonly formerSites: readonly FormerSiteConfig[]
  readonly people: readonly PersonConfig[]
  readonly regions: readonly RegionConfig[]
  readonly timing: TimingConfig
  readonly webhooks: readonly WebhookConfig[]
  readonly publish: readonly PublishConfig[]
  /** Every component that the regions come to, in the order of the page. */
  readonly components: readonly Component[]
}

export interface SiteConfig {
  readonly name: string
  readonly key: PublicKey
  /** Where its peers reach it. */
  readonly url: string
}

/** A site that is no more, or a key that one of today's had before. */
export type FormerSiteConfig = Pick<SiteConfig, 'key' | 'name'>

export interface PersonConfig {
  readonly name: string
  readonly key: PublicKey
  /** `retired`: what it said stays, it says nothing new; `distrusted`: nothing of it is shown. */
  readonly state: 'active' | 'retired' | 'distrusted'
}

export interface PublicKey {
  readonly id: KeyId
  /** 32 bytes, base64. */
  readonly raw: string
}

export interface RegionConfig {
  readonly name: string
  readonly title: string
  readonly cells: readonly CellConfig[]
  readonly services: readonly ServiceConfig[]
}

export interface CellConfig {
  readonly name: string
  readonly title: string
  /** Origins of S3: a probe takes one, and another for a retry, as a client behind DNS would. */
  readonly endpoints: readonly string[]
  /** How the store's region is called in signatures. */
  readonly signingRegion: string
  readonly accessKey: string
  readonly secretKey: string
  /** A bucket of the probes alone, in this cell. */
  readonly bucket: string
  /** URLs where the cell says how it is; they can only make things worse. */
  readonly reports: readonly string[]
}

export interface ServiceConfig {
  readonly name: string
  readonly title: string
  /** Answers 2xx where it is well, and may answer a report as cells do. */
  readonly url: string
}

export interface TimingConfig {
  /** Between two probes of one component. Seconds, as people write them. */
  readonly probeIntervalSec: number
  /** A successful probe that took longer is slow. */
  readonly slowMs: number
  /** How long probes must succeed before a component is well again. */
  readonly proofSec: number
  /** Between two exchanges with one peer. */
  readonly exchangeIntervalSec: number
  /** Origins that answer when this site's own network works, and that need nothing of the store. */
  readonly anchors: readonly string[]
}

export interface WebhookConfig {
  readonly url: string
  readonly secret: string
}

export type PublishConfig =
  | { readonly kind: 'folder'; readonly path: string }
  /** Files are PUT below it. */
  | { readonly kind: 'url'; readonly url: string; readonly authorization: string | null }
