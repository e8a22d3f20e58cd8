// Readers of a site: one that follows the levels that it tells, and one that times its pages.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const LOOK_MS = 250

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

/** Reads a site's page and summary all the time, until it is stopped. */
export class PageWatch {
  #reader
  #said

  constructor(url) {
    this.#reader = fork(fileURLToPath(new URL('reader.mjs', import.meta.url)), [url])
    this.#said = once(this.#reader, 'message')
  }

  /** Answers how many were answered, the slowest with its moment since the beginning, and what went wrong. */
  async stop() {
    this.#reader.send('stop')
    const [{ problems, times }] = await this.#said
    const slowest = times.reduce((one, other) => (one.tookMs < other.tookMs ? other : one), {
      tookMs: 0,
      atMs: 0,
    })
    return { count: times.length, slowest, problems }
  }
}
