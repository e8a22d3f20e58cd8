// One GET over a connection of its own, timed from its first packet to the last byte of its answer;
// and waiting for what must come.

import http from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { ProofError } from './report.mjs'

const POLL_MS = 200

/** Answers `{ status, body, tookMs }`; rejects where there was no whole answer within the time. */
export function get(url, timeoutMs = 10_000) {
  const beganMs = performance.now()
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent: false, timeout: timeoutMs }, (response) => {
      const pieces = []
      response.on('data', (piece) => pieces.push(piece))
      response.on('error', reject)
      response.on('end', () => {
        const body = Buffer.concat(pieces).toString()
        resolve({ status: response.statusCode, body, tookMs: performance.now() - beganMs })
      })
    })
    request.on('timeout', () => request.destroy(new ProofError(`no answer in ${timeoutMs} ms`)))
    request.on('error', reject)
  })
}

/**
 * Asks again and again until `look` answers null; what it answers else is what is missing yet.
 * @throws ProofError with the last of it, after `secMax`
 */
export async function until(what, secMax, look) {
  const endMs = performance.now() + secMax * 1000
  for (;;) {
    const missing = await look()
    if (missing === null) return
    if (performance.now() > endMs) {
      throw new ProofError(`${what}: not within ${secMax} s; ${missing}`)
    }
    await pause(POLL_MS)
  }
}
