// What the command line asks of the machine: which system it is, how many cores it has, and whether
// a file is there.

import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

export interface Machine {
  readonly system: string
  readonly architecture: string
  readonly coreCount: number
}

export function describeMachine(): Machine {
  return { system: process.platform, architecture: process.arch, coreCount: availableParallelism() }
}

export function hasFile(path: string): boolean {
  return existsSync(path)
}

/** A small text file, whole. @throws the kernel's error */
export function readTextFile(path: string): string {
  return readFileSync(path, 'utf8')
}

/** Calls `onSignal` at each request to end this process (SIGTERM, SIGINT). */
export function onEndSignal(onSignal: () => void): void {
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}
