// Programmer's errors: a failed assertion is never caught to go on. Input from a client, a disk
// or the network is not asserted; a bad one is an operating error with a class of its own.

export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** Stops with `message` unless `fact` holds. For what the code itself promises, never for input. */
export function assert(fact: boolean, message: string): asserts fact {
  if (!fact) throw new AssertionError(message)
}

/** Ends a `switch` over a union: compiles only while every member is handled. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable value: ${String(value)}`)
}
