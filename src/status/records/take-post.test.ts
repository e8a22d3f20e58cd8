// Handing in: what is right is taken, durable and the last word; everything else is refused with a reason
// that a person can act on, and leaves nothing behind.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSimDisk } from '../../../sim/disk.ts'
import { Drive } from '../../../sim/drive.ts'
import { Faults } from '../../../sim/faults.ts'
import { SimProcess } from '../../../sim/process.ts'
import { World } from '../../../sim/world.ts'
import {
  STATUS_ORDER_AHEAD_MAX,
  STATUS_ORDER_BEHIND_MAX,
  STATUS_POST_AGE_MS_MAX,
  STATUS_POSTS_PER_MINUTE_MAX,
} from '../../base/limits.ts'
import { ManualClock } from '../../base/manual-clock.ts'
import type { ComponentId, StatusErrorCode } from '../status.ts'
import { seal } from './envelope.ts'
import { foldRecords } from './fold.ts'
import { postOwn } from './post-own.ts'
import { openRecordLog } from './record-log.ts'
import type { RecordLog } from './record-log.ts'
import type { Envelope, RecordId, Statement } from './record.ts'
import { incident, maintenance, NOON_MS, override, Plane, PUT } from './suite-plane.ts'
import { refuses, refusesLater } from './suite-refuses.ts'
import { PostRates, takePost } from './take-post.ts'
import type { PostDesk } from './take-post.ts'

class Ground {
  readonly world = new World('posts')
  readonly plane = new Plane(this.world.random.fork('plane'))
  readonly clock = new ManualClock(NOON_MS)
  readonly desk: PostDesk
  readonly drive: Drive

  constructor(log: RecordLog, drive: Drive) {
    const { plane, clock } = this
    const { authors, config } = plane
    this.drive = drive
    this.desk = { config, authors, log, clock, rates: new PostRates(clock) }
  }

  get log(): RecordLog {
    return this.desk.log
  }

  /** Refused, and nothing of it is there. */
  async refuses(code: StatusErrorCode, envelope: Envelope, says = /./): Promise<void> {
    const before = this.log.records.length
    await refusesLater(code, async () => await takePost(envelope, this.desk), says)
    assert.equal(this.log.records.length, before)
  }
}

async function onGround(act: (ground: Ground) => Promise<void>): Promise<void> {
  const world = new World('posts')
  const faults = new Faults({}, world.random.fork('faults'))
  const drive = new Drive(world, faults, { totalBytes: 2 ** 28, freeShare: 1 })
  const process = new SimProcess(world, { name: 'p', clockRate: 1, diesAtCall: Infinity })
  const disk = openSimDisk(drive, process)
  const run = async (): Promise<void> => {
    const { authors } = new Plane(new World('posts').random.fork('plane'))
    const log = await openRecordLog({ disk, folder: 'records', random: process.random, authors })
    await act(new Ground(log, drive))
  }
  await world.run(run(), { eventsMax: 100_000 })
}

test('a post of every kind is taken and told', async () => {
  await onGround(async ({ plane, desk, log }) => {
    const first = await takePost(plane.sealed(incident(), plane.ann, { order: 1 }), desk)
    const update: Statement = {
      kind: 'incident-update',
      incident: first.id,
      state: 'resolved',
      text: 'Done.',
      affected: null,
    }
    await takePost(plane.sealed(update, plane.bob, { order: 2 }), desk)
    await takePost(plane.sealed(override(), plane.ann, { order: 3 }), desk)
    const planned = await takePost(plane.sealed(maintenance(), plane.ann, { order: 4 }), desk)
    const begun = {
      kind: 'maintenance-update',
      maintenance: planned.id,
      state: 'verifying',
      text: 'a',
    }
    await takePost(plane.sealed(begun, plane.ann, { order: 5 }), desk)
    const { incidents, maintenances, overrides } = foldRecords(log.records)
    assert.deepEqual(
      [incidents[0]?.state, maintenances[0]?.state, overrides.size],
      ['resolved', 'verifying', 1],
    )
  })
})

test('what is forged, or signed by whom the configuration does not trust now, is refused', async () => {
  await onGround(async (ground) => {
    const { plane } = ground
    const right = plane.sealed(incident(), plane.ann)
    const forged = { ...right, text: right.text.replace('fails', 'works') }
    await ground.refuses('bad-signature', forged)
    await ground.refuses('bad-signature', seal('session', right.text, plane.ann))
    await ground.refuses('unknown-key', plane.sealed(incident(), plane.stranger))
    await ground.refuses('unknown-key', plane.sealed(incident(), plane.distrusted))
    await ground.refuses('unknown-key', plane.sealed(incident(), plane.retired), /Old is retired/)
    const machine = plane.sealed(incident({ region: 'eu' }), plane.site(1))
    await ground.refuses('not-allowed', machine, /by the exchange/)
    await ground.refuses('too-large', seal('record', ' '.repeat(70_000), plane.ann))
    await ground.refuses('bad-request', seal('record', '{}', plane.ann))
    await takePost(right, ground.desk)
  })
})

test('a post that was taken is refused from then on, also when it comes twice at once', async () => {
  await onGround(async (ground) => {
    const { plane, desk, log } = ground
    const envelope = plane.sealed(incident(), plane.ann)
    const both = await Promise.allSettled([takePost(envelope, desk), takePost(envelope, desk)])
    assert.deepEqual(
      both.map((each) => (each.status === 'fulfilled' ? 'taken' : each.reason.code)),
      ['taken', 'replayed'],
    )
    await ground.refuses('replayed', envelope, new RegExp(log.records[0]?.id ?? '?'))
    assert.equal(log.records.length, 1)
  })
})

