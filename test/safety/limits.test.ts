// Short forms of the scripts beside it: a drive that fills up, memory, and space that comes back.

import { scriptTest } from './run-script.ts'

scriptTest('a server outlives a drive that other programs fill', {
  script: 'safety/full-drive.mjs',
  args: ['--short'],
  checksMin: 10,
})
scriptTest('many open bodies and connections take bounded memory', {
  script: 'safety/memory.mjs',
  args: ['--uploads', '60', '--mib', '8'],
  checksMin: 4,
})
scriptTest('space of deleted, overwritten, aborted and half-sent bodies is parked', {
  script: 'safety/reclaim.mjs',
  checksMin: 5,
})
