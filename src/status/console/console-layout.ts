// What the console's pages have around them, and the policy under which a browser shows them: scripts
// and styles from this site's own files alone, requests to it alone, in nobody's frame.

import type { HttpAnswer } from '../../base/network.ts'
import { textAnswer } from '../answer-forms.ts'
import { html } from '../output/html.ts'
import type { Html } from '../output/html.ts'

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:', // the icon, which there is none of
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

export interface ConsoleParts {
  readonly site: string
  /** Of the status plane. */
  readonly name: string
  /** Of this page. */
  readonly title: string
  readonly current: 'console' | 'operate'
  readonly hasScript: boolean
  readonly main: Html
}

export function consoleHtml({ site, name, title, current, hasScript, main }: ConsoleParts): string {
  const here = (page: ConsoleParts['current']): Html | null =>
    current === page ? html` aria-current="page"` : null
  const script = html`<script type="module" src="/console/console.page.js"></script>`
  return html`<!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title} · ${name}</title>
        <link rel="stylesheet" href="/console/console.css" />
        <link rel="icon" href="data:," />
        ${hasScript ? script : null}
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header>
          <span class="name">${name} <span class="soft">site ${site}</span></span>
          <nav aria-label="Pages">
            <ul>
              <li><a href="/">Status page</a></li>
              <li><a href="/console" ${here('console')}>Console</a></li>
              <li><a href="/operate" ${here('operate')}>Probes</a></li>
            </ul>
          </nav>
        </header>
        <main id="main">${main}</main>
      </body>
    </html> `.text
}

/** To whom asks, and kept by nobody. */
export function consoleAnswer(status: number, page: string): HttpAnswer {
  const { body, headers } = textAnswer(status, 'text/html; charset=utf-8', page)
  return { status, headers: new Map([...headers, ['content-security-policy', POLICY]]), body }
}
