// docs/operating/options.md as the options table makes it; tools/write-options-page.mjs writes it,
// and a test holds the page to it.

import { presetText, SERVE_OPTIONS, SERVE_OPTION_NAMES, variableOf } from './options.ts'

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

/** The page's text. */
export function renderOptionsPage(): string {
  const rows = SERVE_OPTION_NAMES.map((name) => {
    const { kind, description } = SERVE_OPTIONS[name]
    const preset = presetText(name)
    return [
      `\`--${name} ${kind.placeholder}\``,
      `\`${variableOf(name)}\``,
      `\`${name}\``,
      preset === '' ? '' : `\`${preset}\``,
      description,
    ]
      .map((cell) => cell.replaceAll('|', '\\|'))
      .join(' | ')
  })
  const head = ['| flag | variable | config field | default | what |', '|---|---|---|---|---|']
  const table = [...head, ...rows.map((row) => `| ${row} |`)]
  return `${HEAD}\n${table.join('\n')}\n${TAIL}`
}
