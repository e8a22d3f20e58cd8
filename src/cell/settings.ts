// What one group of processes is started with: plain values that cross to every child.

import type { ObjectOwnership } from '../s3/canned-acl.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface CellSettings {
  /** Absolute path of the store's directory. */
  readonly folder: string
  readonly listen: Address
  /** Null: health and metrics are served with S3. */
  readonly adminListen: Address | null
  readonly region: string
  readonly domains: readonly string[]
  /** Absolute paths. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null
  /** 1 or more processes that serve requests. */
  readonly workerCount: number
  readonly start: 'serve' | 'strict'
  /** What new buckets get: without ACLs, or with. */
  readonly objectOwnership: ObjectOwnership
  readonly accessLog: 'none' | 'errors' | 'all'
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  readonly version: string
  /** Set by the operator at this start; null: the one that init made stays. */
  readonly rootKey: { readonly accessKeyId: string; readonly secretKey: string } | null
}
