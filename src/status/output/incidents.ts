// Incidents and maintenance with their posts, newest post first, as articles of a page.

import type { Author } from '../records/record.ts'
import type { Incident, Maintenance, Snapshot } from '../snapshot.ts'
import { worse } from '../status.ts'
import type { ComponentId, Level } from '../status.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { levelHtml } from './layout.ts'
import type { Markdown } from './markdown.ts'
import { componentsText } from './spots.ts'
import { STATE_WORDS, count, durationText, timeHtml } from './words.ts'

export interface PostsOptions {
  readonly markdown: Markdown
  /** The newest so many posts; of older ones their number and the way to them. */
  readonly postsMax: number
  /** Of one post. */
  readonly charsMax: number
  /** What is affected is told by name, or else counted. */
  readonly namesCharsMax: number
}

interface Post {
  readonly state: keyof typeof STATE_WORDS
  readonly text: string
  readonly author: Author
  readonly atMs: number
}

export function incidentHtml(
  snapshot: Snapshot,
  incident: Incident,
  options: PostsOptions & { readonly heading: 'h1' | 'h3' },
): Html {
  const { madeAtMs } = snapshot
  const { affected, affectedEver, id, openedAtMs, resolvedAtMs, state, title } = incident
  const isOpen = state !== 'resolved'
  const length = durationText((resolvedAtMs ?? madeAtMs) - openedAtMs)
  const ids = (isOpen && affected.length > 0 ? affected : affectedEver).map((one) => one.component)
  const names = namesText(snapshot, ids, options.namesCharsMax)
  const href = incidentPath(id)
  const head =
    options.heading === 'h1'
      ? html`<h1>${title}</h1>`
      : html`<h3 id="i-${id}"><a href="${href}">${title}</a></h3>`
  const label = options.heading === 'h1' ? null : html` aria-labelledby="i-${id}"`
  return html`<article class="card" ${label}>
    <div class="head">${head}${worstHtml(incident)}</div>
    <p>
      <span class="state">${STATE_WORDS[state]}.</span> Since
      ${timeHtml(openedAtMs)}${resolvedAtMs === null ? null : html`, until ${timeHtml(resolvedAtMs)}`}
      (${length}).
    </p>
    ${names === '' ? null : html`<p class="soft">${isOpen ? 'Affected' : 'Was affected'}: ${names}</p>`}
    ${postsHtml(incident.updates, href, options)}
  </article> `
}

export function maintenanceHtml(
  snapshot: Snapshot,
  maintenance: Maintenance,
  options: PostsOptions & { readonly heading: 'h1' | 'h3' },
): Html {
  const { components, endMs, id, startMs, state, title, updates } = maintenance
  const names = namesText(snapshot, components, options.namesCharsMax)
  const href = maintenancePath(id)
  const head =
    options.heading === 'h1'
      ? html`<h1>${title}</h1>`
      : html`<h3 id="m-${id}"><a href="${href}">${title}</a></h3>`
  const label = options.heading === 'h1' ? null : html` aria-labelledby="m-${id}"`
  return html`<article class="card" ${label}>
    ${head}
    <p>
      <span class="state">${STATE_WORDS[state]}.</span> From ${timeHtml(startMs)} to
      ${timeHtml(endMs)} (${durationText(endMs - startMs)}).
    </p>
    ${names === '' ? null : html`<p class="soft">Concerns: ${names}</p>`}
    ${postsHtml(updates, href, options)}
  </article> `
}

/** A line of a list: the title, when, how long, how bad. */
export function incidentLineHtml(
  snapshot: Snapshot,
  incident: Incident,
  namesCharsMax: number,
): Html {
  const { affectedEver, id, openedAtMs, resolvedAtMs, state, title } = incident
  const ids = affectedEver.map(({ component }) => component)
  const names = namesText(snapshot, ids, namesCharsMax)
  const end =
    resolvedAtMs === null
      ? STATE_WORDS[state].toLowerCase()
      : `resolved after ${durationText(resolvedAtMs - openedAtMs)}`
  return html`<li>
    <div class="head"><a href="${incidentPath(id)}">${title}</a>${worstHtml(incident)}</div>
    <small>${timeHtml(openedAtMs)}, ${end}.${names === '' ? null : ` ${names}`}</small>
  </li> `
}

/** `EU West: GET in Cell A`, or where that is too long `120 components in 3 regions`. */
function namesText({ config }: Snapshot, ids: readonly ComponentId[], charsMax: number): string {
  const names = componentsText(config, ids)
  if (names.length <= charsMax) return names
  const regions = new Set(ids.map((id) => id.slice(0, id.indexOf('/'))))
  return `${count(ids.length, 'component')} in ${count(regions.size, 'region')}`
}

export function maintenanceLineHtml({ id, startMs, state, title }: Maintenance): Html {
  return html`<li>
    <a href="${maintenancePath(id)}">${title}</a>
    <small>${timeHtml(startMs)}, ${STATE_WORDS[state].toLowerCase()}</small>
  </li> `
}

export function incidentPath(id: string): string {
  return `/incidents/${encodeURIComponent(id)}`
}

export function maintenancePath(id: string): string {
  return `/maintenances/${encodeURIComponent(id)}`
}

/** The worst it ever was; of one that names no component nothing is said. */
function worstHtml({ affectedEver }: Incident): Html | null {
  if (affectedEver.length === 0) return null
  const worst = affectedEver.reduce<Level>((level, one) => worse(level, one.level), 'operational')
  return levelHtml(worst)
}

/** The last `countMax`, newest first. */
export function newest<T>(posts: readonly T[], countMax: number): T[] {
  return posts.slice(Math.max(0, posts.length - countMax)).reverse()
}

function postsHtml(posts: readonly Post[], href: string, options: PostsOptions): Html {
  const shown = newest(posts, options.postsMax)
  const left = posts.length - shown.length
  const more =
    left > 0
      ? html`<p>
          <a href="${href}">${count(left, shown.length > 0 ? 'earlier post' : 'post')}</a>
        </p> `
      : null
  const list =
    shown.length === 0
      ? null
      : html`<ol class="posts">
          ${shown.map((post) => postHtml(post, href, options))}
        </ol> `
  return html`${list}${more}`
}

function postHtml(post: Post, href: string, { charsMax, markdown }: PostsOptions): Html {
  const { atMs, author, state, text } = post
  const isCut = text.length > charsMax
  const shown = markdown.toHtml(isCut ? `${text.slice(0, charsMax)} …` : text)
  const by = author.kind === 'site' ? `by machine, site ${author.name}` : `by ${author.name}`
  return html`<li>
    <p><span class="state">${STATE_WORDS[state]}</span> <small>${timeHtml(atMs)}, ${by}</small></p>
    <div class="post">
      ${shown}${isCut ? html`<p><a href="${href}">The whole post</a></p>` : null}
    </div>
  </li> `
}
