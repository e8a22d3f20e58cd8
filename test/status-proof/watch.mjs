// Readers of a site: one that follows the levels that it tells, and one that times its pages.

import { setTimeout as pause } from 'node:timers/promises'
import { get } from './asking.mjs'

const LOOK_MS = 250
const READ_MS = 100
const PATHS = ['/', '/api/v2/summary.json']

/** Follows the levels of all components at one site: which were told, and since when. */
export class LevelWatch {
  #site
  #isOver = false
  #running
  /** By component: levels in their order, with when the last look began that found each. */
  #told = new Map()

  constructor(site) {
    this.#site = site
    this.#running = this.#run()
  }

  /** Levels of a component that were found by looks that began at this moment or later. */
  levelsOf(id, sinceMs) {
    const told = this.#told.get(id) ?? []
    return told.filter(({ lastMs }) => lastMs >= sinceMs).map(({ level }) => level)
  }

  /** Those of the components that were told at another level than these; as lines. */
  others(ids, levels, sinceMs) {
    return ids.flatMap((id) => {
      const told = this.levelsOf(id, sinceMs)
      return told.every((level) => levels.includes(level)) ? [] : [`${id} ${told.join(', ')}`]
    })
  }

  async stop() {
    this.#isOver = true
    await this.#running
  }

  async #run() {
    while (!this.#isOver) {
      const lookMs = performance.now()
      // A site that is killed tells nothing; that it answers is checked elsewhere.
      const levels = await this.#site.levels().catch(() => new Map())
      for (const [id, level] of levels) {
        const told = this.#told.get(id) ?? []
        const last = told.at(-1)
        if (last?.level === level) last.lastMs = lookMs
        else told.push({ level, lastMs: lookMs })
        this.#told.set(id, told)
      }
      await pause(LOOK_MS)
    }
  }
}

/** Reads a site's page and summary all the time, over a new connection each time. */
export class PageWatch {
  #url
  #isOver = false
  #running
  #times = []
  problems = []

  constructor(url) {
    this.#url = url
    this.#running = this.#run()
  }

  get count() {
    return this.#times.length
  }

  get slowestMs() {
    return Math.max(0, ...this.#times)
  }

  async stop() {
    this.#isOver = true
    await this.#running
  }

  async #run() {
    for (let number = 0; !this.#isOver; number++) {
      const path = PATHS[number % PATHS.length]
      try {
        const { status, tookMs } = await get(`${this.#url}${path}`)
        this.#times.push(tookMs)
        if (status !== 200) this.problems.push(`${path}: ${status}`)
      } catch (error) {
        this.problems.push(`${path}: ${error.message}`)
      }
      await pause(READ_MS)
    }
  }
}
