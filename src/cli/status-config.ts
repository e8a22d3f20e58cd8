// The status plane's configuration as a file: found, read, and its secrets read from beside it.

import { dirname, resolve } from 'node:path'
import { STATUS_CONFIG_SIZE_BYTES_MAX } from '../base/limits.ts'
import { fileSizeBytes, readTextFile } from '../platform/machine.ts'
import { checkConfig, parseConfig } from '../status/parse-config.ts'
import type { ConfigCheck } from '../status/parse-config.ts'
import type { StatusConfig } from '../status/config.ts'
import { StatusError } from '../status/status.ts'
import { CliError } from './cli-error.ts'

/** Of a file with a secret; more is another file. */
const SECRET_SIZE_BYTES_MAX = 4096

/** @throws CliError with the file and the first thing that is wrong */
export function readStatusConfig(file: string): StatusConfig {
  try {
    return absolute(parseConfig(readConfigText(file), secretReader(file)), file)
  } catch (error) {
    if (error instanceof StatusError) throw new CliError(`${file}: ${error.message}`)
    throw error
  }
}

/** All that is wrong with it. @throws CliError where it cannot be read */
export function checkStatusConfig(file: string): ConfigCheck {
  return checkConfig(readConfigText(file), secretReader(file))
}

function readConfigText(file: string): string {
  return readSmall(file, STATUS_CONFIG_SIZE_BYTES_MAX, 'the configuration')
}

/** Relative names are found beside the configuration. */
function secretReader(file: string): (name: string) => string {
  return (name) => readSmall(resolve(dirname(file), name), SECRET_SIZE_BYTES_MAX, 'the file')
}

function readSmall(path: string, sizeBytesMax: number, what: string): string {
  try {
    if (fileSizeBytes(path) <= sizeBytesMax) return readTextFile(path)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CliError(`${what} ${path} cannot be read: ${reason}`)
  }
  throw new CliError(`${what} ${path} is larger than ${sizeBytesMax} bytes`)
}

/** Folders to publish to are found beside the configuration too. */
function absolute(config: StatusConfig, file: string): StatusConfig {
  const publish = config.publish.map((each) =>
    each.kind === 'folder' ? { ...each, path: resolve(dirname(file), each.path) } : each,
  )
  return { ...config, publish }
}
