#!/usr/bin/env node
// Drives real S3 clients against a started server, over http and over https: `npm run clients`.
//
//   node test/clients/run.mjs [--only rclone,boto3] [--protocol http|https] [--jobs N] [--keep]
//        [--main FILE]                 the built command line (default: dist/main.js)
//        [--endpoint URL --access A --secret S [--ca FILE] [--region R]]   a server that runs
//
// Ends with `N passed, N failed, N skipped`; exit code 1 if anything failed. A client that is not
// installed is skipped by name, and with CI=true a failure. Takes about 4 minutes on two idle cores.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import {
  BUILT_MAIN,
  ROOT_CREDENTIALS,
  ServerUnderTest,
  exitOnSignals,
  freePort,
  makeCertificate,
} from './harness/server.mjs'
import { printReport } from './report.mjs'

const CLIENTS = ['aws-s3', 'aws-s3api', 'boto3', 'aws-sdk', 'minio', 'rclone', 'restic', 's3cmd']
const DRIVER = fileURLToPath(new URL('drive.mjs', import.meta.url))
const CLIENT_MS_MAX = 15 * 60_000

function readOptions() {
  const text = { type: 'string' }
  const { values } = parseArgs({
    options: {
      only: text,
      protocol: text,
      jobs: text,
      main: text,
      endpoint: text,
      access: text,
      secret: text,
      ca: text,
      region: text,
      keep: { type: 'boolean', default: false },
    },
  })
  const only = values.only?.split(',') ?? CLIENTS
  const unknown = only.filter((name) => !CLIENTS.includes(name))
  if (unknown.length > 0 || only.length === 0) refuse(`no client ${unknown}; there are ${CLIENTS}`)
  const { endpoint, access, secret } = values
  if ([endpoint, access, secret].filter(Boolean).length % 3 !== 0) {
    refuse('--endpoint, --access and --secret go together')
  }
  if (values.ca !== undefined && endpoint === undefined) refuse('--ca needs --endpoint')
  const protocols =
    endpoint !== undefined
      ? [new URL(endpoint).protocol.replace(':', '')]
      : values.protocol === undefined
        ? ['http', 'https']
        : [values.protocol]
  if (protocols.some((name) => !['http', 'https'].includes(name))) refuse('http or https')
  const jobs = Number(values.jobs ?? 2)
  if (!(jobs >= 1)) refuse('--jobs takes a number')
  return {
    ...values,
    only,
    protocols,
    jobs,
    main: values.main ?? BUILT_MAIN,
    toolsFolder: process.env.HOLDFAST_TEST_TOOLS ?? join(homedir(), '.cache/holdfast-test-tools'),
    isStrict: process.env.CI === 'true',
  }
}

function refuse(message) {
  console.error(`clients: ${message}`)
  process.exit(2)
}

/** The server for one protocol: started here, or the one that runs already. */
async function openTarget(options, protocol, folder) {
  if (options.endpoint !== undefined) {
    return {
      endpoint: options.endpoint.replace(/\/$/, ''),
      caFile: options.ca ?? null,
      credentials: { access: options.access, secret: options.secret },
      close: async () => {},
    }
  }
  mkdirSync(join(folder, 'home'), { recursive: true })
  const tls = protocol === 'https' ? await makeCertificate(folder) : null
  const server = new ServerUnderTest({
    main: options.main,
    folder: join(folder, 'store'),
    home: join(folder, 'home'),
    logFile: join(folder, 'server.log'),
    port: await freePort(),
    tls,
  })
  await server.init()
  await server.start()
  return {
    endpoint: server.endpoint,
    caFile: tls?.cert ?? null,
    credentials: ROOT_CREDENTIALS,
    close: () => server.stop(),
  }
}

function writeJob(options, target, { client, protocol, folder }) {
  mkdirSync(folder, { recursive: true })
  const job = {
    ...target,
    client,
    folder,
    region: options.region ?? 'us-east-1',
    ca: target.caFile === null ? undefined : readFileSync(target.caFile, 'utf8'),
    bucket: `clients-${client}-${protocol}-${randomBytes(4).toString('hex')}`,
    toolsFolder: options.toolsFolder,
    main: options.endpoint === undefined ? options.main : null,
  }
  const file = join(folder, 'job.json')
  writeFileSync(file, JSON.stringify(job))
  return file
}

