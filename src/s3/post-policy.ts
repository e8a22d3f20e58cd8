// The policy of a form: what its signer allows the form to say. It is signed as it was sent, so it
// is read only after its signature was compared. Source: S3 API, POST Policy; S3.md 16.

import { parseIsoDate } from './http-date.ts'
import { S3Error } from './s3-error.ts'
import { S3_LIMITS } from './s3-limits.ts'

/** A condition on one field; `field` is in lower case, or null where the policy's has no `$`. */
interface FieldCondition {
  readonly match: 'eq' | 'starts-with'
  readonly field: string | null
  readonly value: string
  /** As S3 shows it when it does not hold. */
  readonly shown: string
}

interface SizeRange {
  readonly min: number
  readonly max: number
}

/** A policy that is whole; `judgePolicy` and `judgeSize` say whether a form meets it. */
export interface PostPolicy {
  readonly expiresAtMs: number
  readonly conditions: readonly FieldCondition[]
  readonly sizes: readonly SizeRange[]
}

/** What a policy is judged against. */
export interface PolicySubject {
  /** Name in lower case → value, with `${filename}` replaced. */
  readonly fields: ReadonlyMap<string, string>
  /** The bucket that the form was sent to, whatever its own field `bucket` says. */
  readonly bucket: string
  readonly nowMs: number
}

/** Reads a policy from the base64 of its field. @throws S3Error `InvalidPolicyDocument` */
export function parsePostPolicy(base64: string): PostPolicy {
  const policy = parseJson(base64)
  if (!isRecord(policy)) throw invalid('Invalid JSON.')
  for (const name of Object.keys(policy)) {
    if (name !== 'expiration' && name !== 'conditions') throw invalid(`Unexpected: '${name}'`)
  }
  const { expiration, conditions } = policy
  if (expiration === undefined) throw invalid('Policy missing expiration.')
  const expiresAtMs = typeof expiration === 'string' ? parseIsoDate(expiration) : null
  if (expiresAtMs === null) {
    throw invalid(`Invalid 'expiration' value: ${JSON.stringify(expiration)}`)
  }
  if (conditions === undefined) throw invalid('Policy missing conditions.')
  if (!Array.isArray(conditions)) throw invalid("Invalid 'conditions' value: must be a List.")
  if (conditions.length > S3_LIMITS.policyConditionsMax) throw invalid('Too many conditions.')
  const found: FieldCondition[] = []
  const sizes: SizeRange[] = []
  for (const condition of conditions as readonly unknown[]) {
    const parsed = parseCondition(condition)
    if ('match' in parsed) found.push(parsed)
    else sizes.push(parsed)
  }
  return { expiresAtMs, conditions: found, sizes }
}

/**
 * Whether all conditions hold, and each field has one.
 * @throws S3Error `AccessDenied`, "Invalid according to Policy: …"
 */
export function judgePolicy(policy: PostPolicy, subject: PolicySubject): void {
  if (policy.expiresAtMs <= subject.nowMs) throw denied('Policy expired.')
  const covered = new Set<string | null>()
  for (const condition of policy.conditions) {
    covered.add(condition.field)
    if (!holds(condition, subject)) throw denied(`Policy Condition failed: ${condition.shown}`)
  }
  // The bucket counts as a field of every form: a policy without it would hold for any bucket.
  const extra = ['bucket', ...subject.fields.keys()].filter(
    (name) => !covered.has(name) && needsCondition(name),
  )
  if (extra.length > 0) throw denied(`Extra input fields: ${extra.join(', ')}`)
}

/** @throws S3Error `EntityTooSmall`, `EntityTooLarge` */
export function judgeSize(policy: PostPolicy, sizeBytes: number): void {
  const ProposedSize = String(sizeBytes)
  for (const { min, max } of policy.sizes) {
    if (sizeBytes < min) {
      throw new S3Error('EntityTooSmall', { fields: { ProposedSize, MinSizeAllowed: String(min) } })
    }
    if (sizeBytes > max) {
      throw new S3Error('EntityTooLarge', { fields: { ProposedSize, MaxSizeAllowed: String(max) } })
    }
  }
}

