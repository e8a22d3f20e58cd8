// The commands of the status plane, as a table that main.ts makes the command line of. Each is loaded
// when it is run, so that none brings another's code, or the store's.

import type { ExitCode } from './cli-error.ts'
import { readEnvironment } from './env.ts'
import { presetText } from './option.ts'
import type { Option } from './option.ts'
import { POST_OPTIONS, STATUS_OPTIONS, statusVariableOf } from './status-options.ts'
import type { Terminal } from './terminal.ts'
import type { Typed } from './statement.ts'

export interface CommandSpec {
  /** Behind `holdfast status`. */
  readonly words: readonly string[]
  readonly arguments: readonly (readonly [name: string, description: string])[]
  readonly flags: readonly Flag[]
  readonly description: string
  readonly load: () => Promise<Act>
}

export interface Flag {
  readonly name: string
  readonly placeholder: string
  readonly description: string
  readonly isRequired: boolean
  /** Given again, it adds to what was given. */
  readonly isList: boolean
}

/** The arguments, then the flags. */
type Act = (terminal: Terminal, ...args: never[]) => Promise<ExitCode | void>
type Flags = Readonly<Record<string, string | undefined>>

const COMPONENTS = 'REGION/CELL/OPERATION or REGION/SERVICE'
const TEXT = flag('text', 'TEXT', 'Markdown; -: what stands on standard input', 'required')
const TITLE = flag('title', 'TEXT', 'one line', 'required')
const STATE = 'investigating, identified, monitoring or resolved'
const PLANNED_STATE = 'scheduled, in-progress, verifying, completed or canceled'

export const STATUS_COMMANDS: readonly CommandSpec[] = [
  {
    words: ['init'],
    arguments: [['<DIR>', 'an empty or missing directory']],
    flags: [
      flag('site', 'NAME', 'the name of the site', 'required'),
      flag('url', 'URL', 'where its peers will reach it'),
    ],
    description: "make a site's directory and key; prints its line for the configuration",
    load: async () => (await import('./commands/status-init.ts')).initSite,
  },
  {
    words: ['key'],
    arguments: [['<FILE>', 'the file of the key']],
    flags: [flag('name', 'NAME', 'your name as readers see it')],
    description: "make a person's key; prints its line for the configuration",
    load: async () => (await import('./commands/status-init.ts')).makePersonKey,
  },
  {
    words: ['check'],
    arguments: [['<FILE>', 'the configuration']],
    flags: [],
    description: 'list all that is wrong with a configuration; exit code 1 if anything is',
    load: async () => (await import('./commands/status-check.ts')).checkConfigFile,
  },
  {
    words: ['show'],
    arguments: [['<URL>', 'a site, or several: the first that answers']],
    flags: [],
    description: 'what a site tells: components, incidents, maintenance',
    load: async () => (await import('./commands/status-show.ts')).showStatus,
  },
  {
    words: ['serve'],
    arguments: [['<DIR>', 'the directory that `holdfast status init` made']],
    flags: flagsOf({ ...STATUS_OPTIONS }),
    description: 'run a site: probe, take posts, tell',
    load: async () => {
      const { serveStatus } = await import('./commands/status-serve.ts')
      return async (terminal: Terminal, folder: string, flags: Flags) =>
        await serveStatus(terminal, folder, flags, readEnvironment())
    },
  },
  post(
    'incident',
    [],
    [TITLE, TEXT, flag('state', 'STATE', STATE), affectedFlag(true)],
    'open an incident',
    (flags) => ({
      kind: 'incident',
      title: flags['title'] ?? '',
      state: flags['state'] ?? 'investigating',
      text: flags['text'] ?? '',
      affected: flags['affected'] ?? '',
    }),
  ),
  post(
    'update',
    [['<INCIDENT>', 'its id, or the beginning of it']],
    [flag('state', 'STATE', STATE, 'required'), TEXT, affectedFlag(false)],
    'say more of an incident, or that it is resolved',
    (flags, id) => ({
      kind: 'update',
      id,
      state: flags['state'] ?? '',
      text: flags['text'] ?? '',
      affected: flags['affected'],
    }),
  ),
  post(
    'override',
    [
      ['<COMPONENT>', COMPONENTS],
      ['<LEVEL>', 'the level to show; none: what probes see counts again'],
    ],
    [
      flag('reason', 'TEXT', 'why; it is shown'),
      flag('for', 'TIME', 'when it ends by itself: 30m, 2h, 1d; to show better it must'),
    ],
    "set a component's level by hand",
    (flags, component, level) => ({
      kind: 'override',
      component,
      level,
      reason: flags['reason'],
      lasts: flags['for'],
    }),
  ),
  post(
    'maintenance',
    [],
    [
      TITLE,
      TEXT,
      list('components', 'COMPONENT[,…]', COMPONENTS, 'required'),
      flag('start', 'INSTANT', 'such as 2026-03-01T22:00Z; or now', 'required'),
      flag('for', 'TIME', 'how long: 30m, 2h, 1d', 'required'),
    ],
    'announce a maintenance',
    (flags) => ({
      kind: 'maintenance',
      title: flags['title'] ?? '',
      text: flags['text'] ?? '',
      components: flags['components'] ?? '',
      start: flags['start'] ?? '',
      lasts: flags['for'] ?? '',
    }),
  ),
  post(
    'maintenance-update',
    [['<MAINTENANCE>', 'its id, or the beginning of it']],
    [flag('state', 'STATE', PLANNED_STATE, 'required'), TEXT],
    'say more of a maintenance, or that it is over',
    (flags, id) => ({
      kind: 'maintenance-update',
      id,
      state: flags['state'] ?? '',
      text: flags['text'] ?? '',
    }),
  ),
]

function flag(
  name: string,
  placeholder: string,
  description: string,
  need: 'required' | 'optional' = 'optional',
): Flag {
  return { name, placeholder, description, isRequired: need === 'required', isList: false }
}

function list(...args: Parameters<typeof flag>): Flag {
  return { ...flag(...args), isList: true }
}

function affectedFlag(isRequired: boolean): Flag {
  const what = isRequired
    ? 'what is affected, and how'
    : 'what is affected now; not given: as before'
  const need = isRequired ? 'required' : 'optional'
  return list('affected', 'COMPONENT=LEVEL[,…]', `${what}; none: nothing`, need)
}

/** Flags of a table of options. */
function flagsOf(options: Readonly<Record<string, Option<unknown>>>): Flag[] {
  return Object.entries(options).map(([name, { kind, default: preset, description }]) => {
    const shown = presetText(preset)
    const more = shown === '' ? '' : ` (default: ${shown})`
    const { placeholder } = kind
    return {
      ...flag(name, placeholder, `${description}${more} [${statusVariableOf(name)}]`),
      isList: placeholder.includes('[,'),
    }
  })
}

function post(
  word: string,
  args: CommandSpec['arguments'],
  flags: readonly Flag[],
  description: string,
  typedOf: (flags: Flags, first: string, second: string) => Typed,
): CommandSpec {
  return {
    words: ['post', word],
    arguments: args,
    flags: [...flags, ...flagsOf({ ...POST_OPTIONS })],
    description,
    load: async () => {
      const { postStatement, textOf } = await import('./commands/status-post.ts')
      return async (terminal: Terminal, ...given: readonly unknown[]) => {
        const all = given.at(-1) as Flags
        const [first = '', second = ''] = given.slice(0, -1) as string[]
        const typed = typedOf({ ...all, text: textOf(all['text'] ?? '') }, first, second)
        await postStatement(terminal, typed, all, readEnvironment())
      }
    },
  }
}
