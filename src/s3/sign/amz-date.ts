// The dates of signatures: `20130524T000000Z`, ISO 8601 without separators.

/** Milliseconds since 1970, or null unless `text` is such a date and exists. */
export function parseAmzDate(text: string): number | null {
  if (text === lastText) return lastMs
  if (!SHAPE.test(text)) return null
  const part = (start: number, end: number): number => Number(text.slice(start, end))
  const [year, month, day] = [part(0, 4), part(4, 6), part(6, 8)]
  const ms = Date.UTC(year, month - 1, day, part(9, 11), part(11, 13), part(13, 15))
  if (formatAmzDate(ms) !== text) return null // the 31st of April, or the 25th hour
  lastText = text
  lastMs = ms
  return ms
}

/** The date of an instant, to the second. */
export function formatAmzDate(ms: number): string {
  return new Date(ms).toISOString().replace(SEPARATORS, '')
}

// Requests of one second share their date, so the last one is kept.
let lastText = ''
let lastMs = 0
const SHAPE = /^\d{8}T\d{6}Z$/
const SEPARATORS = /[-:]|\.\d{3}/g
