// The cookie that a browser carries its session in.

import { STATUS_SESSION_MS_MAX } from '../../base/limits.ts'
import type { SiteRequest } from '../status.ts'

const NAME = 'holdfast-status'
const TOKEN_PATTERN = /^[A-Za-z0-9_-]{43}$/

/** Null: the request brings none. */
export function tokenOf({ headers }: Pick<SiteRequest, 'headers'>): string | null {
  for (const pair of (headers.get('cookie') ?? '').split(';')) {
    const [name = '', value = ''] = pair.split('=').map((part) => part.trim())
    if (name === NAME && TOKEN_PATTERN.test(value)) return value
  }
  return null
}

/**
 * Set-Cookie of a new session. Secure, unless the browser says by Origin that it came over plain HTTP:
 * there may be a proxy that speaks TLS before this process, or none of it at all.
 */
export function sessionCookie(token: string, request: Pick<SiteRequest, 'headers'>): string {
  return `${NAME}=${token}; Max-Age=${STATUS_SESSION_MS_MAX / 1000}${attributes(request)}`
}

/** Set-Cookie that ends it. */
export function noCookie(request: Pick<SiteRequest, 'headers'>): string {
  return `${NAME}=; Max-Age=0${attributes(request)}`
}

function attributes({ headers }: Pick<SiteRequest, 'headers'>): string {
  const isPlain = headers.get('origin')?.startsWith('http://') === true
  return `; Path=/; HttpOnly; SameSite=Strict${isPlain ? '' : '; Secure'}`
}
