// Power cuts without a power cut: starts processes under a layer of our own that remembers what no
// sync has made durable yet, and takes back of it, after they were killed, what a seed says. The
// layer is C, compiled here into a folder of its own: unsynced/layer.c says what counts as durable.

import { accessSync, constants, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../clients/harness/server.mjs'

const SOURCES = resolve(fileURLToPath(new URL('unsynced', import.meta.url)))
const COMPILERS = ['cc', 'gcc', 'clang']
const LAYER = ['layer.c', 'content.c', 'names.c', 'log.c']
const PUT_BACK = ['put-back.c', 'log.c']

const MEMORY = '/dev/shm'

/** The layer cannot be made, or did not do its work; never an answer of the store. */
export class UnsyncedError extends Error {
  name = 'UnsyncedError'
}

/** Why there is no layer on this machine, or null where there can be one. */
export async function whyNoLayer() {
  if (process.platform !== 'linux') return `the layer is for Linux, and this is ${process.platform}`
  return (await findCompiler()) === null ? `no C compiler (${COMPILERS.join(', ')})` : null
}

/** In memory where that can be: what is written there is not in the way of other disk writes. */
export function scratchFolder() {
  try {
    accessSync(MEMORY, constants.W_OK)
    return MEMORY
  } catch {
    return tmpdir() // there is no such folder on this machine
  }
}

async function findCompiler() {
  for (const name of COMPILERS) {
    if ((await run(name, ['--version'])).exitCode === 0) return name
  }
  return null
}

/** Compiles sources of the folder `unsynced` into `output`, and answers it. @throws UnsyncedError */
export async function compile(output, sources, flags = []) {
  const compiler = await findCompiler()
  if (compiler === null) throw new UnsyncedError(await whyNoLayer())
  const paths = sources.map((source) => join(SOURCES, source))
  const ofAll = ['-O2', '-Wall', '-Wextra', '-Werror', '-o', output]
  const made = await run(compiler, [...flags, ...ofAll, ...paths, '-lpthread', '-ldl'])
  if (made.exitCode !== 0) throw new UnsyncedError(`${output}: ${made.stderr}`)
  return output
}

/** Compiles the layer into `folder`. @throws UnsyncedError */
export async function buildLayer(folder) {
  return {
    library: await compile(join(folder, 'unsynced.so'), LAYER, ['-shared', '-fPIC']),
    tool: await compile(join(folder, 'put-back'), PUT_BACK),
  }
}

/** The drive below `root`, which must be there: what its processes have not synced can be lost. */
export class UnsyncedDrive {
  #layer
  #root
  #folders
  #log
  #limbo

  /** `layer` is what `buildLayer` answered. What was unlinked is kept beside `root`. */
  constructor({ layer, root }) {
    this.#layer = layer
    this.#root = realpathSync(root)
    const beside = resolve(this.#root, '..')
    const makeFolder = (parent) => mkdtempSync(join(parent, 'unsynced-'))
    this.#folders = [makeFolder(beside), makeFolder(scratchFolder())]
    this.#limbo = join(this.#folders[0], 'limbo')
    this.#log = join(this.#folders[1], 'log')
  }

  /** What a process's environment needs so that its writes are seen, and its children's. */
  get env() {
    return {
      LD_PRELOAD: this.#layer.library,
      UNSYNCED_LOG: this.#log,
      UV_USE_IO_URING: '0',
    }
  }

  /** Begins with all that is there now durable. No process may be under way. */
  async open() {
    rmSync(this.#limbo, { recursive: true, force: true })
    mkdirSync(this.#limbo)
    await this.#run('make', this.#log, this.#root, this.#limbo)
  }

  /**
   * Takes back what `seed` says of all that is not synced, `all` in mode `all`, and begins anew; all
   * processes are gone. Answers counts: see `report` in unsynced/put-back.c.
   * @throws UnsyncedError where something was done to the store that the layer cannot take back
   */
  async cut(seed, mode = 'mixed') {
    const { stdout } = await this.#run('cut', this.#log, String(seed), mode)
    const counts = JSON.parse(stdout)
    await this.open()
    if (counts.seen.unmodelled === 0) return counts
    throw new UnsyncedError(`the layer does not know how to take back: ${counts.unmodelled}`)
  }

  close() {
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true })
  }

  async #run(...words) {
    const ended = await run(this.#layer.tool, words)
    if (ended.exitCode !== 0) throw new UnsyncedError(`put-back ${words[0]}: ${ended.stderr}`)
    return ended
  }
}

/** Sums of counts of several cuts, field by field. */
export function addCounts(left, right) {
  if (typeof right !== 'object') return typeof right === 'number' ? (left ?? 0) + right : right
  return Object.fromEntries(
    Object.entries(right).map(([name, value]) => [name, addCounts(left?.[name], value)]),
  )
}
