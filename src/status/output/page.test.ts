import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { SaxesParser } from 'saxes'
import { STATUS_PAGE_SIZE_BYTES_MAX } from '../../base/limits.ts'
import type { Incident, Snapshot } from '../snapshot.ts'
import { LEVELS } from '../status.ts'
import { pagePolicy } from './layout.ts'
import { Markdown } from './markdown.ts'
import { componentsPage, frontPage, historyPage, incidentPage, maintenancePage } from './page.ts'
import {
  SAMPLE_NOW_MS,
  crisisSnapshot,
  raisedOver,
  recordId,
  sampleConfig,
  updateOf,
  wellSnapshot,
  worstSnapshot,
} from './sample-snapshot.ts'
import { LEVEL_WORDS } from './words.ts'

const markdown = new Markdown()

interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
}

/** Elements and text of a page. Pages are written so that a strict XML parser reads them. */
function read(page: string): { readonly elements: Element[]; readonly text: string } {
  const elements: Element[] = []
  let text = ''
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ attributes, name }) => {
    elements.push({ name, attributes: { ...(attributes as Record<string, string>) } })
    text += ' '
  })
  parser.on('text', (some) => (text += some))
  parser.write(page).close()
  return { elements, text: text.replaceAll(/\s+/g, ' ') }
}

const ELEMENTS = new Set(
  (
    'html head meta title link style body a header nav ul ol li main section article footer h1 h2 h3 h4 p span small ' +
    'strong em code pre blockquote hr br s dl dt dd div table thead tbody tr th td details summary progress svg path time'
  ).split(' '),
)

