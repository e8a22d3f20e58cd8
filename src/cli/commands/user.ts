// holdfast user add|list|remove|key: accounts and their access keys.

import type { AccessKey, Account } from '../../directory/directory.ts'
import { CliError } from '../cli-error.ts'
import { table } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'
import { withAdmin } from '../store-access.ts'

export interface UserAddOptions {
  readonly id?: string
  readonly email?: string
  readonly accessKey?: string
  readonly secretKey?: string
}

/** Adds a user with one access key and shows the key, this once. */
export async function addUser(
  terminal: Terminal,
  folder: string,
  name: string,
  options: UserAddOptions,
): Promise<void> {
  const made = await withAdmin(
    folder,
    async (admin) =>
      await admin.addUser({
        displayName: name,
        id: options.id ?? null,
        email: options.email ?? '',
        accessKeyId: options.accessKey ?? null,
        secretKey: options.secretKey ?? null,
      }),
  )
  showKey(terminal, made.account, made.key)
}

export async function listUsers(terminal: Terminal, folder: string): Promise<void> {
  const users = await withAdmin(folder, async (admin) => await admin.listUsers())
  terminal.result(users, () =>
    table(
      ['ID', 'NAME', 'E-MAIL', 'ACCESS KEYS'],
      users.map(({ account, accessKeyIds }) => [
        account.id,
        account.isRoot ? `${account.displayName} (root)` : account.displayName,
        account.email,
        accessKeyIds.join(' '),
      ]),
    ),
  )
}

export async function removeUser(terminal: Terminal, folder: string, id: string): Promise<void> {
  await withAdmin(folder, async (admin) => await admin.removeUser(id))
  terminal.result({ removed: id }, () => `user ${id} and its access keys are removed`)
}

export interface UserKeyOptions {
  readonly remove?: string
  readonly accessKey?: string
  readonly secretKey?: string
}

/** Gives a user another access key, or takes one away. */
export async function changeKey(
  terminal: Terminal,
  folder: string,
  id: string,
  options: UserKeyOptions,
): Promise<void> {
  const { remove } = options
  if (remove !== undefined) {
    if (options.accessKey !== undefined || options.secretKey !== undefined) {
      throw new CliError('--remove takes a key away: give no other key beside it')
    }
    await withAdmin(folder, async (admin) => await admin.removeKey({ id, accessKeyId: remove }))
    terminal.result({ removed: remove }, () => `access key ${remove} is removed`)
    return
  }
  const key = await withAdmin(
    folder,
    async (admin) =>
      await admin.addKey({
        id,
        accessKeyId: options.accessKey ?? null,
        secretKey: options.secretKey ?? null,
      }),
  )
  showKey(terminal, null, key)
}

function showKey(terminal: Terminal, account: Account | null, key: AccessKey): void {
  terminal.result({ account, key }, () =>
    [
      ...(account === null ? [] : [`user        ${account.id} (${account.displayName})`]),
      `access key  ${key.accessKeyId}`,
      `secret key  ${key.secretKey}`,
      'The secret key is not shown again.',
    ].join('\n'),
  )
}
