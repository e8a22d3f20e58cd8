// The command line: every command with its arguments, and how an error becomes one line and an
// exit code. The options of `serve` come from options.ts.

import { Command, CommanderError, Option } from 'commander'
import { CliError } from './cli-error.ts'
import type { ExitCode } from './cli-error.ts'
import { readEnvironment } from './env.ts'
import { presetText, variableOf } from './option.ts'
import { SERVE_OPTIONS, SERVE_OPTION_NAMES } from './options.ts'
import { STATUS_COMMANDS } from './status-commands.ts'
import type { CommandSpec, Flag } from './status-commands.ts'
import { openTerminal } from './terminal.ts'
import type { Terminal } from './terminal.ts'
import { VERSION } from './version.ts'

const FOLDER = 'the directory of the store'

/** A variable that is not set must not become the working directory. @throws CliError */
function requireFolder(folder: string): string {
  if (folder.trim() === '') throw new CliError('DIR is empty: name the directory of the store')
  return folder
}

/** The same for whatever else is named. @throws CliError */
function requireText(text: string, name: string): string {
  if (text.trim() === '') throw new CliError(`${name.replace(/[<>]/g, '')} is empty`)
  return text
}

type Act = (terminal: Terminal, ...args: never[]) => Promise<ExitCode | void>

/** Runs the command line; sets the exit code. */
async function main(): Promise<void> {
  const program = new Command('holdfast')
    .description("An S3-compatible object store that an operator's mistake cannot take down.")
    .version(VERSION)
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => undefined })
  addServe(program)
  addStoreCommands(program)
  addUserCommands(program)
  addBucketCommands(program)
  addStatusCommands(program)
  // A reader that has seen enough (`| head`) is no failure.
  process.stdout.on('error', () => undefined)
  try {
    await program.parseAsync(withCommand(process.argv.slice(2)), { from: 'user' })
  } catch (error) {
    process.exitCode = report(error)
  }
}

/** Without a command the default directory is served; a mistyped one is never taken for that. */
function withCommand(words: readonly string[]): readonly string[] {
  const [first] = words
  const isOwn = first !== undefined && ['-h', '--help', '-V', '--version'].includes(first)
  const hasCommand = first !== undefined && !first.startsWith('-')
  return isOwn || hasCommand ? words : ['up', ...words]
}

/** What the kernel says of a path that was named wrongly, or is another's. */
const INPUT_CODES: readonly string[] = ['EACCES', 'EPERM', 'ENOENT', 'ENOTDIR', 'EEXIST', 'EROFS']

/** Errors that say themselves what failed; anything else is a defect and is shown with its stack. */
function isOperatingError(error: unknown): error is Error & { code: string } {
  if (!(error instanceof Error) || !('code' in error)) return false
  return typeof error.code === 'string' && !error.code.startsWith('ERR_')
}

function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0
    if (error.code !== 'commander.help') {
      const line = error.message.replace(/^error: /, '').replaceAll('\n', ' ')
      process.stderr.write(`holdfast: ${line}\n`)
    }
    return 2
  }
  if (error instanceof CliError) {
    process.stderr.write(`holdfast: ${error.message}\n`)
    return error.exitCode
  }
  if (isOperatingError(error)) {
    process.stderr.write(`holdfast: ${error.message}\n`)
    return INPUT_CODES.includes(error.code) ? 2 : 1
  }
  process.stderr.write(`holdfast: ${error instanceof Error ? error.stack : String(error)}\n`)
  return 1
}

/**
 * Wraps a command: loads it, gives it the terminal, takes its exit code. Commands are loaded when they
 * are run: most need the engine and its native code, and `serve` starts sooner without.
 */
function run(load: () => Promise<Act>): (...args: unknown[]) => Promise<void> {
  return async (...args) => {
    const command = args.at(-1) as Command
    const act = await load()
    const terminal = openTerminal({ isJson: command.opts()['json'] === true })
    const exitCode = await act(terminal, ...(args.slice(0, -1) as never[]))
    if (exitCode !== undefined) process.exitCode = exitCode
  }
}

function withServeOptions(command: Command): Command {
  for (const name of SERVE_OPTION_NAMES) {
    const { default: value, kind, description } = SERVE_OPTIONS[name]
    const preset = presetText(value)
    const shown = preset === '' ? '' : ` (default: ${preset})`
    command.addOption(
      new Option(`--${name} <${kind.placeholder}>`, `${description}${shown} [${variableOf(name)}]`),
    )
  }
  return command.option('--config <FILE>', 'JSON file of these options by name [HOLDFAST_CONFIG]')
}

function addServe(program: Command): void {
  withServeOptions(program.command('up'))
    .description('serve ./holdfast-data, made where it does not exist; the command without a name')
    .option('--json', 'print what was made as JSON')
    .action(
      run(async () => {
        const { serveDefault } = await import('./commands/serve.ts')
        return async (terminal, flags: Record<string, string>) =>
          await serveDefault(terminal, flags, readEnvironment())
      }),
    )
  withServeOptions(program.command('serve'))
    .argument('<DIR>', FOLDER, requireFolder)
    .description('serve a store that `holdfast init` made')
    .option('--json', 'print the address as JSON')
    .action(
      run(async () => {
        const { serveStore } = await import('./commands/serve.ts')
        return async (terminal, folder: string, flags: Record<string, string>) =>
          await serveStore(terminal, folder, flags, readEnvironment())
      }),
    )
}

