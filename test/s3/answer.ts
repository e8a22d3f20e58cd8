// An answer as it came off the wire, and short ways to look into it.

import { strict as check } from 'node:assert'
import { parseXml } from '../../src/s3/xml-read.ts'
import type { XmlElement } from '../../src/s3/xml-read.ts'

const ROOT_NAME = /<([A-Za-z][\w]*)[\s>/]/

export class S3Answer {
  readonly status: number
  /** As sent, in their order. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  #root: XmlElement | null = null

  constructor(status: number, headers: S3Answer['headers'], body: Buffer) {
    this.status = status
    this.headers = headers
    this.body = body
  }

  get text(): string {
    return this.body.toString('utf8')
  }

  /** The only header of a name; null without one. */
  header(name: string): string | null {
    const found = this.headers.filter(([each]) => each.toLowerCase() === name.toLowerCase())
    check.ok(found.length < 2, `${name} is sent once`)
    return found[0]?.[1] ?? null
  }

  /** The texts of all elements at a path such as `Contents/Key` below the root. */
  all(path: string): string[] {
    return this.elements(path).map(({ text }) => text)
  }

  /** The text of the only element at a path; null without one. */
  one(path: string): string | null {
    const found = this.all(path)
    check.ok(found.length < 2, `${path} stands once`)
    return found[0] ?? null
  }

  elements(path: string): readonly XmlElement[] {
    let found: readonly XmlElement[] = [this.root]
    for (const name of path.split('/')) {
      found = found.flatMap(({ children }) => children.filter((child) => child.name === name))
    }
    return found
  }

  get root(): XmlElement {
    this.#root ??= this.#parse()
    return this.#root
  }

  #parse(): XmlElement {
    const name = ROOT_NAME.exec(this.text)?.[1]
    check.ok(name !== undefined, `an XML document is expected, not ${this.text.slice(0, 200)}`)
    return parseXml(this.body, name, Number.POSITIVE_INFINITY)
  }

  /** The code of S3's error; null for an answer that is none. */
  get code(): string | null {
    return this.status >= 300 && this.body.length > 0 ? this.one('Code') : null
  }
}

/** The answer is this error, in S3's form, with these elements. */
export function isError(
  answer: S3Answer,
  status: number,
  code: string,
  fields: Readonly<Record<string, string>> = {},
): void {
  check.equal(`${answer.status} ${answer.code}`, `${status} ${code}`, answer.text)
  check.equal(answer.header('content-type'), 'application/xml')
  check.ok(answer.text.startsWith('<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>'))
  check.equal(answer.one('RequestId'), answer.header('x-amz-request-id'))
  check.equal(answer.one('HostId'), answer.header('x-amz-id-2'))
  for (const [name, value] of Object.entries(fields)) check.equal(answer.one(name), value, name)
}

/** The answer has this status; what it says is shown where it has another. */
export function isStatus(answer: S3Answer, status: number): S3Answer {
  check.equal(answer.status, status, `${answer.status}: ${answer.text.slice(0, 500)}`)
  return answer
}
