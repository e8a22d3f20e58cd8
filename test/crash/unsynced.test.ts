// The layer that takes back what was not synced, and what it shows of the store in short.

import { scriptTest } from '../safety/run-script.ts'

scriptTest('a power cut takes back what no sync covers, and nothing else', {
  script: 'crash/layer-test.mjs',
  args: ['--seeds', '16'],
  checksMin: 48,
})
scriptTest('what init and rebuild said that they made is there behind a power cut', {
  script: 'crash/commands.mjs',
  args: ['--kills', '2'],
  checksMin: 9,
})
