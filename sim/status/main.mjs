// Builds the simulated status plane and runs it: `npm run sim:status -- --help` says what with.

import { launch } from '../launch.mjs'

await launch('sim/status/main.ts')
