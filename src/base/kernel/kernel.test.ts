// The committed WebAssembly is what its text gives, and the check can fail.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const KERNELS = 'src/base/kernel'

test('every kernel in base64 is what its .wat gives, and a changed .wat is noticed', () => {
  const copy = mkdtempSync(join(tmpdir(), 'holdfast-kernels-'))
  try {
    cpSync(KERNELS, join(copy, KERNELS), { recursive: true })
    for (const tool of ['build-kernels.mjs', 'sources.mjs']) {
      cpSync(join('tools', tool), join(copy, 'tools', tool))
    }
    symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'))
    const check = [join(copy, 'tools/build-kernels.mjs'), '--check']
    assert.equal(spawnSync(process.execPath, check).status, 0)
    const text = join(copy, KERNELS, 'crc64nvme.wat')
    const changed = readFileSync(text, 'utf8').replaceAll('0x9a6c9329ac4bc9b5', '1')
    writeFileSync(text, changed)
    assert.equal(spawnSync(process.execPath, check).status, 1)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
})
