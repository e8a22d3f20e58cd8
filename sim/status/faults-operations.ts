// Faults of one operation of a cell, and of the data that it answers.

import type { HttpAnswer } from '../../src/base/network.ts'
import { digestHex } from '../../src/base/digest.ts'
import { renderListBuckets } from '../../src/s3/xml/list-buckets.ts'
import { answerOf } from '../../src/status/probes/cell-model.ts'
import { answered, changed, LONG_SEC, late, operationKind, operationOf, silent } from './fault.ts'
import type { FaultTable } from './fault.ts'

/** The largest canary that GET reads in turn with two smaller ones. */
const LARGE_BYTES = 100_000
const OWNER = { id: 'owner', displayName: 'owner' }

export const OPERATION_FAULTS: FaultTable = {
  'put-down': operationKind('put', {
    does: 'every PUT is answered 500',
    operations: ['PutObject'],
    levels: ['major-outage'],
    happen: answered(500, 'InternalError'),
  }),
  'put-half-down': operationKind('put', {
    does: 'four of five PUTs are answered 503, so that half of the clients give up',
    operations: ['PutObject'],
    levels: ['partial-outage'],
    lastsSec: LONG_SEC,
    happen: (_, random) => (random.chance(0.8) ? answered(503, 'SlowDown')() : null),
  }),
  'put-slow': operationKind('put', {
    does: 'every PUT takes three seconds or more',
    operations: ['PutObject'],
    levels: ['degraded'],
    lastsSec: LONG_SEC,
    happen: late(3000, 4300),
  }),
  'put-silent': operationKind('put', {
    does: 'no PUT is ever answered',
    operations: ['PutObject'],
    levels: ['major-outage'],
    happen: silent,
  }),
  'put-not-kept': operationKind('put', {
    does: 'PUTs are acknowledged, and nothing is stored',
    operations: ['PutObject'],
    levels: ['major-outage'],
    happen: changedNothing(200),
  }),
  'get-down': operationKind('get', {
    does: 'every GET is answered 503',
    operations: ['GetObject'],
    levels: ['major-outage'],
    happen: answered(503, 'ServiceUnavailable'),
  }),
  'get-slow': operationKind('get', {
    does: 'every GET takes two and a half seconds or more',
    operations: ['GetObject'],
    levels: ['degraded'],
    lastsSec: LONG_SEC,
    happen: late(2500, 4000),
  }),
  'get-wrong-bytes': operationKind('get', {
    does: 'one byte of every object that is read is wrong',
    operations: ['GetObject'],
    levels: ['major-outage'],
    happen: changed((answer) => withByteFlipped(answer)),
  }),
  'get-large-wrong': operationKind('get', {
    does: 'large objects are cut off, small ones are well',
    operations: ['GetObject'],
    levels: ['degraded', 'partial-outage'],
    lastsSec: LONG_SEC,
    happen: changed((answer) =>
      answer.body.length < LARGE_BYTES
        ? answer
        : { ...answer, body: answer.body.subarray(0, LARGE_BYTES) },
    ),
  }),
  'list-down': operationKind('list', {
    does: 'every LIST is answered 500',
    operations: ['ListObjectsV2'],
    levels: ['major-outage'],
    happen: answered(500, 'InternalError'),
  }),
  'list-wrong': operationKind('list', {
    does: 'every page of a LIST skips its first key',
    operations: ['ListObjectsV2'],
    levels: ['major-outage'],
    happen: changed((answer) => withoutFirstKey(answer)),
  }),
  'delete-down': operationKind('delete', {
    does: 'every DELETE is answered 503',
    operations: ['DeleteObject'],
    levels: ['major-outage'],
    happen: answered(503, 'SlowDown'),
  }),
  'delete-undone': operationKind('delete', {
    does: 'DELETEs are acknowledged, and the object is still there',
    operations: ['DeleteObject'],
    levels: ['major-outage'],
    happen: changedNothing(204),
  }),
  'multipart-down': operationKind('multipart', {
    does: 'no upload can be begun: 500',
    operations: ['CreateMultipartUpload'],
    levels: ['major-outage'],
    happen: answered(500, 'InternalError'),
  }),
  'multipart-not-completed': operationKind('multipart', {
    does: 'completions are answered 200 with an error in the body, as S3 may',
    operations: ['CompleteMultipartUpload'],
    levels: ['major-outage'],
    happen: answered(200, 'InternalError'),
  }),
  'sign-in-down': operationKind('sign-in', {
    does: 'accounts cannot be looked up; keys that are known are served',
    operations: ['ListBuckets'],
    levels: ['major-outage'],
    happen: answered(503, 'ServiceUnavailable'),
  }),
  'sign-in-open': operationKind('sign-in', {
    does: 'any secret key is taken for the right one',
    operations: ['ListBuckets'],
    levels: ['major-outage'],
    happen: changed((answer) => (answer.status === 403 ? bucketsAnswer() : answer)),
  }),
  'objects-lost': {
    does: 'all that the bucket holds is gone, once',
    tells: 'get and list of the cell, once: any ill level',
    begin: ({ cell }) => {
      cell.bucket.clear()
      return () => undefined
    },
    expect: ({ cell }) => ({
      told: new Map(
        ['get', 'list'].map((name) => [
          operationOf(cell, name),
          ['degraded', 'partial-outage', 'major-outage'] as const,
        ]),
      ),
      lasting: 'fleeting',
      doubtMsMax: 0,
      incident: 'any',
    }),
  },
}

/** An acknowledgement of nothing. */
function changedNothing(status: number): Parameters<typeof operationKind>[1]['happen'] {
  return ({ request }) => {
    const etag = etagOf(request.body)
    return { kind: 'answered', answer: answerOf(status, '', ['etag', `"${etag}"`]) }
  }
}

function etagOf(body: Uint8Array): string {
  return digestHex('md5', body)
}

function withByteFlipped(answer: HttpAnswer): HttpAnswer {
  const body = Buffer.from(answer.body)
  const at = body.length >> 1
  body[at] = (body[at] ?? 0) ^ 1
  return { ...answer, body }
}

function withoutFirstKey(answer: HttpAnswer): HttpAnswer {
  const text = Buffer.from(answer.body).toString()
  return { ...answer, body: Buffer.from(text.replace(/<Contents>.*?<\/Contents>/s, '')) }
}

function bucketsAnswer(): HttpAnswer {
  return answerOf(200, renderListBuckets({ owner: OWNER, buckets: [], prefix: null, token: null }))
}
