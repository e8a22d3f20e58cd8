// Bytes that do not arrive as they were sent.

import type { SeededRandom } from '../../random.ts'
import { FORGED } from './witness.ts'

export function flipBit(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const changed = Buffer.from(bytes)
  if (changed.length === 0) return changed
  const at = random.below(changed.length)
  changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8))
  return changed
}

/** A bit, the end, or what somebody said. */
export function garble(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const how = random.below(3)
  if (how === 0) return flipBit(bytes, random)
  if (how === 1) return bytes.subarray(0, random.below(bytes.length + 1))
  return Buffer.from(
    Buffer.from(bytes)
      .toString()
      .replaceAll(/post-\d+/g, FORGED),
  )
}
