// What has been told, on the disk: how far the record log was looked at, and which posts which receiver has
// not taken yet. One line, with its version and checksum. Golden bytes in the test.

import { crc32cHex } from '../../base/checksum.ts'
import { WEBHOOK_PENDING_MAX } from '../../base/limits.ts'
import { INSTANT_MS_MAX } from '../records/parse-record.ts'
import type { RecordId } from '../records/record.ts'
import { Fields } from '../records/strict.ts'
import { StatusError } from '../status.ts'

export interface SavedWebhooks {
  /** Wall clock of the first start; what was posted before is not told. */
  readonly startedAtMs: number
  /** How many records of the log were looked at, and the last of them. */
  readonly position: number
  readonly last: RecordId | null
  readonly receivers: readonly SavedReceiver[]
}

export interface SavedReceiver {
  /** `receiverKeyOf` of its URL. */
  readonly key: string
  /** Oldest first. */
  readonly pending: readonly { readonly record: RecordId; readonly sinceMs: number }[]
}

const HEAD_PATTERN = /^1 ([0-9a-f]{8}) /
const RECORD_PATTERN = /^[0-9a-f]{64}$/
const KEY_PATTERN = /^[0-9a-f]{32}$/
const RECEIVERS_MAX = 1000
const POSITION_MAX = 2 ** 40

export function encodeWebhooks(saved: SavedWebhooks): Buffer {
  const { last, position, receivers, startedAtMs } = saved
  const json = JSON.stringify({
    startedAtMs,
    position,
    last,
    receivers: receivers.map(({ key, pending }) => ({
      key,
      pending: pending.map(({ record, sinceMs }) => ({ record, sinceMs })),
    })),
  })
  return Buffer.from(`1 ${crc32cHex(json)} ${json}\n`)
}

/** @throws StatusError `damaged` */
export function decodeWebhooks(bytes: Buffer): SavedWebhooks {
  const text = bytes.toString()
  const [head = '', checksum] = HEAD_PATTERN.exec(text) ?? []
  const json = text.slice(head.length, -1)
  if (checksum === undefined || !text.endsWith('\n') || checksum !== crc32cHex(json)) {
    throw new StatusError('damaged', 'its checksum is another')
  }
  try {
    return read(JSON.parse(json))
  } catch (error) {
    if (!(error instanceof StatusError || error instanceof SyntaxError)) throw error
    throw new StatusError('damaged', error.message, error)
  }
}

function read(value: unknown): SavedWebhooks {
  const fields = new Fields(value, 'webhooks')
  const saved = {
    startedAtMs: fields.whole('startedAtMs', 0, INSTANT_MS_MAX),
    position: fields.whole('position', 0, POSITION_MAX),
    last: fields.orNull('last', (name) => fields.matching(name, RECORD_PATTERN) as RecordId),
    receivers: fields.list('receivers', RECEIVERS_MAX, readReceiver),
  }
  fields.end()
  return saved
}

function readReceiver(value: unknown, where: string): SavedReceiver {
  const fields = new Fields(value, where)
  const key = fields.matching('key', KEY_PATTERN)
  const pending = fields.list('pending', WEBHOOK_PENDING_MAX, (entry, where) => {
    const post = new Fields(entry, where)
    const record = post.matching('record', RECORD_PATTERN) as RecordId
    const sinceMs = post.whole('sinceMs', 0, INSTANT_MS_MAX)
    post.end()
    return { record, sinceMs }
  })
  fields.end()
  return { key, pending }
}
