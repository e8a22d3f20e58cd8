// Key files: one private key each, readable by their owner alone, never written over.

import { basename, dirname, resolve } from 'node:path'
import { DiskError } from '../base/disk.ts'
import { openDisk } from '../platform/disk.ts'
import { readTextFile } from '../platform/machine.ts'
import { openSystemRandom } from '../platform/random.ts'
import { makeKeyPair, readKeyPair } from '../status/records/keys.ts'
import type { KeyPair } from '../status/records/keys.ts'
import { StatusError } from '../status/status.ts'
import { CliError } from './cli-error.ts'

/** Makes a pair in a new file; durable on return. @throws DiskError `exists` */
export async function makeKeyFile(path: string): Promise<KeyPair> {
  const pair = makeKeyPair(openSystemRandom())
  const disk = openDisk(dirname(resolve(path)))
  const file = await disk.create(basename(path), 'append')
  try {
    await file.write([Buffer.from(pair.pem)], 0)
  } finally {
    await file.close()
  }
  await disk.syncFolder('')
  return pair
}

/** @throws CliError that names the file */
export function readKeyFile(path: string): KeyPair {
  try {
    return readKeyPair(readTextFile(path))
  } catch (error) {
    if (error instanceof StatusError) throw new CliError(`${path}: ${error.message}`)
    const reason = error instanceof Error ? error.message : String(error)
    throw new CliError(`the key file cannot be read: ${reason}`)
  }
}

/** The text of `--ca`; null where it was not given. @throws CliError that names the file */
export function readAuthorities(path: string | null): string | null {
  if (path === null) return null
  try {
    const pem = readTextFile(path)
    if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CliError(`the file of --ca cannot be read: ${reason}`)
  }
  throw new CliError(`${path} holds no certificate in PEM`)
}

export function isThere(error: unknown): boolean {
  return error instanceof DiskError && error.code === 'exists'
}
