// For who operates: which probe failed how, with all that is needed to look further (time, request id,
// raw answer), and how this site stands with its peers, its receivers and its own disk.

import { OPERATE_FAILURES_SHOWN_MAX } from '../../base/limits.ts'
import type { StatusConfig } from '../config.ts'
import { html } from '../output/html.ts'
import type { Html, Piece } from '../output/html.ts'
import { levelHtml } from '../output/layout.ts'
import { count, durationText, isoTime } from '../output/words.ts'
import type { PeerState } from '../records/peer-link.ts'
import type { Author } from '../records/record.ts'
import type { Snapshot } from '../snapshot.ts'
import type { StatusError } from '../status.ts'
import type { WebhookState } from '../webhooks/webhooks.ts'
import { consoleHtml } from './console-layout.ts'
import type { FailedProbe, ProbeState } from './probe-log.ts'

/** Of the site, as it is now. */
export interface OperateState {
  /** Null: it is starting. */
  readonly snapshot: Snapshot | null
  readonly peers: readonly PeerState[]
  readonly webhooks: readonly WebhookState[]
  readonly log: {
    readonly recordCount: number
    readonly orderMax: number
    readonly incarnation: string
    /** What was damaged, and what was not taken, at the start. */
    readonly findings: readonly StatusError[]
  }
}

export interface OperateParts {
  readonly config: StatusConfig
  readonly site: string
  readonly author: Author
  readonly nowMs: number
  /** A component, or the beginning of some: `REGION/CELL/`. Empty: all. */
  readonly filter: string
  readonly probes: readonly ProbeState[]
  readonly state: OperateState
}

export function operatePage(parts: OperateParts): string {
  const { author, config, nowMs, site, state } = parts
  const main = html`<h1>Probes of site ${site}</h1>
    <p>As of ${instantHtml(nowMs)}; load it again for news. Signed in as ${author.name}.</p>
    <p>
      Also here: <a href="#failures">failed probes</a>, <a href="#peers">peers</a>,
      <a href="#webhooks">webhooks</a>, <a href="#log">records</a>.
    </p>
    ${filterForm(parts)} ${ailingTable(parts)} ${failuresHtml(parts)} ${peersTable(state, nowMs)}
    ${webhooksHtml(state, nowMs)} ${logHtml(state)}`
  return consoleHtml({
    site,
    name: config.title,
    title: 'Probes',
    current: 'operate',
    hasScript: false,
    main,
  })
}

/** For who is not signed in. */
export function signInPage(config: StatusConfig, site: string): string {
  const main = html`<h1>Sign in first</h1>
    <p>
      Which probe failed how is for those who operate.
      <a href="/console?next=operate">Sign in at the console</a> with your key file; a browser that
      has your key needs nothing more.
    </p>`
  return consoleHtml({
    site,
    name: config.title,
    title: 'Sign in',
    current: 'operate',
    hasScript: false,
    main,
  })
}

function isMeant(component: string, filter: string): boolean {
  return (
    filter === '' || component === filter || (filter.endsWith('/') && component.startsWith(filter))
  )
}

function filterForm({ config, filter }: OperateParts): Html {
  const option = (value: string, text: string): Html =>
    html`<option value="${value}" ${value === filter ? html` selected` : null}>${text}</option>`
  const cells = config.regions.flatMap(({ name, cells }) =>
    cells.map((cell) => `${name}/${cell.name}/`),
  )
  return html`<form method="get" action="/operate" class="card">
    <p>
      <label for="component">Components</label>
      <select id="component" name="component">
        ${option('', 'All')}
        <optgroup label="Cells">${cells.map((id) => option(id, id))}</optgroup>
        <optgroup label="Components">${config.components.map(({ id }) => option(id, id))}</optgroup>
      </select>
      <button type="submit">Show</button>
    </p>
  </form>`
}

