import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { Renderer, renderAll } from './render.ts'
import {
  crisisSnapshot,
  recordId,
  updateOf,
  wellSnapshot,
  worstSnapshot,
} from './sample-snapshot.ts'

test('all that readers ask for is there, with its type, compressed and tagged', () => {
  const files = renderAll(crisisSnapshot())
  const ids = [1, 3].map((number) => `/incidents/${recordId(number)}`)
  const pages = ['/', '/components', '/history', ...ids, `/maintenances/${recordId(6)}`]
  for (const path of [...pages, '/history.rss', '/history.atom', '/metrics']) {
    assert.ok(files.has(path), path)
  }
  assert.equal(files.size, pages.length + 3 + 8)
  for (const [path, { body, etag, gzip, type }] of files) {
    assert.ok(gunzipSync(gzip).equals(body), path)
    assert.match(etag, /^W\/"[\w-]{22}"$/)
    assert.equal(type.startsWith('text/html'), pages.includes(path), path)
  }
  assert.match(files.get('/')?.body.toString() ?? '', /^<!DOCTYPE html>/i)
})

test('what did not change keeps its bytes and its tag, what did has new ones', () => {
  const renderer = new Renderer()
  const snapshot = crisisSnapshot()
  const first = renderer.render(snapshot)
  const later = renderer.render({ ...snapshot, madeAtMs: snapshot.madeAtMs + 1000 })
  for (const [path, file] of later) {
    const isSame = file === first.get(path)
    assert.equal(isSame, path !== '/' && path !== '/metrics', path)
  }
  const [open, ...others] = snapshot.incidents
  assert.ok(open)
  const updates = [...open.updates, updateOf(77, 'monitoring', 'It comes back.', snapshot.madeAtMs)]
  const incidents = [{ ...open, state: 'monitoring' as const, updates }, ...others]
  const news = renderer.render({ ...snapshot, incidents })
  const changed = [...news].filter(([path, file]) => file !== later.get(path)).map(([path]) => path)
  for (const path of [
    '/',
    '/history',
    `/incidents/${open.id}`,
    '/history.atom',
    '/api/v2/incidents.json',
  ]) {
    assert.ok(changed.includes(path), path)
    assert.notEqual(news.get(path)?.etag, later.get(path)?.etag)
  }
  assert.ok(!changed.includes(`/incidents/${recordId(3)}`))
})

test('what is told follows from the snapshot alone, not from what was told before', () => {
  const used = new Renderer()
  for (const snapshot of [wellSnapshot(), worstSnapshot(), crisisSnapshot()]) used.render(snapshot)
  const fresh = renderAll(crisisSnapshot())
  for (const [path, { body }] of used.render(crisisSnapshot())) {
    assert.ok(fresh.get(path)?.body.equals(body), path)
  }
})

test('an incident that is no longer told has no page', () => {
  const renderer = new Renderer()
  renderer.render(crisisSnapshot())
  assert.ok(!renderer.render(wellSnapshot()).has(`/incidents/${recordId(1)}`))
})

test('no secret of the configuration is told', () => {
  for (const snapshot of [wellSnapshot(), crisisSnapshot(), worstSnapshot()]) {
    assert.ok(JSON.stringify(snapshot.config).includes('SECRET'))
    for (const [path, { body }] of renderAll(snapshot)) assert.ok(!body.includes('SECRET'), path)
  }
})