function holds({ match, field, value }: FieldCondition, subject: PolicySubject): boolean {
  if (field === null) return false
  const sent = field === 'bucket' ? subject.bucket : valueOf(field, subject.fields)
  if (sent === null) return false
  if (match === 'eq') return sent === value
  if (field !== 'content-type' || !sent.includes(',')) return sent.startsWith(value)
  return sent.split(',').every((type) => type.trim().startsWith(value))
}

/** Null for a field that was not sent: not even an empty prefix holds of it. */
function valueOf(field: string, fields: ReadonlyMap<string, string>): string | null {
  const sent = fields.get(field)
  if (sent !== undefined) return sent
  // Unless the bucket's default stands in for it.
  return field.startsWith('x-amz-server-side-encryption') ? '' : null
}

/** A checksum can only make a form fail, and its signer cannot know it. */
function needsCondition(name: string): boolean {
  return !FREE_FIELDS.has(name) && !FREE_PREFIXES.some((prefix) => name.startsWith(prefix))
}

function parseCondition(condition: unknown): FieldCondition | SizeRange {
  if (Array.isArray(condition)) return parseListCondition(condition as readonly unknown[])
  if (!isRecord(condition)) throw invalid('Invalid condition test: must be a List or Object.')
  const [only, second] = Object.entries(condition)
  if (only === undefined || second !== undefined) {
    throw invalid(
      'Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.',
    )
  }
  const [name, value] = only
  if (typeof value !== 'string') throw invalid('Invalid Simple-Condition: value must be a string.')
  const shown = JSON.stringify(['eq', `$${name}`, value])
  return { match: 'eq', field: name.toLowerCase(), value, shown }
}

function parseListCondition(list: readonly unknown[]): FieldCondition | SizeRange {
  const [operation, first, second] = list
  if (typeof operation !== 'string') {
    throw invalid('Invalid Condition: missing operation identifier.')
  }
  const match = operation.toLowerCase()
  if (match !== 'eq' && match !== 'starts-with' && match !== 'content-length-range') {
    throw invalid(`Invalid Condition: unknown operation '${operation}'.`)
  }
  if (list.length !== 3) throw invalid(`Invalid ${match}: wrong number of arguments.`)
  if (match === 'content-length-range') {
    const [min, max] = [parseSize(first), parseSize(second)]
    if (min !== null && max !== null && min <= max) return { min, max }
    throw invalid('Invalid content-length-range: expecting two sizes, the smaller first.')
  }
  if (typeof first !== 'string' || typeof second !== 'string') {
    throw invalid(`Invalid ${match}: expecting a field and a string.`)
  }
  const field = first.startsWith('$') ? first.slice(1).toLowerCase() : null
  return { match, field, value: second, shown: JSON.stringify([match, first, second]) }
}

/** A size as a number, or in a string, as S3 takes it too. */
function parseSize(value: unknown): number | null {
  const size = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null
}

function parseJson(base64: string): unknown {
  try {
    const bytes = Buffer.from(base64, 'base64')
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw invalid('Invalid JSON.', cause)
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(reason: string, cause?: unknown): S3Error {
  return new S3Error('InvalidPolicyDocument', { message: `Invalid Policy: ${reason}`, cause })
}

function denied(reason: string): S3Error {
  return new S3Error('AccessDenied', { message: `Invalid according to Policy: ${reason}` })
}

const FREE_FIELDS: ReadonlySet<string> = new Set([
  'policy',
  'signature',
  'awsaccesskeyid',
  'x-amz-signature',
])
const FREE_PREFIXES = ['x-ignore-', 'x-amz-checksum-'] as const
