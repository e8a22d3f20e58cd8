// Which request is for what. Files that crowds ask for are found first, and answered in the same turn.

import { STATUS_REQUEST_BODY_SIZE_BYTES_MAX } from '../base/limits.ts'
import type { HttpAnswer } from '../base/network.ts'
import { errorAnswer, formFor, formsOf, jsonAnswer, textAnswer } from './answer-forms.ts'
import type { FileForms } from './answer-forms.ts'
import { renderConfigSchema } from './config-schema.ts'
import type { Rendered, RenderedFile } from './output/render.ts'
import type { Posting } from './posting.ts'
import { parseEnvelope } from './records/envelope.ts'
import { EXCHANGE_PATH } from './records/exchange-options.ts'
import { EXCHANGE_TYPE } from './records/exchange.ts'
import type { Envelope, RecordId } from './records/record.ts'
import { StatusError } from './status.ts'
import type { SiteRequest } from './status.ts'

/** What the routes lead to. All may throw StatusError. */
export interface SiteDesks {
  posting(): Posting
  /** Durable when it resolves. */
  post(envelope: Envelope): Promise<RecordId>
  exchange(query: URLSearchParams): string
  /** Null: not one of its. */
  console(request: SiteRequest): HttpAnswer | Promise<HttpAnswer> | null
  /** What was refused, for the log. */
  onRefused(request: SiteRequest, error: StatusError): void
}

const READ = ['GET', 'HEAD']
const SCHEMA_PATH = '/schema/config.json'

export class SiteRoutes {
  readonly #desks: SiteDesks
  readonly #forms = new WeakMap<RenderedFile, FileForms>()
  #files: Rendered = new Map()

  constructor(desks: SiteDesks) {
    this.#desks = desks
  }

  /** What is told from now on. */
  setFiles(files: Rendered): void {
    this.#files = files
  }

  answer(request: SiteRequest): HttpAnswer | Promise<HttpAnswer> {
    const { target } = request
    const end = target.indexOf('?')
    const path = end < 0 ? target : target.slice(0, end)
    const file = this.#files.get(path)
    try {
      if (file !== undefined) return this.#answerFile(request, file)
      const answer = this.#answerOther(request, path, end < 0 ? '' : target.slice(end + 1))
      return answer instanceof Promise ? this.#orRefused(request, answer) : answer
    } catch (error) {
      return this.#refused(request, error)
    }
  }

  #answerFile(request: SiteRequest, file: RenderedFile): HttpAnswer {
    if (!READ.includes(request.method)) return notAllowed('GET, HEAD')
    let forms = this.#forms.get(file)
    if (forms === undefined) this.#forms.set(file, (forms = formsOf(file)))
    return formFor(request, forms)
  }

  #answerOther(
    request: SiteRequest,
    path: string,
    query: string,
  ): HttpAnswer | Promise<HttpAnswer> {
    if (path === '/-/post') {
      return request.method === 'POST' ? this.#take(request) : notAllowed('POST')
    }
    const fromConsole = this.#desks.console(request)
    if (fromConsole !== null) return fromConsole
    const told = this.#told(path, query)
    if (told === null) {
      throw new StatusError('not-found', `there is nothing at ${path.slice(0, 200)}`)
    }
    return READ.includes(request.method) ? told() : notAllowed('GET, HEAD')
  }

  #told(path: string, query: string): (() => HttpAnswer) | null {
    switch (path) {
      case '/-/posting':
        return () => jsonAnswer(200, this.#desks.posting())
      case EXCHANGE_PATH:
        return () =>
          textAnswer(200, EXCHANGE_TYPE, this.#desks.exchange(new URLSearchParams(query)))
      case SCHEMA_PATH:
        return () => textAnswer(200, 'application/schema+json', renderConfigSchema())
      case '/-/health/live':
        return () => jsonAnswer(200, { status: 'live' })
      case '/-/health/ready':
        return () => {
          const isReady = this.#files.size > 0
          return jsonAnswer(isReady ? 200 : 503, { status: isReady ? 'ready' : 'not-ready' })
        }
      default:
        return null
    }
  }

  async #take({ body }: SiteRequest): Promise<HttpAnswer> {
    const envelope = parseEnvelope(Buffer.from(body).toString(), STATUS_REQUEST_BODY_SIZE_BYTES_MAX)
    return jsonAnswer(201, { id: await this.#desks.post(envelope) })
  }

  async #orRefused(request: SiteRequest, answer: Promise<HttpAnswer>): Promise<HttpAnswer> {
    try {
      return await answer
    } catch (error) {
      return this.#refused(request, error)
    }
  }

  /** Anything but an operating error is a defect, and the listener's to tell. */
  #refused(request: SiteRequest, error: unknown): HttpAnswer {
    if (!(error instanceof StatusError)) throw error
    this.#desks.onRefused(request, error)
    return errorAnswer(error)
  }
}

function notAllowed(allow: string): HttpAnswer {
  const { body, headers, status } = jsonAnswer(405, {
    error: { code: 'bad-request', message: `only ${allow} is answered here` },
  })
  return { status, headers: new Map([...headers, ['allow', allow]]), body }
}
