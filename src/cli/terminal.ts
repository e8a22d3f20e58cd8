// What commands show: tables and progress for people, one JSON value for programs. Results go to
// standard output; progress and errors to standard error, progress only where a person looks.

import Table from 'cli-table3'

export interface Terminal {
  readonly isJson: boolean
  /** A result: as JSON where asked for, else as the text that `render` makes. */
  result(value: unknown, render: () => string): void
  /** A line for people, on standard error; nothing with --json. */
  note(line: string): void
  /** Replaces the progress line; nothing unless standard error is a terminal. */
  progress(line: string): void
  endProgress(): void
}

export function openTerminal({ isJson }: { isJson: boolean }): Terminal {
  const hasProgress = process.stderr.isTTY && !isJson
  let isProgressShown = false
  const clear = (): void => {
    if (isProgressShown) process.stderr.write('\r\u001B[2K')
    isProgressShown = false
  }
  return {
    isJson,
    result: (value, render) => {
      clear()
      const text = isJson ? JSON.stringify(value, jsonValue, 2) : render()
      if (text !== '') process.stdout.write(`${text}\n`)
    },
    note: (line) => {
      clear()
      if (!isJson) process.stderr.write(`${line}\n`)
    },
    progress: (line) => {
      if (!hasProgress) return
      const { columns } = process.stderr
      const width = columns > 0 ? columns : 80 // some terminals do not know, and say 0
      process.stderr.write(`\r\u001B[2K${line.slice(0, width - 1)}`)
      isProgressShown = true
    },
    endProgress: clear,
  }
}

function jsonValue(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}

/** Lines of a name and what it is. */
export function facts(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

/** A table with a head; numbers are set right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const isNumeric = head.map(
    (_, column) =>
      rows.length > 0 &&
      rows.every((row) => /^[\d.,]+( [KMGTP]?i?B)?$|^-$/.test(String(row[column]))),
  )
  const made = new Table({
    head: [...head],
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    colAligns: isNumeric.map((right) => (right ? 'right' : 'left')),
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
  })
  for (const row of rows) made.push(row.map(String))
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}

const SIZE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']

/** 1536 → `1.5 KiB`. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes
  let unit = 0
  for (; value >= 1024 && unit < SIZE_UNITS.length - 1; unit++) value /= 1024
  return `${unit === 0 ? value : value.toFixed(1)} ${SIZE_UNITS[unit] ?? ''}`
}

/** 90 → `1 min 30 s`. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return 'unknown'
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}
