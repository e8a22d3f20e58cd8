// Suite: random histories of one bucket, held against the model after each step, and against
// validation at the end. A failure names its seed.

import { strict as check } from 'node:assert'
import { test } from 'node:test'
import type { BucketId } from '../base/id.ts'
import type {
  DeleteEntry,
  Pairs,
  VersionEntry,
  VersionId,
  VersionSelector,
  WriteCondition,
} from './object-index.ts'
import { S3Model, modelPage, type ModelVersion } from './s3-model.ts'
import { World, refusal, type OpenIndex } from './suite-world.ts'
import { validateIndex } from './validate.ts'

const SEEDS: readonly number[] = Array.from({ length: 12 }, (_, at) => 100 + at)
const STEPS = 120
const KEYS = ['a', 'a/b', 'a/c', 'b', '\u{1f600}', '\uffff/x']

export function historyTests(open: OpenIndex): void {
  for (const seed of SEEDS) {
    test(`a random history answers as the model does (seed ${seed})`, async () => {
      const world = await World.open(open, seed)
      const history = new History(world, await world.bucket())
      for (let step = 0; step < STEPS; step += 1) {
        await history.step()
        await history.compare(step % 10 === 9)
      }
      await world.opened.sweep()
      const report = await validateIndex(world.opened.engine)
      check.deepEqual(report.findings, [])
      check.ok(report.isSound)
      await world.close()
    })
  }
}

class History {
  private readonly world: World
  private readonly bucketId: BucketId
  private readonly model: S3Model = new S3Model()

  constructor(world: World, bucketId: BucketId) {
    this.world = world
    this.bucketId = bucketId
  }

  async step(): Promise<void> {
    const { random } = this.world
    const dice = random.below(100)
    if (dice < 40) await this.put()
    else if (dice < 70) await this.delete()
    else if (dice < 80) await this.copy()
    else if (dice < 87) await this.tag()
    else if (dice < 94) await this.upload()
    else await this.setVersioning()
  }

  private async setVersioning(): Promise<void> {
    const versioning = this.world.random.pick(['enabled', 'suspended'] as const)
    await this.world.done({ kind: 'set-versioning', bucketId: this.bucketId, versioning })
    this.model.versioning = versioning
  }

  private condition(key: string): WriteCondition {
    const { random } = this.world
    const etag = this.model.latest(key)?.etag ?? ''
    return random.pick<WriteCondition>([
      { kind: 'none' },
      { kind: 'none' },
      { kind: 'absent' },
      { kind: 'etag', etag: random.pick([etag, '0'.repeat(32)]) },
    ])
  }

  private async put(): Promise<void> {
    const { world, bucketId, model } = this
    const key = world.random.pick(KEYS)
    const condition = this.condition(key)
    const locations = Array.from({ length: world.random.below(3) }, () => world.location(10))
    const draft = world.draft(locations.length * 10, { body: { kind: 'blobs', locations } })
    const outcome = await world.tryPut(bucketId, key, draft, condition)
    const refused = model.judge(key, condition)
    check.equal(refusal(outcome), refused ?? 'done')
    if (refused !== null || outcome.kind !== 'done') return
    await this.placed(key, outcome.versionId, draft.sizeBytes, draft.etag)
  }

  /** Takes a new version into the model, under the id that a lookup gives it. */
  private async placed(
    key: string,
    answered: string | null,
    sizeBytes: number,
    etag: string,
  ): Promise<void> {
    const found = await this.world.mustGet(this.bucketId, key)
    this.model.put(key, {
      versionId: found.versionId,
      isDeleteMarker: false,
      sizeBytes,
      etag,
      tags: '',
    })
    const { versioning } = this.model
    check.equal(
      answered,
      versioning === 'unversioned' ? null : versioning === 'suspended' ? 'null' : found.versionId,
    )
  }

  private selector(key: string): VersionSelector {
    const { random } = this.world
    const versions = this.model.versions(key)
    const some =
      versions.length === 0
        ? `${'0'.repeat(15)}1${'ab'.repeat(8)}`
        : random.pick(versions).versionId
    return random.pick<VersionSelector>([
      { kind: 'latest' },
      { kind: 'null' },
      { kind: 'id', versionId: some as VersionId },
      { kind: 'id', versionId: some as VersionId },
    ])
  }

  private async delete(): Promise<void> {
    const { world, bucketId, model } = this
    const entries = Array.from({ length: 1 + world.random.below(4) }, (): DeleteEntry => {
      const key = world.random.pick(KEYS)
      const etag = model.latest(key)?.etag ?? ''
      return {
        key,
        version: this.selector(key),
        ifMatch: world.random.pick([null, null, null, '*', etag]),
      }
    })
    const results = await world.delete(bucketId, entries)
    for (const [at, entry] of entries.entries()) {
      const result = results[at]
      const marker = result?.versionId ?? ''
      // A null marker's own id is not told: it is looked up where it is compared.
      check.deepEqual(
        { outcome: result?.outcome, isDeleteMarker: result?.isDeleteMarker },
        model.delete(entry, marker),
        `${JSON.stringify(entry)} of ${JSON.stringify(entries)}`,
      )
    }
    await this.nameMarkers()
  }

  /** Gives null markers in the model the ids that the index gave them. */
  private async nameMarkers(): Promise<void> {
    for (const [key, versions] of this.model.keys) {
      const named: ModelVersion[] = []
      for (const version of versions) {
        if (version.versionId !== 'null') {
          named.push(version)
          continue
        }
        const found = await this.world.index.lookup(this.bucketId, key, { kind: 'null' })
        check.ok(found !== null)
        named.push({ ...version, versionId: found.versionId })
      }
      this.model.keys.set(key, named)
    }
  }

