// Asks the site that this page came from.

import { ConsoleError, seal, sessionText } from './signing.page.js'

const TIMEOUT_MS = 15_000

/** What the site did not take, in its own words. */
export class Refusal extends ConsoleError {
  constructor(code, message) {
    super(message)
    this.name = 'Refusal'
    this.code = code
  }
}

/** The site did not answer, or not as a site does: whether it took something is not known. */
export class NoAnswer extends ConsoleError {
  constructor(message) {
    super(message)
    this.name = 'NoAnswer'
  }
}

export async function posting() {
  return await ask('GET', '/-/posting')
}

/** The id of the post. One that was taken before, when the answer was lost, is as good. */
export async function post(envelope, idOf) {
  try {
    return (await ask('POST', '/-/post', envelope)).id
  } catch (error) {
    if (error.code !== 'replayed') throw error
    return await idOf(envelope)
  }
}

/** Who this browser is signed in as, by this key: it signs the site's challenge if it must. */
export async function signIn(pair) {
  const { challenge, session, site } = await ask('GET', '/-/sign-in')
  if (session?.key === pair.id) return session
  return await ask('POST', '/-/sign-in', await seal('session', sessionText(site, challenge), pair))
}

export async function signOut() {
  await ask('POST', '/-/sign-out')
}

async function ask(method, path, body) {
  let answer
  let value
  try {
    answer = await fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    value = await answer.json()
  } catch {
    throw new NoAnswer(
      answer === undefined ? 'The site does not answer.' : `HTTP status ${answer.status}`,
    )
  }
  if (answer.ok) return value
  const { code, message } = value.error ?? {}
  if (typeof message !== 'string') throw new NoAnswer(`HTTP status ${answer.status}`)
  throw new Refusal(code, message)
}
