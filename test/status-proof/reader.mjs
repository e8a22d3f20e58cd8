// A reader in a process of its own, so that what else the proof does is not taken for the site's time:
// asks for pages in turn, each over a new connection, until it is told to stop; then tells all times.

import { setTimeout as pause } from 'node:timers/promises'
import { get } from './asking.mjs'

const READ_MS = 100
const PATHS = ['/', '/api/v2/summary.json']

const over = new AbortController()
process.once('message', () => over.abort())
// Whoever started it has ended: nobody asks for the times any more.
process.once('disconnect', () => process.exit(1))

const times = []
const problems = []
const beganMs = performance.now()
for (let number = 0; !over.signal.aborted; number++) {
  const path = PATHS[number % PATHS.length]
  const atMs = performance.now() - beganMs
  try {
    const { status, tookMs } = await get(`${process.argv[2]}${path}`)
    times.push({ tookMs, atMs })
    if (status !== 200) problems.push(`${path}: ${status}`)
  } catch (error) {
    problems.push(`${path}: ${error.message}`)
  }
  await pause(READ_MS)
}
process.send({ times, problems }, () => process.exit(0))
