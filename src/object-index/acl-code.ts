// Canned ACLs as records keep them: a number each, in object, upload and bucket records alike. What
// was written before there were ACLs has 0 there, and nobody but owners was let in.

import type { CannedAcl } from './object-index.ts'

const CODES: readonly CannedAcl[] = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
]

/** 0 to 5: three bits hold it. */
export function aclCode(acl: CannedAcl): number {
  return CODES.indexOf(acl)
}

/** Undefined for a code that is none. */
export function aclOfCode(code: number): CannedAcl | undefined {
  return CODES[code]
}
