#!/usr/bin/env node
// A whole server on a small file system that another program fills: PUT answers 507 in time, GET and
// LIST go on, DELETE works to the last byte, and with room again everything is taken by itself, in
// the same processes. Needs root, to mount one; else it is skipped by name.
//
//   node test/safety/full-drive.mjs [--short] [--seed S] [--main FILE]
//
// Takes about a minute and a half: space of what was deleted is given back a minute after it is
// parked. With --short the other program gives its room back instead.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  statfsSync,
  truncateSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom, freshSeed } from '../clients/harness/random.mjs'
import { exitOnSignals, until } from '../clients/harness/server.mjs'
import { objectPath } from '../clients/harness/sigv4.mjs'
import { createChecks, unequal } from './checks.mjs'
import { makeStore, s3Of, sendOrCut, servingProcesses, sha256, verifyStore } from './store.mjs'

const MIB = 2 ** 20
const SIZE_MIB = 160
const OBJECT_SIZE_BYTES = 100_000
const OBJECTS = 500
const KEPT = 20
/** A process that ended is replaced, and serves again. */
const REPLACED_MS_MAX = 10_000
const RECLAIMED_MS_MAX = 180_000

function mountDrive() {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-drive-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m`, 'tmpfs', folder], {
      stdio: 'ignore',
    })
  } catch {
    rmSync(folder, { recursive: true })
    return null
  }
  process.on('exit', () => {
    execFileSync('umount', ['-l', folder])
    rmSync(folder, { recursive: true })
  })
  return folder
}

function freeBytes(folder) {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** Another program: writes until so much is left; 0 is until nothing is. */
function fillTo(folder, leftBytes) {
  const file = openSync(join(folder, 'other'), 'a')
  const piece = Buffer.alloc(64 * 1024, 7)
  try {
    for (;;) {
      if (leftBytes > 0 && freeBytes(folder) <= leftBytes) return
      writeSync(file, piece)
    }
  } catch (error) {
    if (error.code !== 'ENOSPC') throw error
  } finally {
    closeSync(file)
  }
}

class Drive {
  constructor({ drive, server, random }) {
    this.drive = drive
    this.server = server
    this.random = random
    this.s3 = s3Of(server, { connections: 4 })
    this.contents = new Map()
    this.ballast = join(server.folder, 'ballast')
    this.ballastSizeBytes = statSync(this.ballast).size
  }

  async put(key, body = this.random.bytes(OBJECT_SIZE_BYTES)) {
    const answer = await sendOrCut(this.s3, { method: 'PUT', path: objectPath('full', key), body })
    if (answer.status === 200) this.contents.set(key, sha256(body))
    return answer
  }

  /** PUT is refused as it must be, within a second or two of the drive being short. */
  async refusesPut() {
    let last = null
    const isRefused = await until(
      async () => {
        last = await this.put(`probe-${this.contents.size}`, Buffer.alloc(1000, 1))
        return last.status === 507
      },
      5000,
      200,
    )
    if (!isRefused) return [`PUT answers ${last?.status} ${last?.code}`]
    return unequal('its code', last.code, 'InsufficientStorage')
  }

  async takesPut(timeoutMs) {
    const isTaken = await until(
      async () => (await this.put('again')).status === 200,
      timeoutMs,
      500,
    )
    return isTaken
      ? []
      : [`PUT was not taken within ${timeoutMs} ms; ${freeBytes(this.drive)} bytes free`]
  }

  /** Everything that is there reads back, and is listed. */
  async reads() {
    const problems = []
    for (const [key, sum] of this.contents) {
      const answer = await sendOrCut(this.s3, { method: 'GET', path: objectPath('full', key) })
      if (answer.status !== 200 || sha256(answer.body) !== sum)
        problems.push(`GET ${key}: ${answer.status}`)
    }
    const listed = await this.s3.list('full')
    return [...problems, ...unequal('keys in the list', listed.length, this.contents.size)]
  }

  /** As clients do, it comes again where it is told to. */
  async remove(key) {
    let status = 503
    await until(
      async () => {
        const path = objectPath('full', key)
        const answer = await sendOrCut(this.s3, { method: 'DELETE', path })
        status = answer.status
        return status !== 503
      },
      REPLACED_MS_MAX,
      100,
    )
    if (status === 204) this.contents.delete(key)
    return unequal(`DELETE ${key}`, status, 204)
  }

  /**
   * The ballast is given up once: where the other program was not done then, it took that too, and
   * no store could write a byte. It gives as much back.
   */
  giveBackBallast() {
    const other = join(this.drive, 'other')
    if (existsSync(this.ballast) || freeBytes(this.drive) >= this.ballastSizeBytes / 2) return
    truncateSync(other, statSync(other).size - this.ballastSizeBytes)
    console.log('          the other program had taken the ballast too')
  }

  /** All objects from one on, several at once; the first that stays ends it, by its answer. */
  async removeFrom(first) {
    const problems = []
    let next = first
    const removeNext = async () => {
      while (next < OBJECTS && problems.length === 0) {
        problems.push(...(await this.remove(`key-${next++}`)))
      }
    }
    await Promise.all([1, 2, 3, 4].map(removeNext))
    return problems
  }
}

/**
 * The last bytes are taken while PUT and DELETE are under way, faster than anyone looks: a commit
 * that finds no room ends the writer, which is replaced, and for that time they are told to come
 * again. Nothing else may be answered.
 */
async function fillUnderLoad(world, checks) {
  const counts = new Map()
  const state = { isOver: false }
  const doubtful = []
  const load = async (number) => {
    for (let step = 0; !state.isOver; step++) {
      const key = `race-${number}-${step}`
      const put = await world.put(key, world.random.bytes(1000))
      counts.set(`PUT ${put.status}`, (counts.get(`PUT ${put.status}`) ?? 0) + 1)
      if (put.status === 503) doubtful.push(key) // it may have been written
      if (put.status !== 200) continue
      const problems = await world.remove(key)
      for (const problem of problems) counts.set(problem, 1)
    }
  }
  const loads = [1, 2, 3, 4].map(load)
  const other = spawn('dd', ['if=/dev/zero', `of=${join(world.drive, 'other')}`, 'bs=64k'], {
    stdio: 'ignore',
  })
  await once(other, 'exit')
  await until(() => false, 1500, 100)
  world.giveBackBallast()
  state.isOver = true
  await Promise.all(loads)
  for (const key of doubtful) await world.remove(key)
  const answers = [...counts].map(([what, count]) => `${what}: ${count}`).join(', ')
  console.log(`          ${answers}`)
  const fair = /^PUT (200|503|507)$/
  const unfair = [...counts.keys()].filter((what) => !fair.test(what))
  checks.check('while the last bytes go, PUT is taken or refused, and DELETE works', unfair)
}

/** The other program keeps what it took: the room must come from what was deleted. */
async function checkReclaimed(world, checks) {
  const startMs = performance.now()
  const problems = await world.takesPut(RECLAIMED_MS_MAX)
  checks.check('what was deleted gives room for PUT by itself', problems)
  console.log(`          after ${((performance.now() - startMs) / 1000).toFixed(0)} s`)
}

async function run({ drive, checks, random, values }) {
  const { server, folder, scratch } = await makeStore({ main: values.main, drive, name: 'full' })
  await server.start()
  const members = servingProcesses(server)
  const world = new Drive({ drive, server, random })
  await world.s3.makeBucket('full')
  for (let index = 0; index < OBJECTS; index++) await world.put(`key-${index}`)
  checks.check('with room all is taken', unequal('objects', world.contents.size, OBJECTS))

  fillTo(drive, 12 * MIB)
  checks.check('below the floor PUT is refused', await world.refusesPut())
  checks.check('below the floor GET and LIST go on', await world.reads())
  rmSync(join(drive, 'other'))
  checks.check('with the room back PUT is taken', await world.takesPut(20_000))

  await fillUnderLoad(world, checks)
  checks.check('on a full drive PUT is refused', await world.refusesPut())
  checks.check('on a full drive GET and LIST go on', await world.reads())
  checks.check('on a full drive DELETE works', await world.removeFrom(KEPT))
  checks.check('and what is left is whole', await world.reads())
  if (values.short) {
    rmSync(join(drive, 'other'))
    checks.check('with the room back PUT is taken again', await world.takesPut(20_000))
  } else await checkReclaimed(world, checks)
  const now = servingProcesses(server)
  const isWhole = now[0] === members[0] && now.length === members.length
  checks.check(
    'the server outlived it',
    isWhole ? [] : [`processes ${now.join()}, before ${members.join()}`],
  )
  world.s3.close()
  await server.stop()
  const { exitCode, lines, stderr } = await verifyStore(server)
  checks.check('verify is clean', exitCode === 0 ? [] : [stderr, ...lines])
  const log = readFileSync(join(scratch, 'server.log'), 'utf8').split('\n')
  for (const line of log.filter((text) => text.includes('drive:')))
    console.log(`          ${line.slice(0, 160)}`)
  return folder
}

async function main() {
  exitOnSignals()
  const text = { type: 'string' }
  const { values } = parseArgs({
    options: { seed: text, main: text, short: { type: 'boolean', default: false } },
  })
  const seed = values.seed ?? freshSeed()
  const checks = createChecks({ seed })
  const drive = mountDrive()
  if (drive === null) checks.skip('a full drive', 'a file system can be mounted by root alone')
  else await run({ drive, checks, random: createRandom(seed), values })
  process.exit(checks.end())
}

await main()
