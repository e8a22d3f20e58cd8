// Short forms of the scripts beside it: what comes back after a kill, a failed commit, and after the
// index is gone.

import { scriptTest } from './run-script.ts'

scriptTest('a store that is killed under load has all that it acknowledged', {
  script: 'crash/kill-loop.mjs',
  args: ['--rounds', '3'],
  checksMin: 15,
})
scriptTest('a writer whose commit failed for want of room is replaced, and the store writes on', {
  script: 'safety/failed-commit.mjs',
  checksMin: 8,
})
scriptTest('a deleted index comes back by rebuild, from the data alone', {
  script: 'safety/rebuild.mjs',
  args: ['--kills', '3'],
  checksMin: 10,
})
