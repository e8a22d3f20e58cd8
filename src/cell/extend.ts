// Joins a contract's reading half, which works in this process, with an operation that is carried
// out in another.

/** `base`'s methods, bound to it, and those of `own` beside them. */
export function extend<Base extends object, Own extends object>(base: Base, own: Own): Base & Own {
  const methods: Record<string, unknown> = {}
  for (
    let level: object | null = base;
    level !== null && level !== Object.prototype;
    level = Object.getPrototypeOf(level) as object | null
  ) {
    for (const name of Object.getOwnPropertyNames(level)) {
      const value = (base as Record<string, unknown>)[name]
      if (typeof value === 'function' && name !== 'constructor') {
        methods[name] ??= (value as (...args: unknown[]) => unknown).bind(base)
      }
    }
  }
  return { ...methods, ...own } as Base & Own
}
