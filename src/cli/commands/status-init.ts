// holdfast status init, holdfast status key: the key pairs of a site and of a person, and the line that
// makes each known to all sites.

import { basename, dirname, join, resolve } from 'node:path'
import { isNoFolder, makeFolders } from '../../platform/machine.ts'
import type { KeyPair } from '../../status/records/keys.ts'
import { CliError } from '../cli-error.ts'
import { isThere, makeKeyFile, readKeyFile } from '../key-file.ts'
import type { Terminal } from '../terminal.ts'

/** Beside it the site keeps its records. */
export const SITE_KEY_FILE = 'site.key'

export interface StatusInitFlags {
  readonly site: string
  readonly url?: string
}

/** Makes the directory of a site. One that is there already tells its line again. */
export async function initSite(
  terminal: Terminal,
  folder: string,
  { site, url }: StatusInitFlags,
): Promise<void> {
  if (!/^[a-z0-9-]{1,32}$/.test(site)) {
    throw new CliError('--site takes a name of a-z, 0-9 and -, 1 to 32 of them')
  }
  if (isNoFolder(folder)) throw new CliError(`${folder} is a file: name a directory`)
  makeFolders(folder)
  const path = join(folder, SITE_KEY_FILE)
  const { isNew, pair } = await makeOrRead(path)
  const line = { name: site, key: pair.publicRaw, url: url ?? 'https://HERE-ITS-PEERS-REACH-IT' }
  terminal.result({ folder: resolve(folder), isNew, ...line }, () =>
    [
      isNew ? `${folder} is a status site's directory now.` : `${folder} has its key already.`,
      'For "sites" of the configuration of all sites:',
      '',
      `  ${JSON.stringify(line)}`,
      '',
      'Then serve it with:',
      '',
      `  holdfast status serve ${folder} --site ${site} --config FILE`,
    ].join('\n'),
  )
}

export interface StatusKeyFlags {
  readonly name?: string
}

/** Makes a person's key pair, or tells the public key of one that is there. */
export async function makePersonKey(
  terminal: Terminal,
  file: string,
  flags: StatusKeyFlags,
): Promise<void> {
  makeFolders(dirname(resolve(file)))
  const { isNew, pair } = await makeOrRead(file)
  const line = { name: flags.name ?? basename(file).replace(/\.[a-z]+$/, ''), key: pair.publicRaw }
  terminal.result({ file: resolve(file), isNew, id: pair.id, ...line }, () =>
    [
      isNew
        ? `${file} is your key now: whoever has this file can post in your name.`
        : `${file} is there already, and was left as it is.`,
      'For "people" of the configuration of all sites:',
      '',
      `  ${JSON.stringify(line)}`,
    ].join('\n'),
  )
}

async function makeOrRead(path: string): Promise<{ isNew: boolean; pair: KeyPair }> {
  try {
    return { isNew: true, pair: await makeKeyFile(path) }
  } catch (error) {
    if (!isThere(error)) throw error
    return { isNew: false, pair: readKeyFile(path) }
  }
}
