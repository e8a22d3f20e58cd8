// What validation finds, and how what it added up differs from the sums that commits keep.

import { EXTENT_SUM, SUM } from './changes.ts'
import type { BucketTally, ExtentTally } from './validate-tally.ts'

export interface ValidationFinding {
  readonly kind:
    | 'corrupt-record'
    | 'wrong-sums'
    | 'missing-record'
    | 'missing-reference'
    | 'extra-reference'
    | 'wrong-extent-sums'
    | 'dangling-manifest'
    | 'wrong-upload'
  /** The record, bucket or extent, as people read it. */
  readonly what: string
  readonly message: string
}

/** Collects findings up to a bound, and their number. */
export class Findings {
  readonly kept: ValidationFinding[] = []
  count = 0
  private readonly max: number

  constructor(max: number) {
    this.max = max
  }

  add(kind: ValidationFinding['kind'], what: string, message: string): void {
    this.count += 1
    if (this.kept.length < this.max) this.kept.push({ kind, what, message })
  }
}

/** How a bucket's records differ from its sums, in words; null where they do not. */
export function bucketDifference(found: BucketTally, sums: readonly bigint[]): string | null {
  const pairs: readonly (readonly [string, bigint, bigint])[] = [
    ['objects', BigInt(found.objects), sums[SUM.objects] ?? 0n],
    ['bytes', BigInt(found.bytes), sums[SUM.bytes] ?? 0n],
    ['other versions', BigInt(found.otherVersions), sums[SUM.otherVersions] ?? 0n],
    ['bytes of other versions', BigInt(found.otherBytes), sums[SUM.otherBytes] ?? 0n],
  ]
  const differing = pairs.filter(([, there, expected]) => there !== expected)
  const [name, there, expected] = differing[0] ?? []
  if (name !== undefined) return `it has ${there} ${name} where its sums say ${expected}`
  return found.hash.toHex() === sumHash(sums) ? null : 'its set hash is not that of its records'
}

function sumHash(sums: readonly bigint[]): string {
  return [sums[SUM.hash] ?? 0n, sums[SUM.hash2] ?? 0n]
    .map((half) => BigInt.asUintN(64, half).toString(16).padStart(16, '0'))
    .join('')
}

/** How an extent's references differ from its sums; null where they do not. */
export function extentDifference(
  found: ExtentTally,
  sums: readonly bigint[],
  hasRecord: boolean,
): string | null {
  const [references, bytes] = [Number(sums[0] ?? 0n), Number(sums[1] ?? 0n)]
  if (found.references !== references || found.bytes !== bytes) {
    return (
      `it has ${found.references} references to ${found.bytes} bytes where its sums say ` +
      `${references} and ${bytes}`
    )
  }
  if (sums.slice(EXTENT_SUM.filled + 1).some((sum) => sum !== 0n)) {
    return 'its sums have numbers in fields that nobody writes'
  }
  return found.references > 0 && !hasRecord ? 'it is referenced, and has no record' : null
}

/** How a bucket's parts differ from its sums; null where they do not. */
export function uploadDifference(found: BucketTally, sums: readonly bigint[]): string | null {
  const uploadBytes = Number(sums[SUM.uploadBytes] ?? 0n)
  const sweptBytes = Number(sums[SUM.sweptBytes] ?? 0n)
  if (found.uploadBytes !== uploadBytes) {
    return `its open uploads hold ${found.uploadBytes} bytes where its sums say ${uploadBytes}`
  }
  const expected = uploadBytes + sweptBytes + found.manifestBytes
  return found.partBytes === expected
    ? null
    : `its parts hold ${found.partBytes} bytes where uploads, manifests and sums say ${expected}`
}
