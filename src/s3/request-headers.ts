// A request's headers as they arrived: order, repetitions and bytes kept, names in lower case.
// Reads Node's rawHeaders, because `headers` drops or joins repetitions, which breaks signatures.

/** Headers of one request. Looking one up walks the list: a request has a dozen or so. */
export class RequestHeaders {
  /** Lower case, in order of arrival; a repeated header stands here as often as it was sent. */
  readonly names: readonly string[]
  /** As sent, one Latin-1 character a byte, beside `names`. */
  readonly values: readonly string[]

  /** `raw` is Node's `rawHeaders`: name, value, name, value … */
  constructor(raw: readonly string[]) {
    const count = raw.length >> 1
    const names: string[] = []
    const values: string[] = []
    for (let i = 0; i < count; i++) {
      names.push((raw[2 * i] ?? '').toLowerCase())
      values.push(raw[2 * i + 1] ?? '')
    }
    this.names = names
    this.values = values
  }

  /** The value of a header (`name` in lower case), repetitions joined by `, `; null without one. */
  get(name: string): string | null {
    let i = this.names.indexOf(name)
    if (i < 0) return null
    let value = this.values[i] ?? ''
    while ((i = this.names.indexOf(name, i + 1)) >= 0) value += `, ${this.values[i]}`
    return value
  }

  /** Whether the header was sent, be it empty. */
  has(name: string): boolean {
    return this.names.includes(name)
  }

  /** The first header whose lower-case name starts with `prefix`, or null. */
  firstWithPrefix(prefix: string): string | null {
    for (const name of this.names) if (name.startsWith(prefix)) return name
    return null
  }

  /** The same headers but those whose lower-case name starts with `prefix`. */
  without(prefix: string): RequestHeaders {
    const raw: string[] = []
    for (const [index, name] of this.names.entries()) {
      if (!name.startsWith(prefix)) raw.push(name, this.values[index] ?? '')
    }
    return new RequestHeaders(raw)
  }
}

/** A header's bytes (one Latin-1 character each) as text: UTF-8 where they are, else Latin-1. */
export function headerText(value: string): string {
  if (!NOT_ASCII.test(value)) return value
  const text = Buffer.from(value, 'latin1').toString('utf8')
  return text.includes('\ufffd') ? value : text
}

const NOT_ASCII = /[^\x00-\x7f]/
