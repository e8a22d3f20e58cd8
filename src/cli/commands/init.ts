// holdfast init: makes a store and shows its root key, this once.

import { resolve } from 'node:path'
import { initStoreFolder } from '../../cell/init-store.ts'
import type { RootKey } from '../../cell/init-store.ts'
import { readServeOptions } from '../options.ts'
import type { Environment } from '../env.ts'
import { asCliError } from '../store-access.ts'
import type { Terminal } from '../terminal.ts'

export async function initStore(
  terminal: Terminal,
  folder: string,
  flags: { region?: string },
  environment: Environment,
): Promise<void> {
  const { key, region } = await makeStore(folder, flags, environment)
  terminal.result(
    { folder: resolve(folder), region, accessKey: key.accessKeyId, secretKey: key.secretKey },
    () =>
      [
        `${folder} is a store now.`,
        '',
        `  root access key  ${key.accessKeyId}`,
        `  root secret key  ${key.secretKey}`,
        '',
        'The secret key is not shown again. Serve the store with:',
        '',
        `  holdfast serve ${folder}`,
      ].join('\n'),
  )
}

/** Makes the store; the root key is the environment's where one is set. */
export async function makeStore(
  folder: string,
  flags: { region?: string },
  environment: Environment,
): Promise<{ key: RootKey; region: string }> {
  const options = readServeOptions({
    flags: flags.region === undefined ? {} : flags,
    environment: environment.variables,
    config: {},
  })
  const region = options.region ?? 'us-east-1'
  try {
    const key = await initStoreFolder(resolve(folder), {
      region,
      accessKeyId: options['access-key'],
      secretKey: options['secret-key'],
    })
    return { key, region }
  } catch (error) {
    throw asCliError(error)
  }
}
