// The relations between limits: each is a sentence that another file relies on.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as limits from './limits.ts'

const KIB = 1024

test('every limit is a positive whole number, or a share below one', () => {
  for (const [name, value] of Object.entries(limits)) {
    assert.equal(typeof value, 'number', name)
    if (name.includes('_SHARE_')) assert.ok(value > 0 && value < 1, name)
    else assert.ok(Number.isSafeInteger(value) && value > 0, name)
  }
})

test('the longest body fits the blobs of one record', () => {
  const { BLOBS_PER_RECORD_MAX, BLOB_SIZE_BYTES_MAX, PUT_SIZE_BYTES_MAX } = limits
  assert.ok(BLOBS_PER_RECORD_MAX * BLOB_SIZE_BYTES_MAX >= PUT_SIZE_BYTES_MAX)
  assert.ok((BLOBS_PER_RECORD_MAX - 1) * BLOB_SIZE_BYTES_MAX < PUT_SIZE_BYTES_MAX, 'and no more')
})

test('a record with its blobs, metadata, tags and key fits, escaped fields included', () => {
  const locations = limits.BLOBS_PER_RECORD_MAX * 64
  const tags = limits.OBJECT_TAGS_MAX * (128 + 256) * 4
  const whole = locations + limits.BLOB_METADATA_SIZE_BYTES_MAX + tags + limits.KEY_SIZE_BYTES_MAX
  assert.ok(whole <= limits.RECORD_SIZE_BYTES_MAX, `${whole}`)
  assert.ok(limits.METADATA_SIZE_BYTES_MAX < limits.BLOB_METADATA_SIZE_BYTES_MAX)
})

test('a key with its space, bucket, order and a blob reference fits a key of the engine', () => {
  // Space 1, bucket 16, the key with every byte doubled at worst for its end mark would not fit:
  // U+0000 is refused, so a key needs no escape.
  assert.ok(1 + 16 + limits.KEY_SIZE_BYTES_MAX + 1 + 8 + 16 <= limits.ENGINE_KEY_SIZE_BYTES_MAX)
})

test('moving a blob with all its referrers is one commit', () => {
  // Of each referrer: a record, a reference removed and one made, and a reverse record.
  assert.ok(limits.BLOB_REFERENCES_MAX * 4 <= limits.COMMIT_MUTATIONS_MAX)
})

test('a commit holds records of the largest size, and a group holds commits', () => {
  assert.ok(limits.COMMIT_SIZE_BYTES_MAX >= 16 * limits.RECORD_SIZE_BYTES_MAX)
  assert.ok(limits.GROUP_SIZE_BYTES_MAX >= limits.COMMIT_SIZE_BYTES_MAX)
  assert.ok(limits.COMMIT_QUEUE_LENGTH_MAX >= limits.GROUP_COMMITS_MAX)
  assert.ok(limits.COMMIT_QUEUE_LENGTH_MAX >= 8 * limits.REQUESTS_PER_WORKER_MAX)
})

test('a page of a list and a batch of deletions are read in one visit', () => {
  assert.ok(limits.LIST_PAGE_ENTRIES_MAX < limits.RANGE_READ_ENTRIES_MAX)
  assert.ok(limits.DELETE_BATCH_KEYS_MAX * limits.KEY_SIZE_BYTES_MAX <= limits.XML_SIZE_BYTES_MAX)
})

test('blocks, pieces, blobs and extents are whole multiples of each other', () => {
  assert.equal(limits.BLOCK_SIZE_BYTES % limits.DISK_PAGE_SIZE_BYTES, 0)
  assert.equal(limits.PIECE_SIZE_BYTES % limits.BLOCK_SIZE_BYTES, 0)
  assert.equal(limits.BLOB_SIZE_BYTES_MAX % limits.PIECE_SIZE_BYTES, 0)
  assert.ok(limits.EXTENT_SIZE_BYTES_MAX >= 2 * limits.BLOB_SIZE_BYTES_MAX)
  assert.ok(limits.PACKED_BODY_SIZE_BYTES_MAX <= limits.PIECE_SIZE_BYTES)
  assert.ok(limits.PACKED_WRITE_SIZE_BYTES_MAX >= 2 * limits.PACKED_BODY_SIZE_BYTES_MAX)
})

test('the buffer pool has two buffers for each stream and room left', () => {
  const streams = limits.STREAMS_PER_WORKER_MAX * 2 * limits.BUFFER_SIZE_BYTES_MAX
  assert.ok(streams < limits.BUFFER_POOL_SIZE_BYTES)
  assert.ok(limits.BUFFER_WAITERS_MAX >= limits.REQUESTS_PER_WORKER_MAX)
  assert.ok(limits.OPEN_EXTENTS_MAX < 1024)
})

