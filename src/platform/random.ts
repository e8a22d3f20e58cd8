// The kernel's randomness, drawn in pools: one call for 256 ids instead of one for each.

import { randomFillSync } from 'node:crypto'
import type { Random } from '../base/random.ts'

const POOL_SIZE_BYTES = 4096
/** Larger requests are drawn by themselves; they would waste the pool's rest. */
const POOLED_SIZE_BYTES_MAX = 256

/** Opens a source of its own pool. The slices that it hands out are never handed out again. */
export function openSystemRandom(): Random {
  let pool = new Uint8Array(0)
  let used = 0
  return {
    bytes: (count) => {
      if (count > POOLED_SIZE_BYTES_MAX) return randomFillSync(new Uint8Array(count))
      if (used + count > pool.length) {
        pool = randomFillSync(new Uint8Array(POOL_SIZE_BYTES)) // a new one: old slices live on
        used = 0
      }
      const slice = pool.subarray(used, used + count)
      used += count
      return slice
    },
    fraction: () => Math.random(),
  }
}
