// What a kill takes with it: the processes alone, or, with the layer of unsynced.mjs, all that no sync
// had made durable too.

import { rmSync } from 'node:fs'
import { UnsyncedDrive, addCounts, buildLayer, whyNoLayer } from './unsynced.mjs'

/** Kills behind which all is left as it was: the next process reads what is not durable yet. */
const KILL_ONLY_SHARE = 0.25

/** So many power cuts show what is rare, too. */
const CUTS_OF_RARE = 150

/** Power that is never lost. */
const STEADY = {
  env: {},
  end: async () => undefined,
  endAt: async () => undefined,
  problems: () => [],
  report: () => [],
  close: () => undefined,
}

/**
 * For the drive `root`, which is there and unused; `folder`, a scratch one, takes what is built. Exits, skipped by
 * name, where the machine has no compiler.
 */
export async function openPower({ unsynced }, { folder, root }) {
  if (!unsynced) return STEADY
  const why = await whyNoLayer()
  if (why !== null) {
    console.log(`skipped --unsynced: ${why}\n0 passed, 0 failed, 1 skipped`)
    rmSync(folder, { recursive: true })
    process.exit(0)
  }
  const drive = new UnsyncedDrive({ layer: await buildLayer(folder), root })
  await drive.open()
  process.on('exit', () => drive.close())
  return new Power(drive)
}

/** All methods are for moments at which no process of the store runs. */
class Power {
  #drive
  #cuts = 0
  #kills = 0
  #counts = {}

  constructor(drive) {
    this.#drive = drive
  }

  get env() {
    return this.#drive.env
  }

  /** All that is not synced is lost. */
  async end() {
    await this.#cut(0, 'all')
  }

  /** By the seed: lost, kept or torn, or the processes were killed and nothing else happened. */
  async endAt(random) {
    if (random.chance(KILL_ONLY_SHARE)) this.#kills++
    else await this.#cut(random.next(), 'mixed')
  }

  async #cut(seed, mode) {
    this.#counts = addCounts(this.#counts, await this.#drive.cut(seed, mode))
    this.#cuts++
  }

  /** A fault that was never injected was not survived; some are rare. */
  problems() {
    const { writes, truncates, names } = this.#counts
    const common = [['a write that was taken back', writes.takenBack]]
    const rare = [
      ['a write that was torn', writes.torn],
      ['a write that was kept', writes.kept],
      ['a change of length that was taken back', truncates.takenBack],
      ['a name that was taken back', names.takenBack],
    ]
    const expected = this.#cuts < CUTS_OF_RARE ? common : [...common, ...rare]
    return expected.filter(([, count]) => count === 0).map(([what]) => `there never was ${what}`)
  }

  report() {
    const { writes, truncates, names, seen } = this.#counts
    const fates = ({ kept, takenBack, torn }) =>
      `${takenBack} taken back, ${torn} torn, ${kept} kept`
    const kinds = Object.entries(this.#counts.namesTakenBack).map(([kind, n]) => `${kind} ${n}`)
    return [
      `power cuts: ${this.#cuts}, and ${this.#kills} kills that left all as it was`,
      `un-synced writes: ${fates(writes)} (${this.#counts.sectorsPutBack} sectors, ` +
        `${this.#counts.filesShortened} files made shorter)`,
      `un-synced changes of length: ${fates(truncates)}`,
      `un-synced names: ${names.takenBack} taken back, ${names.kept} kept (${kinds.join(', ')})`,
      `seen in all: ${seen.writes} writes, ${seen.durableWrites} of them durable at their return, ` +
        `${seen.truncates} changes of length, ${seen.names} names, ${seen.syncs} syncs of files, ` +
        `${seen.folderSyncs} of folders, ${seen.mappings} files written through memory`,
    ]
  }

  close() {
    this.#drive.close()
  }
}
