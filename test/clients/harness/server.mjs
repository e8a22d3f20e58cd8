// A Holdfast server for black-box tests: made in a folder of its own, started in a process group of
// its own on a loopback port, and ended by that group's id, never by a name.

import { execFile, spawn } from 'node:child_process'
import { existsSync, openSync, closeSync, readFileSync, readdirSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as pause } from 'node:timers/promises'

export const REPO = resolve(fileURLToPath(new URL('../../..', import.meta.url)))
export const BUILT_MAIN = resolve(REPO, 'dist/main.js')
export const ROOT_CREDENTIALS = {
  access: 'ROOTACCESSKEY0000001',
  secret: 'rootsecretrootsecretrootsecretrootsecret',
}
const POLL_MS = 10
/** Of the kernel's accounting, as it shows it: USER_HZ is 100 everywhere. */
const TICK_MS = 10
const READY_MS_MAX = 60_000
const STOP_MS_MAX = 30_000
/** Characters of a log that a message shows. */
const LOG_SHOWN = 4000

/** A server that did not start, stop or answer as it must; the message names the log to read. */
export class ServerError extends Error {
  name = 'ServerError'
}

/** Checks `condition` until it holds; false where it did not within the time. */
export async function until(condition, timeoutMs, pollMs = POLL_MS) {
  for (const endMs = performance.now() + timeoutMs; performance.now() < endMs;) {
    if (await condition()) return true
    await pause(pollMs)
  }
  return false
}

export function freePort() {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => done(port))
    })
  })
}

/** A certificate of its own for 127.0.0.1 and localhost, which is also its authority. */
export async function makeCertificate(folder) {
  const files = { cert: resolve(folder, 'cert.pem'), key: resolve(folder, 'key.pem') }
  const made = await run('openssl', [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=IP:127.0.0.1,DNS:localhost',
    '-keyout',
    files.key,
    '-out',
    files.cert,
  ])
  if (made.exitCode !== 0) throw new ServerError(`openssl made no certificate: ${made.stderr}`)
  return files
}

/** Runs a program to its end: exit code (null: not found or killed), stdout, stderr. */
export function run(program, args, { env, cwd, timeoutMs = 120_000, input } = {}) {
  return new Promise((done) => {
    const child = execFile(
      program,
      args,
      { env, cwd, timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 2 ** 28 },
      (error, stdout, stderr) => {
        const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : null
        const reason = exitCode === null ? ` (${error.code ?? error.signal})` : ''
        done({ exitCode, stdout, stderr: `${stderr}${reason}` })
      },
    )
    child.stdin.on('error', () => {
      /* a program may end without reading its input */
    })
    child.stdin.end(input ?? '')
  })
}

/** Process ids of a group that still run; zombies that nobody reaped do not count. */
export function groupMembers(groupId) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)
        const [state, , group] = fields.split(' ')
        return Number(group) === groupId && !'ZX'.includes(state) ? [Number(pid)] : []
      } catch {
        return [] // it ended while we looked
      }
    })
}

/** CPU time of these processes until now, and of threads that ended; none of their children's. */
export function cpuMs(pids) {
  const ticks = pids.map((pid) => {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')
      return Number(fields[11]) + Number(fields[12])
    } catch {
      return 0 // it ended while we looked
    }
  })
  return ticks.reduce((sum, count) => sum + count, 0) * TICK_MS
}

/** What a started process sees: nothing of ours but the path, the home it is given and the key. */
function serverEnvironment({ home, credentials }) {
  return {
    PATH: process.env.PATH,
    HOME: home,
    TMPDIR: home,
    LANG: 'C.UTF-8',
    HOLDFAST_ACCESS_KEY: credentials.access,
    HOLDFAST_SECRET_KEY: credentials.secret,
  }
}

/** A server that can be started, killed and started again over one data folder. */
export class ServerUnderTest {
  #options
  #env
  #child = null
  #hasEnded = null
  #onExit = () => this.#signal('SIGKILL')

  /**
   * `folder` is the store; `home` is its working directory, HOME and TMPDIR; `logFile` takes its
   * output; `main` is the built command line; `tls` has the files `cert` and `key`, or is null;
   * `env` is added to what its processes see.
   */
  constructor({ main = BUILT_MAIN, folder, home, logFile, port, tls = null, args = [], env = {} }) {
    if (!existsSync(main)) throw new ServerError(`${main} is missing: build first (npm run build)`)
    this.#options = { main, folder, home, logFile, port, tls, args }
    this.#env = { ...serverEnvironment({ home, credentials: ROOT_CREDENTIALS }), ...env }
    this.folder = folder
    this.port = port
    this.credentials = ROOT_CREDENTIALS
    this.endpoint = `${tls === null ? 'http' : 'https'}://127.0.0.1:${port}`
    this.ca = tls === null ? undefined : readFileSync(tls.cert)
  }

