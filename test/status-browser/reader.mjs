// What a reader sees, without JavaScript.

import assert from 'node:assert/strict'

const noScripts = { javaScriptEnabled: false }

export async function readWellPages({ browser, cases, plane }) {
  const page = await browser.person('light', noScripts)
  await cases.run('without JavaScript the page tells that all works', async () => {
    await page.goto(plane.urls.get('ams'))
    assert.match(await page.locator('h1').innerText(), /work|operational/i)
    assert.match(await page.locator('main').innerText(), /All 19 components in 2 regions/)
    assert.match(await page.locator('footer').innerText(), /Made at .* by site ams/)
    await browser.picture(page, 'well', 1300)
    await page.getByRole('link', { name: 'History', exact: true }).click()
    await page.waitForURL(/\/history$/)
    assert.equal(await page.locator('h1').innerText(), 'History')
  })
  await page.context().close()
  await cases.run('the pages of a good day are fit for all', async () => {
    const reader = await browser.person()
    for (const path of ['/', '/components', '/history']) {
      await reader.goto(`${plane.urls.get('ams')}${path}`)
      await browser.examine(reader, path)
    }
    await reader.context().close()
  })
}

/** With an incident, an override and a maintenance. */
export async function readBadPages({ browser, cases, incident, maintenance, plane }) {
  const paths = [
    '/',
    '/components',
    '/history',
    `/incidents/${incident}`,
    `/maintenances/${maintenance}`,
  ]
  const page = await browser.person('light', noScripts)
  await cases.run(
    'without JavaScript a bad day is told, and an incident post by post',
    async () => {
      await page.goto(plane.urls.get('iad'))
      const main = await page.locator('main').innerText()
      assert.match(
        await page.locator('h1').innerText(),
        /PUT and multipart upload are down in Cell B of Europe/,
      )
      for (const text of [/Uploads fail in Europe/, /Still working/, /US East works in full/]) {
        assert.match(main, text)
      }
      assert.equal(main.split('Bills are late.').length, 2, 'a reason is told once')
      await browser.picture(page, 'outage', 1600)
      await page.getByRole('link', { name: 'Uploads fail in Europe' }).first().click()
      await page.waitForURL(/\/incidents\//)
      const posts = await page.locator('.posts > li').allInnerTexts()
      assert.equal(posts.length, 2)
      assert.match(posts.join('\n'), /A switch is being replaced[^]*We are looking into it/)
      assert.equal(await page.locator('.posts strong').first().innerText(), 'replaced')
      await page.goto(`${plane.urls.get('iad')}/history`)
      assert.match(await page.locator('main').innerText(), /Uploads fail in Europe[^]*A new switch/)
    },
  )
  await page.context().close()
  const phone = await browser.person('phone, dark', noScripts)
  await cases.run('on a phone, in the dark', async () => {
    await phone.goto(plane.urls.get('iad'))
    await phone.getByText('Uploads fail in Europe').first().waitFor()
    await browser.picture(phone, 'phone-dark', 1300)
  })
  await phone.context().close()
  const reader = await browser.person()
  for (const path of paths) {
    const name = path.replace(/[0-9a-f]{16,}/, 'ID')
    await cases.run(`${name} is fit for all on a bad day`, async () => {
      await reader.goto(`${plane.urls.get('iad')}${path}`)
      await browser.examine(reader, name)
    })
  }
  await reader.context().close()
}
