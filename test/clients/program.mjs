// Clients that are programs: found by name, run with an environment of the test's own.

import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './harness/server.mjs'
import { ClientMissing, INSTALLER } from './outcomes.mjs'

/** A program's run that ended badly; the message has the end of what it said. */
export class ProgramFailed extends Error {
  name = 'ProgramFailed'
}

/** The path of a program: in `folders` first, then on PATH. @throws ClientMissing */
export function findProgram(name, folders = []) {
  const path = [...folders, ...process.env.PATH.split(delimiter)]
    .map((folder) => join(folder, name))
    .find((candidate) => existsSync(candidate))
  if (path === undefined) throw new ClientMissing(`${name} is not installed: ${INSTALLER}`)
  return path
}

/** A function that runs the program with `words` and answers its stdout. @throws ProgramFailed */
export function programRunner(path, env) {
  return async (words, { cwd, input, timeoutMs } = {}) => {
    const { exitCode, stdout, stderr } = await run(path, words, { env, cwd, input, timeoutMs })
    if (exitCode === 0) return stdout
    const said = `${stdout.slice(-300)} ${stderr.slice(-600)}`.trim()
    throw new ProgramFailed(`exit ${exitCode}: ${said}`)
  }
}

/** A clean environment: a home of its own, so that no configuration of the machine is read. */
export function cleanEnvironment(job, more = {}) {
  return {
    PATH: process.env.PATH,
    HOME: job.folder,
    TMPDIR: job.folder,
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    ...more,
  }
}

/** The environment that the AWS CLI, botocore and their kin read. */
export function awsEnvironment(job) {
  return cleanEnvironment(job, {
    AWS_ACCESS_KEY_ID: job.credentials.access,
    AWS_SECRET_ACCESS_KEY: job.credentials.secret,
    AWS_DEFAULT_REGION: job.region,
    AWS_ENDPOINT_URL: job.endpoint,
    AWS_PAGER: '',
    AWS_CONFIG_FILE: join(job.folder, 'aws-config'),
    AWS_EC2_METADATA_DISABLED: 'true',
    ...(job.caFile === null ? {} : { AWS_CA_BUNDLE: job.caFile }),
  })
}
