// Who may speak: the keys of the configuration. Whom it does not name, nobody hears.

import type { KeyObject } from 'node:crypto'
import type { PersonConfig, StatusConfig } from '../config.ts'
import { StatusError } from '../status.ts'
import { keyIdOf, publicKeyOf } from './keys.ts'
import type { Author, KeyId } from './record.ts'

export interface KnownAuthor {
  readonly author: Author
  /** 32 bytes, base64. */
  readonly publicRaw: string
  /** The same, ready to check with. */
  readonly publicKey: KeyObject
  /** A site's is `active`, a former site's `retired`. */
  readonly state: PersonConfig['state']
}

type SpeakersConfig = Pick<StatusConfig, 'formerSites' | 'people' | 'plane' | 'sites'>

/** The authors of one configuration. It never changes: another configuration has its own. */
export class Authors {
  readonly #byKey = new Map<KeyId, KnownAuthor>()
  /** What its records are signed for. */
  readonly plane: string

  /** @throws StatusError `bad-config`: no key, one under another id, or one twice */
  constructor({ formerSites, people, plane, sites }: SpeakersConfig) {
    this.plane = plane
    for (const { name, key } of sites) this.#add({ name, key, kind: 'site', state: 'active' })
    for (const { name, key } of formerSites)
      this.#add({ name, key, kind: 'site', state: 'retired' })
    for (const { name, key, state } of people) this.#add({ name, key, kind: 'person', state })
  }

  /** Null: nobody. A key that is distrusted is known; what it signed is not taken. */
  find(key: KeyId): KnownAuthor | null {
    return this.#byKey.get(key) ?? null
  }

  #add({ name, key, kind, state }: PersonConfig & Pick<Author, 'kind'>): void {
    const { id, raw } = key
    if (keyIdOf(raw) !== id) throw new StatusError('bad-config', `${name}: the key has another id`)
    const other = this.#byKey.get(id)
    if (other !== undefined) {
      const message = `${name} and ${other.author.name} have the same key; each needs its own`
      throw new StatusError('bad-config', message)
    }
    const author = { key: id, name, kind }
    this.#byKey.set(id, { author, publicRaw: raw, publicKey: publicKeyOf(raw), state })
  }
}