/** Components that are not well, or fail now; with a filter all that it means. */
function ailingTable({ filter, nowMs, probes, state }: OperateParts): Html {
  const levels = new Map(state.snapshot?.health.map((one) => [one.component.id, one]))
  const shown = probes.filter(({ component, failedCount }) => {
    if (!isMeant(component, filter)) return false
    const isWell = levels.get(component)?.level === 'operational' && failedCount === 0
    return filter !== '' || !isWell
  })
  if (shown.length === 0)
    return section('ailing', 'Now', html`<p>All components are well, and no probe fails.</p>`)
  const rows = shown.map(({ component, failedCount, failedSinceMs, lastGood }) => {
    const health = levels.get(component)
    const failing =
      failedSinceMs === null
        ? 'no'
        : html`${count(failedCount, 'time')} in a row, since ${instantHtml(failedSinceMs)}`
    const good = lastGood === null ? 'never since the start' : agoHtml(lastGood.atMs, nowMs)
    const took = lastGood === null ? null : ` in ${Math.round(lastGood.durationMs)} ms`
    return [
      html`<a href="/operate?component=${encodeURIComponent(component)}">${component}</a>`,
      health === undefined ? 'not known' : html`${levelHtml(health.level)} ${health.why}`,
      failing,
      html`${good}${took}`,
    ]
  })
  return section(
    'ailing',
    'Now',
    table('ailing', ['Component', 'Told', 'Fails', 'Succeeded last'], rows),
  )
}

/** Of all together the newest of each component; of those that the filter means all that are kept. */
function failuresHtml({ filter, probes }: OperateParts): Html {
  const failures = probes
    .filter(({ component }) => isMeant(component, filter))
    .flatMap((state) => (filter === '' ? state.failures.slice(0, 1) : state.failures))
    .toSorted((a, b) => b.atMs - a.atMs)
  const shown = failures.slice(0, OPERATE_FAILURES_SHOWN_MAX)
  const left = failures.length - shown.length
  const what =
    filter === ''
      ? 'The last of each component since this site started; choose a component for those before it.'
      : 'The newest first; the last few of each component are kept, since this site started.'
  return section(
    'failures',
    'Failed probes',
    shown.length === 0
      ? html`<p>None is known since this site started.</p>`
      : html`<p>${what}</p>
          ${shown.map(failureHtml)}
          ${left > 0 ? html`<p>${left} more: choose a component to see them.</p>` : null}`,
  )
}

function failureHtml({ atMs, component, durationMs, failure, retryCount }: FailedProbe): Html {
  const { code, kind, message, raw, requestId, status } = failure
  const facts: readonly (readonly [string, Piece])[] = [
    ['Kind', durationMs === null ? `${kind}; not made, so it says nothing of the component` : kind],
    ['HTTP status', status ?? 'no answer'],
    ['S3 code', code ?? 'none'],
    ['Request id', requestId === null ? 'none' : html`<code>${requestId}</code>`],
    [
      'Took',
      durationMs === null
        ? 'not made'
        : `${Math.round(durationMs)} ms, ${count(retryCount, 'request')}`,
    ],
  ]
  return html`<article class="card raw">
    <div class="head">
      <h3>${component}</h3>
      ${instantHtml(atMs)}
    </div>
    <p>${message}</p>
    ${factsHtml(facts)}
    ${
      raw === ''
        ? null
        : html`<details>
            <summary>The answer as it came</summary>
            <pre tabindex="0">${raw}</pre>
          </details>`
    }
  </article> `
}

function peersTable({ peers }: OperateState, nowMs: number): Html {
  if (peers.length === 0) return section('peers', 'Peers', html`<p>This site has none.</p>`)
  const rows = peers.map(({ error, heardAtMs, isReached, name, viewAgeMs }) => [
    name,
    isReached ? 'reached' : html`<strong>not reached</strong>`,
    heardAtMs === null ? 'never since the start' : agoHtml(heardAtMs, nowMs),
    viewAgeMs === null ? 'none' : `${durationText(viewAgeMs)} old`,
    error ?? 'none',
  ])
  return section(
    'peers',
    'Peers',
    table('peers', ['Site', 'Exchange', 'Heard', 'What it sees', 'Last trouble'], rows),
  )
}

