// The forms in which a site answers: ready-made files with their headers, JSON, errors.

import { unreachable } from '../base/assert.ts'
import type { HttpAnswer } from '../base/network.ts'
import { pagePolicy } from './output/layout.ts'
import type { RenderedFile } from './output/render.ts'
import type { SiteRequest, StatusError, StatusErrorCode } from './status.ts'

/** On every answer. */
const COMMON: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
]

/**
 * A crowd is served by caches in front: seconds old is new enough, and old is better than nothing while a
 * site is away.
 */
const CACHED = 'public, max-age=5, stale-while-revalidate=30, stale-if-error=900'

/** One file in each form in which it is asked for; made once, given to all. */
export interface FileForms {
  readonly plain: HttpAnswer
  readonly gzip: HttpAnswer
  readonly same: HttpAnswer
  readonly etag: string
}

export function formsOf(file: RenderedFile): FileForms {
  const { body, etag, gzip, type } = file
  const isPage = type.startsWith('text/html')
  const headers = [
    ...COMMON,
    ['cache-control', CACHED],
    ['etag', etag],
    ['vary', 'accept-encoding'],
    ...(isPage
      ? ([['content-security-policy', `${pagePolicy()}; frame-ancestors 'none'`]] as const)
      : ([['access-control-allow-origin', '*']] as const)),
  ] as [string, string][]
  const typed: [string, string][] = [...headers, ['content-type', type]]
  return {
    plain: { status: 200, headers: new Map(typed), body },
    gzip: { status: 200, headers: new Map([...typed, ['content-encoding', 'gzip']]), body: gzip },
    same: { status: 304, headers: new Map(headers), body: new Uint8Array(0) },
    etag,
  }
}

/** The form that this reader can take. Source: RFC 9110, sections 12.5.3 and 13.1.2. */
export function formFor({ headers }: SiteRequest, forms: FileForms): HttpAnswer {
  const known = headers.get('if-none-match')
  if (known !== undefined && (known === '*' || known.includes(forms.etag.slice(2)))) {
    return forms.same
  }
  const codings = headers.get('accept-encoding') ?? ''
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:\s*,|\s*$))/i.test(codings) ? forms.gzip : forms.plain
}

/** What is told now, to whom asks, and kept by nobody. */
export function jsonAnswer(status: number, value: unknown): HttpAnswer {
  return textAnswer(status, 'application/json; charset=utf-8', `${JSON.stringify(value)}\n`)
}

export function textAnswer(status: number, type: string, text: string): HttpAnswer {
  const headers = new Map([...COMMON, ['cache-control', 'no-store'], ['content-type', type]] as [
    string,
    string,
  ][])
  return { status, headers, body: Buffer.from(text) }
}

export function errorAnswer({ code, message }: StatusError): HttpAnswer {
  return jsonAnswer(httpStatusOf(code), { error: { code, message } })
}

function httpStatusOf(code: StatusErrorCode): number {
  switch (code) {
    case 'bad-request':
      return 400
    case 'bad-signature':
    case 'unknown-key':
    case 'not-allowed':
      return 403
    case 'not-found':
      return 404
    case 'replayed':
    case 'stale':
      return 409
    case 'too-large':
      return 413
    case 'unknown-component':
    case 'unknown-incident':
      return 422
    case 'too-many':
      return 429
    case 'bad-config':
    case 'damaged':
      return 500
    case 'unavailable':
      return 503
    case 'full':
      return 507
    default:
      return unreachable(code)
  }
}
