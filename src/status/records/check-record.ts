// What must hold of any record or view, from whomever it comes: a peer, the disk, a person. Nothing gets
// past here that no key of the configuration signed.

import { STATUS_RECORD_SIZE_BYTES_MAX, STATUS_VIEW_SIZE_BYTES_MAX } from '../../base/limits.ts'
import { StatusError } from '../status.ts'
import type { View } from '../status.ts'
import type { Authors, KnownAuthor } from './authors.ts'
import { isSealed, recordIdOf } from './envelope.ts'
import type { Purpose } from './envelope.ts'
import { parseRecord } from './parse-record.ts'
import { parseView } from './parse-view.ts'
import type { Author, Envelope, KnownRecord, Statement } from './record.ts'

/**
 * The record of an envelope, if its author may say it. A retired key's is taken: what it said stays;
 * that it says nothing new, `takePost` sees to. A distrusted key's is not.
 * @throws StatusError `too-large`, `unknown-key`, `bad-signature`, `bad-request`, `not-allowed`
 */
export function checkRecord(envelope: Envelope, authors: Authors): KnownRecord {
  const { author } = signerOf('record', envelope, authors, STATUS_RECORD_SIZE_BYTES_MAX)
  const record = parseRecord(envelope.text)
  if (record.author !== author.key) {
    throw new StatusError('bad-signature', 'the record names another author than who signed it')
  }
  if (record.plane !== authors.plane) {
    const message = `the record was signed for status plane ${record.plane}; this is ${authors.plane}`
    throw new StatusError('not-allowed', message)
  }
  checkRights(record.statement, author)
  const { key, text, signature } = envelope
  return { id: recordIdOf(text), envelope: { key, text, signature }, record, author }
}

/**
 * The view of an envelope, signed by the very site that it says it is of.
 * @throws StatusError as `checkRecord` does
 */
export function checkView(envelope: Envelope, authors: Authors): View {
  const { author } = signerOf('view', envelope, authors, STATUS_VIEW_SIZE_BYTES_MAX)
  if (author.kind !== 'site') {
    throw new StatusError('not-allowed', `${author.name} is a person; views are of sites`)
  }
  const view = parseView(envelope.text)
  if (view.site !== author.name) {
    throw new StatusError('bad-signature', `${author.name} signed a view of site ${view.site}`)
  }
  return view
}

/**
 * Who signed this, for this use. Of a retired key only records are taken. What is too large is not even hashed.
 * @throws StatusError `too-large`, `unknown-key`, `bad-signature`
 */
export function signerOf(
  purpose: Purpose,
  envelope: Envelope,
  authors: Authors,
  sizeBytesMax: number,
): KnownAuthor {
  const sizeBytes = Buffer.byteLength(envelope.text)
  if (sizeBytes > sizeBytesMax) {
    const message = `the ${purpose} is ${sizeBytes} bytes long; ${sizeBytesMax} are allowed`
    throw new StatusError('too-large', message)
  }
  const known = authors.find(envelope.key)
  if (known === null) {
    const message = `the configuration has no key ${envelope.key}; add it, or sign with another`
    throw new StatusError('unknown-key', message)
  }
  if (known.state === 'distrusted') {
    throw new StatusError('unknown-key', `the key of ${known.author.name} is distrusted`)
  }
  if (known.state === 'retired' && purpose !== 'record') {
    const message = `the key of ${known.author.name} is retired; use another`
    throw new StatusError('unknown-key', message)
  }
  if (!isSealed(purpose, envelope, known.publicKey)) {
    const message = `the signature is not of ${known.author.name}'s key over this ${purpose}`
    throw new StatusError('bad-signature', message)
  }
  return known
}

/** A machine speaks of incidents that machines opened; a person of everything else, and of those. */
function checkRights(statement: Statement, { kind, name }: Author): void {
  const { kind: what } = statement
  if (what === 'incident' && (statement.region === null) !== (kind === 'person')) {
    const whose = kind === 'person' ? "a person's names no region" : "a site's names its region"
    throw new StatusError('not-allowed', `${name} may not post this incident: ${whose}`)
  }
  if (kind === 'person') return
  if (what !== 'incident' && what !== 'incident-update') {
    throw new StatusError('not-allowed', `site ${name} may post incidents alone, not: ${what}`)
  }
  const { region } = statement.kind === 'incident' ? statement : { region: null }
  if (what !== 'incident' || region === null) return
  const foreign = statement.affected.find(({ component }) => !component.startsWith(`${region}/`))
  if (foreign !== undefined) {
    const message = `an incident of region ${region} may not name ${foreign.component}`
    throw new StatusError('not-allowed', message)
  }
}
