import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metricsText } from './metrics.ts'
import { crisisSnapshot, sampleConfig, wellSnapshot } from './sample-snapshot.ts'

test('each line is a comment or a sample with a number', () => {
  for (const snapshot of [crisisSnapshot(), wellSnapshot(sampleConfig(0))]) {
    for (const line of metricsText(snapshot).trimEnd().split('\n')) {
      assert.match(
        line,
        /^(?:# (?:HELP|TYPE) holdfast_status_\w+ .+|holdfast_status_\w+(?:\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? -?\d+(?:\.\d+)?(?:e-?\d+)?)$/,
      )
    }
  }
})

test('of each component one level is 1', () => {
  const lines = metricsText(crisisSnapshot()).split('\n')
  const levels = lines.filter((line) => line.startsWith('holdfast_status_level{'))
  assert.equal(levels.length, 75 * 6)
  assert.equal(levels.filter((line) => line.endsWith(' 1')).length, 75)
  const labels = 'component="region-0/cell-0/get",region="region-0",cell="cell-0",operation="get"'
  assert.ok(lines.includes(`holdfast_status_level{${labels},level="major-outage"} 1`))
  assert.ok(lines.includes(`holdfast_status_level{${labels},level="operational"} 0`))
  assert.ok(lines.includes(`holdfast_status_by_word{${labels}} 0`))
  assert.ok(lines.includes('holdfast_status_incidents_open 1'))
  assert.ok(lines.includes('holdfast_status_site_sees{site="ams"} 0'))
  assert.ok(lines.includes('holdfast_status_blind{site="iad"} 0'))
})

test('a label is escaped', () => {
  const well = wellSnapshot()
  const sites = well.sites.map((one) => ({ ...one, name: 'a"b\\c\nd' }))
  assert.ok(metricsText({ ...well, sites }).includes('{site="a\\"b\\\\c\\nd"} 1\n'))
})
