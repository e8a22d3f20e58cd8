// The canonical query of Signature Version 4: each name and value decoded and encoded again, then
// sorted by encoded name and value. Source: S3 API, Signature Calculations, Task 1.

import { percentDecode, percentEncode } from '../percent.ts'

/** The canonical form of a raw query, without the parameter `leaveOut` ('': none). */
export function canonicalQuery(rawQuery: string, leaveOut: string): string {
  if (rawQuery === '') return ''
  const pieces: string[] = []
  let start = 0
  while (start <= rawQuery.length) {
    let end = rawQuery.indexOf('&', start)
    if (end < 0) end = rawQuery.length
    if (end > start) {
      const piece = canonicalParam(rawQuery.slice(start, end))
      if (leaveOut === '' || !piece.startsWith(`${leaveOut}=`)) pieces.push(piece)
    }
    start = end + 1
  }
  if (pieces.length > 1) pieces.sort(byNameThenValue)
  return pieces.join('&')
}

function canonicalParam(raw: string): string {
  if (CANONICAL.test(raw)) return raw
  const equals = raw.indexOf('=')
  if (equals < 0) return `${recode(raw)}=`
  return `${recode(raw.slice(0, equals))}=${recode(raw.slice(equals + 1))}`
}

function recode(raw: string): string {
  const text = percentDecode(raw.includes('+') ? raw.replaceAll('+', ' ') : raw)
  return text === null ? raw : percentEncode(text) // the target's parser refuses such text before
}

// `=` sorts above `-` and `.`, so whole pieces compare wrong where one name begins another.
function byNameThenValue(a: string, b: string): number {
  const nameA = a.slice(0, a.indexOf('='))
  const nameB = b.slice(0, b.indexOf('='))
  if (nameA !== nameB) return nameA < nameB ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}

const CANONICAL = /^[A-Za-z0-9\-._~]+=[A-Za-z0-9\-._~]*$/
