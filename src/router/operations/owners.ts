// The owners that lists show: an entry's account, looked up once a page. An account that is gone
// shows its id alone.

import type { Owner } from '../../s3/xml/list-objects.ts'
import type { Call } from '../operation.ts'

/** The owner of each entry of a page. @throws DirectoryError */
export async function ownersOf(
  call: Call,
  entries: readonly { readonly ownerId: string }[],
): Promise<(ownerId: string | undefined) => Owner> {
  const { account, services } = call
  const owners = new Map<string, Owner>([
    [account.id, { id: account.id, displayName: account.displayName }],
  ])
  for (const { ownerId } of entries) {
    if (owners.has(ownerId)) continue
    const found = await services.directory.account(ownerId)
    owners.set(ownerId, { id: ownerId, displayName: found?.displayName ?? '' })
  }
  return (ownerId = '') => owners.get(ownerId) ?? { id: ownerId, displayName: '' }
}
