// Cases that are told as they end, and counted.

const MESSAGE_SHOWN = 1500

export class Cases {
  #zeroMs = performance.now()
  passed = 0
  failed = 0
  skipped = 0

  /** Runs one to its end; what it throws is told, and the next goes on. Answers what `act` gives, or null. */
  async run(name, act) {
    try {
      const gives = await act()
      this.passed += 1
      this.say(`ok      ${name}`)
      return gives ?? null
    } catch (error) {
      this.failed += 1
      this.say(`FAILED  ${name}\n${String(error.stack).slice(0, MESSAGE_SHOWN)}`)
      return null
    }
  }

  skip(name, why) {
    this.skipped += 1
    this.say(`skipped ${name}: ${why}`)
  }

  say(text) {
    const sec = (performance.now() - this.#zeroMs) / 1000
    console.log(`${sec.toFixed(1).padStart(6)} s  ${text}`)
  }

  /** The last line of a run. */
  get tally() {
    const skipped = this.skipped === 0 ? '' : `, ${this.skipped} skipped`
    return `${this.passed} passed, ${this.failed} failed${skipped}`
  }
}
