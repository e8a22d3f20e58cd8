// Builds the simulator and runs it: `npm run sim -- --help` says what with.

import { launch } from './launch.mjs'

await launch('sim/main.ts')
