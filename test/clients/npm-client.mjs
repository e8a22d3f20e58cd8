// Clients that are npm packages of test/clients/package.json.

import { readFileSync } from 'node:fs'
import { ClientMissing, INSTALLER } from './outcomes.mjs'

/** Imports a package. @throws ClientMissing */
export async function load(name) {
  return await import(name).catch((error) => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new ClientMissing(`${name} is not installed: ${INSTALLER}`)
  })
}

/** The version that stands in the installed package. */
export function installedVersion(name) {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url)
  return JSON.parse(readFileSync(file, 'utf8')).version
}
