// Mutants as patch files: one sentence that says what is broken, hints where it shows, then a unified
// diff. A hunk is found by its lines alone, so that code that moved within its file does not matter;
// one that is found nowhere, or twice, fits no more.

/** A patch that cannot be read or does not fit; the message says which and where. */
export class PatchError extends Error {
  name = 'PatchError'
}

/**
 * @typedef {{ path: string, hunks: { before: string[], after: string[] }[] }} PatchedFile
 * @typedef {{ name: string, breaks: string, scenarios: string[], files: PatchedFile[] }} Mutant
 */

/** @returns {Mutant} Scenarios are those of the header line `scenarios: a, b`; none: any. */
export function parseMutant(name, text) {
  const lines = text.split('\n')
  const start = lines.findIndex((line) => line.startsWith('--- '))
  const [breaks = '', ...hints] = lines.slice(0, start)
  if (start < 1 || breaks.trim() === '') throw new PatchError(`${name}: says not what is broken`)
  const scenarios = hints
    .filter((line) => line.startsWith('scenarios: '))
    .flatMap((line) => line.slice('scenarios: '.length).split(', '))
  return { name, breaks, scenarios, files: parseFiles(name, lines.slice(start)) }
}

function parseFiles(name, lines) {
  const files = []
  for (const line of lines) {
    const file = files.at(-1)
    const hunk = file?.hunks.at(-1)
    if (line.startsWith('--- ')) continue
    if (line.startsWith('+++ b/')) files.push({ path: line.slice('+++ b/'.length), hunks: [] })
    else if (line.startsWith('@@ ')) file?.hunks.push({ before: [], after: [] })
    else if (hunk === undefined) throw new PatchError(`${name}: a line before any hunk: ${line}`)
    else addLine(name, hunk, line)
  }
  if (files.length === 0 || files.some(({ hunks }) => hunks.length === 0)) {
    throw new PatchError(`${name}: changes nothing`)
  }
  const foreign = files.find(({ path }) => !path.startsWith('src/') || path.includes('..'))
  if (foreign !== undefined) throw new PatchError(`${name}: ${foreign.path} is not in src/`)
  return files
}

function addLine(name, { before, after }, line) {
  const rest = line.slice(1)
  if (line === '') return // the end of the file
  if (line[0] === ' ' || line[0] === '-') before.push(rest)
  if (line[0] === ' ' || line[0] === '+') after.push(rest)
  if (!' +-'.includes(line[0])) throw new PatchError(`${name}: no line of a diff: ${line}`)
}

/** The source with the hunks in place. @throws PatchError */
export function applyHunks(name, { path, hunks }, source) {
  let text = `\n${source}`
  for (const { before, after } of hunks) {
    const wanted = `\n${before.join('\n')}\n`
    const at = text.indexOf(wanted)
    const where = `${name}: ${path} at: ${before.join('\n')}`
    if (at === -1) throw new PatchError(`${where}\nis not there any more`)
    if (text.indexOf(wanted, at + 1) !== -1) throw new PatchError(`${where}\nis there twice`)
    text = `${text.slice(0, at)}\n${after.join('\n')}\n${text.slice(at + wanted.length)}`
  }
  return text.slice(1)
}
