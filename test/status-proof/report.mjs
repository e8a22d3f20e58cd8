// What a proof tells while it runs: a timeline in seconds, and checks that are counted.

/** What a proof waited for did not come; the message says what, and what was there instead. */
export class ProofError extends Error {
  name = 'ProofError'
}

export class Report {
  passed = 0
  failed = 0

  /** A timeline of its own, counted from now. */
  story(name) {
    return new Story(this, name)
  }
}

class Story {
  #report
  #name
  #zeroMs = performance.now()

  constructor(report, name) {
    this.#report = report
    this.#name = name
  }

  /** Seconds since the beginning, or since `zero`. */
  get sec() {
    return (performance.now() - this.#zeroMs) / 1000
  }

  /** Counts from here on. */
  zero() {
    this.#zeroMs = performance.now()
  }

  say(text) {
    console.log(`${this.#name.padEnd(8)} ${this.sec.toFixed(1).padStart(6)} s  ${text}`)
  }

  /** `problem` is null where it holds. Answers whether it does. */
  check(what, problem) {
    if (problem === null) this.#report.passed += 1
    else this.#report.failed += 1
    this.say(problem === null ? `ok      ${what}` : `FAILED  ${what}: ${problem}`)
    return problem === null
  }

  /** One that must hold within seconds of the story's zero: the issue's own deadlines. */
  checkWithin(what, sec, secMax) {
    const took = `${what}: ${sec.toFixed(1)} s`
    this.check(took, sec <= secMax ? null : `more than ${secMax} s`)
  }

  /** Runs a part of the proof; what it throws is a check that failed, and the rest goes on. */
  async part(what, act) {
    try {
      await act()
    } catch (error) {
      this.check(what, error instanceof ProofError ? error.message : error.stack)
    }
  }
}

/** Counts by value, for messages: `16 operational, 2 unknown`. */
export function tallyOf(values) {
  const counts = new Map()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts].map(([value, count]) => `${count} ${value}`).join(', ')
}
