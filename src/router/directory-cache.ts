// Credentials and bucket names as the directory has them, at the price of one read a request: its
// generation, which every change raises, guards all that is kept.

import type { AccessKey, Account, BucketName, DirectoryReader } from '../directory/directory.ts'

/** Entries of each kind; all go when there are more. Absence is never kept. */
const ENTRIES_MAX = 10_000

/** A key that signs, and whose it is. */
export interface Credential {
  readonly key: AccessKey
  readonly account: Account
}

/** What one request asks of the directory, of one moment or a later one. */
export interface Found {
  readonly credential: Credential | null
  readonly name: BucketName | null
}

/** Reads through to a directory. @throws DirectoryError */
export class DirectoryCache {
  readonly #directory: DirectoryReader
  readonly #credentials: Map<string, Credential> = new Map()
  readonly #names: Map<string, BucketName> = new Map()
  #generation = -1

  constructor(directory: DirectoryReader) {
    this.#directory = directory
  }

  /** Either may be null: it is not asked for then. */
  async find(accessKeyId: string | null, name: string | null): Promise<Found> {
    const generation = await this.#directory.generation()
    // Answers may come out of order: an older one neither clears nor fills the cache.
    if (generation > this.#generation) {
      this.#credentials.clear()
      this.#names.clear()
      this.#generation = generation
    }
    const isCurrent = generation === this.#generation
    let credential =
      accessKeyId === null || !isCurrent ? null : (this.#credentials.get(accessKeyId) ?? null)
    if (credential === null && accessKeyId !== null) {
      credential = await this.#directory.accessKey(accessKeyId)
      if (credential !== null) this.#keep(this.#credentials, accessKeyId, credential, generation)
    }
    let found = name === null || !isCurrent ? null : (this.#names.get(name) ?? null)
    if (found === null && name !== null) {
      found = await this.#directory.bucketByName(name)
      if (found !== null) this.#keep(this.#names, name, found, generation)
    }
    return { credential, name: found }
  }

  /** What was loaded is of this generation or a later one, which clears it when it is seen. */
  #keep<T>(into: Map<string, T>, name: string, value: T, generation: number): void {
    if (generation !== this.#generation) return
    if (into.size >= ENTRIES_MAX) into.clear()
    into.set(name, value)
  }
}
