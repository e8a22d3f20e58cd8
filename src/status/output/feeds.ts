// RSS 2.0 and Atom (RFC 4287): one entry a post, newest first, so that a reader learns of each. Ids come
// from records, which never change. Without a public address links are relative to the feed.

import { digestHex } from '../../base/digest.ts'
import { FEED_ENTRIES_MAX } from '../../base/limits.ts'
import type { Author } from '../records/record.ts'
import type { Snapshot } from '../snapshot.ts'
import { xml } from './html.ts'
import { incidentPath, maintenancePath } from './incidents.ts'
import type { Markdown } from './markdown.ts'
import { STATE_WORDS, isoTime } from './words.ts'

interface Entry {
  readonly id: string
  readonly title: string
  readonly path: string
  readonly text: string
  readonly atMs: number
  readonly author: Author
}

export function rssFeed(snapshot: Snapshot, markdown: Markdown): string {
  const { changedAtMs, config } = snapshot
  const items = entriesOf(snapshot).map(
    ({ atMs, id, path, text, title }) => xml`<item>
<title>${title}</title>
<link>${linkTo(snapshot, path)}</link>
<guid isPermaLink="false">${id}</guid>
<pubDate>${rssTime(atMs)}</pubDate>
<description>${markdown.toHtml(text).text}</description>
</item>
`,
  )
  const self =
    config.publicUrl === null
      ? null
      : xml`<atom:link rel="self" type="application/rss+xml" href="${linkTo(snapshot, '/history.rss')}"/>
`
  return xml`<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">
<channel>
<title>${config.title}</title>
<link>${linkTo(snapshot, '/')}</link>
${self}<description>${`Incidents and maintenance: ${config.title}`}</description>
<language>en</language>
<lastBuildDate>${rssTime(changedAtMs)}</lastBuildDate>
${items}</channel>
</rss>
`.text
}

export function atomFeed(snapshot: Snapshot, markdown: Markdown): string {
  const { changedAtMs, config } = snapshot
  const entries = entriesOf(snapshot).map(
    ({ atMs, author, id, path, text, title }) => xml`<entry>
<id>${urnOf(id)}</id>
<title>${title}</title>
<updated>${isoTime(atMs)}</updated>
<published>${isoTime(atMs)}</published>
<author><name>${author.name}</name></author>
<link rel="alternate" type="text/html" href="${linkTo(snapshot, path)}"/>
<content type="html">${markdown.toHtml(text).text}</content>
</entry>
`,
  )
  const id = digestHex('sha256', `feed ${config.publicUrl ?? config.title}`)
  return xml`<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">
<id>${urnOf(id)}</id>
<title>${config.title}</title>
<updated>${isoTime(changedAtMs)}</updated>
<author><name>${config.title}</name></author>
<link rel="self" type="application/atom+xml" href="${linkTo(snapshot, '/history.atom')}"/>
<link rel="alternate" type="text/html" href="${linkTo(snapshot, '/history')}"/>
${entries}</feed>
`.text
}

function entriesOf({ incidents, maintenances }: Snapshot): Entry[] {
  const ofIncidents = incidents.flatMap(({ id, title, updates }) =>
    updates.map((update) => entryOf(update, title, incidentPath(id))),
  )
  const ofMaintenances = maintenances.flatMap(({ id, title, updates }) =>
    updates.map((update) => entryOf(update, title, maintenancePath(id))),
  )
  return [...ofIncidents, ...ofMaintenances]
    .sort((one, other) => other.atMs - one.atMs || (one.id < other.id ? 1 : -1))
    .slice(0, FEED_ENTRIES_MAX)
}

function entryOf(
  update: {
    readonly id: string
    readonly state: keyof typeof STATE_WORDS
    readonly text: string
    readonly author: Author
    readonly atMs: number
  },
  title: string,
  path: string,
): Entry {
  return { ...update, title: `${STATE_WORDS[update.state]}: ${title}`, path }
}

function linkTo({ config }: Snapshot, path: string): string {
  return `${config.publicUrl ?? ''}${path}`
}

/** An id in the form that feeds need: a hash of the record's, as a UUID of version 8 (RFC 9562). */
function urnOf(id: string): string {
  const hex = digestHex('sha256', id)
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`]
  return `urn:uuid:${[...parts, variant + hex.slice(17, 20), hex.slice(20, 32)].join('-')}`
}

/** `Thu, 26 Nov 2026 12:27:40 GMT`. Source: RSS 2.0, by RFC 822. */
function rssTime(atMs: number): string {
  return new Date(isoTime(atMs)).toUTCString()
}