function webhooksHtml({ webhooks }: OperateState, nowMs: number): Html {
  if (webhooks.length === 0)
    return section('webhooks', 'Webhooks', html`<p>There is no receiver.</p>`)
  const rows = webhooks.map(
    ({ deliveredAtMs, deliveredCount, givenUpCount, pending, receiver }) => {
      const [oldest] = pending
      const waiting =
        oldest === undefined
          ? 'nothing'
          : html`${count(pending.length, 'post')}, the oldest since ${instantHtml(oldest.sinceMs)},
            tried
            ${count(oldest.tryCount, 'time')}${oldest.error === null ? null : `: ${oldest.error}`}`
      const last =
        deliveredAtMs === null
          ? 'none'
          : html`${deliveredCount}, the last ${agoHtml(deliveredAtMs, nowMs)}`
      return [receiver, last, waiting, String(givenUpCount)]
    },
  )
  const lost = webhooks.flatMap(({ givenUp, receiver }) =>
    givenUp.map(({ atMs, error, record }) => [
      receiver,
      html`<code>${record.slice(0, 16)}</code>`,
      instantHtml(atMs),
      error,
    ]),
  )
  const head = ['Receiver', 'Delivered since the start', 'Waits', 'Given up']
  return section(
    'webhooks',
    'Webhooks',
    html`${table('webhooks', head, rows)}
    ${
      lost.length === 0
        ? null
        : html`<h3 id="lost">Given up</h3>
            ${table('lost', ['Receiver', 'Post', 'When', 'Why'], lost)}`
    }`,
  )
}

function logHtml({ log }: OperateState): Html {
  const { findings, incarnation, orderMax, recordCount } = log
  const found = html`<ul>
    ${findings.map(({ code, message }) => html`<li>${code}: ${message}</li>`)}
  </ul>`
  return section(
    'log',
    'Records on this site',
    html`${factsHtml([
      ['Records', recordCount],
      ['Highest order', orderMax],
      ['Read at this start as', html`<code>${incarnation}</code>`],
    ])}
    ${findings.length === 0 ? html`<p>Nothing was damaged, and nothing was not taken, at the start.</p>` : found}`,
  )
}

function factsHtml(facts: readonly (readonly [string, Piece])[]): Html {
  const pairs = facts.map(
    ([term, value]) =>
      html`<div>
        <dt>${term}</dt>
        <dd>${value}</dd>
      </div> `,
  )
  return html`<dl class="facts">${pairs}</dl>`
}

function section(id: string, title: string, content: Html): Html {
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}">${title}</h2>
    ${content}
  </section> `
}

/** The first of each row is its head. */
function table(id: string, head: readonly string[], rows: readonly (readonly Piece[])[]): Html {
  const rowHtml = ([first = null, ...rest]: readonly Piece[]): Html =>
    html`<tr role="row">
      <th scope="row" role="rowheader">${first}</th>
      ${rest.map((cell, index) => html`<td role="cell"><small class="narrow">${head[index + 1] ?? ''}: </small>${cell}</td>`)}
    </tr> `
  return html`<div class="card">
    <table class="wrap" role="table" aria-labelledby="${id}">
      <thead role="rowgroup">
        <tr role="row">
          ${head.map((name) => html`<th scope="col" role="columnheader">${name}</th>`)}
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${rows.map(rowHtml)}
      </tbody>
    </table>
  </div>`
}

/** To the second: it is compared with logs. */
function instantHtml(atMs: number): Html {
  const text = isoTime(atMs)
  return html`<time datetime="${text}">${text.replace('T', ' ').replace('Z', ' UTC')}</time>`
}

function agoHtml(atMs: number, nowMs: number): Html {
  return html`<time datetime="${isoTime(atMs)}">${durationText(nowMs - atMs)} ago</time>`
}
