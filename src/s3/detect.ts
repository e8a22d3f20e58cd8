// Which operation a request asks for. What S3 does not know is refused and never falls through to
// the plain operation: `DELETE /b?ownershipControls` must not delete the bucket.

import { OPERATION_ROUTES, type OperationRoute, type RoutePlace } from './routes.ts'
import type { QueryParam } from './query-params.ts'
import type { RequestHeaders } from './request-headers.ts'
import type { RequestTarget } from './request-target.ts'
import { S3Error } from './s3-error.ts'
import { S3_OPERATIONS, type S3Operation } from './s3-operation.ts'

interface Candidate {
  readonly operation: S3Operation
  readonly route: OperationRoute
  readonly params: ReadonlySet<string>
}

/** By method; where several share one, the more demanding first. */
type Methods = ReadonlyMap<string, readonly Candidate[]>

/**
 * The operation of a request.
 * @throws S3Error `NotImplemented` for a query parameter that the operation does not know,
 *   `MethodNotAllowed` (with `allow`) for a known subresource or resource and another method,
 *   `InvalidArgument` for two subresources at once
 */
export function detectOperation(
  method: string,
  target: RequestTarget,
  headers: RequestHeaders,
): S3Operation {
  const place: RoutePlace =
    target.key !== null ? 'object' : target.bucket !== null ? 'bucket' : 'service'
  if (method === 'OPTIONS' && place !== 'service') return 'OptionsObject' // a preflight for any
  const query = target.query
  const sub = query.length === 0 ? null : findSubresource(place, query)
  const methods = PLACES[place].get(sub ?? PLAIN)
  const candidates = methods?.get(method)
  if (methods === undefined || candidates === undefined) {
    throw methodNotAllowed(method, sub ?? place, methods)
  }
  for (const candidate of candidates) {
    if (!meetsNeed(candidate.route, query, headers)) continue
    if (query.length > 0) checkParams(candidate, query)
    return candidate.operation
  }
  throw new S3Error('InvalidArgument', {
    message: `The subresource ${sub} needs a query parameter id with ${method}.`,
    fields: { ArgumentName: 'id', ArgumentValue: '' },
  })
}

function findSubresource(place: RoutePlace, query: readonly QueryParam[]): string | null {
  let sub: string | null = null
  for (const [name, value] of query) {
    if (!PLACES[place].has(name) || name === sub) continue
    if (sub !== null) {
      throw new S3Error('InvalidArgument', {
        message: `Conflicting query string parameters: ${sub}, ${name}`,
        fields: { ArgumentName: 'ResourceType', ArgumentValue: sub },
      })
    }
    if (name === 'list-type' && value !== '2') {
      throw new S3Error('InvalidArgument', {
        message: 'Invalid list type: leave list-type out, or send 2.',
        fields: { ArgumentName: 'list-type', ArgumentValue: value },
      })
    }
    sub = name
  }
  return sub
}

function meetsNeed(
  route: OperationRoute,
  query: readonly QueryParam[],
  headers: RequestHeaders,
): boolean {
  const needs = route.needs
  if (needs === null) return true
  if ('param' in needs) return query.some((param) => param[0] === needs.param)
  if (headers.has(needs.header)) return true
  return query.some((param) => param[0].toLowerCase() === needs.header) // a presigner hoisted it
}

function checkParams(candidate: Candidate, query: readonly QueryParam[]): void {
  for (const [name] of query) {
    if (candidate.params.has(name) || EVERYWHERE.has(name) || isHoistedHeader(name)) continue
    throw new S3Error('NotImplemented', {
      message: `${candidate.operation} does not know the query parameter ${name}.`,
      fields: { ArgumentName: name },
    })
  }
}

function isHoistedHeader(name: string): boolean {
  return name.length > 6 && name.slice(0, 6).toLowerCase() === 'x-amz-'
}

function methodNotAllowed(method: string, resource: string, methods: Methods | undefined): S3Error {
  return new S3Error('MethodNotAllowed', {
    fields: { Method: method, ResourceType: resource.toUpperCase() },
    headers: { allow: methods === undefined ? '' : [...methods.keys()].join(', ') },
  })
}

function buildPlaces(): Readonly<Record<RoutePlace, ReadonlyMap<string, Methods>>> {
  const places = { service: new Map(), bucket: new Map(), object: new Map() } as Record<
    RoutePlace,
    Map<string, Map<string, Candidate[]>>
  >
  for (const operation of S3_OPERATIONS) {
    const route = OPERATION_ROUTES[operation]
    const methods = places[route.place].get(route.sub ?? PLAIN) ?? new Map<string, Candidate[]>()
    places[route.place].set(route.sub ?? PLAIN, methods)
    const params = new Set(route.sub === null ? route.params : [route.sub, ...route.params])
    const candidates = methods.get(route.method) ?? []
    methods.set(route.method, candidates)
    if (route.needs === null) candidates.push({ operation, route, params })
    else candidates.unshift({ operation, route, params })
  }
  return places
}

const PLAIN = ''
const EVERYWHERE: ReadonlySet<string> = new Set([
  'x-id', // SDKs name the operation; it means nothing
  'AWSAccessKeyId',
  'Signature',
  'Expires', // SigV2, which parseAuth refuses by name
])
const PLACES: Readonly<Record<RoutePlace, ReadonlyMap<string, Methods>>> = buildPlaces()
