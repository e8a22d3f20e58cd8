// The one reader of the environment: everything else gets values, and never learns where from.

/** Variables whose name begins with HOLDFAST_, and whether colour is unwanted. */
export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly hasNoColor: boolean
}

/** Reads the environment once. An empty variable counts as not set. */
export function readEnvironment(): Environment {
  const own = Object.entries(process.env).filter(
    ([name, value]) => name.startsWith('HOLDFAST_') && value !== '',
  )
  return { variables: Object.fromEntries(own), hasNoColor: (process.env['NO_COLOR'] ?? '') !== '' }
}
