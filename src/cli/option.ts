// What an option of the command line is: how its text becomes a value, and where it may come from.
// The tables of options are made of this.

import { CliError } from './cli-error.ts'

/** How an option's text becomes a value; a text that does not fit is refused by name. */
export interface Kind<T> {
  readonly placeholder: string
  /** Null where the text does not fit. */
  readonly parse: (text: string) => T | null
  readonly expects: string
}

export interface Address {
  readonly host: string
  readonly port: number
}

export interface Option<T> {
  readonly kind: Kind<T>
  /** Null: not set. */
  readonly default: T | null
  readonly description: string
  /** A secret is never printed and, on the command line, seen by other users of the machine. */
  readonly isSecret?: true
}

export const text: Kind<string> = {
  placeholder: 'TEXT',
  expects: 'a text',
  parse: (value) => (value.trim() === '' ? null : value),
}
export const file: Kind<string> = { ...text, placeholder: 'FILE', expects: 'a file name' }
export const address: Kind<Address> = {
  placeholder: 'HOST:PORT',
  parse: parseAddress,
  expects: 'a host and a port, such as 127.0.0.1:9000 or [::1]:9000',
}

export function oneOf<T extends string>(...values: readonly T[]): Kind<T> {
  return {
    placeholder: values.join('|'),
    expects: `one of ${values.join(', ')}`,
    parse: (value) => values.find((known) => known === value) ?? null,
  }
}

export function option<T>(kind: Kind<T>, preset: T | null, description: string): Option<T> {
  return { kind, default: preset, description }
}

/** HOLDFAST_TLS_CERT for tls-cert. */
export function variableOf(name: string): string {
  return `HOLDFAST_${name.toUpperCase().replaceAll('-', '_')}`
}

/** A default as people write it; empty where there is none. */
export function presetText(preset: unknown): string {
  if (preset === null) return ''
  if (typeof preset === 'string' || typeof preset === 'number') return String(preset)
  if (Array.isArray(preset)) return preset.join(',')
  const { host, port } = preset as Address
  return `${host}:${port}`
}

/** A text and where it was given; undefined where it was not. */
export type Given = readonly [source: string, text: string | undefined]

/** The first that is given wins. @throws CliError naming source and expectation */
export function readOption<T>(
  { kind, default: preset }: Option<T>,
  given: readonly Given[],
): T | null {
  const found = given.find(([, value]) => value !== undefined)
  if (found?.[1] === undefined) return preset
  const value = kind.parse(found[1])
  if (value === null) throw new CliError(`${found[0]} takes ${kind.expects}`)
  return value
}

/** Commander gives `--tls-cert` as tlsCert. */
export function flagsByName(
  names: readonly string[],
  flags: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    names.map((name) => [
      name,
      flags[name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())],
    ]),
  )
}

/** `HOST:PORT`, `[IPV6]:PORT` or `:PORT` (all interfaces). */
function parseAddress(value: string): Address | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(value)
  if (match === null) return null
  const port = Number(match[3])
  const host = match[1] ?? match[2] ?? ''
  return port > 65_535 ? null : { host: host === '' ? '::' : host, port }
}
