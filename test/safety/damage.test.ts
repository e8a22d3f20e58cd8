// Short forms of the scripts beside it: damage in a store is found on read, and by verify by name.

import { scriptTest } from './run-script.ts'

scriptTest('50 of 50 random flipped bits of a store are found by verify, by name', {
  script: 'safety/bit-flips.mjs',
  args: ['--flips', '50'],
  checksMin: 3,
})
scriptTest('a removed record of each kind is found by verify', {
  script: 'safety/removed-records.mjs',
  checksMin: 15,
})
scriptTest('a store with one damaged record serves around it, or refuses to start by name', {
  script: 'safety/damaged-start.mjs',
  checksMin: 20,
})
scriptTest('clients get errors for what is damaged, never wrong bytes, 404 or a shorter list', {
  script: 'safety/damage.mjs',
  checksMin: 15,
})
