// Reads a request's XML: strictly, without DTDs or entities of its own, bounded in size and depth.
// Namespaces are ignored; unknown elements are the readers' to pass over. Source: S3.md 53.

import { SaxesParser } from 'saxes'
import { S3Error } from './s3-error.ts'
import { S3_LIMITS } from './s3-limits.ts'

export interface XmlElement {
  /** Local name, without a prefix. */
  readonly name: string
  readonly children: readonly XmlElement[]
  /** Its own text, white space kept. */
  readonly text: string
}

interface Building {
  readonly name: string
  readonly children: XmlElement[]
  text: string
}

/** @throws S3Error `MalformedXML` */
export function parseXml(
  body: Uint8Array,
  rootName: string,
  sizeBytesMax: number = S3_LIMITS.xmlSizeBytesMax,
): XmlElement {
  if (body.length > sizeBytesMax) throw malformed('it is too long')
  const root: Building = { name: '', children: [], text: '' }
  const open: Building[] = [root]
  const parser = new SaxesParser({ xmlns: false, fragment: false })
  parser.on('error', (error) => {
    throw malformed(error.message)
  })
  parser.on('doctype', () => {
    throw malformed('document types are not read')
  })
  parser.on('opentag', ({ name }) => {
    if (open.length > S3_LIMITS.xmlDepthMax) throw malformed('it is too deep')
    open.push({ name: name.slice(name.indexOf(':') + 1), children: [], text: '' })
  })
  const addText = (text: string): void => {
    const top = open.at(-1)
    if (top !== undefined) top.text += text
  }
  parser.on('text', addText)
  parser.on('cdata', addText)
  parser.on('closetag', () => {
    const closed = open.pop()
    if (closed !== undefined) open.at(-1)?.children.push(closed)
  })
  parser.write(decodeUtf8(body)).close()
  const [top] = root.children
  if (top === undefined || top.name !== rootName) throw malformed(`its root is not ${rootName}`)
  return top
}

function decodeUtf8(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch (cause) {
    throw malformed('it is not UTF-8', cause)
  }
}

/** The one error of a body that cannot be read; `why` goes to people, not to programs. */
export function malformed(why: string, cause?: unknown): S3Error {
  return new S3Error('MalformedXML', { cause: cause ?? why })
}

/** All children of a name. */
export function childrenOf(element: XmlElement, name: string): readonly XmlElement[] {
  return element.children.filter((child) => child.name === name)
}

/** The text of the only child of a name; null without one. @throws S3Error where there are more */
export function textOf(element: XmlElement, name: string): string | null {
  const [first, second] = childrenOf(element, name)
  if (second !== undefined) throw malformed(`${name} stands twice`)
  return first?.text ?? null
}

/** As textOf, but it must be there. @throws S3Error `MalformedXML` */
export function requireText(element: XmlElement, name: string): string {
  const text = textOf(element, name)
  if (text === null) throw malformed(`${name} is missing`)
  return text
}
