#!/usr/bin/env node
// Deletes the index of a store with a history of everything, and rebuilds it from the data alone: all
// that was acknowledged and archived is there as it was, byte for byte and version for version, and
// verify is clean. Also: refused while served; killed at random moments and run again; the old index
// stays until the new one is whole; what the archive never saw is listed as unsure, not brought back.
//
//   node test/safety/rebuild.mjs [--seed S] [--kills N] [--main FILE]

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setTimeout as pause } from 'node:timers/promises'
import { createRandom, freshSeed } from '../clients/harness/random.mjs'
import { xmlTexts } from '../clients/harness/s3.mjs'
import { BUILT_MAIN, exitOnSignals, until } from '../clients/harness/server.mjs'
import { objectPath } from '../clients/harness/sigv4.mjs'
import { createChecks, unequal } from './checks.mjs'
import {
  copyObject,
  expectStatus,
  fillStore,
  makeStore,
  putMultipart,
  s3Of,
  sha256,
  verifyStore,
} from './store.mjs'

/** Overwrites, deletions, refusals and copies on top of what `fillStore` made. */
async function makeHistory(server, random, contents) {
  const s3 = s3Of(server)
  const put = async (key, body, headers = {}) =>
    await s3.send({ method: 'PUT', path: objectPath('plain', key), headers, body })
  for (let step = 0; step < 150; step++) {
    const key = `small/${String(random.between(0, 59)).padStart(3, '0')}`
    const body = random.bytes(random.between(1, 20_000))
    const before = contents.get(`plain/${key}`)
    const refused = random.chance(0.2)
    const headers = refused ? { 'if-match': `"${'0'.repeat(32)}"` } : {}
    if (!refused && random.chance(0.2)) {
      expectStatus(
        `delete ${key}`,
        await s3.send({ method: 'DELETE', path: objectPath('plain', key) }),
        204,
      )
      contents.delete(`plain/${key}`)
      continue
    }
    const answer = await put(key, body, headers)
    if (refused) expectStatus(`refused ${key}`, answer, before === undefined ? 404 : 412)
    else expectStatus(`put ${key}`, answer, 200)
    if (!refused) contents.set(`plain/${key}`, body)
  }
  const parts = [random.bytes(5 * 2 ** 20), random.bytes(1000)]
  await putMultipart(s3, 'plain', 'assembled', parts) // over the one that is there, which a copy keeps
  contents.set('plain/assembled', Buffer.concat(parts))
  await copyObject(s3, 'plain', 'assembled', 'copy/again')
  contents.set('plain/copy/again', contents.get('plain/assembled'))
  s3.close()
}

/** All that a client can see: contents by key, the lists of objects, versions and uploads. */
async function snapshot(server, contents) {
  const s3 = s3Of(server)
  const seen = { objects: new Map(), lists: [] }
  for (const name of contents.keys()) {
    const [bucket, ...key] = name.split('/')
    const answer = await s3.send({ method: 'GET', path: objectPath(bucket, key.join('/')) })
    const { etag, 'last-modified': modified, 'x-amz-version-id': version } = answer.headers
    seen.objects.set(name, [answer.status, sha256(answer.body), etag, modified, version].join(' '))
  }
  for (const bucket of ['plain', 'versioned']) {
    for (const query of [[['list-type', '2']], [['versions', '']], [['uploads', '']]]) {
      const { status, body } = await s3.send({ method: 'GET', path: `/${bucket}`, query })
      seen.lists.push(`${status} ${body.toString()}`)
    }
    const { body } = await s3.send({ method: 'GET', path: `/${bucket}`, query: [['versions', '']] })
    const keys = xmlTexts(body, 'Key')
    for (const [index, versionId] of xmlTexts(body, 'VersionId').entries()) {
      const answer = await s3.send({
        method: 'GET',
        path: objectPath(bucket, keys[index]),
        query: [['versionId', versionId]],
      })
      seen.objects.set(
        `${bucket}/${keys[index]}?${versionId}`,
        answer.status === 200 ? sha256(answer.body) : answer.status,
      )
    }
  }
  s3.close()
  return seen
}

function differences(before, after) {
  const problems = []
  for (const [name, was] of before.objects)
    problems.push(...unequal(name, after.objects.get(name), was))
  for (const [index, was] of before.lists.entries()) {
    problems.push(...unequal(`list ${index}`, after.lists[index], was))
  }
  return problems
}

/** Resolves when all of the change log is archived. */
async function archived(server) {
  return await until(async () => {
    const { stdout } = await server.cli(['info', server.folder, '--json'])
    const { position, archivedTo } = JSON.parse(stdout)
    const entries = (stamp) => Number(stamp.split('.')[1])
    return entries(position) - entries(archivedTo) <= 1 // the archiver's own last commit
  }, 30_000)
}

