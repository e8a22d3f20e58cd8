// What browsers load for the console, by path: our own scripts, as they stand in browser/, and styles.
// The build puts the files' texts into the program, so that a site serves them without reading a disk.

/* oxlint-disable import/default -- what the build puts in for these files is their text */
import { STYLE } from '../output/style.css.ts'
import confirmScript from './browser/confirm.page.js'
import consoleScript from './browser/console.page.js'
import keyStoreScript from './browser/key-store.page.js'
import pickersScript from './browser/pickers.page.js'
import signingScript from './browser/signing.page.js'
import siteScript from './browser/site.page.js'
import statementsScript from './browser/statements.page.js'
import { CONSOLE_STYLE } from './console-style.css.ts'

export interface BrowserFile {
  readonly type: string
  readonly text: string
}

export function browserFiles(): ReadonlyMap<string, BrowserFile> {
  const scripts: readonly (readonly [string, string])[] = [
    ['confirm', confirmScript],
    ['console', consoleScript],
    ['key-store', keyStoreScript],
    ['pickers', pickersScript],
    ['signing', signingScript],
    ['site', siteScript],
    ['statements', statementsScript],
  ]
  const type = 'text/javascript; charset=utf-8'
  const style = { type: 'text/css; charset=utf-8', text: STYLE + CONSOLE_STYLE }
  return new Map([
    ...scripts.map(([name, text]) => [`/console/${name}.page.js`, { type, text }] as const),
    ['/console/console.css', style] as const,
  ])
}
