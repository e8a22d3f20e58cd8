// The pages: now, history, one incident, one maintenance. Static HTML that needs nothing else; the first
// sentence says what is wrong, for whom, since when and what still works, and the rest follows by need.

import { HISTORY_INCIDENTS_MAX, STATUS_PAGE_INCIDENTS_MAX } from '../../base/limits.ts'
import type { Incident, Maintenance, Snapshot } from '../snapshot.ts'
import { componentsHtml } from './components.ts'
import { headlineOf, openIncidents } from './headline.ts'
import type { Headline } from './headline.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import {
  incidentHtml,
  incidentLineHtml,
  maintenanceHtml,
  maintenanceLineHtml,
} from './incidents.ts'
import { levelHtml, pageHtml } from './layout.ts'
import type { Markdown } from './markdown.ts'
import { fitted } from './room.ts'
import type { Room } from './room.ts'
import { sitesHtml } from './sites.ts'
import { uptimeHtml } from './uptime.ts'
import {
  capital,
  count,
  durationText,
  listOf,
  monthText,
  shortTimeHtml,
  timeHtml,
} from './words.ts'

const RECENT_MS = 14 * 86_400_000
const RECENT_MAX = 10
const HISTORY_NAMES_CHARS_MAX = 500

/** `/`: below STATUS_PAGE_SIZE_BYTES_MAX, whatever the configuration is and whatever is posted and seen. */
export function frontPage(snapshot: Snapshot, markdown: Markdown): string {
  return fitted(snapshot, (told, room) => frontPageIn(told, markdown, room))
}

/** `/components`: all of them, and their uptime, of any size. */
export function componentsPage(snapshot: Snapshot): string {
  const { health } = snapshot
  const options = { components: 'all', bars: 'all', sites: 'shown', reasonCharsMax: 2000 } as const
  const main = html`<h1>All components</h1>
    <p>${count(health.length, 'component')}; <a href="/">what is wrong now</a> stands by itself.</p>
    ${componentsHtml(snapshot, options)} ${uptimeHtml(snapshot, options)}`
  const description = `Health and uptime of each component of ${snapshot.config.title}`
  return pageHtml({
    snapshot,
    title: 'Components',
    description,
    current: 'components',
    isOver: false,
    main,
  })
}

/** `/history`: all that happened, by month, newest first. */
export function historyPage(snapshot: Snapshot): string {
  const incidents = snapshot.incidents.slice(0, HISTORY_INCIDENTS_MAX)
  const months = new Map<string, Incident[]>()
  for (const incident of incidents) {
    const month = monthText(incident.openedAtMs)
    months.set(month, [...(months.get(month) ?? []), incident])
  }
  const lists = [...months].map(
    ([month, ofMonth]) =>
      html`<section>
        <h2>${month}</h2>
        <ul class="list card">
          ${ofMonth.map((incident) => incidentLineHtml(snapshot, incident, HISTORY_NAMES_CHARS_MAX))}
        </ul>
      </section> `,
  )
  const maintenances = snapshot.maintenances.slice(0, HISTORY_INCIDENTS_MAX)
  const main = html`<h1>History</h1>
    ${lists.length === 0 ? html`<p>No incident is known.</p>` : lists}
    <section>
      <h2>Maintenance</h2>
      ${
        maintenances.length === 0
          ? html`<p>None is known.</p>`
          : html`<ul class="list card">
              ${maintenances.map(maintenanceLineHtml)}
            </ul>`
      }
    </section>`
  const description = `Incidents and maintenance of ${snapshot.config.title}`
  return pageHtml({
    snapshot,
    title: 'History',
    description,
    current: 'history',
    isOver: false,
    main,
  })
}

/** `/incidents/ID`: every post. */
export function incidentPage(snapshot: Snapshot, incident: Incident, markdown: Markdown): string {
  const main = incidentHtml(snapshot, incident, { ...whole(markdown), heading: 'h1' })
  const { state, title } = incident
  const isOver = state === 'resolved'
  return pageHtml({ snapshot, title, description: title, current: null, isOver, main })
}

/** `/maintenances/ID`. */
export function maintenancePage(
  snapshot: Snapshot,
  maintenance: Maintenance,
  markdown: Markdown,
): string {
  const main = maintenanceHtml(snapshot, maintenance, { ...whole(markdown), heading: 'h1' })
  const { state, title } = maintenance
  const isOver = state === 'completed' || state === 'canceled'
  return pageHtml({ snapshot, title, description: title, current: null, isOver, main })
}

function whole(markdown: Markdown): {
  readonly markdown: Markdown
  readonly postsMax: number
  readonly charsMax: number
  readonly namesCharsMax: number
} {
  return { markdown, postsMax: Infinity, charsMax: Infinity, namesCharsMax: Infinity }
}

function frontPageIn(snapshot: Snapshot, markdown: Markdown, room: Room): string {
  const headline = headlineOf(snapshot)
  const main = html`${blindHtml(snapshot)}${nowHtml(snapshot, headline)}
  ${openHtml(snapshot, markdown, room)}${plannedHtml(snapshot, markdown, room)}${componentsHtml(snapshot, room)}
  ${uptimeHtml(snapshot, room)} ${sitesHtml(snapshot)} ${recentHtml(snapshot, room)}`
  const { title } = headline
  return pageHtml({
    snapshot,
    title,
    description: `${title}.`,
    current: 'now',
    isOver: false,
    main,
  })
}

