// PutObject: the body into leased extents, then one commit that decides the condition.

import { PACKED_BODY_SIZE_BYTES_MAX } from '../../base/limits.ts'
import { NEVER } from '../../base/signal.ts'
import type { Bucket } from '../../object-index/object-index.ts'
import { parseWritePrecondition } from '../../s3/write-condition.ts'
import { openBody } from '../body-shape.ts'
import { parseDraft } from '../object-metadata.ts'
import type { Call } from '../operation.ts'
import { withCondition, writtenFields } from '../write-answer.ts'

export async function putObject(call: Call, bucket: Bucket): Promise<void> {
  const { exchange, services, headers, key, account } = call
  const condition = parseWritePrecondition(headers)
  const draft = parseDraft(headers, bucket, account.id)
  const body = openBody(call)
  // A small body is with us or fails by itself: it needs no signal of its own.
  const signal = body.sizeBytes <= PACKED_BODY_SIZE_BYTES_MAX ? NEVER : exchange.signal
  const written = await withCondition(
    key,
    condition,
    async () =>
      await services.gateway.put({
        bucket,
        key,
        condition,
        ownerId: account.id,
        ...draft,
        body,
        signal,
      }),
  )
  exchange.send(200, writtenFields(written), '')
}