  /** Runs the command line to its end, or kills it after `timeoutMs`: see `run`. */
  cli(words, options = {}) {
    const { main, home } = this.#options
    return run(process.execPath, [main, ...words], { ...options, env: this.#env, cwd: home })
  }

  /** The ids of its processes that run. */
  members() {
    return this.#child === null ? [] : groupMembers(this.#child.pid)
  }

  /** What its first process ended with; null while it runs, or was not started. */
  get endedWith() {
    return this.#child?.exitCode ?? this.#child?.signalCode ?? null
  }

  async init() {
    const made = await this.cli(['init', this.folder])
    if (made.exitCode !== 0) throw new ServerError(`init failed: ${made.stderr}${made.stdout}`)
  }

  /** Starts the group and does not wait for it. */
  launch() {
    const { main, folder, home, logFile, port, tls, args } = this.#options
    const log = openSync(logFile, 'a')
    const tlsArgs = tls === null ? [] : ['--tls-cert', tls.cert, '--tls-key', tls.key]
    const child = spawn(
      process.execPath,
      [main, 'serve', folder, '--listen', `127.0.0.1:${port}`, ...tlsArgs, ...args],
      { env: this.#env, cwd: home, detached: true, stdio: ['ignore', log, log] },
    )
    closeSync(log)
    this.#child = child
    this.#hasEnded = new Promise((done) => {
      child.once('exit', (code, by) => done(code ?? by))
    })
    process.on('exit', this.#onExit)
  }

  /** Resolves when it is ready. @throws ServerError where it ended or took too long */
  async ready() {
    const ended = () => this.endedWith
    const url = `${this.endpoint}/-/health/ready`
    const isUp = await until(
      async () => ended() !== null || (await probe(url, this.ca)),
      READY_MS_MAX,
    )
    if (isUp && ended() === null) return
    const why =
      ended() === null ? `is not ready in ${READY_MS_MAX} ms` : `ended with ${ended()} at its start`
    throw new ServerError(`the server ${why}; ${this.logEnd()}`)
  }

  async start() {
    this.launch()
    await this.ready()
  }

  /** Ends it in order. @throws ServerError where it had ended by itself */
  async stop() {
    if (this.#child === null) return
    const endedBefore = this.endedWith
    if (endedBefore === null) process.kill(this.#child.pid, 'SIGTERM')
    await this.#ended('SIGTERM')
    if (endedBefore !== null) {
      throw new ServerError(`it had ended by itself: ${endedBefore}; ${this.logEnd()}`)
    }
  }

  /** What it said last: the log may be gone with its folder when the message is read. */
  logEnd() {
    const { logFile } = this.#options
    if (!existsSync(logFile)) return 'it has no log'
    return `the end of its log (${logFile}):\n${readFileSync(logFile, 'utf8').slice(-LOG_SHOWN)}`
  }

  /** Ends all its processes at once. */
  async kill() {
    if (this.#child === null) return
    this.#signal('SIGKILL')
    await this.#ended('SIGKILL')
  }

  /** Sends a signal to the whole group; a group that is gone is no error. */
  #signal(name) {
    try {
      if (this.#child !== null) process.kill(-this.#child.pid, name)
    } catch (error) {
      if (error.code !== 'ESRCH') throw error
    }
  }

  async #ended(what) {
    const group = this.#child.pid
    if (!(await until(() => groupMembers(group).length === 0, STOP_MS_MAX))) {
      this.#signal('SIGKILL')
      throw new ServerError(`its processes were not gone ${STOP_MS_MAX} ms after ${what}`)
    }
    await this.#hasEnded
    process.off('exit', this.#onExit)
    this.#child = null
  }
}

/** Whether a GET of that URL answers 200. */
function probe(url, ca) {
  const transport = url.startsWith('https:') ? https : http
  return new Promise((done) => {
    const request = transport.get(url, { ca, agent: false, timeout: 2000 }, (response) => {
      response.resume()
      response.on('end', () => done(response.statusCode === 200))
      response.on('error', () => done(false))
    })
    request.on('timeout', () => request.destroy())
    request.on('error', () => done(false))
  })
}

/** Ends a run in order when a person or a runner asks: exit handlers end what was started. */
export function exitOnSignals() {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => process.exit(130))
}
