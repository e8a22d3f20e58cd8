// All that a site serves of a snapshot, ready made: bytes, the same compressed, and a tag by which a reader
// asks whether it changed. What is as before keeps its bytes, and pages of old incidents are not even made
// again, so that a change a second costs milliseconds.

import { digest, digestHex } from '../../base/digest.ts'
import { gzipSync } from 'node:zlib'
import type { Snapshot } from '../snapshot.ts'
import { atomFeed, rssFeed } from './feeds.ts'
import { incidentPath, maintenancePath } from './incidents.ts'
import { Markdown } from './markdown.ts'
import { metricsText } from './metrics.ts'
import { componentsPage, frontPage, historyPage, incidentPage, maintenancePage } from './page.ts'
import { statuspageDocuments } from './statuspage.ts'

export interface RenderedFile {
  readonly type: string
  readonly body: Buffer
  readonly gzip: Buffer
  /** Weak, with its quotes: it stands for both forms. */
  readonly etag: string
  /** What it was made from, where that is cheaper to compare than to make it again. */
  readonly madeOf: string | null
}

/** By path, as readers ask for it. */
export type Rendered = ReadonlyMap<string, RenderedFile>

const TYPES = {
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
  rss: 'application/rss+xml; charset=utf-8',
  atom: 'application/atom+xml; charset=utf-8',
  metrics: 'text/plain; version=0.0.4; charset=utf-8',
} as const

const MINUTE_MS = 60_000

export class Renderer {
  readonly #markdown = new Markdown()
  #last: Rendered = new Map()

  /** Pure but for its memory of the last answer, which only makes it faster. */
  render(snapshot: Snapshot): Rendered {
    const files = new Map<string, RenderedFile>()
    const add = (path: string, type: string, text: string): void => {
      files.set(path, fileOf(type, text, null, this.#last.get(path)))
    }
    add('/', TYPES.html, frontPage(snapshot, this.#markdown))
    add('/history.rss', TYPES.rss, rssFeed(snapshot, this.#markdown))
    add('/history.atom', TYPES.atom, atomFeed(snapshot, this.#markdown))
    add('/metrics', TYPES.metrics, metricsText(snapshot))
    for (const [path, text] of statuspageDocuments(snapshot, this.#markdown)) {
      add(path, TYPES.json, text)
    }
    for (const [path, madeOf, make] of this.#slowPages(snapshot)) {
      const last = this.#last.get(path)
      files.set(path, last?.madeOf === madeOf ? last : fileOf(TYPES.html, make(), madeOf, last))
    }
    this.#last = files
    return files
  }

  /** Pages that change with their own posts alone, and once a minute while they are news. */
  #slowPages(snapshot: Snapshot): [string, string, () => string][] {
    const markdown = this.#markdown
    const minute = Math.floor(snapshot.madeAtMs / MINUTE_MS)
    const incidents = snapshot.incidents.map((incident): [string, string, () => string] => [
      incidentPath(incident.id),
      keyOf(incident.state === 'resolved' ? 0 : minute, incident),
      () => incidentPage(snapshot, incident, markdown),
    ])
    const maintenances = snapshot.maintenances.map((one): [string, string, () => string] => [
      maintenancePath(one.id),
      keyOf(one.state === 'completed' || one.state === 'canceled' ? 0 : minute, one),
      () => maintenancePage(snapshot, one, markdown),
    ])
    const keys = [...incidents, ...maintenances].map(([, key]) => key)
    const history = keyOf(minute, { id: keys.join(), state: '', updates: [] })
    const told = snapshot.health.map(({ level, override, sinceMs }) => [level, override, sinceMs])
    const components = keyOf(minute, { id: JSON.stringify(told), state: '', updates: [] })
    return [
      ...incidents,
      ...maintenances,
      ['/history', history, () => historyPage(snapshot)],
      ['/components', components, () => componentsPage(snapshot)],
    ]
  }
}

/** All that is told of a snapshot, by path; for one that is told once. */
export function renderAll(snapshot: Snapshot): Rendered {
  return new Renderer().render(snapshot)
}

/** A record's fold follows from its records: their ids stand for all of it. */
function keyOf(
  minute: number,
  event: {
    readonly id: string
    readonly state: string
    readonly updates: readonly { readonly id: string }[]
  },
): string {
  const text = [minute, event.id, event.state, ...event.updates.map(({ id }) => id)].join(' ')
  return digestHex('sha256', text)
}

function fileOf(
  type: string,
  text: string,
  madeOf: string | null,
  last: RenderedFile | undefined,
): RenderedFile {
  const body = Buffer.from(text)
  if (last !== undefined && last.type === type && last.body.equals(body)) {
    return last.madeOf === madeOf ? last : { ...last, madeOf }
  }
  const etag = `W/"${digest('sha256', body).toString('base64url').slice(0, 22)}"`
  return { type, body, gzip: gzipSync(body), etag, madeOf }
}
