// A store of its own in a started server, for tests over HTTP: a folder, a free port, one worker,
// and requests signed as an S3 client signs them. It is ended by its own process id.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { signRequest } from '../src/s3/sign/sign.ts'
import { ROOT_KEY, type Started, startServer } from './serve/group.ts'

/** An answer, read whole. */
export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** What is sent; `body` in the pieces in which it is written. */
export interface Sent {
  readonly method: string
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: readonly Uint8Array[]
}

/** A server that runs until it is disposed of. */
export class StartedStore implements AsyncDisposable {
  readonly accessKeyId: string = ROOT_KEY.HOLDFAST_ACCESS_KEY
  readonly secret: string = ROOT_KEY.HOLDFAST_SECRET_KEY
  readonly region = 'us-east-1'
  readonly host: string
  readonly port: number
  readonly agent: Agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #server: Started
  readonly #folder: string

  private constructor(server: Started, folder: string) {
    const { host, port } = new URL(server.greeting.url)
    this.#server = server
    this.#folder = folder
    this.host = host
    this.port = Number(port)
  }

  /** Fails with how the server ended and what it said where it does not start. */
  static async start(): Promise<StartedStore> {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
    const words = ['up', '--listen', '127.0.0.1:0', '--workers', '1', '--access-log', 'none']
    try {
      const variables = { ...ROOT_KEY, HOLDFAST_LOG_LEVEL: 'error' }
      return new StartedStore(await startServer(folder, words, variables), folder)
    } catch (error) {
      rmSync(folder, { recursive: true })
      throw error
    }
  }

  /** Sends a request as it is, over a connection that is kept. */
  async send(sent: Sent): Promise<Answer> {
    const { method, target, headers = {}, body = [] } = sent
    const { port, agent } = this
    const req = request({ host: '127.0.0.1', port, method, path: target, headers, agent })
    const answered = once(req, 'response') as Promise<[IncomingMessage]>
    for (const piece of body) req.write(piece)
    req.end()
    const [res] = await answered
    const pieces: Buffer[] = []
    for await (const piece of res) pieces.push(piece as Buffer)
    return { status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(pieces) }
  }

  /** Sends a request signed by the root account. */
  async signed(method: string, target: string): Promise<Answer> {
    const { accessKeyId, secret, region, host } = this
    const { headers } = signRequest(
      { method, rawTarget: target, headers: ['host', host], payloadHash: 'UNSIGNED-PAYLOAD' },
      { accessKeyId, secret, region, nowMs: Date.now() },
    )
    const sent: Record<string, string> = { 'content-length': '0' }
    for (let i = 0; i < headers.length; i += 2) sent[headers[i] ?? ''] = headers[i + 1] ?? ''
    return await this.send({ method, target, headers: sent })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.agent.destroy()
    this.#server.child.kill('SIGTERM')
    const { code, stderr } = await this.#server.exit
    rmSync(this.#folder, { recursive: true })
    assert.equal(code, 0, stderr)
  }
}
