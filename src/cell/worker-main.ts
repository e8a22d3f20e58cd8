// A worker process: it serves requests. The first of a small group is its writer too.

import { bindToParent } from '../platform/child.ts'
import { runWorker } from './worker.ts'

runWorker(bindToParent())
