// The gateway over the memory engine and a real folder.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openDisk } from '../platform/disk.ts'
import { gatewaySuite } from './gateway-suite.ts'
import { GatewayWorld } from './suite-world.ts'

const root = mkdtempSync(join(tmpdir(), 'holdfast-gateway-'))
after(() => rmSync(root, { recursive: true, force: true }))

gatewaySuite('memory engine', async (versioning) => {
  const folder = mkdtempSync(join(root, 'store-'))
  return await GatewayWorld.open({ folder, disk: openDisk(folder) }, versioning)
})
