// The writer process: it alone commits. It starts on the supervisor's word and serves the workers
// of its group and the operator's commands.

import { bindToParent } from '../platform/child.ts'
import { runWriter } from './writer.ts'

runWriter(bindToParent())
