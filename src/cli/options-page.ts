// docs/operating/options.md as the options table makes it; tools/write-options-page.mjs writes it,
// and a test holds the page to it.

import { presetText, variableOf } from './option.ts'
import type { Option } from './option.ts'
import { SERVE_OPTIONS, SERVE_OPTION_NAMES } from './options.ts'
import {
  POST_OPTION_NAMES,
  POST_OPTIONS,
  STATUS_OPTION_NAMES,
  STATUS_OPTIONS,
  statusVariableOf,
} from './status-options.ts'

const HEAD = `# Options of \`holdfast serve\`

Made from the table in src/cli/options.ts by \`node tools/write-options-page.mjs\`; not edited by hand.

Each option is a flag, an environment variable and a field of the config file. A flag wins over the
variable, that over the config file, that over the default. An unknown flag, an unknown variable that
begins with \`HOLDFAST_\`, an unknown field, or a value that does not fit is refused by name with exit
code 2; an empty variable counts as not set. \`holdfast\` without a command takes the same.
`

const TAIL = `
The config file is a JSON object of these fields, named by \`--config FILE\` or \`HOLDFAST_CONFIG\`. A
value is a text, a number, or a list of texts; file names in it are relative to the working directory:

\`\`\`json
{
  "listen": "0.0.0.0:9000",
  "domain": ["s3.example.com"],
  "tls-cert": "/etc/holdfast/cert.pem",
  "tls-key": "/etc/holdfast/key.pem",
  "workers": 4
}
\`\`\`

\`holdfast init\` takes the region, and the root key from \`HOLDFAST_ACCESS_KEY\` and
\`HOLDFAST_SECRET_KEY\`. A secret on the command line is seen by every user of the machine: use the
variable or the config file.
`

const STATUS = `
# Options of \`holdfast status serve\`

Each is a flag or a variable; a flag wins. What is watched and who may speak stands in the
configuration that \`--config\` names, see [status.md](status.md).
`

const POST = `
\`holdfast status post\` takes, beside what it says:
`

/** The page's text. */
export function renderOptionsPage(): string {
  const rows = SERVE_OPTION_NAMES.map((name) =>
    rowOf(name, SERVE_OPTIONS[name], variableOf(name), [`\`${name}\``]),
  )
  const statusRows = STATUS_OPTION_NAMES.map((name) =>
    rowOf(name, STATUS_OPTIONS[name], statusVariableOf(name), []),
  )
  const postRows = POST_OPTION_NAMES.map((name) =>
    rowOf(name, POST_OPTIONS[name], statusVariableOf(name), []),
  )
  const head = ['| flag | variable | config field | default | what |', '|---|---|---|---|---|']
  const short = ['| flag | variable | default | what |', '|---|---|---|---|']
  return [
    `${HEAD}\n${[...head, ...rows].join('\n')}\n${TAIL}`,
    `${STATUS}\n${[...short, ...statusRows].join('\n')}\n`,
    `${POST}\n${[...short, ...postRows].join('\n')}\n`,
  ].join('')
}

function rowOf(
  name: string,
  { kind, default: preset, description }: Option<unknown>,
  variable: string,
  more: readonly string[],
): string {
  const shown = presetText(preset)
  const cells = [
    `\`--${name} ${kind.placeholder}\``,
    `\`${variable}\``,
    ...more,
    shown === '' ? '' : `\`${shown}\``,
    description,
  ]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
