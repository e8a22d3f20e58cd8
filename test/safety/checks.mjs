// Counts named checks and ends a script as a test runner can read it: a line for each, then
// `N passed, N failed`, with the skipped ones by name.

const SHOWN_MAX = 10

/** Makes a tally; `seed` is printed with what fails. */
export function createChecks({ seed = null } = {}) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  return {
    /** Passes where `problems` is empty. */
    check(name, problems) {
      if (problems.length === 0) {
        counts.passed++
        console.log(`ok      ${name}`)
        return
      }
      counts.failed++
      const replay = seed === null ? '' : ` (seed ${String(seed)})`
      console.log(`FAILED  ${name}${replay}:`)
      for (const problem of problems.slice(0, SHOWN_MAX)) console.log(`    ${problem}`)
      if (problems.length > SHOWN_MAX) console.log(`    … ${problems.length} in all`)
    },
    skip(name, why) {
      counts.skipped++
      console.log(`skipped ${name}: ${why}`)
    },
    /** Prints the counts and answers the exit code. */
    end() {
      const { passed, failed, skipped } = counts
      console.log(
        `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`,
      )
      return failed === 0 && passed + skipped > 0 ? 0 : 1
    },
  }
}

/** Where `actual` is not `expected`, one line that says so; else none. */
export function unequal(what, actual, expected) {
  return actual === expected ? [] : [`${what}: ${actual} in place of ${expected}`]
}