/** Runs one client's driver in a process group of its own; answers its lines and how it ended. */
function drive(client, jobFile, target) {
  return new Promise((done) => {
    const env = {
      ...process.env,
      ...(target.caFile === null ? {} : { NODE_EXTRA_CA_CERTS: target.caFile }),
    }
    for (const name of Object.keys(env)) if (/^(AWS_|RCLONE_|RESTIC_)/.test(name)) delete env[name]
    const child = spawn(process.execPath, [DRIVER, client, jobFile], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const end = () => {
      try {
        process.kill(-child.pid, 'SIGKILL')
      } catch {
        /* the group is gone, as it should be */
      }
    }
    process.on('exit', end)
    const lines = []
    let errors = ''
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)))
    child.stderr.on('data', (text) => {
      errors = (errors + text).slice(-2000)
    })
    const deadline = setTimeout(() => {
      errors += `\nended after ${CLIENT_MS_MAX} ms`
      end()
    }, CLIENT_MS_MAX)
    child.on('close', () => {
      clearTimeout(deadline)
      end()
      process.off('exit', end)
      done({ lines, errors })
    })
  })
}

/** A driver's lines as results; one that did not come to its end is a failure of its own. */
function judge({ lines, errors }, { client, protocol }, isStrict) {
  const missing = lines.find((line) => line.missing !== undefined)?.missing
  if (missing !== undefined) {
    const status = isStrict ? 'failed' : 'skipped'
    return {
      version: `missing: ${missing}`,
      results: [{ client, protocol, case: 'installed', status, reason: missing }],
    }
  }
  const results = lines
    .filter((line) => line.case !== undefined)
    .map((line) => ({ client, protocol, ...line }))
  if (!lines.some((line) => line.isDone)) {
    results.push({
      client,
      protocol,
      case: 'driver',
      status: 'failed',
      reason: errors.trim().replaceAll(/\s+/g, ' ').slice(-500) || 'ended early',
    })
  }
  const version = lines.find((line) => line.version !== undefined)?.version ?? 'unknown'
  return { version, results }
}

/** Runs all clients of one protocol, `jobs` at a time. */
async function runProtocol(options, protocol, folder) {
  const target = await openTarget(options, protocol, folder)
  const waiting = [...options.only]
  const outcomes = new Map()
  const work = async () => {
    for (let client; (client = waiting.shift()) !== undefined;) {
      const startMs = performance.now()
      const jobFile = writeJob(options, target, { client, protocol, folder: join(folder, client) })
      const outcome = judge(
        await drive(client, jobFile, target),
        { client, protocol },
        options.isStrict,
      )
      outcomes.set(client, outcome)
      const failed = outcome.results.filter(({ status }) => status === 'failed').length
      const seconds = ((performance.now() - startMs) / 1000).toFixed(0)
      console.log(
        `${protocol} ${client}: ${outcome.results.length} cases, ${failed} failed, ` +
          `${seconds} s`,
      )
    }
  }
  await Promise.all(Array.from({ length: options.jobs }, work))
  await target.close()
  return options.only.map((client) => ({ client, ...outcomes.get(client) }))
}

async function main() {
  exitOnSignals()
  const options = readOptions()
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-clients-'))
  const outcomes = []
  for (const protocol of options.protocols) {
    outcomes.push(...(await runProtocol(options, protocol, join(folder, protocol))))
  }
  const versions = [...new Map(outcomes.map(({ client, version }) => [client, version]))]
  const results = options.only.flatMap((client) =>
    outcomes.filter((outcome) => outcome.client === client).flatMap((outcome) => outcome.results),
  )
  const failed = printReport({ versions, results })
  const isKept = options.keep || failed > 0
  if (isKept) console.log(`logs, stores and files: ${folder}`)
  else rmSync(folder, { recursive: true })
  process.exit(failed > 0 ? 1 : 0)
}

await main()