/** What must hold of any page, whoever wrote what stands on it. */
function assertHarmless(page: string): void {
  for (const { attributes, name } of read(page).elements) {
    assert.ok(ELEMENTS.has(name), name)
    for (const [attribute, value] of Object.entries(attributes)) {
      assert.doesNotMatch(
        attribute,
        /^(?:on|style$|src|srcset$|xlink|formaction)/,
        `${name} ${attribute}`,
      )
      if (attribute !== 'href') continue
      assert.match(value, name === 'a' ? /^(?:https?:\/\/|mailto:|\/(?!\/)|#)/i : /^\/(?!\/)/)
    }
  }
}

function pagesOf(snapshot: Snapshot): string[] {
  return [
    frontPage(snapshot, markdown),
    historyPage(snapshot),
    componentsPage(snapshot),
    ...snapshot.incidents.slice(0, 2).map((one) => incidentPage(snapshot, one, markdown)),
    ...snapshot.maintenances.slice(0, 2).map((one) => maintenancePage(snapshot, one, markdown)),
  ]
}

const SAMPLES = { well: wellSnapshot(), crisis: crisisSnapshot(), worst: worstSnapshot() }

for (const [name, snapshot] of Object.entries(SAMPLES)) {
  test(`pages need no script and nothing from elsewhere: ${name}`, () => {
    for (const page of pagesOf(snapshot)) assertHarmless(page)
  })

  test(`pages can be read by ear: ${name}`, () => {
    for (const page of pagesOf(snapshot)) assertReadable(page)
  })

  test(`the front page is below its size: ${name}`, () => {
    assert.ok(Buffer.byteLength(frontPage(snapshot, markdown)) <= STATUS_PAGE_SIZE_BYTES_MAX)
  })
}

/** Landmarks, one h1, no heading skipped, unique ids, labels that exist, tables with scopes. */
function assertReadable(page: string): void {
  const { elements } = read(page)
  const named = (name: string): Element[] => elements.filter((one) => one.name === name)
  assert.equal(named('html')[0]?.attributes['lang'], 'en')
  for (const once of ['main', 'header', 'footer', 'nav', 'h1', 'title']) {
    assert.equal(named(once).length, 1, once)
  }
  let depth = 0
  for (const { name } of elements) {
    const level = /^h([1-6])$/.exec(name)?.[1]
    if (level === undefined) continue
    assert.ok(Number(level) <= depth + 1, `${name} behind h${depth}`)
    depth = Number(level)
  }
  const ids = elements.flatMap(({ attributes }) => attributes['id'] ?? [])
  assert.equal(new Set(ids).size, ids.length, 'ids are unique')
  for (const { attributes } of elements) {
    const label = attributes['aria-labelledby']
    if (label !== undefined) assert.ok(ids.includes(label), label)
  }
  for (const { attributes } of named('th')) assert.match(attributes['scope'] ?? '', /^(?:col|row)$/)
  for (const { attributes } of named('svg')) assert.equal(attributes['aria-hidden'], 'true')
  for (const { attributes } of named('time')) {
    assert.match(attributes['datetime'] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  }
}

test("the policy allows the page's own style and nothing else", () => {
  const page = frontPage(wellSnapshot(), markdown)
  const style = /<style>(.*?)<\/style>/s.exec(page)?.[1] ?? ''
  assert.ok(style.length > 1000)
  const hash = createHash('sha256').update(style).digest('base64')
  assert.ok(pagePolicy().includes(`style-src 'sha256-${hash}'`))
  assert.match(pagePolicy(), /^default-src 'none'; /)
  assert.doesNotMatch(pagePolicy(), /unsafe|script-src|https?:|\*/)
  assert.doesNotMatch(style, /url\(|@import|@font-face/)
})

test('in a crisis the page says what, where, since when, what works, and who tells it', () => {
  const { text } = read(frontPage(crisisSnapshot(), markdown))
  for (const said of [
    'Several operations are down in Cell A and Cell B of EU West.',
    'Since 26 Nov 2026, 12:05 UTC , 22 min ago',
    'Still working: Cell C and Cell D; sign-in in Cell A and Cell B; Console.',
    'Reads and writes fail in two cells of EU West',
    'what was acknowledged is safe',
    'by machine, site iad',
    '40 % done, about 12 min left',
    'Console: Degraded, set by Anna: sign-up mails arrive late; we look into it',
    'New drives in Cell D of US East',
    'not heard lately, so what it saw is left out',
    'Made at 26 Nov 2026, 12:27 UTC by site iad',
    '= 1 − ',
  ]) {
    assert.ok(text.replaceAll(' ,', ',').includes(said.replaceAll(' ,', ',')), said)
  }
  assert.equal(text.split('sign-up mails arrive late').length, 2, 'a reason is told once')
})

test('what a person raised is told as that, not as found by probes', () => {
  const withRaised = (snapshot: Snapshot): string => {
    const health = snapshot.health.map((each) =>
      each.component.id === 'region-2/console' ? raisedOver(each, 'major-outage') : each,
    )
    return read(frontPage({ ...snapshot, health }, markdown)).text
  }
  const well = withRaised({ ...wellSnapshot(), incidents: [] })
  assert.match(well, /Everything works, but probes see 1 component worse than a person says\./)
  assert.doesNotMatch(well, /answered probes as they should|Asia South works in full/)
  const bad = withRaised(crisisSnapshot())
  assert.match(bad, /Probes see 1 component worse than a person says\./)
  assert.match(
    read(frontPage({ ...wellSnapshot(), incidents: [] }, markdown)).text,
    /as they should/,
  )
})

test('each level stands as a word beside its colour', () => {
  for (const level of LEVELS) {
    const well = wellSnapshot()
    const health = well.health.map((one) => ({ ...one, level }))
    const page = frontPage({ ...well, health }, markdown)
    const label = `<span class="lv ${level}"><span aria-hidden="true">${LEVEL_WORDS[level].mark} </span>${LEVEL_WORDS[level].label}</span>`
    assert.ok(page.includes(label), level)
  }
})

test('a site that is blind says so before anything else', () => {
  const page = frontPage({ ...wellSnapshot(), footing: 'blind' }, markdown)
  const { text } = read(page)
  assert.ok(text.indexOf('This site (iad) is cut off') < text.lastIndexOf('Everything works'))
  assert.doesNotMatch(frontPage(wellSnapshot(), markdown), /cut off\./)
})

test('hostile names, titles and posts stay text', () => {
  const evil = `</title></style></h1>"'><script>alert(1)</script><img src=x onerror=alert(1)>&\u202e\u0000`
  const config = {
    ...sampleConfig(),
    title: evil,
    regions: sampleConfig().regions.map((region) => ({
      ...region,
      title: evil,
      cells: region.cells.map((cell) => ({ ...cell, title: evil })),
    })),
  }
  const crisis = crisisSnapshot(config)
  const author = { ...updateOf(9, 'resolved', '', 0).author, name: evil }
  const update = { ...updateOf(9, 'identified', `${evil}\n\n[a](javascript:b)`, 0), author }
  const snapshot: Snapshot = {
    ...crisis,
    site: evil,
    health: crisis.health.map((one) => ({
      ...one,
      why: evil,
      seenBy: one.seenBy.map((seen) => ({ ...seen, site: evil, why: evil })),
      override: {
        level: 'degraded',
        seen: 'unknown',
        reason: evil,
        author: evil,
        atMs: 0,
        kind: 'raised',
      },
    })),
    incidents: crisis.incidents.map((one) => ({ ...one, title: evil, updates: [update] })),
    maintenances: crisis.maintenances.map((one) => ({ ...one, title: evil })),
    sites: crisis.sites.map((one) => ({ ...one, name: evil })),
  }
  for (const page of pagesOf(snapshot)) {
    assertHarmless(page)
    assert.equal(page.split('<script').length, 1)
    assert.ok(!page.includes('\u202e'))
  }
})

test('an open incident with many long posts has its newest on the page, and a link to the rest', () => {
  const updates = Array.from({ length: 60 }, (_, index) =>
    updateOf(index, 'identified', `Post ${index}. ${'a '.repeat(2000)}`, SAMPLE_NOW_MS + index),
  )
  const incident: Incident = { ...(crisisSnapshot().incidents[0] as Incident), updates }
  const page = frontPage({ ...crisisSnapshot(), incidents: [incident] }, markdown)
  assert.ok(Buffer.byteLength(page) <= STATUS_PAGE_SIZE_BYTES_MAX)
  assert.ok(page.indexOf('Post 59.') > 0 && page.indexOf('Post 59.') < page.indexOf('Post 58.'))
  assert.ok(!page.includes('Post 0.'))
  assert.match(page, /<a href="\/incidents\/[^"]+">50 earlier posts<\/a>/)
  assert.ok(incidentPage(crisisSnapshot(), incident, markdown).includes('Post 0.'))
})

test('a snapshot with nothing in it makes pages all the same', () => {
  const empty: Snapshot = {
    ...wellSnapshot(sampleConfig(0)),
    incidents: [],
    sites: [],
  }
  for (const page of pagesOf(empty)) assertReadable(page)
  const bare = { ...wellSnapshot(), uptimes: [], incidents: [] }
  for (const page of pagesOf(bare)) assertReadable(page)
})

test('the history lists what was resolved and how long it took, by month', () => {
  const { text } = read(historyPage(crisisSnapshot()))
  assert.match(text, /Nov 2026 .*PUT fails in Cell A of EU West/)
  assert.match(text, /resolved after 8 min/)
  const many = Array.from({ length: 600 }, (_, index): Incident => {
    return { ...(wellSnapshot().incidents[0] as Incident), id: recordId(index) }
  })
  const page = historyPage({ ...wellSnapshot(), incidents: many })
  assert.equal(page.split('href="/incidents/').length - 1, 500)
})
