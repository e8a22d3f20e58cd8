// Receivers of webhooks for tests: what each answers, and what came.

import { NetworkError } from '../../base/network.ts'
import type { Clock } from '../../base/clock.ts'
import type { HttpAnswer, HttpRequest, Network } from '../../base/network.ts'

export interface Arrival {
  readonly origin: string
  readonly id: string
  readonly atMs: number
  readonly request: HttpRequest
}

type Answer = number | NetworkError | 'never' | readonly [number, string]

export class Receivers {
  readonly arrivals: Arrival[] = []
  answers: (origin: string, id: string) => Answer = () => 200

  from(clock: Clock): Network {
    return {
      request: async (request, signal) => {
        const id = request.headers[request.headers.indexOf('webhook-id') + 1] ?? ''
        const atMs = clock.nowMs()
        this.arrivals.push({ origin: request.origin, id, atMs, request })
        await clock.sleep(10, signal)
        const answer = this.answers(request.origin, id)
        if (answer instanceof NetworkError) throw answer
        if (answer === 'never') {
          await clock.sleep(request.timeoutMs, signal)
          const { method, origin, target } = request // as a network says it
          throw new NetworkError('timeout', `${method} ${origin}${target}: no answer`)
        }
        const [status, wait] = typeof answer === 'number' ? [answer, null] : answer
        const headers = new Map(wait === null ? [] : [['retry-after', wait]])
        return { status, headers, body: new Uint8Array(0) } satisfies HttpAnswer
      },
    }
  }

  ids(origin: string): string[] {
    return this.arrivals.filter((each) => each.origin === origin).map(({ id }) => id)
  }
}
