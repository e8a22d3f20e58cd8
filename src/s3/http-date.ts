// Dates in HTTP headers and XML. Written: RFC 1123 in GMT, and ISO 8601 with milliseconds. Read:
// also RFC 850, asctime and ISO 8601. Source: RFC 9110, 5.6.7.

/** Milliseconds since 1970, or null where `text` is no date in one of the four forms. */
export function parseHttpDate(text: string): number | null {
  const rfc = RFC_1123.exec(text) ?? RFC_850.exec(text)
  if (rfc !== null) return instant(rfc[3], rfc[2], rfc[1], rfc.slice(4))
  const asctime = ASCTIME.exec(text)
  if (asctime !== null) return instant(asctime[6], asctime[1], asctime[2], asctime.slice(3, 6))
  return parseIsoDate(text)
}

/** Milliseconds since 1970 of an ISO 8601 instant, basic or extended; null for anything else. */
export function parseIsoDate(text: string): number | null {
  const iso = ISO.exec(text)
  if (iso === null) return null
  const [, year, month, day, hour, minute, second, fraction = '', zone] = iso
  const ms = instant(year, MONTHS[Number(month) - 1], day, [hour, minute, second])
  if (ms === null) return null
  const offsetMs = zone === undefined || zone === 'Z' ? 0 : zoneMs(zone)
  return ms + Math.floor(Number(`0${fraction}`) * 1000) - offsetMs
}

/** `Wed, 12 Oct 2009 17:50:00 GMT`, to the second. */
export function formatHttpDate(ms: number): string {
  const second = Math.floor(ms / 1000)
  if (second !== lastSecond) {
    lastSecond = second
    lastHttpDate = new Date(second * 1000).toUTCString()
  }
  return lastHttpDate
}

/** `2009-10-12T17:50:30.000Z`. Pages of LIST format a thousand; most fall on few days. */
export function formatIsoDate(ms: number): string {
  const day = Math.floor(ms / DAY_MS)
  if (day !== lastDay) {
    lastDay = day
    lastDayText = new Date(day * DAY_MS).toISOString().slice(0, 11)
  }
  const inDay = Math.floor(ms - day * DAY_MS)
  const minutes = Math.floor(inDay / 60_000)
  const rest = inDay - minutes * 60_000
  const second = Math.floor(rest / 1000)
  const hour = Math.floor(minutes / 60)
  const clock = `${TWO[hour]}:${TWO[minutes - hour * 60]}:${TWO[second]}.`
  const thousandth = rest - second * 1000
  const pad = thousandth < 10 ? '00' : thousandth < 100 ? '0' : ''
  return `${lastDayText}${clock}${pad}${thousandth}Z`
}

function instant(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
  clock: readonly (string | undefined)[],
): number | null {
  const monthIndex = MONTHS.indexOf(month ?? '')
  const [hour = 0, minute = 0, second = 0] = clock.map(Number)
  if (monthIndex < 0 || hour > 23 || minute > 59 || second > 60) return null
  const startOfDayMs = Date.UTC(fullYear(year ?? ''), monthIndex, Number(day))
  if (new Date(startOfDayMs).getUTCDate() !== Number(day)) return null // the 31st of April
  return startOfDayMs + ((hour * 60 + minute) * 60 + second) * 1000
}

/** Two digits stand for 1970 to 2069, as recipients of RFC 850 dates agree to read them. */
function fullYear(digits: string): number {
  const year = Number(digits)
  if (digits.length > 2) return year
  return year < 70 ? 2000 + year : 1900 + year
}

function zoneMs(zone: string): number {
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}

const DAY_MS = 86_400_000
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const TWO: readonly string[] = Array.from({ length: 60 }, (_, n) => String(n).padStart(2, '0'))
const RFC_1123 = /^\w{3}, (\d{1,2}) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:GMT|UTC|[+-]0000)$/
const RFC_850 = /^\w{6,9}, (\d\d)-(\w{3})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/
const ASCTIME = /^\w{3} (\w{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})$/
const ISO = /^(\d{4})-?(\d\d)-?(\d\d)T(\d\d):?(\d\d):?(\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/

let lastSecond = Number.NaN
let lastHttpDate = ''
let lastDay = Number.NaN
let lastDayText = ''
