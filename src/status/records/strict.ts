// Reads JSON of others strictly: every field is there, has its form and its bound, and none is left
// over. What is wrong is said with its path.

import { StatusError } from '../status.ts'

/** Control characters, lone surrogates, and what XML cannot carry. */
const FOREIGN_IN_LINE = /[\p{Cc}\p{Cs}\u2028\u2029\ufffe\uffff]/u
const FOREIGN_IN_TEXT = /[^\P{Cc}\n\t]|[\p{Cs}\ufffe\uffff]/u

export interface TextRule {
  readonly charsMax: number
  /** `line`: no line break. */
  readonly kind: 'line' | 'text'
  readonly isEmptyAllowed?: boolean
}

/** One JSON object. All methods throw StatusError `bad-request`. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>
  readonly #where: string
  readonly #left: Set<string>

  constructor(value: unknown, where: string) {
    this.#where = where
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new StatusError('bad-request', `${where} must be an object`)
    }
    this.#values = value as Record<string, unknown>
    this.#left = new Set(Object.keys(value))
  }

  /** Any value; the caller looks at it. */
  take(name: string): unknown {
    if (!this.#left.delete(name)) throw this.#bad(name, 'is missing')
    return this.#values[name]
  }

  string(name: string): string {
    const value = this.take(name)
    if (typeof value !== 'string') throw this.#bad(name, 'must be a text')
    return value
  }

  matching(name: string, pattern: RegExp): string {
    const value = this.string(name)
    if (!pattern.test(value)) throw this.#bad(name, `must be of the form ${pattern.source}`)
    return value
  }

  /** A text for people: not blank, no control characters. */
  text(name: string, { charsMax, kind, isEmptyAllowed = false }: TextRule): string {
    const value = this.string(name)
    if (value.length > charsMax) {
      throw this.#bad(name, `is ${value.length} characters long; ${charsMax} are allowed`)
    }
    if ((kind === 'line' ? FOREIGN_IN_LINE : FOREIGN_IN_TEXT).test(value)) {
      const allowed = kind === 'line' ? 'and must be one line' : 'but line feeds and tabs'
      throw this.#bad(name, `must have no control characters ${allowed}`)
    }
    if (!isEmptyAllowed && value.trim() === '') throw this.#bad(name, 'must not be empty')
    return value
  }

  choice<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.take(name)
    const found = choices.find((choice) => choice === value)
    if (found === undefined) throw this.#bad(name, `must be one of ${choices.join(', ')}`)
    return found
  }

  whole(name: string, min: number, max: number): number {
    const value = this.number(name, min, max)
    if (!Number.isSafeInteger(value)) throw this.#bad(name, 'must be a whole number')
    return value
  }

  number(name: string, min: number, max: number): number {
    const value = this.take(name)
    if (typeof value !== 'number' || !(value >= min && value <= max)) {
      throw this.#bad(name, `must be a number from ${min} to ${max}`)
    }
    return value
  }

  flag(name: string): boolean {
    const value = this.take(name)
    if (typeof value !== 'boolean') throw this.#bad(name, 'must be true or false')
    return value
  }

  list<T>(name: string, countMax: number, read: (value: unknown, where: string) => T): T[] {
    const value = this.take(name)
    if (!Array.isArray(value)) throw this.#bad(name, 'must be a list')
    if (value.length > countMax) {
      throw this.#bad(name, `has ${value.length} entries; ${countMax} are allowed`)
    }
    return value.map((each, index) => read(each, `${this.#where}.${name}[${index}]`))
  }

  /** Null, or what `read` makes of the field, which it takes by itself. */
  orNull<T>(name: string, read: (name: string) => T): T | null {
    if (this.#left.has(name) && this.#values[name] === null) {
      this.#left.delete(name)
      return null
    }
    return read(name)
  }

  /** Nothing is left over. */
  end(): void {
    const [name] = this.#left
    if (name !== undefined) throw this.#bad(name.slice(0, 40), 'is not known')
  }

  #bad(name: string, what: string): StatusError {
    return new StatusError('bad-request', `${this.#where}.${name} ${what}`)
  }
}
