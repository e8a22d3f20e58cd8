// The page for posts: forms that a script of ours signs and sends, see browser/. Made once; what changes
// (levels, what is open) the script fetches.

import { STATUS_TEXT_CHARS_MAX, STATUS_TITLE_CHARS_MAX } from '../../base/limits.ts'
import type { StatusConfig } from '../config.ts'
import { html } from '../output/html.ts'
import type { Html } from '../output/html.ts'
import { LEVEL_WORDS, shortName, STATE_WORDS } from '../output/words.ts'
import { INCIDENT_STATES, MAINTENANCE_STATES } from '../records/record.ts'
import type { Statement } from '../records/record.ts'
import { LEVELS } from '../status.ts'
import type { Component } from '../status.ts'
import { consoleHtml } from './console-layout.ts'

const KIND_WORDS: Readonly<Record<Statement['kind'], string>> = {
  incident: 'A new incident',
  'incident-update': 'An update of an incident',
  override: 'The level of a component',
  maintenance: 'A planned maintenance',
  'maintenance-update': 'An update of a maintenance',
}

/** What an override may last, in minutes. */
const LASTING: readonly (readonly [number, string])[] = [
  [30, '30 minutes'],
  [60, '1 hour'],
  [120, '2 hours'],
  [240, '4 hours'],
  [720, '12 hours'],
  [1440, '1 day'],
  [10_080, '7 days'],
]

export function consolePage(config: StatusConfig, site: string): string {
  const groups = groupsOf(config)
  const main = html`<h1>Post to ${config.title}</h1>
    <p>
      What you post here is signed in this browser, is on this site's page at once, and on those of
      all other sites as soon as they hear of it. It needs nothing of the store and no other site.
    </p>
    <noscript
      ><p class="note">
        This page signs in the browser and needs JavaScript for it. Without:
        <code>holdfast status post</code>.
      </p></noscript
    >
    <p id="no-signing" class="note alarm" role="alert" hidden></p>
    <p id="unreached" class="note alarm" role="status" hidden>
      This site does not answer. What this page shows may be old; the page of
      <a href="/">another site</a> may be there.
    </p>
    <p id="clock" class="note" role="status" hidden>
      The clock of this computer is not the site's: posts are signed with the site's time.
    </p>
    <p id="news" class="note" role="status" tabindex="-1" hidden></p>
    <div id="home"><p id="trouble" class="note alarm" role="alert" tabindex="-1" hidden></p></div>
    ${keySection()}
    <section aria-labelledby="what">
      <h2 id="what">What to post</h2>
      ${incidentForm()} ${incidentUpdateForm()} ${overrideForm(groups)} ${maintenanceForm()}
      ${maintenanceUpdateForm()}
    </section>
    ${confirmDialog()} ${pickerTemplate(groups)}
    <div id="words" data-words="${wordsJson(groups)}" hidden></div>`
  const parts = { site, name: config.title, title: 'Console', current: 'console' as const }
  return consoleHtml({ ...parts, hasScript: true, main })
}

interface Group {
  readonly title: string
  readonly components: readonly Component[]
}

/** Each cell, and the services of each region, in the order of the page. */
function groupsOf({ components, regions }: StatusConfig): Group[] {
  const all = regions.flatMap((region): Group[] => [
    ...region.cells.map((cell) => ({
      title: `${region.title}, ${cell.title}`,
      components: components.filter(
        (one) => one.kind === 'operation' && one.region === region.name && one.cell === cell.name,
      ),
    })),
    {
      title: `${region.title}, services`,
      components: components.filter((one) => one.kind === 'service' && one.region === region.name),
    },
  ])
  return all.filter((group) => group.components.length > 0)
}

/** What the script calls things. */
function wordsJson(groups: readonly Group[]): string {
  const names = groups.flatMap(({ title, components }) =>
    components.map((one) => [one.id, `${title}: ${shortName(one)}`] as const),
  )
  const levels = LEVELS.map((level) => [level, LEVEL_WORDS[level].label] as const)
  const words = {
    kinds: KIND_WORDS,
    states: STATE_WORDS,
    levels: Object.fromEntries(levels),
    components: Object.fromEntries(names),
  }
  return JSON.stringify(words)
}

