// A started group of processes as its operator has it: the command line run to its end, a server of
// a folder of its own on a free port, its processes by role, and requests signed by its root key.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { type Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { request as requestTls } from 'node:https'
import { tmpdir } from 'node:os'
import { MessageChannel } from 'node:worker_threads'
import { join, resolve } from 'node:path'
import { signRequest } from '../../src/s3/sign/sign.ts'

export const ROOT_KEY = {
  HOLDFAST_ACCESS_KEY: 'ROOTACCESSKEY0000001',
  HOLDFAST_SECRET_KEY: 'rootsecretrootsecretrootsecretrootsecret',
}
/** Long enough for a machine that builds three other things meanwhile. */
const DEADLINE_MS = 30_000
const POLL_MS = 20

/** Resolves when `condition` holds; looks again and again until the deadline, then fails. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number = DEADLINE_MS,
): Promise<void> {
  const endMs = performance.now() + deadlineMs
  // Holds the event loop, which the signal does not.
  const { port1 } = new MessageChannel()
  port1.ref()
  try {
    while (!(await condition())) {
      assert.ok(performance.now() < endMs, `not within ${deadlineMs} ms: ${what}`)
      await once(AbortSignal.timeout(POLL_MS), 'abort')
    }
  } finally {
    port1.close()
  }
}

/** A folder that is removed with all in it when the test ends. */
export function scratch(t: { after(end: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-serve-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

type Variables = Readonly<Record<string, string>>

/** The command line's environment: nothing of whoever runs the tests but the path. */
function environment(variables: Variables): NodeJS.ProcessEnv {
  const { PATH } = process.env
  return { PATH, LANG: 'C.UTF-8', ...variables }
}

export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command line to its end. */
export async function cli(
  cwd: string,
  words: readonly string[],
  variables: Variables = ROOT_KEY,
): Promise<Ended> {
  const child = spawn(process.execPath, [resolve('dist/main.js'), ...words], {
    cwd,
    env: environment(variables),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
  })
  const output = [collect(child, 'stdout'), collect(child, 'stderr')] as const
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout: output[0].text, stderr: output[1].text }
}

function collect(child: ChildProcess, from: 'stdout' | 'stderr'): { text: string } {
  const collected = { text: '' }
  child[from]?.setEncoding('utf8').on('data', (piece: string) => (collected.text += piece))
  return collected
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** What a started server's command prints with --json. */
export interface Greeting {
  readonly url: string
  readonly adminUrl: string
  readonly pid: number
  readonly region: string
}

export interface StartOptions {
  readonly words?: readonly string[]
  readonly variables?: Variables
  /** PEM of the certificate's authority, for https. */
  readonly ca?: string
}

/** A server that has said where it serves. */
export interface Started {
  readonly child: ChildProcess
  readonly greeting: Greeting
  /** What it has logged so far. */
  readonly stderr: { readonly text: string }
  readonly exit: Promise<Ended>
}

/**
 * Runs a command that serves. Fails with how it ended and what it said where it does not start; a
 * free port that was taken by another test before it was listened at is drawn anew.
 */
export async function startServer(
  cwd: string,
  words: readonly string[],
  variables: Variables,
): Promise<Started> {
  for (let tries = 1; ; tries++) {
    try {
      return await startOnce(cwd, words, variables)
    } catch (error) {
      if (tries === 5 || !String(error).includes('EADDRINUSE')) throw error
    }
  }
}

async function startOnce(
  cwd: string,
  words: readonly string[],
  variables: Variables,
): Promise<Started> {
  const child = spawn(process.execPath, [resolve('dist/main.js'), ...words, '--json'], {
    cwd,
    env: environment(variables),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const stdout = collect(child, 'stdout')
  const stderr = collect(child, 'stderr')
  let ended: string | null = null
  const exit = once(child, 'close').then(([code, signal]) => {
    ended = signal === null ? `exit code ${code}` : String(signal)
    return { code: code as number | null, stdout: stdout.text, stderr: stderr.text }
  })
  try {
    await until('the server says where it serves, or ends', () => {
      return stdout.text.includes('}\n') || ended !== null
    })
  } catch (error) {
    child.kill('SIGKILL')
    throw new assert.AssertionError({ message: `${String(error)}; it said: ${stderr.text}` })
  }
  assert.ok(
    stdout.text.includes('}\n'),
    `the server ended before it said where it serves (${ended}): ${stderr.text}${stdout.text}`,
  )
  const greeting = JSON.parse(stdout.text.slice(0, stdout.text.indexOf('}\n') + 1)) as Greeting
  return { child, greeting, stderr, exit }
}

/** A group that runs until it is disposed of. */
export class Served implements AsyncDisposable {
  readonly folder: string
  readonly greeting: Greeting
  readonly exit: Promise<Ended>
  readonly #child: ChildProcess
  readonly #stderr: { readonly text: string }
  readonly #ca: string | undefined

  private constructor(parts: Started & { folder: string; ca: string | undefined }) {
    this.folder = parts.folder
    this.greeting = parts.greeting
    this.#child = parts.child
    this.#stderr = parts.stderr
    this.exit = parts.exit
    this.#ca = parts.ca
  }

  /** Serves `folder`, a store. Fails with what it said where it does not start. */
  static async start(folder: string, options: StartOptions = {}): Promise<Served> {
    const { words = [], variables = ROOT_KEY, ca } = options
    const listen = ['--listen', '127.0.0.1:0']
    const started = await startServer(folder, ['serve', folder, ...listen, ...words], variables)
    return new Served({ ...started, folder, ca })
  }

  /** Makes a store in `folder` and serves it. */
  static async make(folder: string, options: StartOptions = {}): Promise<Served> {
    const made = await cli('/', ['init', folder])
    assert.equal(made.code, 0, made.stderr)
    return await Served.start(folder, options)
  }

  get pid(): number {
    return this.greeting.pid
  }

  /** What it has logged so far. */
  get log(): string {
    return this.#stderr.text
  }

  /** Ids of its processes by the entry that they run. */
  children(entry: 'worker' | 'writer'): number[] {
    return childrenOf(this.pid).filter((pid) => commandOf(pid).includes(`/${entry}.js`))
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Sends a signed request over a connection of its own, which is dealt to the workers in turn. */
  async send(method: string, target: string, body: string | Uint8Array = ''): Promise<Answer> {
    const sent = this.open(method, target, Buffer.byteLength(body))
    sent.end(body)
    return await answerOf(sent)
  }

  /** The same, its body still to be written. */
  open(method: string, target: string, sizeBytes: number, agent?: Agent): ClientRequest {
    const { host, hostname, port } = new URL(this.greeting.url)
    const { headers } = signRequest(
      { method, rawTarget: target, headers: ['host', host], payloadHash: 'UNSIGNED-PAYLOAD' },
      {
        accessKeyId: ROOT_KEY.HOLDFAST_ACCESS_KEY,
        secret: ROOT_KEY.HOLDFAST_SECRET_KEY,
        region: this.greeting.region,
        nowMs: Date.now(),
      },
    )
    const sent: Record<string, string> = { 'content-length': String(sizeBytes) }
    for (let i = 0; i < headers.length; i += 2) sent[headers[i] ?? ''] = headers[i + 1] ?? ''
    const common = { host: hostname, port, method, path: target, headers: sent }
    if (this.#ca === undefined) return request({ ...common, agent: agent ?? false })
    return requestTls({ ...common, agent: false, ca: this.#ca })
  }

  /** GET of an operator's page, not signed. */
  async page(path: string, url: string = this.greeting.adminUrl): Promise<Answer> {
    return await answerOf(request(new URL(path, url), { agent: false }).end())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const members = [this.pid, ...childrenOf(this.pid)]
    for (const pid of members) signalIfThere(pid, 'SIGKILL')
    await this.exit
    await until('its processes are gone', () => !members.some(isRunning))
  }
}

/** The answer, read whole; a connection that ends before it rejects. */
export async function answerOf(sent: ReturnType<typeof request>): Promise<Answer> {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  let body = ''
  for await (const piece of answer.setEncoding('utf8')) body += String(piece)
  return { status: answer.statusCode ?? 0, headers: answer.headers, body }
}

/** Sends a signal to a process; one that is gone is none. */
export function signalIfThere(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Whether a process runs or is stopped; one that nobody has reaped does not. */
export function isRunning(pid: number): boolean {
  const state = statOf(pid)
  return state !== null && !'ZX'.includes(state.state)
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)?.parent === parent && isRunning(pid))
}

function statOf(pid: number): { state: string; parent: number } | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return { state: fields[0] ?? 'X', parent: Number(fields[1]) }
  } catch {
    return null // it ended while we looked
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return '' // it ended while we looked
  }
}
