// What the machine itself gives, measured in the same run: single synced appends, and the digests
// that no store can leave out.

import { createHash, randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'

const TICKS_PER_SECOND = 100

/** CPU of processes so far, in milliseconds, with RssAnon and RssShmem in MiB. */
export function usage(pids) {
  let cpuMs = 0
  let anonMiB = 0
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    cpuMs += ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    for (const name of ['RssAnon', 'RssShmem']) {
      anonMiB += Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024
    }
  }
  return { cpuMs, anonMiB }
}

/** CPU of the whole machine so far, in milliseconds: what others use shows in the difference. */
export function machineCpuMs() {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0)
}

/** Median milliseconds of one 4 KiB append that is on the disk when it returns. */
export function syncedAppendMs(folder, count = 400) {
  const path = join(folder, 'append-probe')
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_DSYNC, 0o600)
  const bytes = randomBytes(4096)
  const taken = Array.from({ length: count }, () => {
    const startedAt = performance.now()
    writeSync(fd, bytes)
    return performance.now() - startedAt
  }).sort((a, b) => a - b)
  closeSync(fd)
  rmSync(path)
  return taken[count >> 1]
}

/** CPU milliseconds of one digest over `sizeBytes`. */
export function digestMs(algorithm, sizeBytes) {
  const bytes = randomBytes(sizeBytes)
  const rounds = Math.max(4, Math.floor((64 << 20) / sizeBytes))
  const before = process.cpuUsage()
  for (let round = 0; round < rounds; round++) createHash(algorithm).update(bytes).digest()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000 / rounds
}

/** One line about the machine. */
export function describe() {
  const model = cpus()[0]?.model ?? 'unknown'
  const system = readdirSync('/sys/block')
    .filter((name) => /^(vd|sd|nvme)/.test(name))
    .join(' ')
  return `${cpus().length} × ${model}, ${process.version}, disks ${system}`
}