function blindHtml({ footing, site }: Snapshot): Html | null {
  if (footing !== 'blind') return null
  return html`<p class="note">
    <strong>This site (${site}) is cut off.</strong> It has no sign that its own network works, so
    what it cannot reach says nothing about the store. Another site may know more.
  </p> `
}

/** The head of the page: one sentence, then a region at a time. */
function nowHtml(snapshot: Snapshot, headline: Headline): Html {
  const { changedAtMs, madeAtMs, site } = snapshot
  const { byWord, level, regions, sinceMs, title, wellRegions } = headline
  const since =
    sinceMs === null
      ? null
      : html`<p>Since ${timeHtml(sinceMs)}, ${durationText(madeAtMs - sinceMs)} ago.</p> `
  const told = regions.map(
    ({ title, troubles, works }) =>
      html`<dt>${title}</dt>
        ${troubles.map(
          ({ sinceMs, text }) =>
            html`<dd>
              ${text}${sinceMs === null ? null : html`, since ${shortTimeHtml(sinceMs, madeAtMs)}`}.
            </dd> `,
        )}
        <dd>
          ${works === null ? 'Nothing else is known to work there.' : `Still working: ${works}.`}
        </dd> `,
  )
  const well =
    wellRegions.length > 0 && regions.length > 0
      ? html`<p>${listOf(wellRegions)} ${wellRegions.length === 1 ? 'works' : 'work'} in full.</p> `
      : null
  const details = regions.length === 0 ? null : html`<dl>${told}</dl>`
  const allWell =
    regions.length === 0 && byWord === null && snapshot.health.length > 0
      ? html`<p>
          All ${count(snapshot.health.length, 'component')} in
          ${count(snapshot.config.regions.length, 'region')} answered probes as they should.
        </p> `
      : null
  // Where nothing else is wrong the title says it.
  const raised = byWord === null || regions.length === 0 ? null : html`<p>${capital(byWord)}.</p> `
  return html`<section class="now ${level}" aria-labelledby="now">
    ${levelHtml(level)}
    <h1 id="now">${title}.</h1>
    ${since}${allWell}${details}${well}${raised}
    <p class="soft">
      Told by site ${site} at ${timeHtml(madeAtMs)}. Last change:
      ${shortTimeHtml(changedAtMs, madeAtMs)}.
    </p>
  </section>`
}

function openHtml(snapshot: Snapshot, markdown: Markdown, room: Room): Html {
  const open = openIncidents(snapshot)
  if (open.length === 0) return html`<p>No incident is open.</p> `
  const told = open
    .slice(0, STATUS_PAGE_INCIDENTS_MAX)
    .map((incident) => incidentHtml(snapshot, incident, { ...room, markdown, heading: 'h3' }))
  const others = open.slice(STATUS_PAGE_INCIDENTS_MAX)
  const listed = others
    .slice(0, room.linesMax)
    .map((incident) => incidentLineHtml(snapshot, incident, room.namesCharsMax))
  const rest =
    others.length === 0
      ? null
      : html`<p>
            ${count(others.length, 'more open incident')}, all in the
            <a href="/history">history</a>:
          </p>
          <ul class="list card">
            ${listed}
          </ul>`
  return html`<section aria-labelledby="open">
    <h2 id="open">Open incidents</h2>
    ${told}${rest}
  </section> `
}

function plannedHtml(snapshot: Snapshot, markdown: Markdown, room: Room): Html | null {
  const planned = snapshot.maintenances
    .filter(({ state }) => state !== 'completed' && state !== 'canceled')
    .sort((one, other) => one.startMs - other.startMs)
    .slice(0, STATUS_PAGE_INCIDENTS_MAX)
  if (planned.length === 0) return null
  const options = {
    ...room,
    markdown,
    postsMax: Math.min(2, room.postsMax),
    heading: 'h3' as const,
  }
  return html`<section aria-labelledby="planned">
    <h2 id="planned">Planned maintenance</h2>
    ${planned.map((maintenance) => maintenanceHtml(snapshot, maintenance, options))}
  </section> `
}

function recentHtml(snapshot: Snapshot, { namesCharsMax }: Room): Html {
  const since = snapshot.madeAtMs - RECENT_MS
  const recent = snapshot.incidents
    .filter(({ resolvedAtMs }) => resolvedAtMs !== null && resolvedAtMs >= since)
    .slice(0, RECENT_MAX)
    .map((incident) => incidentLineHtml(snapshot, incident, namesCharsMax))
  const list =
    recent.length === 0
      ? html`<p>None in the last 14 days.</p>`
      : html`<ul class="list card">
          ${recent}
        </ul>`
  return html`<section aria-labelledby="recent">
    <h2 id="recent">Resolved lately</h2>
    ${list}
    <p><a href="/history">All incidents and maintenance</a></p>
  </section>`
}
