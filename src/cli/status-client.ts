// Talks to status sites as a reader and a poster: the first of several that answers. A post that may
// have been taken is sent again as it was; that it was taken before is as good.

import { NetworkError } from '../base/network.ts'
import type { HttpAnswer, Network } from '../base/network.ts'
import type { Envelope } from '../status/records/record.ts'
import type { Posting } from '../status/posting.ts'
import { CliError } from './cli-error.ts'

const TIMEOUT_MS = 10_000
const ANSWER_SIZE_BYTES_MAX = 4 * 1024 * 1024
const ORIGIN = /^https?:\/\/[^\s/?#@]+$/

/** Origins of `URL[,URL…]`. @throws CliError */
export function originsOf(urls: string): readonly string[] {
  const origins = urls.split(',').map((url) => url.trim().replace(/\/+$/, ''))
  const bad = origins.find((origin) => !ORIGIN.test(origin))
  if (bad === undefined) return origins
  throw new CliError(`'${bad}' is no origin such as https://status.example.com`)
}

export interface StatusClient {
  /** What the first site that answers tells of itself. @throws CliError, exit code 1 */
  posting(): Promise<Posting>
  /** A public document. @throws CliError, exit code 1 */
  read(target: string): Promise<unknown>
  /** Hands a post in. @throws CliError: what the site refused, 2; no site answered, 1 */
  post(envelope: Envelope): Promise<{ readonly site: string }>
}

interface Refusal {
  readonly error: { readonly code: string; readonly message: string }
}

/** What a site refuses that another one, or a later moment, might take. */
const PASSING: readonly string[] = ['unavailable', 'full', 'unknown-incident']

export function openStatusClient(
  network: Network,
  origins: readonly string[],
  note: (line: string) => void,
): StatusClient {
  let ordered = origins
  const ask = async (method: string, target: string, body: string): Promise<FirstAnswer> => {
    const failures: string[] = []
    for (const origin of ordered) {
      try {
        const answer = await request(network, { origin, method, target, body })
        const passing = answer.status === 200 || answer.status === 201 ? null : refusalOf(answer)
        const isLast = origin === ordered.at(-1)
        if (passing === null || isLast || !PASSING.includes(passing.error.code)) {
          ordered = [origin, ...origins.filter((each) => each !== origin)] // what works is asked on
          return { origin, answer }
        }
        failures.push(`${origin}: ${passing.error.message}`)
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error
        failures.push(`${origin}: ${error.message}`)
      }
      if (origin !== ordered.at(-1)) note(`holdfast: ${failures.at(-1) ?? ''}`)
    }
    throw new CliError(`no site answered: ${failures.join('; ')}`, 1)
  }
  return {
    posting: async () => {
      const answer = await ask('GET', '/-/posting', '')
      const posting = read<Partial<Posting>>(answer)
      if (typeof posting.nowMs !== 'number' || !Array.isArray(posting.components)) {
        throw noSite(answer.origin)
      }
      return posting as Posting
    },
    read: async (target) => read<unknown>(await ask('GET', target, '')),
    post: async (envelope) => {
      const { origin, answer } = await ask('POST', '/-/post', JSON.stringify(envelope))
      if (answer.status === 201) return { site: origin }
      const { error } = refusalOf(answer)
      if (error.code === 'replayed') return { site: origin } // it was taken, and the answer was lost
      const isPassing = PASSING.includes(error.code) || answer.status >= 500
      throw new CliError(`${origin} did not take it: ${error.message}`, isPassing ? 1 : 2)
    },
  }
}

interface FirstAnswer {
  readonly origin: string
  readonly answer: HttpAnswer
}

async function request(
  network: Network,
  sent: { origin: string; method: string; target: string; body: string },
): Promise<HttpAnswer> {
  const headers = ['accept', 'application/json', 'content-type', 'application/json']
  return await network.request({
    ...sent,
    headers,
    body: Buffer.from(sent.body),
    timeoutMs: TIMEOUT_MS,
    answerSizeBytesMax: ANSWER_SIZE_BYTES_MAX,
  })
}

/** @throws CliError: what answers is no status site */
function read<T>({ origin, answer }: FirstAnswer): T {
  const text = Buffer.from(answer.body).toString()
  if (answer.status === 200) {
    try {
      return JSON.parse(text) as T
    } catch {
      throw noSite(origin)
    }
  }
  throw new CliError(`${origin} answered ${answer.status}: ${refusalOf(answer).error.message}`, 1)
}

function noSite(origin: string): CliError {
  return new CliError(`${origin} answers, and not as a status site does`, 1)
}

function refusalOf({ body, status }: HttpAnswer): Refusal {
  try {
    const { error } = JSON.parse(Buffer.from(body).toString()) as Partial<Refusal>
    if (typeof error?.message === 'string') return { error }
  } catch {
    // Not a site's own words: a proxy's, perhaps.
  }
  return { error: { code: 'unavailable', message: `HTTP status ${status}` } }
}
