// Which of the names that there are a mistyped one was meant to be.

/** `(did you mean listen?)` with a blank before it, or nothing where none is near. */
export function didYouMean(typed: string, names: readonly string[]): string {
  const near = names
    .map((name) => ({ name, distance: editDistance(typed, name) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.floor(name.length / 4)))
    .toSorted((a, b) => a.distance - b.distance)
  return near[0] === undefined ? '' : ` (did you mean ${near[0].name}?)`
}

/** How many letters to put in, leave out or change. Source: Levenshtein's distance, row by row. */
function editDistance(from: string, to: string): number {
  let before = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let row = 0; row < from.length; row++) {
    const now = [row + 1]
    for (let column = 1; column <= to.length; column++) {
      const change = (before[column - 1] ?? 0) + (from[row] === to[column - 1] ? 0 : 1)
      now.push(Math.min(change, (before[column] ?? 0) + 1, (now[column - 1] ?? 0) + 1))
    }
    before = now
  }
  return before[to.length] ?? 0
}
