// What the command line asks of the machine: which system it is, how many cores it has, and whether
// a file is there.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import { kernelCode } from './disk-error.ts'

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

/** Whether something is there that is no folder. */
export function isNoFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === false
}

/** A file's size; 0 where it is not there. @throws the kernel's error */
export function fileSizeBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/**
 * Makes a folder and those above it where they are missing; their names are durable on return.
 * @throws the kernel's error
 */
export function makeFolders(path: string): void {
  const made = mkdirSync(path, { recursive: true })
  const top = dirname(resolve(made ?? path))
  for (let parent = dirname(resolve(path)); ; parent = dirname(parent)) {
    try {
      syncFolderAt(parent)
    } catch (error) {
      // One that was there before, in a folder that we may not read: its name is another's to keep.
      if (made !== undefined || kernelCode(error) !== 'EACCES') throw error
    }
    if (parent === top) return
  }
}

function syncFolderAt(path: string): void {
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
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

/** Files and sockets that this process may have open; what is usual where the system does not tell. */
export function openFilesMax(): number {
  const usual = 1024
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return Number(soft ?? usual)
  } catch {
    return usual // not Linux
  }
}

/** Calls `onSignal` at each request to end this process (SIGTERM, SIGINT). */
export function onEndSignal(onSignal: () => void): void {
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}
