// Sizes and counts as people type them: 500, 10K, 1.5GiB, 2TB.

import { CliError } from './cli-error.ts'

const FACTORS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kib: 1024,
  kb: 1000,
  m: 1024 ** 2,
  mib: 1024 ** 2,
  mb: 1000 ** 2,
  g: 1024 ** 3,
  gib: 1024 ** 3,
  gb: 1000 ** 3,
  t: 1024 ** 4,
  tib: 1024 ** 4,
  tb: 1000 ** 4,
}

/** Bytes of a size such as `10GiB`, or null for `none`. @throws CliError */
export function parseSize(text: string, flag: string): number | null {
  if (text === 'none') return null
  const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  const factor = FACTORS[(match?.[2] ?? '').toLowerCase()]
  const exact = Number(match?.[1]) * (factor ?? NaN)
  const value = Math.floor(exact)
  // Less than a byte, or a part of one, is a slip: it must not become a limit of nothing.
  const isSlip = factor === 1 && value !== exact
  if (!Number.isSafeInteger(value) || isSlip || (value === 0 && exact !== 0)) {
    throw new CliError(`${flag} takes a size such as 500MiB or 10GiB, or none; not '${text}'`)
  }
  return value
}

/** A whole number of things, or null for `none`. @throws CliError */
export function parseCount(text: string, flag: string): number | null {
  if (text === 'none') return null
  const value = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new CliError(`${flag} takes a whole number, or none; not '${text}'`)
  }
  return value
}
