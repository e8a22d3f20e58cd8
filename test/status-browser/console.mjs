// An operator at the console of one site: key, posts, refusals, once by mouse and once by keyboard alone.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { until } from '../status-proof/asking.mjs'

const SEEN_SEC_MAX = 60
const TABS_MAX = 80
const HOSTILE =
  '<script>document.title="broken"</script><img src=x onerror=alert(1)> [x](javascript:alert(1))'

/** Answers { page, incident, maintenance }: the browser that is signed in, and ids of what was posted. */
export async function postAtConsole({ browser, cases, plane }) {
  const page = await browser.person()
  await page.goto(`${plane.urls.get('ams')}/console`)
  await cases.run('what is no key is refused, in words, at its field', async () => {
    await refuseKeys(page, plane)
  })
  await cases.run('a key that the configuration does not have is refused in words', async () => {
    await takeKey(page, plane.strangerFile)
    await page
      .locator('#trouble')
      .getByText(/the configuration has no key/)
      .waitFor()
    await page.getByRole('button', { name: 'Forget it in this browser' }).click()
    await page.locator('#key-none').waitFor()
  })
  await cases.run('a key is loaded, named, and kept over a reload, unreadable', async () => {
    await takeKey(page, plane.keyFile)
    await page.locator('#key-there').getByText('On call', { exact: true }).waitFor()
    await page.reload()
    await page.locator('#key-there').getByText('On call', { exact: true }).waitFor()
    await assertKeyIsSealed(page, plane)
  })
  await cases.run('an incident is posted, and both sites tell it', async () => {
    await postIncident({ browser, page })
    await untilBoth(plane, 'Uploads fail in Europe', (one) => one.status === 'investigating')
  })
  await cases.run('its update is posted, and both sites tell it', async () => {
    const form = await openForm(page, /Update of an incident/, 'incident-update')
    await form
      .getByLabel('Incident', { exact: true })
      .selectOption({ label: 'Uploads fail in Europe (Investigating)' })
    await form.getByLabel('State').selectOption('identified')
    await form.getByLabel('News').fill('A switch is being **replaced**. Next news in 30 minutes.')
    await signAndPost(page, form)
    await untilBoth(plane, 'Uploads fail in Europe', (one) => one.status === 'identified')
  })
  await cases.run('a component is lowered, and both sites tell it', async () => {
    await override(page, { component: 'eu/billing', level: 'degraded', reason: 'Bills are late.' })
    await untilLevel(plane, 'eu/billing', 'degraded')
  })
  await cases.run('a component is raised with a reason and an end only', async () => {
    await raise(page, plane)
  })
  await cases.run('a maintenance is announced, and both sites tell it', async () => {
    await announce(page)
    await untilBothHave(plane, 'scheduled-maintenances', 'A new switch')
  })
  await cases.run('the other site shows the same, post for post', async () => {
    await assertSame(plane)
  })
  return {
    page,
    incident: await idOf(plane, 'incidents', 'Uploads fail in Europe'),
    maintenance: await idOf(plane, 'scheduled-maintenances', 'A new switch'),
  }
}

