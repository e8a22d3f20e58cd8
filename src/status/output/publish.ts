// Pushes what a site tells to other places, as static files: folders that some web server serves, and
// second hosts that take PUT. Each place has its own loop, gets only what changed, the front page last, and
// always the newest; a place that fails is tried again and holds up nobody. Pages of incidents that
// are no longer told stay where they were put: old links go on to work.

import { assert } from '../../base/assert.ts'
import type { Clock } from '../../base/clock.ts'
import type { Disk } from '../../base/disk.ts'
import {
  PUBLISH_ANSWER_SIZE_BYTES_MAX,
  PUBLISH_RETRY_MS,
  PUBLISH_RETRY_MS_MAX,
  PUBLISH_TIMEOUT_MS,
} from '../../base/limits.ts'
import type { Network } from '../../base/network.ts'
import type { Random } from '../../base/random.ts'
import { backoffMs } from '../../base/retry.ts'
import { manyWaiters } from '../../base/signal.ts'
import type { PublishConfig } from '../config.ts'
import { withAddress } from '../hidden-address.ts'
import { StatusError } from '../status.ts'
import type { Rendered, RenderedFile } from './render.ts'

export interface PublisherParts {
  readonly targets: readonly PublishConfig[]
  /** The disk whose root is a target's folder, which is there. */
  readonly openFolder: (path: string) => Disk | Promise<Disk>
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  /** A push that failed; it is tried again. `target` is the folder or URL, without credentials. */
  readonly onProblem: (target: string, error: unknown) => void
}

/** Writes one file to its place, whole or not at all. */
type Put = (name: string, file: RenderedFile, signal: AbortSignal) => Promise<void>

export class Publisher implements AsyncDisposable {
  readonly #targets: readonly TargetLoop[]

  constructor(parts: PublisherParts) {
    this.#targets = parts.targets.map((target) => new TargetLoop(target, parts))
  }

  /** What is told now. Returns at once; of several that wait for a place only the newest counts. */
  offer(files: Rendered): void {
    for (const target of this.#targets) target.offer(files)
  }

  /** Ends all pushes; a file that is being written is finished or was never there. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#targets.map(async (target) => await target.close()))
  }
}

class TargetLoop {
  readonly #name: string
  readonly #parts: PublisherParts
  readonly #target: PublishConfig
  readonly #stop = manyWaiters()
  /** Tag of each file as it was put last; only a file that arrived is in it. */
  readonly #there = new Map<string, string>()
  #put: Put | null = null
  #offered: readonly NamedFile[] | null = null
  #running: Promise<void> | null = null

  constructor(target: PublishConfig, parts: PublisherParts) {
    this.#target = target
    this.#parts = parts
    this.#name = target.kind === 'folder' ? target.path : new URL(target.url).origin
  }

  offer(files: Rendered): void {
    if (this.#stop.signal.aborted) return
    this.#offered = inOrder(files)
    this.#running ??= this.#run()
  }

  async close(): Promise<void> {
    this.#stop.abort(new StatusError('unavailable', 'the site is closing'))
    await this.#running
  }

  /** Pushes until nothing newer is offered; its end is seen in the same turn as the next offer. */
  async #run(): Promise<void> {
    const { clock, onProblem, random } = this.#parts
    const { signal } = this.#stop
    let failureCount = 0
    while (this.#offered !== null && !signal.aborted) {
      const files = this.#offered
      try {
        await this.#push(files)
        failureCount = 0
        if (this.#offered === files) this.#offered = null
      } catch (error) {
        if (signal.aborted) break
        onProblem(this.#name, error)
        const boundMs = backoffMs(failureCount, PUBLISH_RETRY_MS, PUBLISH_RETRY_MS_MAX)
        failureCount += 1
        const pauseMs = boundMs * (0.5 + random.fraction() / 2)
        await clock.sleep(pauseMs, signal).catch(() => null)
      }
    }
    this.#running = null
  }

  async #push(files: readonly NamedFile[]): Promise<void> {
    const { signal } = this.#stop
    this.#put ??= await openTarget(this.#target, this.#parts)
    let refused: StatusError | null = null
    for (const { file, name } of files) {
      signal.throwIfAborted()
      if (this.#there.get(name) === file.etag) continue
      // What a push that failed left behind is not known.
      this.#there.delete(name)
      try {
        await this.#put(name, file, signal)
        this.#there.set(name, file.etag)
      } catch (error) {
        // One file that a host refuses keeps no other from it; a host that does not answer does.
        if (!(error instanceof StatusError)) throw error
        refused ??= error
      }
    }
    if (refused !== null) throw refused
  }
}

interface NamedFile {
  readonly name: string
  readonly file: RenderedFile
}

/** `/` is last: what it links to is there before. */
function inOrder(files: Rendered): NamedFile[] {
  return [...files]
    .sort(([one], [other]) => Number(one === '/') - Number(other === '/'))
    .map(([path, file]) => ({ name: fileName(path), file }))
}

/**
 * Where a path of the site stands among static files: a page without an ending is a folder's index, so
 * that any static host finds it. `/` is `index.html`, `/incidents/ID` is `incidents/ID/index.html`.
 */
export function fileName(path: string): string {
  assert(/^\/[\w./-]*$/.test(path) && !path.includes('..'), 'a path of ours stays below its folder')
  const name = path.slice(1)
  if (name === '') return 'index.html'
  if (name === 'metrics') return 'metrics.txt'
  return /\.\w+$/.test(name) ? name : `${name}/index.html`
}

async function openTarget(target: PublishConfig, parts: PublisherParts): Promise<Put> {
  if (target.kind === 'folder') return putInto(await parts.openFolder(target.path))
  return putTo(target, parts.network)
}

function putInto(disk: Disk): Put {
  const made = new Set<string>()
  return async (name, file) => {
    const folders = name.split('/').slice(0, -1)
    for (let depth = 1; depth <= folders.length; depth += 1) {
      const folder = folders.slice(0, depth).join('/')
      if (made.has(folder)) continue
      await disk.makeFolder(folder)
      made.add(folder)
    }
    await disk.replaceFile(name, file.body)
  }
}

function putTo(target: PublishConfig & { readonly kind: 'url' }, network: Network): Put {
  const { origin, pathname, search } = new URL(target.url)
  const base = pathname.replace(/\/+$/, '')
  const secret = target.authorization === null ? [] : ['Authorization', target.authorization]
  return async (name, file, signal) => {
    const headers = ['Content-Type', file.type, 'Cache-Control', 'max-age=10', ...secret]
    const target = `${base}/${name}${search}`
    const request = {
      origin,
      method: 'PUT',
      target,
      headers,
      body: file.body,
      timeoutMs: PUBLISH_TIMEOUT_MS,
      answerSizeBytesMax: PUBLISH_ANSWER_SIZE_BYTES_MAX,
    }
    const answer = await network.request(request, signal).catch((error: unknown) => {
      throw withAddress(error, target, `${base}/${name}`)
    })
    if (answer.status >= 200 && answer.status < 300) return
    throw new StatusError('unavailable', `PUT ${base}/${name} was answered ${answer.status}`)
  }
}