function keySection(): Html {
  return html`<section aria-labelledby="key" class="card">
    <h2 id="key">Your key</h2>
    <div id="key-none">
      <p id="key-help">
        The file that <code>holdfast status key</code> made for you. It is not sent anywhere; this
        browser keeps the key so that it can sign with it and nobody can read it again.
      </p>
      <p>
        <label for="key-file">Key file</label
        ><input type="file" id="key-file" aria-describedby="key-help" />
      </p>
    </div>
    <div id="key-there" tabindex="-1" hidden>
      <p>
        <strong id="key-name">A key</strong> signs, with key <code id="key-id"></code>.
        <button type="button" class="plain" id="key-forget">Forget it in this browser</button>
      </p>
    </div>
  </section>`
}

function formHtml(
  kind: Statement['kind'],
  name: Html | string,
  button: string,
  fields: readonly Html[],
): Html {
  return html`<details class="card" name="post">
    <summary><h3>${name}</h3></summary>
    <form data-kind="${kind}" novalidate autocomplete="off">
      ${fields}
      <p><button type="submit">${button}</button></p>
    </form>
  </details> `
}

function incidentForm(): Html {
  return formHtml('incident', 'New incident', 'Look at it and post', [
    lineField('incident-title', 'title', 'Title', 'What does not work, and where.'),
    stateField('incident-state', INCIDENT_STATES.slice(0, 3), 'investigating'),
    textField(
      'incident-text',
      'text',
      'What is known',
      'Markdown. Who is affected, since when, what still works, when there is more news.',
    ),
    levelField('incident-level'),
    pickerField('Components that are affected'),
  ])
}

function incidentUpdateForm(): Html {
  const name = html`Update of an incident<span id="incident-count"></span>`
  return formHtml('incident-update', name, 'Look at it and post', [
    openField('incident-which', 'incident', 'Incident'),
    stateField('incident-update-state', INCIDENT_STATES, 'identified'),
    textField('incident-update-text', 'text', 'News', 'Markdown.'),
    html`<p>
        <label for="incident-update-change">Affected</label
        ><select id="incident-update-change" name="change">
          <option value="as-before">As before</option>
          <option value="these">Only these, from now on</option>
        </select>
      </p>
      <div data-these hidden>
        ${levelField('incident-update-level')}${pickerField('Components that are affected now')}
      </div> `,
  ])
}

function overrideForm(groups: readonly Group[]): Html {
  const components = groups.map(
    ({ title, components }) =>
      html`<optgroup label="${title}">
        ${components.map(
          (one) => html`<option value="${one.id}">${title}: ${shortName(one)}</option>`,
        )}
      </optgroup>`,
  )
  const levels = LEVELS.toReversed().map(
    (level) => html`<option value="${level}">${LEVEL_WORDS[level].label}</option>`,
  )
  const lasting = LASTING.map(
    ([minutes, text]) => html`<option value="${minutes}">${text}</option>`,
  )
  return formHtml('override', 'Level of a component', 'Look at it and post', [
    html`<p>
        <label for="override-component">Component</label
        ><select id="override-component" name="component" aria-describedby="override-shown">
          ${components}
        </select>
        <span class="soft" id="override-shown" aria-live="polite"></span>
      </p>
      <p>
        <label for="override-level">Level</label
        ><select id="override-level" name="level">
          ${levels}
          <option value="none">End what was set: what machines see counts again</option>
        </select>
      </p>
      <p id="override-raise" class="note" role="status" hidden>
        That is better than what probes see. Say why, and for how long, a day at most; what gets
        worse than it is now is shown all the same.
      </p> `,
    textField('override-reason', 'reason', 'Reason', 'Shown beside the level.'),
    html`<p id="override-lasts">
      <label for="override-lasts-field">Lasts</label
      ><select id="override-lasts-field" name="lasts">
        <option value="">Until somebody ends it</option>
        ${lasting}
      </select>
    </p> `,
  ])
}

function maintenanceForm(): Html {
  return formHtml('maintenance', 'Planned maintenance', 'Look at it and post', [
    lineField('maintenance-title', 'title', 'Title', 'What is done, and where.'),
    textField('maintenance-text', 'text', 'What readers notice of it', 'Markdown.'),
    html`<p>
        <label for="maintenance-start">Starts</label
        ><input
          type="datetime-local"
          id="maintenance-start"
          name="start"
          aria-describedby="maintenance-zone"
        />
      </p>
      <p>
        <label for="maintenance-end">Ends</label
        ><input
          type="datetime-local"
          id="maintenance-end"
          name="end"
          aria-describedby="maintenance-zone"
        />
        <span class="soft" id="maintenance-zone"
          >In the time zone of this computer; before you post you see it in UTC too.</span
        >
      </p> `,
    pickerField('Components that it is about'),
  ])
}

