// The routes of the console: its page and files, sign-in, the page for who operates. Posts are taken
// elsewhere, at /-/post: they carry their signature, and need no session.

import { STATUS_REQUEST_BODY_SIZE_BYTES_MAX } from '../../base/limits.ts'
import type { Clock } from '../../base/clock.ts'
import type { HttpAnswer } from '../../base/network.ts'
import type { Random } from '../../base/random.ts'
import { jsonAnswer, textAnswer } from '../answer-forms.ts'
import type { StatusConfig } from '../config.ts'
import type { Authors } from '../records/authors.ts'
import { parseEnvelope } from '../records/envelope.ts'
import { StatusError } from '../status.ts'
import type { SiteRequest } from '../status.ts'
import { browserFiles } from './browser-files.ts'
import { consoleAnswer } from './console-layout.ts'
import { consolePage } from './console-page.ts'
import { operatePage, signInPage } from './operate-page.ts'
import type { OperateState } from './operate-page.ts'
import type { ProbeLog } from './probe-log.ts'
import { noCookie, sessionCookie, tokenOf } from './session-cookie.ts'
import { SignIn } from './sign-in.ts'
import type { Session } from './sign-in.ts'

export interface ConsoleDeps {
  readonly config: StatusConfig
  /** This site's name. */
  readonly site: string
  readonly authors: Authors
  readonly clock: Clock
  readonly random: Random
  readonly probes: ProbeLog
  /** What the page for who operates tells of the site besides its probes. */
  readonly state: () => OperateState
}

/** Null: not one of the console's. @throws StatusError: what was refused */
export type ConsoleRoutes = (request: SiteRequest) => HttpAnswer | null

export function consoleRoutes(deps: ConsoleDeps): ConsoleRoutes {
  const desk = new ConsoleDesk(deps)
  return (request) => desk.answer(request)
}

class ConsoleDesk {
  readonly #deps: ConsoleDeps
  readonly #signIn: SignIn
  /** What is the same for all, made once. */
  readonly #ready: ReadonlyMap<string, HttpAnswer>

  constructor(deps: ConsoleDeps) {
    const { config, site } = deps
    this.#deps = deps
    this.#signIn = new SignIn(deps)
    const files = [...browserFiles()].map(
      ([path, { text, type }]) => [path, textAnswer(200, type, text)] as const,
    )
    const page = consoleAnswer(200, consolePage(config, site))
    this.#ready = new Map([['/console', page] as const, ...files])
  }

  answer(request: SiteRequest): HttpAnswer | null {
    const [path = '', query = ''] = split(request.target)
    const ready = this.#ready.get(path)
    if (ready !== undefined) return reading(request, () => ready)
    switch (path) {
      case '/operate':
        return reading(request, () => this.#operate(request, query))
      case '/-/sign-in':
        if (request.method === 'POST') return this.#enter(request)
        return reading(request, () => this.#challenge(request), 'GET, HEAD, POST')
      case '/-/sign-out':
        return request.method === 'POST' ? this.#leave(request) : notAllowed('POST')
      default:
        return null
    }
  }

  #challenge(request: SiteRequest): HttpAnswer {
    const { site } = this.#deps
    const session = this.#sessionOf(request)
    return jsonAnswer(200, {
      site,
      challenge: this.#signIn.challenge(),
      session: session === null ? null : whoOf(session),
    })
  }

  #enter(request: SiteRequest): HttpAnswer {
    const text = Buffer.from(request.body).toString()
    const envelope = parseEnvelope(text, STATUS_REQUEST_BODY_SIZE_BYTES_MAX)
    const { token, session } = this.#signIn.signIn(envelope, tokenOf(request))
    return withCookie(jsonAnswer(201, whoOf(session)), sessionCookie(token, request))
  }

  #leave(request: SiteRequest): HttpAnswer {
    const token = tokenOf(request)
    if (token !== null) this.#signIn.signOut(token)
    return withCookie(jsonAnswer(200, {}), noCookie(request))
  }

  #operate(request: SiteRequest, query: string): HttpAnswer {
    const { clock, config, probes, site, state } = this.#deps
    const session = this.#sessionOf(request)
    if (session === null) return consoleAnswer(403, signInPage(config, site))
    const page = operatePage({
      config,
      site,
      author: session.author,
      nowMs: clock.nowMs(),
      filter: this.#filterOf(query),
      probes: probes.states(),
      state: state(),
    })
    return consoleAnswer(200, page)
  }

  /** @throws StatusError `unknown-component` */
  #filterOf(query: string): string {
    const filter = new URLSearchParams(query).get('component') ?? ''
    const { components } = this.#deps.config
    const isKnown =
      filter === '' ||
      components.some(({ id }) => id === filter || (filter.endsWith('/') && id.startsWith(filter)))
    if (isKnown) return filter
    const message = `the configuration has no component ${filter.slice(0, 100)}`
    throw new StatusError('unknown-component', message)
  }

  #sessionOf(request: SiteRequest): Session | null {
    const token = tokenOf(request)
    return token === null ? null : this.#signIn.find(token)
  }
}

function whoOf({ author }: Session): { readonly name: string; readonly key: string } {
  return { name: author.name, key: author.key }
}

function split(target: string): readonly string[] {
  const end = target.indexOf('?')
  return end < 0 ? [target] : [target.slice(0, end), target.slice(end + 1)]
}

function reading(
  { method }: SiteRequest,
  answer: () => HttpAnswer,
  allow = 'GET, HEAD',
): HttpAnswer {
  return method === 'GET' || method === 'HEAD' ? answer() : notAllowed(allow)
}

function notAllowed(allow: string): HttpAnswer {
  const error = { code: 'bad-request', message: `only ${allow} is answered here` }
  return withHeader(jsonAnswer(405, { error }), 'allow', allow)
}

function withCookie(answer: HttpAnswer, cookie: string): HttpAnswer {
  return withHeader(answer, 'set-cookie', cookie)
}

function withHeader(
  { body, headers, status }: HttpAnswer,
  name: string,
  value: string,
): HttpAnswer {
  return { status, headers: new Map([...headers, [name, value]]), body }
}
