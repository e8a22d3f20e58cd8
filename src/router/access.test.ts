// Who may do what, decided over plain values: that a bucket without ACLs lets nobody in whatever
// its record and its objects' say. The operations themselves are tested through HTTP, in test/s3/.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account } from '../directory/directory.ts'
import type { Bucket, ObjectVersion } from '../object-index/object-index.ts'
import { CANNED_GRANTS, type CannedAcl } from '../s3/canned-acl.ts'
import { type Access, admitsGuest, ANONYMOUS, mayBeGuest, mayUseVersion } from './access.ts'

const ACCESSES: readonly Access[] = [
  'owner',
  'bucket-read',
  'bucket-write',
  'bucket-write-signed',
  'upload',
  'object-read',
  'object-read-acp',
  'object-write-acp',
]
const ACLS = Object.keys(CANNED_GRANTS) as CannedAcl[]

function account(id: string, isRoot = false): Account {
  return { id, displayName: id, email: '', createdAtMs: 0, isRoot }
}

function bucketOf(ownership: Bucket['ownership'], acl: CannedAcl): Bucket {
  return { ownerId: 'owner', ownership, acl } as Bucket
}

function versionOf(acl: CannedAcl, isDeleteMarker = false): ObjectVersion {
  return { ownerId: 'writer', acl, isDeleteMarker } as ObjectVersion
}

test('a bucket without ACLs admits no guest, and shows no version to one, whatever is recorded', () => {
  for (const acl of ACLS) {
    const bucket = bucketOf('BucketOwnerEnforced', acl)
    for (const access of ACCESSES) {
      for (const guest of [ANONYMOUS, account('writer'), account(ANONYMOUS.id)]) {
        assert.equal(admitsGuest(guest, access, bucket), false)
        for (const version of [versionOf(acl), versionOf(acl, true), null]) {
          assert.equal(mayUseVersion(guest, access, bucket, version), false)
        }
      }
      for (const owner of [account('owner'), account('root', true)]) {
        assert.equal(mayUseVersion(owner, access, bucket, versionOf('private')), true)
      }
    }
  }
})

test('what is its owner’s alone is no guest’s, whatever the ACLs', () => {
  for (const acl of ACLS) {
    const bucket = bucketOf('ObjectWriter', acl)
    for (const guest of [ANONYMOUS, account('writer')]) {
      assert.equal(mayBeGuest(guest, 'owner'), false)
      assert.equal(admitsGuest(guest, 'owner', bucket), false)
      assert.equal(mayUseVersion(guest, 'owner', bucket, versionOf(acl)), false)
    }
  }
})

test('who did not sign is known by itself, not by an id that an account could have', () => {
  const version = { ...versionOf('private'), ownerId: ANONYMOUS.id }
  const bucket = { ...bucketOf('ObjectWriter', 'private'), ownerId: ANONYMOUS.id }
  for (const access of ACCESSES) {
    assert.equal(mayUseVersion(ANONYMOUS, access, bucket, version), false)
  }
})
