// The scrubber: it reads each blob once, names whose bytes are damaged, keeps to its rate, and ends
// when it is told to.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { BucketId } from '../base/id.ts'
import type { Location } from '../base/location.ts'
import { openDisk } from '../platform/disk.ts'
import { openScrubber, type ScrubDamage, type ScrubProgress } from './scrub.ts'
import { until } from './suite-disk.ts'
import { needed, TestStore } from './suite-store.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-scrub-'))
after(() => rmSync(root, { recursive: true, force: true }))

async function filled(): Promise<{ store: TestStore; bucketId: BucketId; name: string }> {
  const folder = mkdtempSync(join(root, 'store-'))
  const store = await TestStore.open({ folder, disk: openDisk(folder) })
  const bucketId = await store.bucket()
  for (let index = 0; index < 8; index += 1) {
    await store.put(bucketId, `k${index}`, store.bytes(1000))
  }
  await store.copy(bucketId, 'k1', 'copy')
  await store.upload(bucketId, 'large', [store.bytes(300_000), store.bytes(500)])
  await store.archiver.flush()
  const name = (await store.index.bucket(bucketId))?.name ?? assert.fail()
  return { store, bucketId, name }
}

async function locationOf(store: TestStore, bucketId: BucketId, key: string): Promise<Location> {
  const { body } = needed(await store.index.lookup(bucketId, key, { kind: 'latest' }))
  if (body.kind === 'blobs') return needed(body.locations[0])
  const [part] = await store.index.manifestParts(body.uploadId, 0, 1)
  return needed(needed(part).locations[0])
}

function flip(store: TestStore, { extentId, offset, headerSizeBytes }: Location): void {
  const path = join(store.options.folder, 'extents', extentId)
  const bytes = readFileSync(path)
  const at = offset + headerSizeBytes + 7
  bytes[at] = (bytes[at] ?? 0) ^ 2
  writeFileSync(path, bytes)
}

test('a sound store is read whole, each blob once, and progress ends at all of it', async () => {
  const { store } = await filled()
  const progress: ScrubProgress[] = []
  const report = await openScrubber(store).scrub({
    rateBytesPerSec: null,
    onProgress: (seen) => progress.push(seen),
  })
  assert.deepEqual([report.damageCount, report.damage], [0, []])
  const logs = await store.index.archiveBlobs('log', null, 100)
  const archiveBytes = logs.reduce((sum, { location }) => sum + location.dataSizeBytes, 0)
  assert.equal(report.blobs, 8 + 2 + logs.length)
  assert.equal(report.bytes, 8 * 1000 + 300_500 + archiveBytes)
  const last = needed(progress.at(-1))
  assert.deepEqual([last.extentsDone, last.blobsDone], [last.extentsTotal, report.blobs])
  await store.close()
})

test('damage names every referrer: a version, its copy, a part, a piece of the archive', async () => {
  const { store, bucketId, name } = await filled()
  const object = await locationOf(store, bucketId, 'k1')
  const part = await locationOf(store, bucketId, 'large')
  const [log] = await store.index.archiveBlobs('log', null, 1)
  const archive = needed(log).location
  for (const location of [object, part, archive]) flip(store, location)
  const report = await openScrubber(store).scrub({ rateBytesPerSec: null })
  assert.equal(report.damageCount, 3)
  const at = ({ extentId, offset }: Location): readonly string[] =>
    needed(
      report.damage.find((damage) => damage.extentId === extentId && damage.offset === offset),
    ).referrers.toSorted()
  assert.deepEqual(at(object), [
    `bucket ${name}, key "copy", version 1`,
    `bucket ${name}, key "k1", version 1`,
  ])
  assert.match(at(part).join(), new RegExp(`^bucket ${name}, key "large", part 1 of upload `))
  assert.match(at(archive).join(), /^archive blob [0-9a-f]{32} of the change log/)
  await store.close()
})

test('an extent without its file is damage of every blob in it, and none is read as sound', async () => {
  const { store, bucketId } = await filled()
  const { extentId } = await locationOf(store, bucketId, 'k1')
  rmSync(join(store.options.folder, 'extents', extentId))
  const damageMax = 3
  const report = await openScrubber(store).scrub({ rateBytesPerSec: null, damageMax })
  assert.equal(report.damageCount, 9)
  assert.equal(report.damage.length, damageMax)
  await store.close()
})

test('what is deleted while it is read is nobody’s damage', async () => {
  const { store, bucketId } = await filled()
  const gone = await locationOf(store, bucketId, 'k3')
  flip(store, gone)
  const scrubber = openScrubber({
    index: store.index,
    clock: store.clock,
    storage: {
      ...store.storage,
      verify: async (location) => {
        if (location.offset === gone.offset) await store.delete(bucketId, 'k3')
        return await store.storage.verify(location)
      },
    },
  })
  assert.equal((await scrubber.scrub({ rateBytesPerSec: null })).damageCount, 0)
  await store.close()
})

test('a walk keeps to its rate', async () => {
  const folder = mkdtempSync(join(root, 'store-'))
  const store = await TestStore.open({ folder, disk: openDisk(folder) })
  const bucketId = await store.bucket()
  for (let index = 0; index < 20; index += 1) {
    await store.put(bucketId, `k${index}`, store.bytes(1000))
  }
  let bytes = 0
  let isDone = false
  const done = openScrubber(store)
    .scrub({
      rateBytesPerSec: 1000,
      onProgress: ({ bytesDone }) => {
        bytes = bytesDone
      },
    })
    .then(() => {
      isDone = true
    })
  const idle = async (): Promise<void> => {
    let turns = 0
    await until(store, 0, () => (turns += 1) > 100)
  }
  await idle()
  assert.equal(bytes, 0, 'nothing is read before its time')
  // A second earns as many bytes as the rate says, and a burst is a quarter of that.
  for (let second = 1; second < 10; second += 1) {
    await store.clock.advance(1000)
    await idle()
    assert.ok(bytes <= 1000 * second + 250, `${bytes} bytes in ${second} s`)
  }
  assert.ok(bytes >= 8000)
  await until(store, 1000, () => isDone)
  await done
  await store.close()
})

test('the loop walks again and again, reports each damage once a walk, and ends when told', async () => {
  const { store, bucketId } = await filled()
  flip(store, await locationOf(store, bucketId, 'k5'))
  const seen: ScrubDamage[] = []
  const ending = new AbortController()
  const ended = openScrubber(store)
    .run(
      { rateBytesPerSec: 1e9, pauseMs: 60_000, report: (damage) => seen.push(damage) },
      ending.signal,
    )
    .catch((cause: unknown) => cause)
  await until(store, 100, () => seen.length === 1)
  await until(store, 5000, () => seen.length === 3)
  ending.abort()
  assert.equal(await ended, ending.signal.reason)
  await store.close()
  assert.equal(store.clock.waiting, 0, 'no timer is left')
})
