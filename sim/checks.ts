// What must hold at the end of every run, in this order: what is read back is judged with all that
// was seen before.

import { checkCompletions } from './check-completions.ts'
import { checkExtents } from './check-extents.ts'
import { checkHistory } from './check-history.ts'
import { checkReadBack } from './check-read-back.ts'
import { checkRebuild } from './check-rebuild.ts'
import { checkUsage } from './check-usage.ts'
import { checkVerify } from './check-verify.ts'
import type { EndCheck } from './region.ts'

export const CHECKS: readonly EndCheck[] = [
  checkReadBack,
  checkHistory,
  checkCompletions,
  checkUsage,
  checkExtents,
  checkRebuild,
  checkVerify,
]
