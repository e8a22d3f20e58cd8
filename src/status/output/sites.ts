// What each site sees, and whether what it says counts: the page's own witnesses.

import type { SiteState, Snapshot } from '../snapshot.ts'
import { LEVELS } from '../status.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { LEVEL_WORDS, shortTimeHtml } from './words.ts'

const FOOTING_WORDS: Readonly<Record<SiteState['footing'], string>> = {
  sure: 'its network works',
  blind: 'cut off, so what it sees is left out',
  stale: 'not heard lately, so what it saw is left out',
}

export function sitesHtml(snapshot: Snapshot): Html {
  const rows = snapshot.sites.map(({ footing, heardAtMs, isReached, name }) => {
    const isOwn = name === snapshot.site
    const heard = heardAtMs === null ? 'never' : shortTimeHtml(heardAtMs, snapshot.madeAtMs)
    const sees = footing === 'sure' ? seenText(snapshot, name) : 'Does not count'
    const reach = isOwn ? 'this site' : isReached ? 'reached' : 'not reached'
    return html`<tr role="row">
      <th role="rowheader" scope="row">${name} <small>${reach}</small></th>
      <td role="cell">${FOOTING_WORDS[footing]}; heard ${heard}</td>
      <td role="cell">${sees}</td>
    </tr> `
  })
  return html`<section aria-labelledby="sites">
    <h2 id="sites">What the sites see</h2>
    <p>
      Sites probe the store as its clients do, each over a network of its own. Where those that see
      disagree, a component is degraded.
    </p>
    <div class="card">
      <table class="wrap" role="table" aria-labelledby="sites">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">Site</th>
            <th role="columnheader" scope="col">Standing</th>
            <th role="columnheader" scope="col">Sees</th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`
}

/** `70 operational, 2 major outage`. */
function seenText({ health }: Snapshot, site: string): string {
  const counts = LEVELS.toReversed().flatMap((level) => {
    const number = health.filter(({ seenBy }) =>
      seenBy.some((one) => one.site === site && one.level === level),
    ).length
    return number === 0 ? [] : [`${number} ${LEVEL_WORDS[level].label.toLowerCase()}`]
  })
  return counts.join(', ') || 'nothing'
}