function maintenanceUpdateForm(): Html {
  const name = html`Update of a maintenance<span id="maintenance-count"></span>`
  return formHtml('maintenance-update', name, 'Look at it and post', [
    openField('maintenance-which', 'maintenance', 'Maintenance'),
    stateField('maintenance-state', MAINTENANCE_STATES.slice(1), 'in-progress'),
    textField('maintenance-update-text', 'text', 'News', 'Markdown.'),
  ])
}

function lineField(id: string, name: string, label: string, help: string): Html {
  return html`<p>
    <label for="${id}">${label}</label
    ><input
      type="text"
      id="${id}"
      name="${name}"
      maxlength="${STATUS_TITLE_CHARS_MAX}"
      required
      aria-describedby="${id}-help"
    />
    <span class="soft" id="${id}-help">${help}</span>
  </p> `
}

function textField(id: string, name: string, label: string, help: string): Html {
  return html`<p>
    <label for="${id}">${label}</label
    ><textarea
      id="${id}"
      name="${name}"
      rows="5"
      maxlength="${STATUS_TEXT_CHARS_MAX}"
      aria-describedby="${id}-help"
    ></textarea>
    <span class="soft" id="${id}-help">${help}</span>
  </p> `
}

function stateField(
  id: string,
  states: readonly (keyof typeof STATE_WORDS)[],
  first: string,
): Html {
  const options = states.map(
    (state) =>
      html`<option value="${state}" ${state === first ? html` selected` : null}>
        ${STATE_WORDS[state]}
      </option>`,
  )
  return html`<p>
    <label for="${id}">State</label
    ><select id="${id}" name="state">
      ${options}
    </select>
  </p> `
}

function levelField(id: string): Html {
  const levels = LEVELS.toReversed().map(
    (level) => html`<option value="${level}">All: ${LEVEL_WORDS[level].label}</option>`,
  )
  return html`<p>
    <label for="${id}">Level of what is affected</label
    ><select id="${id}" name="level">
      <option value="">Each as the page shows it now</option>
      ${levels}
    </select>
  </p> `
}

function openField(id: string, name: string, label: string): Html {
  return html`<p>
    <label for="${id}">${label}</label
    ><select id="${id}" name="${name}">
      <option value="">None is known yet</option>
    </select>
    <button type="button" class="plain" data-renew>Look again</button>
  </p> `
}

function pickerField(legend: string): Html {
  return html`<fieldset data-picker name="components"><legend>${legend}</legend></fieldset> `
}

/** Once; the script puts a copy into each form. */
function pickerTemplate(groups: readonly Group[]): Html {
  const boxes = groups.map(
    ({ title, components }) =>
      html`<fieldset>
        <legend>${title}</legend>
        ${components.map(
          (one) =>
            html`<label
              ><input type="checkbox" value="${one.id}" /> ${shortName(one)}
              <span class="lv unknown"></span
            ></label>`,
        )}
      </fieldset>`,
  )
  return html`<template id="picker">
    <p class="tools">
      <label>Find <input type="search" /></label>
      <button type="button" class="plain" data-ill>Choose what is ill</button>
      <button type="button" class="plain" data-all>Choose all shown</button>
      <button type="button" class="plain" data-none>Choose none</button>
      <span role="status" data-count>0 chosen</span>
    </p>
    <div class="choices" tabindex="0" role="group" aria-label="Components">${boxes}</div>
  </template>`
}

function confirmDialog(): Html {
  return html`<dialog id="confirm" aria-labelledby="confirm-title">
    <h2 id="confirm-title">Post this?</h2>
    <div class="what" tabindex="0" role="group" aria-label="What is posted">
      <dl id="confirm-what"></dl>
    </div>
    <p>
      Signed by <strong id="confirm-by"></strong>. It is public at once and cannot be taken back,
      only followed by another.
    </p>
    <p id="confirm-trouble" class="note alarm" role="alert" hidden></p>
    <p>
      <button type="button" id="confirm-yes">Sign and post</button>
      <button type="button" class="plain" id="confirm-no">Back</button>
    </p>
  </dialog> `
}
