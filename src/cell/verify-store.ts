// Carries out a verification: the records of directory and index, the change log, then every blob
// that the index names. What cannot be read is a finding too, and the rest is read all the same:
// nothing that was left out passes as sound.

import type { UploadId } from '../base/id.ts'
import { openDirectoryReader } from '../directory/directory-reader.ts'
import { DirectoryError } from '../directory/directory.ts'
import type { BucketName } from '../directory/directory.ts'
import { validateDirectory } from '../directory/validate-directory.ts'
import { EngineError } from '../engine/engine.ts'
import type { Engine, EngineReader } from '../engine/engine.ts'
import { ObjectIndexError } from '../object-index/object-index.ts'
import type { Bucket, ObjectIndexReader } from '../object-index/object-index.ts'
import { openDamagedReader } from '../object-index/read-damaged.ts'
import type { DamagedReader } from '../object-index/read-damaged.ts'
import { openScrubber } from '../placement/scrub.ts'
import type { ScrubProgress } from '../placement/scrub.ts'
import { StorageError } from '../storage/storage.ts'
import type { Storage } from '../storage/storage.ts'
import type { Progress } from './admin.ts'
import type { Ground } from './embedded.ts'
import { validateRecords, VerifyError } from './validate-apart.ts'
import { allBuckets, verifyLog, verifyNames, verifyNobodys, verifyRanges } from './verify-pairs.ts'
import type { Finding, VerifyReport, VerifyRequest } from './verify.ts'

export interface VerifyParts {
  readonly engine: EngineReader
  /** What reads the change log. @throws EngineError where its head is damaged */
  readonly openLog: () => Promise<Pick<Engine, 'log' | 'status'>>
  readonly index: ObjectIndexReader
  readonly storage: Storage
}

/** Verifies; `note` gets progress about twice a second. */
export async function verifyStore(
  ground: Pick<Ground, 'folder' | 'clock'>,
  parts: VerifyParts,
  request: VerifyRequest,
  note: (progress: Progress) => void,
): Promise<VerifyReport> {
  return await new Verification(ground, parts, note).run(request)
}

class Verification {
  readonly #ground: Pick<Ground, 'folder' | 'clock'>
  readonly #parts: VerifyParts
  readonly #note: (progress: Progress) => void
  readonly #findings: Finding[] = []
  #records = 0
  #isCut = false
  /** The index's file is so damaged that reading it ends a process. */
  #isUnreadable = false
  #names: readonly BucketName[] = []
  #buckets: readonly Bucket[] = []

  constructor(
    ground: Pick<Ground, 'folder' | 'clock'>,
    parts: VerifyParts,
    note: (progress: Progress) => void,
  ) {
    this.#ground = ground
    this.#parts = parts
    this.#note = note
  }