/** With nothing but keys, from the top of the page; the key is there already. */
export async function postByKeyboard({ cases, page, plane }) {
  await cases.run('an incident is posted by keyboard alone', async () => {
    await page.goto(`${plane.urls.get('ams')}/console`)
    await page.locator('#key-there').getByText('On call', { exact: true }).waitFor()
    await tabTo(page, 'summary', /New incident/)
    await page.keyboard.press('Enter')
    await tabTo(page, '#incident-title')
    await page.keyboard.type('Typed without a mouse')
    await tabTo(page, '#incident-text')
    await page.keyboard.type(HOSTILE)
    await tabTo(page, 'form[data-kind=incident] input[value="eu/billing"]')
    await page.keyboard.press('Space')
    await tabTo(page, 'form[data-kind=incident] button[type=submit]')
    await page.keyboard.press('Enter')
    await page.locator('#confirm').waitFor()
    await page.keyboard.press('Escape')
    await page.locator('#confirm').waitFor({ state: 'hidden' })
    assert.ok(
      await isFocused(page, 'form[data-kind=incident] button[type=submit]'),
      'focus is back',
    )
    await page.keyboard.press('Enter')
    await page.locator('#confirm').waitFor()
    assert.ok(await isFocused(page, '#confirm-yes'))
    await page.keyboard.press('Enter')
    await page.locator('#news').getByText('Posted.').waitFor()
    assert.ok(await isFocused(page, '#news'), 'what became of it is where the focus is')
    await untilBoth(plane, 'Typed without a mouse', (one) => one.components.length > 0)
    await page.goto(
      `${plane.urls.get('ams')}/incidents/${await idOf(plane, 'incidents', 'Typed without a mouse')}`,
    )
    const post = page.locator('.post').first()
    assert.match(await post.innerText(), /<script>.*<img src=x/, 'it is told as it was typed')
    assert.equal(await post.locator('script, img, a').count(), 0)
    assert.notEqual(await page.title(), 'broken')
  })
}

/** Every form open, the list of components, the last look, a complaint. */
export async function examineConsole({ browser, cases, page, plane }) {
  await cases.run('the console is fit for all, each of its forms open', async () => {
    await page.goto(`${plane.urls.get('ams')}/console`)
    await page.locator('#key-there').getByText('On call', { exact: true }).waitFor()
    for (const summary of await page.locator('summary').all()) {
      if (!(await summary.evaluate((one) => one.parentElement.open))) await summary.click()
      await browser.examine(page, await summary.innerText())
    }
  })
  await cases.run('its last look and its complaints are fit for all', async () => {
    const form = await openForm(page, /New incident/, 'incident')
    await form.getByRole('button', { name: 'Look at it and post' }).click()
    await page.locator('#trouble').getByText('Give it a title').waitFor()
    assert.ok(await isFocused(page, '#incident-title'))
    await browser.examine(page, 'a complaint')
    await form.getByLabel('Title').fill('Not to be posted')
    await form.getByLabel('What is known').fill('x')
    await form.getByRole('button', { name: 'Look at it and post' }).click()
    await page.locator('#confirm').waitFor()
    await browser.examine(page, 'the last look')
    await page.getByRole('button', { name: 'Back' }).click()
  })
  await cases.run('the console says what to do where scripts are off', async () => {
    const reader = await browser.person('light', { javaScriptEnabled: false })
    await reader.goto(`${plane.urls.get('ams')}/console`)
    assert.match(
      await reader.locator('main').innerText(),
      /needs JavaScript[^]*holdfast status post/,
    )
    await reader.context().close()
  })
}

async function refuseKeys(page, plane) {
  await takeKey(page, plane.publicFile)
  await page.locator('#trouble').getByText('That file holds no private key').waitFor()
  assert.ok(await isFocused(page, '#key-file'))
  assert.equal(await page.locator('#key-file').getAttribute('aria-errormessage'), 'trouble')
  const form = await openForm(page, /New incident/, 'incident')
  await form.getByLabel('Title').fill('x')
  await form.getByLabel('What is known').fill('x')
  await form.getByRole('button', { name: 'Look at it and post' }).click()
  await page.locator('#trouble').getByText('Choose your key file first').waitFor()
  await form.locator('xpath=..').locator('summary').click()
}

async function takeKey(page, file) {
  await page.locator('#key-file').setInputFiles(file)
}

/** Neither the kept key nor anything that the page keeps gives the file's secret. */
async function assertKeyIsSealed(page, plane) {
  const kept = await page.evaluate(async () => {
    const opening = indexedDB.open('holdfast-status')
    await new Promise((done) => opening.addEventListener('success', done))
    const asking = opening.result.transaction('keys').objectStore('keys').get('own')
    await new Promise((done) => asking.addEventListener('success', done))
    const { key } = asking.result
    const exported = await crypto.subtle.exportKey('pkcs8', key).catch((error) => error.name)
    opening.result.close()
    return { extractable: key.extractable, exported, text: JSON.stringify(asking.result) }
  })
  assert.deepEqual([kept.extractable, kept.exported], [false, 'InvalidAccessError'])
  const [, secret] = readFileSync(plane.keyFile, 'utf8').split('\n')
  assert.ok(secret.length > 40 && !kept.text.includes(secret))
}