function addStoreCommands(program: Command): void {
  program
    .command('init')
    .argument('<DIR>', 'an empty or missing directory', requireFolder)
    .description('make a store: superblock, ballast, root key')
    .option('--json', 'print as JSON')
    .addOption(new Option('--region <NAME>', 'the region it belongs to [HOLDFAST_REGION]'))
    .action(
      run(async () => {
        const { initStore } = await import('./commands/init.ts')
        return async (terminal, folder: string, flags: { region?: string }) => {
          await initStore(terminal, folder, flags, readEnvironment())
        }
      }),
    )
  program
    .command('info')
    .argument('<DIR>', FOLDER, requireFolder)
    .description('what the store is, and how it is')
    .option('--json', 'print as JSON')
    .action(run(async () => (await import('./commands/info.ts')).showInfo))
  program
    .command('verify')
    .argument('<DIR>', FOLDER, requireFolder)
    .description('validate all records, then read every blob; exit code 1 if anything is wrong')
    .option('--records', 'stop after the records')
    .option('--json', 'print as JSON')
    .action(
      run(async () => {
        const { verifyStore } = await import('./commands/verify.ts')
        return async (terminal, folder: string, flags: { records?: boolean }) =>
          await verifyStore(terminal, folder, { isRecordsOnly: flags.records === true })
      }),
    )
  program
    .command('rebuild')
    .argument('<DIR>', FOLDER, requireFolder)
    .description('make the index anew from the data; the old one is kept aside')
    .option('--json', 'print as JSON')
    .action(run(async () => (await import('./commands/rebuild.ts')).rebuildStore))
}

function addUserCommands(program: Command): void {
  const user = program.command('user').description('accounts and their access keys')
  user
    .command('add')
    .argument('<DIR>', FOLDER, requireFolder)
    .argument('<NAME>', 'display name')
    .description('add a user with an access key')
    .option('--id <ID>', 'canonical id (default: random)')
    .option('--email <ADDRESS>', 'e-mail address')
    .option('--access-key <KEY>', 'access key (default: random)')
    .option('--secret-key <KEY>', 'secret key (default: random)')
    .option('--json', 'print as JSON')
    .action(run(async () => (await import('./commands/user.ts')).addUser))
  user
    .command('list')
    .argument('<DIR>', FOLDER, requireFolder)
    .description('all users')
    .option('--json', 'print as JSON')
    .action(run(async () => (await import('./commands/user.ts')).listUsers))
  user
    .command('remove')
    .argument('<DIR>', FOLDER, requireFolder)
    .argument('<ID>', 'canonical id')
    .description('remove a user who owns no buckets, and its keys')
    .option('--json', 'print as JSON')
    .action(run(async () => (await import('./commands/user.ts')).removeUser))
  user
    .command('key')
    .argument('<DIR>', FOLDER, requireFolder)
    .argument('<ID>', 'canonical id')
    .description('give a user another access key, or take one away')
    .option('--remove <KEY>', 'the access key to take away')
    .option('--access-key <KEY>', 'access key (default: random)')
    .option('--secret-key <KEY>', 'secret key (default: random)')
    .option('--json', 'print as JSON')
    .action(run(async () => (await import('./commands/user.ts')).changeKey))
}

function addBucketCommands(program: Command): void {
  const bucket = program.command('bucket').description('what buckets hold, and what they may')
  bucket
    .command('list')
    .argument('<DIR>', FOLDER, requireFolder)
    .description('all buckets')
    .option('--json', 'print as JSON')
    .action(run(async () => (await import('./commands/bucket.ts')).listBuckets))
  bucket
    .command('usage')
    .argument('<DIR>', FOLDER, requireFolder)
    .argument('<BUCKET>', 'its name')
    .description('one bucket')
    .option('--json', 'print as JSON')
    .action(run(async () => (await import('./commands/bucket.ts')).showUsage))
  bucket
    .command('quota')
    .argument('<DIR>', FOLDER, requireFolder)
    .argument('<BUCKET>', 'its name')
    .description('set what a bucket may hold; over it, writes answer 403 QuotaExceeded')
    .option('--bytes <SIZE>', 'all versions and unfinished uploads together; none: no limit')
    .option('--objects <N>', 'keys; none: no limit')
    .option('--json', 'print as JSON')
    .action(run(async () => (await import('./commands/bucket.ts')).setQuota))
}

function addStatusCommands(program: Command): void {
  const status = program.command('status').description('the status plane: pages, posts, sites')
  const posts = status.command('post').description('post as a person whom the configuration names')
  for (const spec of STATUS_COMMANDS) addSpec(spec.words.length > 1 ? posts : status, spec)
}

function addSpec(parent: Command, spec: CommandSpec): void {
  const command = parent.command(spec.words.at(-1) ?? '').description(spec.description)
  for (const [name, description] of spec.arguments) {
    command.argument(name, description, (text: string) => requireText(text, name))
  }
  for (const flag of spec.flags) command.addOption(optionOf(flag))
  command.option('--json', 'print as JSON').action(run(spec.load))
}

function optionOf({ description, isList, isRequired, name, placeholder }: Flag): Option {
  const option = new Option(`--${name} <${placeholder}>`, description)
  option.makeOptionMandatory(isRequired)
  if (!isList) return option
  return option.argParser<string>((text, before) =>
    before === undefined ? text : `${before},${text}`,
  )
}

await main()
