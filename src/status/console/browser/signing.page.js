// Signs in the browser what the command line signs: the same texts, the same envelopes. Served as it is,
// as /signing.page.js. The key never leaves the browser, and not even this script can read it again.

const PEM = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/
const KEY_FILE_CHARS_MAX = 10_000
/** What follows these bytes of a PKCS#8 key is Ed25519's. Source: RFC 8410. */
const ED25519 = [0x06, 0x03, 0x2b, 0x65, 0x70]

/** Something that whoever sits before the page can mend. */
export class ConsoleError extends Error {
  constructor(message, field = null) {
    super(message)
    this.name = 'ConsoleError'
    this.field = field
  }
}

/** Why this browser cannot sign here; null: it can. */
export async function whyNoSigning() {
  if (!globalThis.isSecureContext || globalThis.crypto?.subtle === undefined) {
    return (
      'Browsers sign only on pages that came over HTTPS or from localhost. Open this page that way (a ' +
      'tunnel such as ssh -L 8080:localhost:PORT will do), or use holdfast status post.'
    )
  }
  try {
    await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
    return null
  } catch {
    return (
      'This browser does not know Ed25519. Use a newer one (Chrome 137, Firefox 129, Safari 17 or later), ' +
      'or holdfast status post.'
    )
  }
}

/**
 * The key of a file that `holdfast status key` made, for signing alone: { id, key }.
 * @throws ConsoleError
 */
export async function readKeyFile(text) {
  const body = text.length > KEY_FILE_CHARS_MAX ? null : PEM.exec(text)
  if (body === null) {
    const isPublic = text.includes('PUBLIC KEY')
    throw new ConsoleError(
      isPublic
        ? 'That is a public key. Choose the file with the private one.'
        : 'That file holds no private key. Choose the one that holdfast status key made.',
      'key-file',
    )
  }
  let bytes
  try {
    bytes = bytesOf(body[1].replace(/\s/g, ''))
    if (!bytes.join().includes(ED25519.join())) throw new ConsoleError('')
    // Its public half names it, and only a key that can be exported tells it: once, here.
    const open = await crypto.subtle.importKey('pkcs8', bytes, 'Ed25519', true, ['sign'])
    const { x } = await crypto.subtle.exportKey('jwk', open)
    const publicRaw = bytesOf(x.replaceAll('-', '+').replaceAll('_', '/'))
    const id = hexOf(await crypto.subtle.digest('SHA-256', publicRaw)).slice(0, 32)
    const key = await crypto.subtle.importKey('pkcs8', bytes, 'Ed25519', false, ['sign'])
    return { id, key }
  } catch {
    throw new ConsoleError('That file holds no Ed25519 key that this browser can read.', 'key-file')
  } finally {
    bytes?.fill(0)
  }
}

/** The envelope of a text, for a use: `record` or `session`. */
export async function seal(purpose, text, { id, key }) {
  const bytes = new TextEncoder().encode(`holdfast status ${purpose} 1\n${text}`)
  const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', key, bytes))
  return { key: id, text, signature: btoa(String.fromCharCode(...signature)) }
}

/** The text of a record; the fields stand in the order in which the command line has them. */
export function recordText({ plane, author, atMs, order, nonce, statement }) {
  return JSON.stringify({ version: 1, plane, author, atMs, order, nonce, statement })
}

export function newNonce() {
  return hexOf(crypto.getRandomValues(new Uint8Array(16)))
}

/** What is signed to sign in. */
export function sessionText(site, challenge) {
  return JSON.stringify({ version: 1, site, challenge })
}

function hexOf(bytes) {
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
}
