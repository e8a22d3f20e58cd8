// What all pages have around them: head, navigation, footer, and the policy under which a browser shows
// them: no script, nothing from elsewhere, styles only by the hash of our own.

import { digest } from '../../base/digest.ts'
import type { Snapshot } from '../snapshot.ts'
import { html, Html } from './html.ts'
import { STYLE } from './style.css.ts'
import { LEVEL_WORDS, timeHtml } from './words.ts'
import type { Level } from '../status.ts'

/** Content-Security-Policy of every page; also in its head, for hosts that send no such header. */
export function pagePolicy(): string {
  const hash = digest('sha256', Buffer.from(STYLE)).toString('base64')
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
}

const RENEWAL_TEXT =
  'This page does not renew itself: load it again for news. If that time is more than a few minutes ago, this is an old copy.'
const OVER_TEXT = 'What it tells of is over: it changes only if something more is posted.'

export interface PageParts {
  readonly snapshot: Snapshot
  /** Before the page's name in the browser's title. */
  readonly title: string
  readonly description: string
  readonly current: 'now' | 'components' | 'history' | null
  /** Of what is over: its page is made again only when something is posted. */
  readonly isOver: boolean
  readonly main: Html
}

/** A whole page. Its links begin at the root of the host. */
export function pageHtml({
  current,
  description,
  isOver,
  main,
  snapshot,
  title,
}: PageParts): string {
  const { config, madeAtMs, site } = snapshot
  const here = (page: PageParts['current']): Html | null =>
    current === page ? html` aria-current="page"` : null
  return html`<!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${pagePolicy()}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="description" content="${description}" />
        <title>${title} · ${config.title}</title>
        <link
          rel="alternate"
          type="application/atom+xml"
          title="Posts (Atom)"
          href="/history.atom"
        />
        <link rel="alternate" type="application/rss+xml" title="Posts (RSS)" href="/history.rss" />
        ${new Html(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header>
          <span class="name">${config.title}</span>
          <nav aria-label="Pages">
            <ul>
              <li><a href="/" ${here('now')}>Now</a></li>
              <li><a href="/components" ${here('components')}>Components</a></li>
              <li><a href="/history" ${here('history')}>History</a></li>
            </ul>
          </nav>
        </header>
        <main id="main">${main}</main>
        <footer>
          <p>Made at ${timeHtml(madeAtMs)} by site ${site}. ${isOver ? OVER_TEXT : RENEWAL_TEXT}</p>
          <p>
            Also as: <a href="/history.atom">Atom</a> <a href="/history.rss">RSS</a>
            <a href="/api/v2/summary.json">JSON</a> <a href="/metrics">metrics</a>
          </p>
        </footer>
      </body>
    </html> `.text
}

/** Colour, sign and word of a level: any one of the three tells it. */
export function levelHtml(level: Level): Html {
  const { label, mark } = LEVEL_WORDS[level]
  return html`<span class="lv ${level}"><span aria-hidden="true">${mark} </span>${label}</span>`
}