async function openForm(page, name, kind) {
  const form = page.locator(`form[data-kind=${kind}]`)
  if (!(await form.isVisible())) await page.locator('summary').filter({ hasText: name }).click()
  await form.waitFor()
  return form
}

async function signAndPost(page, form, look = /Signed by On call/) {
  await form.getByRole('button', { name: 'Look at it and post' }).click()
  await page.locator('#confirm').getByText(look).first().waitFor()
  await page.getByRole('button', { name: 'Sign and post' }).click()
  await page.locator('#confirm').waitFor({ state: 'hidden' })
  await page.locator('#news').getByText('Posted.').waitFor()
}

async function postIncident({ browser, page }) {
  const form = await openForm(page, /New incident/, 'incident')
  await form.getByLabel('Title').fill('Uploads fail in Europe')
  await form
    .getByLabel('What is known')
    .fill('We are looking into it. Reads and lists work. More within half an hour.')
  await form.getByRole('button', { name: 'Choose what is ill' }).click()
  assert.ok(await form.locator('input[value="eu/b/put"]').isChecked())
  assert.ok(!(await form.locator('input[value="eu/b/get"]').isChecked()))
  await browser.picture(page, 'console', 1500)
  await form.getByRole('button', { name: 'Look at it and post' }).click()
  const look = await page.locator('#confirm').innerText()
  assert.match(look, /Uploads fail in Europe[^]*Europe, Cell B: PUT[^]*Signed by On call/)
  await browser.picture(page, 'console-confirm')
  await page.getByRole('button', { name: 'Sign and post' }).click()
  await page.locator('#news').getByText('Posted.').waitFor()
}

/** `look`: what the last look says besides. */
async function override(page, { component, lasts, level, look = /at least this level/, reason }) {
  const form = await openForm(page, /Level of a component/, 'override')
  await form.getByLabel('Component').selectOption(component)
  await form.getByLabel('Level').selectOption(level)
  await form.getByLabel('Reason').fill(reason)
  if (lasts !== undefined) await form.getByLabel('Lasts').selectOption(lasts)
  await signAndPost(page, form, look)
}

async function raise(page, plane) {
  const form = await openForm(page, /Level of a component/, 'override')
  const component = 'eu/b/put'
  await form.getByLabel('Component').selectOption(component)
  await form.getByLabel('Level').selectOption('operational')
  await page.locator('#override-raise').waitFor()
  const look = form.getByRole('button', { name: 'Look at it and post' })
  await look.click()
  await page.locator('#trouble').getByText('Say why').waitFor()
  await form.getByLabel('Reason').fill('x')
  await look.click()
  await page.locator('#trouble').getByText('says until when').waitFor()
  const reason = "The probe's own bucket was full."
  const shows = /in place of what machines see, but not while they see worse than: Major outage/
  await override(page, { component, level: 'operational', look: shows, reason, lasts: '60' })
  await untilLevel(plane, component, 'operational')
  await untilRead(page, plane.urls.get('iad'), /The probe.s own bucket was full/)
  await page.goto(`${plane.urls.get('ams')}/console`)
  // What machines see counts again, for what comes.
  const again = await openForm(page, /Level of a component/, 'override')
  await again.getByLabel('Component').selectOption(component)
  await again.getByLabel('Level').selectOption('none')
  await signAndPost(page, again)
  await untilIll(plane, component)
}

