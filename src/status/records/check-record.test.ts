// Nothing gets in that no key of the configuration signed, for this use, as itself, within its rights.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom } from '../../../sim/random.ts'
import type { View } from '../status.ts'
import { Authors } from './authors.ts'
import { checkRecord, checkView, signerOf } from './check-record.ts'
import { recordIdOf, seal } from './envelope.ts'
import { foldRecords } from './fold.ts'
import type { KeyPair } from './keys.ts'
import { formatView } from './parse-view.ts'
import type { RecordId, Statement } from './record.ts'
import { incident, maintenance, NOON_MS, override, Plane } from './suite-plane.ts'
import { refuses } from './suite-refuses.ts'

const open = (): Plane => new Plane(new SeededRandom('check'))
const UPDATE: Extract<Statement, { kind: 'incident-update' }> = {
  kind: 'incident-update',
  incident: 'ab'.repeat(32) as RecordId,
  state: 'resolved',
  text: 'Done.',
  affected: null,
}
const VIEW: View = {
  site: 'site-1',
  incarnation: 1,
  sequence: 1,
  madeAtMs: NOON_MS,
  footing: 'sure',
  sightings: [],
  days: [],
}

test('a record of a person, of a site, and of a retired person is taken', () => {
  const plane = open()
  const { ann, retired, authors } = plane
  const envelope = plane.sealed(incident(), ann)
  const known = checkRecord(envelope, authors)
  assert.equal(known.id, recordIdOf(envelope.text))
  assert.deepEqual(known.envelope, envelope)
  assert.deepEqual(known.author, { key: ann.id, name: 'Ann', kind: 'person' })
  assert.equal(plane.known(incident(), retired).author.name, 'Old')
  const site = plane.known(incident({ region: 'eu' }), plane.site(0))
  assert.deepEqual(site.author, { key: plane.site(0).id, name: 'site-1', kind: 'site' })
})

test('a record of nobody known, or of somebody distrusted, is refused', () => {
  const plane = open()
  const check = (pair: KeyPair) => checkRecord(plane.sealed(incident(), pair), plane.authors)
  refuses('unknown-key', () => check(plane.stranger), /has no key/)
  refuses('unknown-key', () => check(plane.distrusted), /distrusted/)
})

test('a record that another signed than it or its envelope names is refused', () => {
  const plane = open()
  const { ann, bob, stranger, authors } = plane
  const sealed = plane.sealed(incident(), ann)
  const cases = [
    { ...sealed, key: bob.id },
    { ...seal('record', sealed.text, stranger), key: ann.id },
    seal('record', sealed.text, bob), // Bob signs what names Ann as its author
    { ...sealed, text: sealed.text.replace('fails', 'is up') },
    { ...plane.sealed(incident(), ann), signature: sealed.signature },
    seal('session', sealed.text, ann),
    seal('view', sealed.text, ann),
  ]
  for (const envelope of cases) refuses('bad-signature', () => checkRecord(envelope, authors))
})

test('too large is refused before anything is computed, whoever signed', () => {
  const { ann, stranger, authors } = open()
  for (const pair of [ann, stranger]) {
    const envelope = seal('record', 'x'.repeat(64 * 1024 + 1), pair)
    refuses('too-large', () => checkRecord(envelope, authors), /65536 are allowed/)
  }
})

test('what was signed for another status plane is refused, though its author has the same key there', () => {
  const plane = open()
  const { ann, authors, config } = plane
  const sealed = plane.sealed(incident(), ann)
  const elsewhere = new Authors({ ...config, plane: 'staging' })
  assert.equal(checkRecord(sealed, authors).author.key, ann.id)
  refuses(
    'not-allowed',
    () => checkRecord(sealed, elsewhere),
    /for status plane test; this is stag/,
  )
  const text = sealed.text.replace('"plane":"test"', '"plane":"staging"')
  refuses('bad-signature', () => checkRecord({ ...sealed, text }, elsewhere))
})

test('a machine posts incidents about its own kind of things, and nothing else', () => {
  const plane = open()
  const site = plane.site(0)
  const { incident: id, text } = UPDATE
  for (const statement of [
    incident(), // without a region it is a person's
    incident({ region: 'us' }), // names a component of another region
    override(),
    maintenance(),
    { kind: 'maintenance-update', maintenance: id, state: 'completed', text },
  ]) {
    refuses('not-allowed', () => checkRecord(plane.sealed(statement, site), plane.authors))
  }
  assert.ok(plane.known(UPDATE, site))
  const asMachine = plane.sealed(incident({ region: 'eu' }), plane.ann)
  refuses('not-allowed', () => checkRecord(asMachine, plane.authors), /names no region/)
})

test('what a former site posted stays; a view, a question or an answer of it is not taken', () => {
  const plane = open()
  const { authors, former } = plane
  const record = plane.known(incident({ region: 'eu' }), former)
  assert.deepEqual(record.author, { key: former.id, name: 'site-0', kind: 'site' })
  const [shown] = foldRecords([record]).incidents
  assert.equal(shown?.title, 'PUT fails')
  const view = seal('view', formatView({ ...VIEW, site: 'site-0' }), former)
  refuses('unknown-key', () => checkView(view, authors), /site-0 is retired/)
  for (const purpose of ['question', 'answer', 'session'] as const) {
    const envelope = seal(purpose, '{}', former)
    refuses('unknown-key', () => signerOf(purpose, envelope, authors, 100), /site-0 is retired/)
  }
})

test('a view is of the site that signed it', () => {
  const plane = open()
  const text = formatView(VIEW)
  const right = seal('view', text, plane.site(0))
  assert.deepEqual(checkView(right, plane.authors), VIEW)
  const check = (envelope: typeof right): unknown => checkView(envelope, plane.authors)
  refuses('bad-signature', () => check(seal('view', text, plane.site(1))), /signed a view of site/)
  refuses('bad-signature', () => check(seal('record', text, plane.site(0))))
  refuses('bad-signature', () => check({ ...right, text: text.replace('sure', 'blind') }))
  refuses('not-allowed', () => check(seal('view', text, plane.ann)))
  refuses('unknown-key', () => check(seal('view', text, plane.stranger)))
})

test('a configuration whose keys are not what they seem is refused', () => {
  const { config } = open()
  const [one, two] = config.people
  assert.ok(one !== undefined && two !== undefined)
  const renamed = { ...one, key: { ...one.key, id: two.key.id } }
  refuses('bad-config', () => new Authors({ ...config, people: [renamed] }), /another id/)
  const twice = [one, { ...two, key: one.key }]
  refuses('bad-config', () => new Authors({ ...config, people: twice }), /the same key/)
  const authors = new Authors(config)
  assert.equal(authors.find(one.key.id)?.state, 'active')
})