test('a post is signed within five minutes of the clock, either way', async () => {
  await onGround(async (ground) => {
    const { plane, clock, desk } = ground
    for (const awayMs of [-STATUS_POST_AGE_MS_MAX, STATUS_POST_AGE_MS_MAX]) {
      const near = plane.sealed(incident(), plane.ann, { atMs: NOON_MS + awayMs })
      const far = plane.sealed(incident(), plane.ann, {
        atMs: NOON_MS + awayMs + Math.sign(awayMs),
      })
      await ground.refuses('stale', far, /2026-01-05T12:00:00\.000Z: at most 5 minutes/)
      await takePost(near, desk)
    }
    clock.setWall(1e18) // a clock beyond all dates
    await ground.refuses(
      'stale',
      plane.sealed(incident(), plane.ann),
      /says 1000000000000000000 ms/,
    )
  })
})

test('what a post is about is there', async () => {
  await onGround(async (ground) => {
    const { plane, desk } = ground
    const away = 'eu/c9/put' as ComponentId
    const affected = [{ component: away, level: 'degraded' }] as const
    const refused = async (code: StatusErrorCode, statement: unknown): Promise<void> =>
      await ground.refuses(code, plane.sealed(statement, plane.ann, { order: 5 }))
    await refused('unknown-component', incident({ affected }))
    await refused('unknown-component', override({ component: away }))
    await refused('unknown-component', { ...maintenance(), components: [PUT, away] })
    const first = await takePost(plane.sealed(incident(), plane.ann), desk)
    const update = { kind: 'incident-update', incident: first.id, state: 'resolved', text: 'a' }
    await refused('unknown-component', { ...update, affected })
    const nowhere = 'ab'.repeat(32) as RecordId
    await refused('unknown-incident', { ...update, incident: nowhere, affected: null })
    const crossed = {
      kind: 'maintenance-update',
      maintenance: first.id,
      state: 'completed',
      text: 'a',
    }
    await refused('unknown-incident', crossed)
  })
})

test('a post answers what is known: else it says that it is stale', async () => {
  await onGround(async (ground) => {
    const { plane, desk, log } = ground
    const first = await takePost(plane.sealed(incident(), plane.ann, { order: 10 }), desk)
    const update = (text: string): unknown => {
      return {
        kind: 'incident-update',
        incident: first.id,
        state: 'resolved',
        text,
        affected: null,
      }
    }
    await ground.refuses('stale', plane.sealed(update('a'), plane.bob, { order: 10 }), /Ann posted/)
    await takePost(plane.sealed(update('b'), plane.bob, { order: 12 }), desk)
    for (const order of [11, 12]) {
      const behind = plane.sealed(update('c'), plane.ann, { order })
      await ground.refuses('stale', behind, /Bob posted on the same behind what you saw/)
    }
    await takePost(plane.sealed(override(), plane.ann, { order: 11 }), desk)
    await ground.refuses('stale', plane.sealed(override(), plane.bob, { order: 11 }))

    const farthest = log.orderMax + STATUS_ORDER_AHEAD_MAX
    const ahead = plane.sealed(incident(), plane.ann, { order: farthest + 1 })
    await ground.refuses('stale', ahead, /too far ahead/)
    await takePost(plane.sealed(incident(), plane.ann, { order: farthest }), desk)
    const oldest = log.orderMax - STATUS_ORDER_BEHIND_MAX
    const behind = plane.sealed(incident(), plane.ann, { order: oldest - 1 })
    await ground.refuses('stale', behind, /far behind/)
    await takePost(plane.sealed(incident(), plane.ann, { order: oldest }), desk)
  })
})

test('one key posts so many times a minute; forgeries in its name do not use that up', async () => {
  await onGround(async (ground) => {
    const { plane, clock, desk } = ground
    const post = (): Envelope => plane.sealed(incident(), plane.ann)
    for (let time = 0; time < STATUS_POSTS_PER_MINUTE_MAX; time += 1) {
      await ground.refuses('bad-signature', { ...post(), key: plane.bob.id })
      await ground.refuses('bad-signature', { ...post(), text: `${post().text} ` })
    }
    for (let time = 0; time < STATUS_POSTS_PER_MINUTE_MAX; time += 1) await takePost(post(), desk)
    await ground.refuses('too-many', post(), /Ann may post 30 times a minute/)
    await takePost(plane.sealed(incident(), plane.bob), desk)
    await clock.advance(60_000 / STATUS_POSTS_PER_MINUTE_MAX)
    await takePost(post(), desk)
    await ground.refuses('too-many', post())
  })
})

test('a post that cannot be made durable is refused', async () => {
  await onGround(async (ground) => {
    const { plane, drive, desk } = ground
    drive.leaveFree(0)
    const envelope = plane.sealed(incident(), plane.ann)
    await ground.refuses('full', envelope)
    drive.makeRoom()
    await takePost(envelope, desk)
  })
})

test('a machine posts behind all that its site knows, within its rights', async () => {
  await onGround(async ({ plane, desk, log, clock }) => {
    const { authors, random } = plane
    const voice = { pair: plane.site(0), authors, log, clock, random }
    await takePost(plane.sealed(incident(), plane.ann, { order: 41 }), desk)
    const [one, two] = await Promise.all([
      postOwn(incident({ region: 'eu' }), voice),
      postOwn(incident({ region: 'eu' }), voice),
    ])
    assert.deepEqual([one.record.order, one.author.name], [42, 'site-1'])
    assert.notEqual(one.id, two.id, 'two posts that say the same are two')
    assert.ok(log.has(one.id) && log.has(two.id))
    await refusesLater('not-allowed', async () => await postOwn(override(), voice))
    refuses('bad-request', () => plane.known({ ...incident(), title: '' } as Statement, plane.ann))
  })
})