  private async copy(): Promise<void> {
    const { world, bucketId } = this
    const source = await world.get(bucketId, world.random.pick(KEYS))
    if (source === null || source.isDeleteMarker) return
    const key = world.random.pick(KEYS)
    const outcome = await world.copy(bucketId, key, source)
    check.equal(refusal(outcome), 'done')
    if (outcome.kind !== 'done') return
    await this.placed(key, outcome.versionId, source.sizeBytes, source.etag)
  }

  private async tag(): Promise<void> {
    const { world, bucketId, model } = this
    const key = world.random.pick(KEYS)
    const version = this.selector(key)
    const found = model.find(key, version)
    const value = world.hex(2)
    const tags: Pairs = [['t', value]]
    const outcome = await world.apply({ kind: 'set-tags', bucketId, key, version, tags })
    const expected =
      found === null
        ? version.kind === 'latest'
          ? 'no-such-key'
          : 'no-such-version'
        : found.isDeleteMarker
          ? 'is-delete-marker'
          : 'done'
    check.equal(refusal(outcome), expected)
    if (expected === 'done' && found !== null) model.retag(key, found, value)
  }

  private async upload(): Promise<void> {
    const { world, bucketId } = this
    const key = world.random.pick(KEYS)
    const uploadId = await world.createUpload(bucketId, key)
    const parts = []
    for (let number = 1; number <= 1 + world.random.below(3); number += 1) {
      parts.push(await world.putPart(bucketId, key, uploadId, number, 10))
    }
    if (world.random.below(4) === 0) {
      await world.done({ kind: 'abort-upload', bucketId, key, uploadId })
      return
    }
    const named = parts.slice(world.random.below(parts.length))
    const outcome = await world.complete(bucketId, key, uploadId, named)
    check.equal(outcome.kind, 'done')
    if (outcome.kind !== 'done') return
    const sizeBytes = named.reduce((sum, part) => sum + part.sizeBytes, 0)
    const found = await world.mustGet(bucketId, key)
    await this.placed(key, outcome.versionId, sizeBytes, found.etag)
    if (world.random.below(2) === 0) await world.opened.sweep()
  }

  /** Lookups, lists and sums; all of it or the cheap half. */
  async compare(isFull: boolean): Promise<void> {
    const { world, bucketId, model } = this
    const page = await world.versions(bucketId)
    check.deepEqual(page.entries.map(shown), expectedVersions(model))
    check.deepEqual(await world.names(bucketId), currentKeys(model))
    const usage = await world.index.usage(bucketId)
    check.deepEqual(usage, expectedUsage(model))
    if (!isFull) return
    for (const key of KEYS) await this.compareKey(key)
    const { random } = world
    const request = {
      prefix: random.pick(['', 'a', 'a/']),
      delimiter: random.pick(['', '/']),
      after: random.pick([null, ...KEYS]),
      limit: 1 + random.below(4),
    }
    const listed = await world.index.list({ bucketId, ...request })
    check.deepEqual(
      {
        keys: listed.entries.map(({ key }) => key),
        prefixes: listed.prefixes,
        isTruncated: listed.isTruncated,
      },
      modelPage(currentKeys(model), request),
    )
  }

  private async compareKey(key: string): Promise<void> {
    const { world, bucketId, model } = this
    const versions = model.versions(key)
    for (const [at, version] of versions.entries()) {
      const found = await world.index.lookup(bucketId, key, {
        kind: 'id',
        versionId: version.versionId as VersionId,
      })
      check.deepEqual(
        [
          found?.etag,
          found?.isLatest,
          found?.isDeleteMarker,
          found?.isNull,
          found?.tags[0]?.[1] ?? '',
        ],
        [version.etag, at === 0, version.isDeleteMarker, version.isNull, version.tags],
      )
    }
    const nullVersion = await world.index.lookup(bucketId, key, { kind: 'null' })
    check.equal(
      nullVersion?.versionId ?? null,
      model.find(key, { kind: 'null' })?.versionId ?? null,
    )
    const newest = await world.get(bucketId, key)
    check.equal(newest?.versionId ?? null, versions[0]?.versionId ?? null)
  }
}

function shown(entry: VersionEntry): unknown[] {
  return [
    entry.key,
    entry.versionId,
    entry.isLatest,
    entry.isDeleteMarker,
    entry.sizeBytes,
    entry.etag,
  ]
}

function expectedVersions(model: S3Model): unknown[][] {
  return model
    .sortedKeys()
    .flatMap((key) =>
      model
        .versions(key)
        .map((version, at) => [
          key,
          version.isNull ? 'null' : version.versionId,
          at === 0,
          version.isDeleteMarker,
          version.sizeBytes,
          version.etag,
        ]),
    )
}

function currentKeys(model: S3Model): string[] {
  return model.sortedKeys().filter((key) => model.latest(key)?.isDeleteMarker === false)
}

function expectedUsage(model: S3Model): object {
  const usage = { objects: 0, bytes: 0, otherVersions: 0, otherBytes: 0, uploadBytes: 0 }
  for (const versions of model.keys.values()) {
    for (const [at, version] of versions.entries()) {
      if (at === 0 && !version.isDeleteMarker) {
        usage.objects += 1
        usage.bytes += version.sizeBytes
      } else {
        usage.otherVersions += 1
        usage.otherBytes += version.sizeBytes
      }
    }
  }
  return usage
}