async function rebuild(server) {
  const { exitCode, stdout, stderr } = await server.cli(['rebuild', server.folder, '--json'])
  return { exitCode, stderr, report: stdout.startsWith('{') ? JSON.parse(stdout) : null }
}

/** Kills rebuilds at random moments. The index that was there must be untouched each time. */
async function killRebuilds(server, { main, kills, random }) {
  const problems = []
  const index = join(server.folder, 'index', 'data.mdb')
  for (let kill = 0; kill < kills; kill++) {
    const child = spawn(process.execPath, [main, 'rebuild', server.folder], { stdio: 'ignore' })
    const ended = once(child, 'exit')
    await pause(random.between(50, 900))
    child.kill('SIGKILL')
    const [code] = await ended
    const kept = readdirSync(server.folder).filter((name) => name.startsWith('index.before-'))
    if (code === null && !existsSync(index) && kept.length === 0) {
      problems.push(`kill ${kill}: neither an old nor a new index is there`)
    }
  }
  return problems
}

async function main() {
  exitOnSignals()
  const text = { type: 'string' }
  const { values } = parseArgs({ options: { seed: text, kills: text, main: text } })
  const seed = values.seed ?? freshSeed()
  const kills = Number(values.kills ?? 10)
  const checks = createChecks({ seed })
  const random = createRandom(seed)
  const { server, folder } = await makeStore({ main: values.main, name: 'rebuild' })
  await server.start()
  const contents = await fillStore(server, random)
  await makeHistory(server, random, contents)
  const before = await snapshot(server, contents)
  const whileServed = await rebuild(server)
  const isRefused = whileServed.exitCode === 2 && whileServed.stderr.includes('in use')
  checks.check('a rebuild while it is served is refused', isRefused ? [] : [whileServed.stderr])
  checks.check('the change log is archived', (await archived(server)) ? [] : ['not within 30 s'])
  await server.kill()

  const main = values.main ?? BUILT_MAIN
  checks.check('killed rebuilds lose no index', await killRebuilds(server, { main, kills, random }))
  checks.check('and the index that is there is sound', soundness(await verifyStore(server)))
  for (const name of readdirSync(folder)) {
    if (name.startsWith('index')) rmSync(join(folder, name), { recursive: true })
  }
  const unserved = await server.cli(['serve', folder, '--listen', '127.0.0.1:0'])
  const isNamed = unserved.exitCode === 2 && unserved.stderr.includes('holdfast rebuild')
  checks.check('a store without its index is not served', isNamed ? [] : [unserved.stderr])

  const { exitCode, report, stderr } = await rebuild(server)
  const isClean = exitCode === 0 && report.damage.length + report.findings.length === 0
  checks.check(
    'the index is rebuilt',
    isClean ? [] : [`${exitCode} ${stderr}`, JSON.stringify(report)],
  )
  checks.check('verify is clean', soundness(await verifyStore(server)))
  await server.start()
  checks.check('everything is as it was', differences(before, await snapshot(server, contents)))
  const s3 = s3Of(server)
  await s3.put('plain', 'after', Buffer.from('after'))
  s3.close()
  await checkUnsure(server, { checks, random, contents })
  process.exit(checks.end())
}

function soundness({ exitCode, lines, stderr }) {
  return exitCode === 0 ? [] : [`exit code ${exitCode} ${stderr}`, ...lines]
}

/** Written and killed within the archiver's second: there, or listed as unsure; never half. */
async function checkUnsure(server, { checks, random, contents }) {
  const s3 = s3Of(server)
  const late = new Map()
  await archived(server)
  for (let index = 0; index < 30; index++) {
    const body = random.bytes(2000)
    await s3.put('plain', `late/${index}`, body)
    late.set(`late/${index}`, body)
  }
  await server.kill()
  s3.close()
  renameSync(join(server.folder, 'index'), join(server.folder, 'gone'))
  const { report, stderr } = await rebuild(server)
  if (report === null) return checks.check('a rebuild after a kill', [stderr])
  await server.start()
  const after = s3Of(server)
  const problems = []
  let found = 0
  for (const [key, body] of late) {
    const answer = await after.send({ method: 'GET', path: objectPath('plain', key) })
    if (answer.status === 200 && answer.body.equals(body)) found++
    else if (!report.unsure.some((line) => line.includes(JSON.stringify(key)))) {
      problems.push(`${key}: ${answer.status}, and not listed as unsure`)
    }
  }
  const [name, body] = [...contents].find(([key]) => key.startsWith('plain/small/'))
  const kept = await after.get('plain', name.slice('plain/'.length))
  if (!kept.equals(body)) problems.push(`${name} is another`)
  after.close()
  console.log(
    `          of ${late.size} late objects ${found} are there, ${report.unsure.length} unsure`,
  )
  checks.check('late objects are there or listed as unsure', problems)
  await server.stop()
  checks.check('verify is clean after the second rebuild', soundness(await verifyStore(server)))
}

await main()
