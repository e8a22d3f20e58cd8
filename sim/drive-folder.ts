// A folder of the simulated drive. A name that was made, renamed or removed is durable when the
// folder was synced behind it; before that a power cut undoes it, and all that was done with the
// same name later.

import type { DriveFile } from './drive-file.ts'
import type { Faults } from './faults.ts'

export type DriveEntry = DriveFile | DriveFolder

/** One change of names that is not durable: each name with what it stands for, null: for nothing. */
interface Change {
  readonly names: readonly (readonly [
    folder: DriveFolder,
    name: string,
    entry: DriveEntry | null,
  ])[]
}

export class DriveFolder {
  readonly names: Map<string, DriveEntry> = new Map()
  readonly #durable = new Map<string, DriveEntry>()
  #unsynced: Change[] = []

  /** Gives names new meanings, all at once: at a power cut all of them are new, or all old. */
  change(...names: Change['names']): void {
    for (const [folder, name, entry] of names) setName(folder.names, name, entry)
    this.#unsynced.push({ names })
  }

  beginSync(): readonly Change[] {
    return [...this.#unsynced]
  }

  endSync(changes: readonly Change[]): void {
    const synced = new Set(changes)
    for (const { names } of changes) {
      for (const [folder, name, entry] of names) setName(folder.#durable, name, entry)
    }
    this.#unsynced = this.#unsynced.filter((change) => !synced.has(change))
  }

  /** Of this folder and those in it; files lose their own. */
  cutPower(faults: Faults, cutFile: (file: DriveFile) => void): void {
    const lost = new Set<string>()
    for (const { names } of this.#unsynced.splice(0)) {
      const isLost = names.some(([, name]) => lost.has(name)) || faults.random.chance(0.5)
      if (isLost) {
        faults.note('lost-name')
        for (const [, name] of names) lost.add(name)
      } else {
        for (const [folder, name, entry] of names) setName(folder.#durable, name, entry)
      }
    }
    this.names.clear()
    for (const [name, entry] of this.#durable) this.names.set(name, entry)
    for (const entry of this.names.values()) {
      if (entry instanceof DriveFolder) entry.cutPower(faults, cutFile)
      else cutFile(entry)
    }
  }
}

function setName(names: Map<string, DriveEntry>, name: string, entry: DriveEntry | null): void {
  if (entry === null) names.delete(name)
  else names.set(name, entry)
}
