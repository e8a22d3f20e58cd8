// One operation of the index, for the operations that commit without a body.

import { newId, type CommitId } from '../base/id.ts'
import type { IndexOperation, IndexOutcome } from '../object-index/object-index.ts'
import type { Services } from './services.ts'
import { refusalError } from './to-s3-error.ts'

/** What `apply` answers when it was not refused. */
export type Applied = Exclude<IndexOutcome, { readonly kind: 'refused' }>

/**
 * Applies an operation. @throws S3Error for a refusal, with `fields`; ObjectIndexError
 */
export async function commit(
  services: Pick<Services, 'index' | 'random'>,
  operation: IndexOperation,
  fields: Readonly<Record<string, string>> = {},
): Promise<Applied> {
  const outcome = await services.index.apply(operation, newId<CommitId>(services.random))
  if (outcome.kind === 'refused') throw refusalError(outcome.refusal, fields)
  return outcome
}
