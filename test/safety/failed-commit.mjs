#!/usr/bin/env node
// A whole server whose index lies on a small file system of its own, which another program fills: a
// commit fails in the middle of its writes. The writer that met it must end, since nobody knows what
// became of the pages, and be replaced, and nobody else; reads go on, what was acknowledged is there,
// and with room again the store is written to. Needs root, to mount; else skipped by name.
//
//   node test/safety/failed-commit.mjs [--seed S] [--main FILE]

import { execFileSync } from 'node:child_process'
import { closeSync, cpSync, mkdtempSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom, freshSeed } from '../clients/harness/random.mjs'
import { exitOnSignals, until } from '../clients/harness/server.mjs'
import { objectPath } from '../clients/harness/sigv4.mjs'
import { createChecks, unequal } from './checks.mjs'
import { makeStore, s3Of, sendOrCut, servingProcesses, sha256, verifyStore } from './store.mjs'

const BUCKET = 'commits'
const SIZE_MIB = 24
const BODY_SIZE_BYTES = 1000
/** Far more than the index takes of what its file has room for. */
const PUTS_MAX = 50_000
const REPLACED_MS_MAX = 20_000

/** Puts a folder's content on a file system of its own; false where that is not allowed. */
function mountOver(folder) {
  const aside = `${folder}.aside`
  renameSync(folder, aside)
  try {
    execFileSync('mkdir', [folder])
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MIB}m`, 'tmpfs', folder], {
      stdio: 'ignore',
    })
  } catch {
    return false
  }
  // Before the store's folder goes.
  process.prependListener('exit', () => execFileSync('umount', ['-l', folder]))
  cpSync(aside, folder, { recursive: true, preserveTimestamps: true })
  rmSync(aside, { recursive: true })
  return true
}

function canMount() {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'ignore' })
    execFileSync('umount', [folder])
    return true
  } catch {
    return false
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Another program: writes until nothing is left. */
function fill(file) {
  const opened = openSync(file, 'a')
  const piece = Buffer.alloc(4096, 7)
  try {
    for (;;) writeSync(opened, piece)
  } catch (error) {
    if (error.code !== 'ENOSPC') throw error
  } finally {
    closeSync(opened)
  }
}

/** Processes that were there before and are not now, where as many serve. */
function replacedOf(server, before) {
  const now = servingProcesses(server)
  return now.length === before.length ? before.filter((pid) => !now.includes(pid)) : []
}

class World {
  constructor(server, random) {
    this.s3 = s3Of(server, { connections: 4 })
    this.random = random
    this.contents = new Map()
    this.count = 0
  }

  /** @returns the status; one that is not 200 leaves it open whether the object is there. */
  async put() {
    const body = this.random.bytes(BODY_SIZE_BYTES)
    const key = `key-${this.count++}`
    const path = objectPath(BUCKET, key)
    const { status } = await sendOrCut(this.s3, { method: 'PUT', path, body })
    if (status === 200) this.contents.set(key, sha256(body))
    return status
  }

  /** Again where the process that was to answer ended. */
  async get(key) {
    const request = { method: 'GET', path: objectPath(BUCKET, key) }
    let answer = await sendOrCut(this.s3, request)
    await until(async () => {
      if (answer.status === 503) answer = await sendOrCut(this.s3, request)
      return answer.status !== 503
    }, REPLACED_MS_MAX)
    return answer
  }

  async reads(countMax) {
    const problems = []
    const keys = [...this.contents.keys()]
    for (const key of countMax < keys.length ? keys.slice(-countMax) : keys) {
      const { status, body } = await this.get(key)
      if (status !== 200 || sha256(body) !== this.contents.get(key)) {
        problems.push(`GET ${key}: ${status}`)
      }
    }
    return problems
  }
}

/** PUTs until one is not taken. */
async function putUntilRefused(world) {
  for (let puts = 0; puts < PUTS_MAX; puts += 16) {
    const statuses = await Promise.all(Array.from({ length: 16 }, () => world.put()))
    const refused = statuses.find((status) => status !== 200)
    if (refused !== undefined) return refused
  }
  return null
}

async function run({ checks, random, values }) {
  const { server, folder } = await makeStore({ main: values.main, name: 'commit' })
  if (!mountOver(join(folder, 'index'))) {
    checks.check('the index has a file system of its own', ['it cannot be mounted'])
    return
  }
  await server.start()
  const before = servingProcesses(server)
  const world = new World(server, random)
  await world.s3.makeBucket(BUCKET)
  for (let count = 0; count < 50; count++) await world.put()
  checks.check('with room all is taken', unequal('objects', world.contents.size, 50))

  const other = join(folder, 'index', 'other')
  fill(other)
  const refused = await putUntilRefused(world)
  const isFair = refused === 503 || refused === 507
  checks.check('a commit that finds no room is told', isFair ? [] : [`PUT answers ${refused}`])
  checks.check('reads go on meanwhile', await world.reads(20))
  rmSync(other)

  const isReplaced = await until(() => replacedOf(server, before).length > 0, REPLACED_MS_MAX)
  checks.check('who met it ends, and is replaced', isReplaced ? [] : ['all still run'])
  const isTaken = await until(async () => (await world.put()) === 200, REPLACED_MS_MAX, 200)
  checks.check('with room again PUT is taken', isTaken ? [] : ['it is not'])
  checks.check('all that was acknowledged is there', await world.reads(Infinity))
  const replaced = replacedOf(server, before)
  checks.check('and nobody else', unequal('replaced', replaced.length, 1))
  world.s3.close()
  await server.stop()
  const { exitCode, lines, stderr } = await verifyStore(server)
  checks.check('verify is clean', exitCode === 0 ? [] : [stderr, ...lines])
}

async function main() {
  exitOnSignals()
  const text = { type: 'string' }
  const { values } = parseArgs({ options: { seed: text, main: text } })
  const seed = values.seed ?? freshSeed()
  const checks = createChecks({ seed })
  if (canMount()) await run({ checks, random: createRandom(seed), values })
  else checks.skip('a commit that fails', 'a file system can be mounted by root alone')
  process.exit(checks.end())
}

await main()
