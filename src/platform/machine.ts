// What the command line asks of the machine: which system it is, how many cores it has, and whether
// a file is there.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
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

/** A file's size; 0 where it is not there. @throws the kernel's error */
export function fileSizeBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** Makes a folder and those above it where they are missing. */
export function makeFolders(path: string): void {
  mkdirSync(path, { recursive: true })
}

/** Gives a file or folder another name. @throws the kernel's error */
export function renamePath(from: string, to: string): void {
  renameSync(from, to)
}

/** Removes a folder and all that is in it, where it is there. */
export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true })
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
