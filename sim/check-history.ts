// What must hold of every history, whatever became of the region: each key can be explained, each
// body that was read is the one that was written, each page of a listing and each quota holds.

import { describeRefuted } from './describe.ts'
import type { Recorded } from './history.ts'
import { keyHistories, partsOf } from './key-history.ts'
import type { KeyHistory } from './key-history.ts'
import { checkKey } from './linearizable.ts'
import { pageFaults } from './models/listing.ts'
import { quotaFaults } from './models/quota.ts'
import type { EndCheck, Finding } from './region.ts'

/** All that can be judged by what clients saw. */
export const checkHistory: EndCheck = async ({ damage, history }) => [
  ...(damage.length === 0 ? damageFindings(history.operations) : []),
  ...historyFindings(history.operations),
]

/** Where nothing was damaged, nobody may be told so. */
function damageFindings(operations: readonly Recorded[]): Finding[] {
  return operations.flatMap(({ asked, index, kind, outcome }) => {
    if (outcome.kind !== 'refused' || outcome.code !== 'damaged') return []
    const message = `${kind} ${index} of ${JSON.stringify(asked)} says that something is damaged`
    return [{ check: 'damage', message, keys: [] }]
  })
}

export function historyFindings(operations: readonly Recorded[]): readonly Finding[] {
  const keys = keyHistories(operations)
  return [
    ...bodyFindings(operations),
    ...keys.flatMap(keyFindings),
    ...listingFindings(operations, keys),
    ...quotaFindings(operations, keys),
  ]
}

/** Keys whose history has no explanation; or so many that it is not known. */
function keyFindings(history: KeyHistory): Finding[] {
  const keys = [`${history.bucketId}/${history.key}`]
  return partsOf(history).flatMap((steps): Finding[] => {
    const verdict = checkKey(steps)
    switch (verdict.kind) {
      case 'linearizable':
        return []
      case 'undecided': {
        const message = `not decided after ${verdict.explanations} explanations`
        return [{ check: 'undecided', message, keys }]
      }
      case 'refuted':
        return [{ check: 'linearizable', message: describeRefuted(steps, verdict), keys }]
    }
  })
}

function bodyFindings(operations: readonly Recorded[]): Finding[] {
  return operations.flatMap((operation) => {
    if (operation.kind !== 'get' || operation.outcome.kind !== 'ok') return []
    const { result } = operation.outcome
    if (result === null || result.body === null || result.body.isRight) return []
    const { version, body } = result
    const { bucketId, key } = operation.asked
    const message =
      `read ${operation.index}: bytes ${body.start} to ${body.end} of ${version.sizeBytes} of ` +
      `ETag ${version.etag} are others (MD5 ${body.md5})`
    return [{ check: 'bytes', message, keys: [`${bucketId}/${key}`] }]
  })
}

function listingFindings(
  operations: readonly Recorded[],
  keys: readonly KeyHistory[],
): readonly Finding[] {
  return operations.flatMap((operation) => {
    if (operation.kind !== 'list' && operation.kind !== 'listVersions') return []
    const { bucketId } = operation.asked
    const own = keys.filter((each) => each.bucketId === bucketId)
    const asked = JSON.stringify({ ...operation.asked, bucketId: undefined })
    return pageFaults(operation, own).map(({ key, message }) => ({
      check: 'listing',
      message: `${operation.kind} ${operation.index} of ${asked}: ${message}: ${JSON.stringify(key)}`,
      keys: [`${bucketId}/${key}`],
    }))
  })
}

function quotaFindings(
  operations: readonly Recorded[],
  keys: readonly KeyHistory[],
): readonly Finding[] {
  const buckets = new Set(keys.map(({ bucketId }) => bucketId))
  return [...buckets].flatMap((bucketId) => {
    const own = keys.filter((each) => each.bucketId === bucketId)
    return quotaFaults(bucketId, own, operations).map(({ key, message }) => ({
      check: 'quota',
      message,
      keys: [`${bucketId}/${key}`],
    }))
  })
}