async function announce(page) {
  const form = await openForm(page, /Planned maintenance/, 'maintenance')
  await form.getByLabel('Title').fill('A new switch')
  await form.getByLabel('What readers notice of it').fill('Writes may be slow.')
  const [day, next] = [7, 8].map((days) => dayFromNow(days))
  await form.getByLabel('Starts').fill(`${day}T22:00`)
  await form.getByLabel('Ends').fill(`${day}T21:00`)
  await form.locator('input[value="eu/a/put"]').check()
  await form.getByRole('button', { name: 'Look at it and post' }).click()
  await page.locator('#trouble').getByText('It ends after it starts').waitFor()
  await form.getByLabel('Ends').fill(`${next}T00:00`)
  await signAndPost(page, form)
}

/** As a date field takes it. */
function dayFromNow(days) {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
}

async function untilBoth(plane, name, isTold) {
  for (const site of plane.urls.keys()) {
    await until(`site ${site} tells ${name}`, SEEN_SEC_MAX, async () => {
      const { incidents } = await plane.json(site, '/api/v2/incidents.json')
      const one = incidents.find((incident) => incident.name === name)
      return one !== undefined && isTold(one) ? null : JSON.stringify(one ?? 'nothing')
    })
  }
}

async function untilBothHave(plane, kind, name) {
  for (const site of plane.urls.keys()) {
    await until(`site ${site} tells ${name}`, SEEN_SEC_MAX, async () =>
      (await idOf(plane, kind, name, site)) === null ? 'not yet' : null,
    )
  }
}

async function untilLevel(plane, component, level) {
  for (const site of plane.urls.keys()) {
    await until(`site ${site} tells ${component} ${level}`, SEEN_SEC_MAX, async () => {
      const told = (await plane.levels(site)).get(component)
      return told === level ? null : told
    })
  }
}

async function untilIll(plane, component) {
  for (const site of plane.urls.keys()) {
    await until(`${component} is ill again at site ${site}`, SEEN_SEC_MAX, async () => {
      const told = (await plane.levels(site)).get(component)
      return told === 'major-outage' ? null : told
    })
  }
}

/** Loads a page until it says that: one is made at most once a second. */
async function untilRead(page, url, text) {
  await until(`${url} says ${text}`, SEEN_SEC_MAX, async () => {
    await page.goto(url)
    return (await page.getByText(text).count()) > 0 ? null : 'not yet'
  })
}

async function idOf(plane, kind, name, site = 'ams') {
  const document = await plane.json(site, `/api/v2/${kind}.json`)
  return document[kind.replace('-', '_')].find((one) => one.name === name)?.id ?? null
}

/** All that was posted; what machines post may come while we look. */
async function assertSame(plane) {
  await until('both sites tell the same', SEEN_SEC_MAX, async () => {
    const told = []
    for (const site of plane.urls.keys()) {
      const { incidents } = await plane.json(site, '/api/v2/incidents.json')
      const planned = await plane.json(site, '/api/v2/scheduled-maintenances.json')
      told.push([incidents, planned.scheduled_maintenances])
    }
    try {
      assert.deepEqual(withoutHosts(told[0], plane), withoutHosts(told[1], plane))
      return null
    } catch (error) {
      return error.message
    }
  })
}

/** Without a public URL each site's links lead to itself. */
function withoutHosts(told, plane) {
  return [...plane.urls.values()].reduce(
    (text, url) => text.replaceAll(url, 'SITE'),
    JSON.stringify(told, null, 1),
  )
}

async function isFocused(page, selector) {
  return await page.locator(selector).evaluate((one) => one === document.activeElement)
}

/** Presses Tab until the focus is there. */
async function tabTo(page, selector, text = /(?:)/) {
  for (let count = 0; count < TABS_MAX; count++) {
    const is = await page.evaluate((wanted) => {
      const one = document.activeElement
      return one.matches(wanted) ? one.textContent : null
    }, selector)
    if (is !== null && text.test(is)) return
    await page.keyboard.press('Tab')
  }
  assert.fail(`${selector} is not reached by ${TABS_MAX} presses of Tab`)
}
