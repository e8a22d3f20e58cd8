#!/usr/bin/env node
// Power is lost behind a command that said that it did what it was asked: `init` in folders that it
// makes, and `rebuild`. All that no sync had made durable is taken back; the store must be there.
// And within one: it can be given again, or it is done.
//
//   node test/crash/commands.mjs [--kills N] [--seed S] [--main FILE] [--dir DIR]

import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createRandom, freshSeed } from '../clients/harness/random.mjs'
import { ServerUnderTest, exitOnSignals, freePort, until } from '../clients/harness/server.mjs'
import { createChecks, unequal } from '../safety/checks.mjs'
import { s3Of, sha256, verifyStore } from '../safety/store.mjs'
import { buildLayer, UnsyncedDrive, whyNoLayer } from './unsynced.mjs'

const ARCHIVED_MS_MAX = 30_000

async function soundness(server) {
  const { exitCode, lines, stderr } = await verifyStore(server)
  return exitCode === 0 ? [] : [`verify ends with ${exitCode}: ${stderr}`, ...lines]
}

const hasIndex = ({ folder }) => existsSync(join(folder, 'index', 'data.mdb'))

async function command(server, words) {
  const { exitCode, stderr } = await server.cli(words)
  return exitCode === 0 ? [] : [`${words[0]} ends with ${exitCode}: ${stderr}`]
}

async function fill(server) {
  const s3 = s3Of(server)
  const random = createRandom('commands')
  const contents = new Map()
  await s3.makeBucket('plain')
  for (let index = 0; index < 20; index++) {
    const body = random.bytes(index === 0 ? 3 * 2 ** 20 : random.between(0, 20_000))
    await s3.put('plain', `key/${index}`, body)
    contents.set(`key/${index}`, sha256(body))
  }
  s3.close()
  return contents
}

async function differences(server, contents) {
  const s3 = s3Of(server)
  const problems = []
  for (const [key, expected] of contents) {
    const found = await s3.get('plain', key).then(sha256, (error) => error.message)
    problems.push(...unequal(key, found, expected))
  }
  s3.close()
  return problems
}

/** Gives the command and cuts the power within it, again and again; `after` answers problems. */
async function cutWithin({ server, drive, random, kills }, words, after) {
  const problems = []
  let tookMs = null // of the first, which is not killed
  for (let kill = 0; kill <= kills; kill++) {
    const timeoutMs = tookMs === null ? 0 : random.between(tookMs * 0.3, tookMs * 1.1)
    const startMs = performance.now()
    await server.cli(words, { timeoutMs: Math.round(timeoutMs) })
    tookMs ??= performance.now() - startMs
    const seed = random.next()
    await drive.cut(seed)
    const found = await after()
    problems.push(...found.map((problem) => `${timeoutMs} ms, cut ${seed}: ${problem}`))
  }
  return problems
}

/** What has a superblock is whole; what has none is made by another `init`, and is empty for it. */
async function checkInit(server) {
  const { exitCode, stderr } = await server.cli(['init', server.folder])
  const isThere = exitCode === 2 && stderr.includes('already')
  const problems = exitCode === 0 || isThere ? await soundness(server) : [`init: ${stderr}`]
  rmSync(server.folder, { recursive: true })
  return problems
}

/** Resolves when all of the change log is archived: a rebuild then loses nothing. */
async function archived(server) {
  const isDone = await until(async () => {
    const { stdout } = await server.cli(['info', server.folder, '--json'])
    const { position, archivedTo } = JSON.parse(stdout)
    const entries = (stamp) => Number(stamp.split('.')[1])
    return entries(position) - entries(archivedTo) <= 1 // the archiver's own last commit
  }, ARCHIVED_MS_MAX)
  return isDone ? [] : [`the change log is not archived within ${ARCHIVED_MS_MAX} ms`]
}

async function main() {
  exitOnSignals()
  const text = { type: 'string' }
  const { values } = parseArgs({ options: { main: text, dir: text, kills: text, seed: text } })
  const seed = values.seed ?? freshSeed()
  const random = createRandom(seed)
  const checks = createChecks({ seed })
  const why = await whyNoLayer()
  if (why !== null) {
    checks.skip('power cuts behind commands', why)
    process.exit(checks.end())
  }
  const folder = mkdtempSync(join(values.dir ?? tmpdir(), 'holdfast-commands-'))
  for (const name of ['home', 'drive']) mkdirSync(join(folder, name))
  const drive = new UnsyncedDrive({ layer: await buildLayer(folder), root: join(folder, 'drive') })
  process.on('exit', () => {
    drive.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const server = new ServerUnderTest({
    ...(values.main === undefined ? {} : { main: values.main }),
    folder: join(folder, 'drive', 'made', 'by-init', 'store'),
    home: join(folder, 'home'),
    logFile: join(folder, 'server.log'),
    port: await freePort(),
    env: drive.env,
  })
  await drive.open()
  const within = { server, drive, random, kills: Number(values.kills ?? 5) }
  const words = (name) => [name, server.folder]
  checks.check(
    'an init that was cut short is done, or begun anew',
    await cutWithin(within, words('init'), async () => {
      const problems = await checkInit(server)
      await drive.open()
      return problems
    }),
  )
  checks.check('init makes a store', await command(server, words('init')))
  await drive.cut(0, 'all')
  checks.check('it is there behind a power cut', await soundness(server))
  await server.start()
  const contents = await fill(server)
  checks.check('all of the change log is archived', await archived(server))
  await server.kill()
  rmSync(join(server.folder, 'index'), { recursive: true })
  await drive.open()
  // The index that it leaves may be missing, never one that is not whole.
  const isSound = async () => (hasIndex(server) ? await soundness(server) : [])
  checks.check(
    'a rebuild that was cut short leaves a whole index, or none',
    await cutWithin(within, words('rebuild'), isSound),
  )
  checks.check('rebuild makes the index anew', await command(server, words('rebuild')))
  const { seen } = await drive.cut(0, 'all')
  checks.check('the layer saw writes', seen.writes > 0 ? [] : ['it saw none'])
  checks.check('the new index is there behind a power cut', await soundness(server))
  await server.start()
  checks.check('and so is every object', await differences(server, contents))
  await server.kill()
  process.exit(checks.end())
}

await main()
