// holdfast info: what a store is, and how it is.

import { withAdmin } from '../store-access.ts'
import { unreachable } from '../../base/assert.ts'
import type { ValidationStatus } from '../../cell/admin.ts'
import { progressLine } from './verify.ts'
import { facts, formatBytes } from '../terminal.ts'
import type { Terminal } from '../terminal.ts'

export async function showInfo(terminal: Terminal, folder: string): Promise<void> {
  const status = await withAdmin(folder, async (admin) => await admin.status())
  const { placement: space } = status
  const extents = Object.entries(space.extents).map(([state, count]) => `${count} ${state}`)
  const free = `${formatBytes(space.freeBytes)} of ${formatBytes(space.totalBytes)} free`
  const rows: (readonly [string, string])[] = [
    ['version', status.version],
    ['region', status.region],
    ['drive', status.driveId],
    ['served', status.isServed ? 'yes' : 'no'],
    ['objects', `${status.objects} in ${status.buckets} buckets, ${formatBytes(status.bytes)}`],
    ['space', `${space.space}: ${free}${space.hasBallast ? '' : ', ballast given up'}`],
    ['extents', `${extents.join(', ')}; ${formatBytes(space.reclaimableBytes)} to reclaim`],
    ['change log', `at ${status.position}, archived to ${status.archivedTo}`],
    ['epoch', String(status.epoch)],
    ['records', validationText(status.validation)],
    ['clock', status.clockAlarm ?? 'as expected'],
  ]
  terminal.result(status, () => facts(rows))
}

function validationText(status: ValidationStatus): string {
  switch (status.state) {
    case 'waiting':
      return 'not validated since the last start; `holdfast verify` does'
    case 'running':
      return `being validated: ${progressLine(status.progress)}`
    case 'failed':
      return `not validated: ${status.message}`
    case 'done': {
      const at = new Date(status.endedAtMs).toISOString()
      const found = status.findings === 0 ? 'all sound' : `${status.findings} NOT SOUND`
      return `${status.records} validated at ${at}: ${found}`
    }
    default:
      return unreachable(status)
  }
}
