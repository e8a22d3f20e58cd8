// How large bodies are: mostly small, for speed; at times at a border of storage's blocks, and at
// times large enough to stream into a direct extent.

import type { Dice } from './dice.ts'

/** Shares of 1 each; what is left is small. */
export interface SizeMix {
  /** Around a block's border of 64 KiB and its multiples. */
  readonly borders: number
  /** Too large for a packed extent. */
  readonly streams: number
  /** Of parts: so large that others may follow. */
  readonly largeParts: number
}

const BLOCK_SIZE_BYTES = 65_536
const PACKED_SIZE_BYTES = 4 * BLOCK_SIZE_BYTES

export function drawSize(dice: Dice, { borders, streams }: SizeMix): number {
  const kind = dice.weighted({ borders, streams, small: 1 - borders - streams })
  if (kind === 'borders') return BLOCK_SIZE_BYTES * (1 + dice.below(4)) + dice.below(5) - 2
  if (kind === 'streams') return PACKED_SIZE_BYTES + 1 + Math.floor(dice.spread(1, 3_000_000))
  return dice.chance(0.05) ? 0 : Math.floor(dice.spread(1, 20_000))
}
