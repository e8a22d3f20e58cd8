// Clients of Statuspage as they come from npm, with their own code unchanged, read a site's JSON: the
// maker's own widget in the browser, and a library in Node.js.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** The library takes the URL by its own setter. */
export async function readByLibrary({ cases, plane }) {
  const { version } = require('statuspage.io/package.json')
  await cases.run(`statuspage.io ${version} reads all that it knows to ask for`, async () => {
    const { Statuspage } = require('statuspage.io')
    const client = new Statuspage('ours')
    client.setApiUrl(plane.urls.get('ams'))
    const { incidents, scheduledMaintenances, ...api } = client.api
    const summary = await api.getSummary()
    assert.equal(summary.page.name, 'Example Storage')
    assert.ok(['minor', 'major', 'critical'].includes(summary.status.indicator))
    assert.deepEqual((await api.getStatus()).status, summary.status)
    const { components } = await api.getComponents()
    const leaves = components.filter(({ group }) => !group)
    const groups = new Set(components.filter(({ group }) => group).map(({ id }) => id))
    assert.ok(groups.size >= 2 && leaves.length >= 19, 'components stand in groups')
    assert.ok(leaves.every(({ group_id: id }) => id === null || groups.has(id)))
    assert.ok(leaves.some(({ status }) => /outage|degraded/.test(status)))
    const name = 'Uploads fail in Europe'
    const all = (await incidents.getAll()).incidents.find((one) => one.name === name)
    assert.equal(all.incident_updates.length, 2)
    assert.equal(all.incident_updates[0].status, 'identified')
    const unresolved = (await incidents.getUnresolved()).incidents
    assert.deepEqual(
      unresolved.find((one) => one.name === name),
      all,
    )
    const { scheduled_maintenances: planned } = await scheduledMaintenances.getUpcoming()
    assert.equal(planned[0].name, 'A new switch')
    assert.ok(Date.parse(planned[0].scheduled_for) < Date.parse(planned[0].scheduled_until))
    assert.ok((await scheduledMaintenances.getAll()).scheduled_maintenances.length > 0)
  })
}

/** The widget stands in a page of another origin, as it would at a customer's. */
export async function readByWidget({ browser, cases, plane }) {
  const { version } = require('@statuspage/status-widget/package.json')
  await cases.run(
    `@statuspage/status-widget ${version} shows it in a customer's page`,
    async () => {
      const script = readFileSync(require.resolve('@statuspage/status-widget/dist/index.js'))
      const origin = plane.urls.get('ams')
      const server = http.createServer((request, response) => {
        const isScript = request.url === '/widget.js'
        response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
        response.end(isScript ? script : customerPage(origin))
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const page = await browser.person()
      try {
        await page.goto(`http://127.0.0.1:${server.address().port}/`)
        const { status } = await plane.json('ams', '/api/v2/status.json')
        for (const look of ['basic', 'badge']) {
          const widget = page.locator(`statuspage-widget[appearance=${look}]`)
          await widget.getByText(status.description).waitFor()
        }
      } finally {
        await page.context().close()
        server.close()
        server.closeAllConnections()
      }
    },
  )
}

function customerPage(origin) {
  const widget = (look) =>
    `<statuspage-widget src="${origin}" appearance="${look}"></statuspage-widget>`
  return `<!DOCTYPE html><html lang="en"><title>A customer</title>
    <body>${widget('basic')}${widget('badge')}<script src="/widget.js"></script></body></html>`
}
