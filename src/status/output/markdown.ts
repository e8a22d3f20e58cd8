// Posts are Markdown by people who can sign, and all the same nothing but text, emphasis, lists, quotes,
// code and links comes out of it: no HTML, no pictures, no link but http, https and mailto. What comes
// out is a small multiple of what went in: tables and link references, which repeat a text as often as
// they like, are off. The one file that imports markdown-it.

import createParser from 'markdown-it'
import type { MarkdownIt, Token } from 'markdown-it'
import { POSTS_KEPT_CHARS_MAX, POST_NESTING_MAX, POST_TEXT_CHARS_MAX } from '../../base/limits.ts'
import { Html, printable } from './html.ts'

/** Turns posts into what pages, feeds and JSON show. */
export class Markdown {
  readonly #parser: MarkdownIt
  /** What was turned lately, oldest first: the same posts stand on page after page. */
  readonly #known = new Map<string, Post>()
  #knownChars = 0
  constructor() {
    this.#parser = makeParser()
  }

  /** For pages and feeds. What is longer than POST_TEXT_CHARS_MAX is cut, and says so. */
  toHtml(text: string): Html {
    const post = this.#postOf(text)
    post.html ??= new Html(this.#parser.render(bounded(text)))
    return post.html
  }

  /** For JSON and where no markup is: a line a paragraph, item or row; links with their address. */
  toPlain(text: string): string {
    const post = this.#postOf(text)
    post.plain ??= plainText(this.#parser.parse(bounded(text), {}))
    return post.plain
  }

  #postOf(text: string): Post {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    for (const oldest of this.#known.keys()) {
      if (this.#knownChars + text.length <= POSTS_KEPT_CHARS_MAX) break
      this.#known.delete(oldest)
      this.#knownChars -= oldest.length
    }
    const post: Post = { html: null, plain: null }
    this.#known.set(text, post)
    this.#knownChars += text.length
    return post
  }
}

interface Post {
  html: Html | null
  plain: string | null
}

const LINK = /^(?:https?:\/\/|mailto:)/i

function makeParser(): MarkdownIt {
  const parser = createParser({
    html: false,
    linkify: true,
    maxNesting: POST_NESTING_MAX,
    typographer: false,
    xhtmlOut: true,
  })
  parser.disable(['image', 'reference', 'table'])
  parser.linkify.set({ fuzzyEmail: false, fuzzyIP: false, fuzzyLink: false })
  parser.validateLink = (url) => LINK.test(url)
  const { rules } = parser.renderer
  // A post stands below the page's own headings: its are bold lines.
  rules['heading_open'] = () => '<p><strong>'
  rules['heading_close'] = () => '</strong></p>\n'
  rules['link_open'] = (tokens, index, options, _env, renderer) => {
    tokens[index]?.attrSet('rel', 'nofollow noopener')
    return renderer.renderToken(tokens, index, options)
  }
  return parser
}

function bounded(text: string): string {
  const clean = printable(text)
  if (clean.length <= POST_TEXT_CHARS_MAX) return clean
  return `${printable(clean.slice(0, POST_TEXT_CHARS_MAX))} […]`
}

function plainText(tokens: readonly Token[]): string {
  const lines: string[] = []
  for (const token of tokens) {
    if (token.type === 'inline') lines.push(plainLine(token.children ?? []))
    else if (token.type === 'fence' || token.type === 'code_block') lines.push(token.content)
  }
  return lines
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n')
}

function plainLine(tokens: readonly Token[]): string {
  let line = ''
  let address = ''
  let label = ''
  for (const token of tokens) {
    if (token.type === 'link_open') {
      address = String(token.attrGet('href') ?? '')
      label = line
    } else if (token.type === 'link_close') {
      const isBare = line.slice(label.length) === address
      if (!isBare) line += ` (${address})`
    } else if (token.type === 'softbreak' || token.type === 'hardbreak') line += ' '
    else line += token.content
  }
  return line
}
