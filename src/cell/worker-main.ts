// A worker process: it serves requests. In a group with one worker it is the writer too.

import { bindToParent } from '../platform/child.ts'
import { runWorker } from './worker.ts'

runWorker(bindToParent())
