import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SaxesParser } from 'saxes'
import type { Incident, Snapshot } from '../snapshot.ts'
import { atomFeed, rssFeed } from './feeds.ts'
import { Markdown } from './markdown.ts'
import {
  SAMPLE_NOW_MS,
  crisisSnapshot,
  recordId,
  updateOf,
  wellSnapshot,
} from './sample-snapshot.ts'

const markdown = new Markdown()

/** Texts of elements by name, in order; an attribute as `name@attribute`. */
function read(feed: string): ReadonlyMap<string, readonly string[]> {
  const texts = new Map<string, string[]>()
  const open: { name: string; text: string }[] = []
  const add = (name: string, text: string): void => {
    texts.set(name, [...(texts.get(name) ?? []), text])
  }
  const parser = new SaxesParser()
  parser.on('error', (error) => {
    throw error
  })
  parser.on('opentag', ({ attributes, name }) => {
    open.push({ name, text: '' })
    for (const [attribute, value] of Object.entries(attributes)) add(`${name}@${attribute}`, value)
  })
  parser.on('text', (text) => {
    const inner = open[open.length - 1]
    if (inner !== undefined) inner.text += text
  })
  parser.on('closetag', () => {
    const closed = open.pop()
    if (closed !== undefined) add(closed.name, closed.text)
  })
  parser.write(feed).close()
  return texts
}

test('RSS has an item a post, newest first, with a stable id', () => {
  const feed = read(rssFeed(crisisSnapshot(), markdown))
  assert.deepEqual(feed.get('title')?.slice(0, 3), [
    'Holdfast status',
    'Identified: Reads and writes fail in two cells of EU West',
    'Investigating: Reads and writes fail in two cells of EU West',
  ])
  assert.equal(feed.get('item')?.length, 5)
  assert.deepEqual(feed.get('guid')?.slice(0, 2), [recordId(2), recordId(1)])
  assert.equal(feed.get('pubDate')?.[0], 'Thu, 26 Nov 2026 12:20:40 GMT')
  assert.equal(feed.get('link')?.[1], `https://status.example.com/incidents/${recordId(1)}`)
  assert.match(feed.get('description')?.[1] ?? '', /<strong>index servers<\/strong>/)
})

test('Atom has the same posts, with ids of the right form', () => {
  const feed = read(atomFeed(crisisSnapshot(), markdown))
  const ids = feed.get('id') ?? []
  assert.equal(ids.length, 6)
  assert.equal(new Set(ids).size, 6)
  for (const id of ids) {
    assert.match(id, /^urn:uuid:[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  }
  assert.deepEqual(ids, read(atomFeed(crisisSnapshot(), markdown)).get('id'))
  assert.equal(feed.get('updated')?.length, 6)
  assert.deepEqual(feed.get('name')?.slice(0, 3), ['Holdfast status', 'Anna', 'iad'])
  assert.deepEqual(feed.get('content@type')?.[0], 'html')
})

test('a feed has the newest posts and no more than its length', () => {
  const updates = Array.from({ length: 300 }, (_, index) =>
    updateOf(index, 'identified', `p${index}`, SAMPLE_NOW_MS + index * 1000),
  )
  const incident: Incident = { ...(wellSnapshot().incidents[0] as Incident), updates }
  const feed = read(rssFeed({ ...wellSnapshot(), incidents: [incident] }, markdown))
  assert.equal(feed.get('item')?.length, 50)
  assert.equal(feed.get('guid')?.[0], recordId(299))
})

test('feeds are well-formed whatever is said, and link relatively without an address', () => {
  const evil = ']]>&<a>"\u0000\ud800\uffff'
  const crisis = crisisSnapshot()
  const snapshot: Snapshot = {
    ...crisis,
    config: { ...crisis.config, title: evil, publicUrl: null },
    incidents: crisis.incidents.map((one) => ({
      ...one,
      title: evil,
      updates: [updateOf(1, 'identified', evil, 0)],
    })),
  }
  const feeds = [rssFeed(snapshot, markdown), atomFeed(snapshot, markdown)].map(read)
  for (const feed of feeds) assert.ok(feed.get('title')?.[0]?.includes(']]>&<a>"'))
  assert.ok(feeds[0]?.get('link')?.every((link) => link.startsWith('/')))
})