test('the least part is larger than what is packed, so parts never share a write', () => {
  assert.ok(limits.PART_SIZE_BYTES_MIN > limits.PACKED_BODY_SIZE_BYTES_MAX)
})

test('the floors of the disk are in order', () => {
  const { DISK_FREE_SHARE_EARLY, DISK_FREE_SHARE_MIN, DISK_FREE_SHARE_PUT } = limits
  assert.ok(DISK_FREE_SHARE_MIN < DISK_FREE_SHARE_PUT)
  assert.ok(DISK_FREE_SHARE_PUT < DISK_FREE_SHARE_EARLY)
})

test('no request outlives what it may read, and no snapshot outlives a request', () => {
  assert.ok(limits.PARKED_MS_MIN >= 2 * limits.REQUEST_DEADLINE_MS)
  assert.ok(limits.PARKED_MS > limits.PARKED_MS_MIN)
  assert.ok(limits.SNAPSHOT_AGE_MS_MAX < limits.REQUEST_DEADLINE_MS)
  assert.ok(limits.FATE_KEPT_MS > limits.REQUEST_DEADLINE_MS)
})

test('a hung worker is replaced in time, after several unanswered questions', () => {
  assert.ok(limits.WORKER_HANG_MS_MAX >= 4 * limits.WORKER_PING_MS)
  assert.ok(limits.WORKER_HANG_MS_MAX + 2 * limits.WORKER_PING_MS < limits.WORKER_REPLACED_MS_MAX)
  assert.ok(limits.RESTART_STEADY_MS > limits.WORKER_HANG_MS_MAX)
})

test('a worker accepts more connections than requests, and headers hold two escaped keys', () => {
  assert.ok(limits.CONNECTIONS_PER_WORKER_MAX > limits.REQUESTS_PER_WORKER_MAX)
  assert.ok(limits.REQUEST_HEADER_SIZE_BYTES_MAX >= 8 * KIB + 2 * 3 * limits.KEY_SIZE_BYTES_MAX)
})

test('a record, a view and an answer of the exchange hold what limits allow', () => {
  // Three names of 32 at most, level and quotes; three bytes a character.
  const affected = limits.STATUS_COMPONENTS_MAX * 120
  const words = 3 * (limits.STATUS_TEXT_CHARS_MAX + limits.STATUS_TITLE_CHARS_MAX)
  assert.ok(affected + words + 500 <= limits.STATUS_RECORD_SIZE_BYTES_MAX)
  const day = 150 // a component and six levels of seconds
  const sighting = 300 + 3 * limits.STATUS_WHY_CHARS_MAX
  const view = limits.STATUS_COMPONENTS_MAX * (limits.STATUS_DAYS_MAX * day + sighting)
  assert.ok(view <= limits.STATUS_VIEW_SIZE_BYTES_MAX, `${view}`)
  const { STATUS_EXCHANGE_PAGE_SIZE_BYTES_MAX: page, STATUS_RECORD_SIZE_BYTES_MAX: record } = limits
  const views = limits.STATUS_ANSWER_VIEWS_SIZE_BYTES_MAX
  assert.ok(page >= record && views + 2 * (page + record) <= limits.STATUS_ANSWER_SIZE_BYTES_MAX)
  assert.ok(views >= 2 * limits.STATUS_VIEW_SIZE_BYTES_MAX, 'an escaped view fits')
})

test('a site that catches up is not refused, and a full log is pulled in one turn', () => {
  assert.ok(1000 / limits.STATUS_PAGE_PAUSE_MS <= limits.STATUS_QUESTIONS_PER_SEC_MAX)
  const authors = limits.STATUS_PEOPLE_MAX + limits.STATUS_SITES_MAX
  const bytes = authors * limits.STATUS_RECORDS_PER_KEY_SIZE_BYTES_MAX
  const pages = bytes / (limits.STATUS_EXCHANGE_PAGE_SIZE_BYTES_MAX / 2)
  assert.ok(limits.STATUS_PAGES_PER_PULL_MAX >= pages, `${pages}`)
  assert.ok(limits.STATUS_ORDER_MAX + 1 <= Number.MAX_SAFE_INTEGER)
  assert.ok(limits.VIEW_DOUBTED_MS < limits.VIEW_STALE_MS)
})
