// All records that a site has, in the order in which it got them: in memory, and on its disk before
// anybody is told. Nothing is changed or removed.

import { assert } from '../../base/assert.ts'
import { DiskError } from '../../base/disk.ts'
import type { Disk } from '../../base/disk.ts'
import {
  STATUS_RECORDS_PER_KEY_MAX,
  STATUS_RECORDS_PER_KEY_SIZE_BYTES_MAX,
} from '../../base/limits.ts'
import type { Random } from '../../base/random.ts'
import { StatusError } from '../status.ts'
import type { Authors } from './authors.ts'
import { checkRecord } from './check-record.ts'
import { loadLog } from './load-log.ts'
import { encodeLine } from './log-line.ts'
import { LogWriter } from './log-writer.ts'
import type { Envelope, KeyId, KnownRecord, RecordId } from './record.ts'

export interface RecordLogOptions {
  readonly disk: Disk
  /** Of the disk, for this log alone; made where it is missing. */
  readonly folder: string
  readonly random: Random
  readonly authors: Authors
}

export interface RecordPage {
  readonly envelopes: readonly Envelope[]
  /** The position behind them. */
  readonly next: number
  /** There is nothing behind them. */
  readonly isEnd: boolean
}

export interface RecordLog extends AsyncDisposable {
  /** Of this start: positions mean something within it alone. */
  readonly incarnation: string
  /** In the order in which they came. All of them are on the disk. */
  readonly records: readonly KnownRecord[]
  /** 0: there is none. */
  readonly orderMax: number
  /** What was damaged, and what was not taken, at the start: for the operator. */
  readonly findings: readonly StatusError[]
  has(id: RecordId): boolean
  get(id: RecordId): KnownRecord | null
  /** Whether its author may have one more of this size. */
  hasRoom(record: KnownRecord): boolean
  /**
   * Takes checked records; durable when it resolves. Answers those that it did not have; a known one
   * and one whose author had no room before (`hasRoom`) are passed over. After a failure none is taken.
   * @throws StatusError `full`, `unavailable`
   */
  append(records: readonly KnownRecord[]): Promise<readonly KnownRecord[]>
  /** From a position of this incarnation on; at least one where there is one. */
  after(position: number, sizeBytesMax: number): RecordPage
}

/**
 * Reads what is there. Records of whom the configuration does not name stay on the disk and are not
 * taken. @throws StatusError `damaged`: the folder itself cannot be read
 */
export async function openRecordLog(options: RecordLogOptions): Promise<RecordLog> {
  const { disk, folder, authors } = options
  try {
    await disk.makeFolder(folder)
    await disk.syncFolder('')
    await disk.syncFolder(folder) // a file whose process died behind its creation is written on
    const loaded = await loadLog(disk, folder)
    const log = new FileRecordLog(options, new LogWriter(disk, folder, loaded))
    log.load(loaded.envelopes, authors, loaded.findings)
    return log
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    const message = `the record log in ${folder} cannot be read: ${error.message}`
    throw new StatusError('damaged', message, error)
  }
}

interface KeyUse {
  count: number
  sizeBytes: number
}

class FileRecordLog implements RecordLog {
  readonly incarnation: string
  readonly #records: KnownRecord[] = []
  readonly #byId = new Map<RecordId, KnownRecord>()
  readonly #uses = new Map<KeyId, KeyUse>()
  readonly #findings: StatusError[] = []
  readonly #writer: LogWriter
  /** Appends follow one another. */
  #turn: Promise<unknown> = Promise.resolve()
  #orderMax = 0

  constructor({ random }: RecordLogOptions, writer: LogWriter) {
    this.incarnation = Buffer.from(random.bytes(16)).toString('hex')
    this.#writer = writer
  }

  get records(): readonly KnownRecord[] {
    return this.#records
  }

  get orderMax(): number {
    return this.#orderMax
  }

  get findings(): readonly StatusError[] {
    return this.#findings
  }

  load(envelopes: readonly Envelope[], authors: Authors, findings: readonly StatusError[]): void {
    this.#findings.push(...findings)
    const refusals: StatusError[] = []
    for (const envelope of envelopes) {
      try {
        const record = checkRecord(envelope, authors)
        if (!this.#byId.has(record.id)) this.#take(record)
      } catch (error) {
        if (!(error instanceof StatusError)) throw error
        refusals.push(error)
      }
    }
    const [first] = refusals
    if (first === undefined) return
    const message = `${refusals.length} records of the log are not shown; the first: ${first.message}`
    this.#findings.push(new StatusError(first.code, message, first))
  }

  has(id: RecordId): boolean {
    return this.#byId.has(id)
  }

  get(id: RecordId): KnownRecord | null {
    return this.#byId.get(id) ?? null
  }

  hasRoom({ author, envelope }: KnownRecord): boolean {
    const { count, sizeBytes } = this.#uses.get(author.key) ?? { count: 0, sizeBytes: 0 }
    return (
      count < STATUS_RECORDS_PER_KEY_MAX &&
      sizeBytes + sizeOf(envelope) <= STATUS_RECORDS_PER_KEY_SIZE_BYTES_MAX
    )
  }

  async append(records: readonly KnownRecord[]): Promise<readonly KnownRecord[]> {
    // One that another call is just writing is looked at behind it: known is durable.
    const appended = this.#turn.then(async () => await this.#append(records))
    this.#turn = appended.catch(() => undefined)
    return await appended
  }

  async #append(records: readonly KnownRecord[]): Promise<readonly KnownRecord[]> {
    const fresh = new Map<RecordId, KnownRecord>()
    for (const record of records) {
      if (!this.#byId.has(record.id) && this.hasRoom(record)) fresh.set(record.id, record)
    }
    if (fresh.size === 0) return []
    const taken = [...fresh.values()]
    await this.#writer.write(Buffer.concat(taken.map(({ envelope }) => encodeLine(envelope))))
    for (const record of taken) this.#take(record)
    return taken
  }

  after(position: number, sizeBytesMax: number): RecordPage {
    assert(position >= 0 && position <= this.#records.length, 'a position is within the log')
    const envelopes: Envelope[] = []
    let sizeBytes = 0
    let next = position
    for (; next < this.#records.length; next += 1) {
      const record = this.#records[next]
      assert(record !== undefined, 'a log has no holes')
      sizeBytes += sizeOf(record.envelope)
      if (envelopes.length > 0 && sizeBytes > sizeBytesMax) break
      envelopes.push(record.envelope)
    }
    return { envelopes, next, isEnd: next === this.#records.length }
  }

  #take(record: KnownRecord): void {
    assert(!this.#byId.has(record.id), 'a record is taken once')
    this.#byId.set(record.id, record)
    this.#records.push(record)
    this.#orderMax = Math.max(this.#orderMax, record.record.order)
    const use = this.#uses.get(record.author.key) ?? { count: 0, sizeBytes: 0 }
    use.count += 1
    use.sizeBytes += sizeOf(record.envelope)
    this.#uses.set(record.author.key, use)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn
    await this.#writer[Symbol.asyncDispose]()
  }
}

/** Of the text; key, signature and quotes are small beside it and bounded by the count. */
function sizeOf({ text }: Envelope): number {
  return Buffer.byteLength(text)
}