  async run(request: VerifyRequest): Promise<VerifyReport> {
    const { clock } = this.#ground
    const startedAtMs = clock.monotonicMs()
    await this.#step('the records', () => this.#index())
    await this.#step('the buckets', () => this.#listBuckets())
    await this.#step('what belongs to nobody', async () => {
      this.#findings.push(...(await verifyNobodys(this.#parts.engine)))
    })
    await this.#step('the directory', () => this.#directory())
    await this.#step('the change log', () => this.#log())
    const blobs = { count: 0, bytes: 0 }
    if (request.depth === 'all') await this.#step('the blobs', () => this.#scrub(blobs))
    return {
      records: this.#records,
      blobs: blobs.count,
      blobBytes: blobs.bytes,
      findings: this.#findings.map((finding) => this.#named(finding)),
      isCut: this.#isCut,
      durationMs: clock.monotonicMs() - startedAtMs,
    }
  }

  /** One step; damage that ends it is a finding, for what it did not reach is not proven. */
  async #step(what: string, act: () => Promise<void>): Promise<void> {
    if (this.#isUnreadable) return
    try {
      await act()
    } catch (cause) {
      if (!isDamage(cause)) throw cause
      if (cause instanceof VerifyError && cause.code === 'validator-crashed') {
        this.#isUnreadable = true
        const message = `${cause.message}: nothing else was read; stop the server and run rebuild`
        this.#findings.push({ kind: 'unread', what: 'the index', message })
        return
      }
      this.#findings.push({
        kind: 'unread',
        what,
        message: `not read to the end: ${cause.message}`,
      })
    }
  }

  async #listBuckets(): Promise<void> {
    const { engine, index } = this.#parts
    this.#buckets = await allBuckets(index)
    this.#findings.push(...(await verifyRanges(engine, index, this.#buckets)))
  }

  async #directory(): Promise<void> {
    const { engine, index } = this.#parts
    const { recordsDone, findings, names } = await validateDirectory(engine)
    this.#records += recordsDone
    this.#names = names
    this.#findings.push(...findings)
    const directory = openDirectoryReader(engine)
    this.#findings.push(...(await verifyNames({ index, directory }, names, this.#buckets)))
  }

  async #index(): Promise<void> {
    const report = await validateRecords(this.#ground, this.#parts.engine, this.#note)
    this.#records += report.recordsDone
    this.#findings.push(...report.findings)
    this.#isCut ||= report.findingCount > report.findings.length
    if (report.unsettledBuckets === 0) return
    this.#findings.push({
      kind: 'unsettled',
      what: `${report.unsettledBuckets} buckets`,
      message: 'they were written all the while, and are not proven; verify again',
    })
  }

  async #log(): Promise<void> {
    const { entries, findings } = await verifyLog(await this.#parts.openLog())
    this.#records += entries
    this.#findings.push(...findings)
  }

  async #scrub(blobs: { count: number; bytes: number }): Promise<void> {
    const { engine, storage } = this.#parts
    const { clock } = this.#ground
    const index = openDamagedReader(engine)
    const report = await openScrubber({ index, storage, clock }).scrub({
      rateBytesPerSec: null,
      onProgress: (progress) => this.#note(blobProgress(progress)),
    })
    for (const { extentId, offset, referrers, message } of report.damage) {
      const owners = await Promise.all(referrers.map((text) => nameUpload(index, text)))
      const what = `${owners.join(', ')} (extent ${extentId} at ${offset})`
      this.#findings.push({ kind: 'damaged-blob', what, message })
    }
    this.#isCut ||= report.damageCount > report.damage.length
    blobs.count = report.blobs
    blobs.bytes = report.bytes
  }

  /** A finding with buckets by the name that people gave them, where that can be told. */
  #named({ kind, what, message }: Finding): Finding {
    const names = new Map<string, string>(this.#names.map(({ bucketId, name }) => [bucketId, name]))
    for (const { id, name } of this.#buckets) names.set(id, name)
    const name = (text: string): string =>
      text.replaceAll(/\bbucket ([0-9a-f]{32})\b/g, (all, id: string) => {
        const known = names.get(id)
        return known === undefined ? all : `bucket ${known}`
      })
    return { kind, what: name(what), message: name(message) }
  }
}

/** A part whose header can no longer say whose it is, by the objects that have it. */
async function nameUpload(index: DamagedReader, referrer: string): Promise<string> {
  const uploadId = /^part \d+ of upload ([0-9a-f]{32})$/.exec(referrer)?.[1]
  if (uploadId === undefined) return referrer
  const owners = await index.ownersOf(uploadId as UploadId)
  const names = owners.map(
    ({ bucketId, key }) => `bucket ${bucketId}, key ${JSON.stringify(key)}, `,
  )
  return names.length === 0 ? referrer : names.map((name) => name + referrer).join(', ')
}

function blobProgress({ bytesDone, bytesTotal, rateBytesPerSec }: ScrubProgress): Progress {
  return {
    step: 'blobs',
    done: bytesDone,
    total: bytesTotal,
    unit: 'bytes',
    ratePerSec: rateBytesPerSec,
  }
}

/** Whether it says that something cannot be read, and not that verifying itself is broken. */
function isDamage(cause: unknown): cause is Error {
  if (cause instanceof VerifyError) return true
  const isOperating =
    cause instanceof EngineError ||
    cause instanceof DirectoryError ||
    cause instanceof ObjectIndexError ||
    cause instanceof StorageError
  return isOperating && cause.code !== 'closed'
}
