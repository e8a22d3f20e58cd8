// The page of failed probes: shut for strangers; with a key each failure stands there as it came.

import assert from 'node:assert/strict'

export async function lookAtProbes({ browser, cases, page, plane }) {
  const url = `${plane.urls.get('ams')}/operate`
  await cases.run('failed probes are shown to nobody who is not signed in', async () => {
    const stranger = await browser.person()
    const answer = await stranger.goto(url)
    assert.equal(answer.status(), 403)
    assert.doesNotMatch(await stranger.locator('main').innerText(), /eu\/b/)
    await browser.examine(stranger, 'sign-in page')
    await stranger.context().close()
  })
  await cases.run('who has a key is led through the console to the probes', async () => {
    await page.context().clearCookies()
    await page.goto(url)
    await page.getByRole('link', { name: 'Sign in at the console' }).click()
    await page.waitForURL(url)
    assert.match(await page.locator('main').innerText(), /Signed in as On call/)
  })
  await cases.run(
    'a failed probe stands there with its request id and the raw answer',
    async () => {
      await page.goto(url)
      await page.locator('#component').selectOption('eu/b/put')
      await page.getByRole('button', { name: 'Show' }).click()
      await page.waitForURL(/component=/)
      const failure = page.locator('article').filter({ hasText: 'eu/b/put' }).first()
      assert.match(await failure.innerText(), /status[^]*503[^]*SlowDown[^]*PROOF/)
      await failure.locator('summary').click()
      const raw = await failure.locator('pre').innerText()
      assert.match(raw, /^HTTP[^]*x-amz-request-id: PROOF[^]*<Code>SlowDown<\/Code>/i)
      await browser.examine(page, 'probes of one component')
      await page.emulateMedia({ colorScheme: 'light' })
      await browser.picture(page, 'operate', 1300)
    },
  )
  await cases.run('the page of all probes is fit for all', async () => {
    await page.goto(url)
    await browser.examine(page, 'all probes')
  })
}
