// What must hold at the end of every run.

import { checkHistory } from './check-history.ts'
import type { EndCheck } from './region.ts'

export const CHECKS: readonly EndCheck[] = [checkHistory]
