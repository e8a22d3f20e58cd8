// What the environment promises by itself: a transaction that throws leaves nothing, whatever it wrote.

import { strict as check } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Environment } from './lmdb-env.ts'
import { bytes, outcomeOf } from './suite-store.ts'

async function inEnvironment(run: (environment: Environment) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-lmdb-env-'))
  const environment = new Environment(path, 'write')
  try {
    await run(environment)
  } finally {
    await environment.close()
    rmSync(path, { recursive: true, force: true })
  }
}

function valueOf(environment: Environment, key: string): string | null {
  const read = (): Buffer | null => environment.get(environment.entries, bytes(key))
  return environment.inSnapshot(read)?.toString() ?? null
}

test('what a transaction wrote before it threw is not there, and the next one goes through', async () => {
  await inEnvironment(async (environment) => {
    const { entries } = environment
    await environment.transact(() => entries.putSync(bytes('a'), bytes('1')))
    const failing = environment.transact(() => {
      entries.putSync(bytes('a'), bytes('2'))
      entries.putSync(bytes('b'), Buffer.alloc(100_000))
      check.equal(environment.get(entries, bytes('a'))?.toString(), '2')
      throw new RangeError('planted')
    })
    check.equal(await outcomeOf(failing), 'RangeError')
    check.equal(valueOf(environment, 'a'), '1')
    check.equal(valueOf(environment, 'b'), null)
    await environment.transact(() => entries.putSync(bytes('b'), bytes('3')))
    check.equal(valueOf(environment, 'b'), '3')
    check.equal(valueOf(environment, 'a'), '1')
  })
})

test('an appended key that is not behind all others is refused by its answer', async () => {
  await inEnvironment(async (environment) => {
    const answers: boolean[] = []
    await environment.transact(() => {
      for (const key of ['b', 'c', 'a', 'c']) {
        answers.push(environment.log.putSync(bytes(key), bytes(key), { append: true }))
      }
    })
    check.deepEqual(answers, [true, true, false, false])
  })
})

test('the first read behind an opening sees what was committed since', async () => {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-lmdb-env-'))
  const writer = new Environment(path, 'write')
  try {
    // In one turn: what opening looked at is not left for a timer to give back.
    const reader = new Environment(path, 'read')
    writer.transactSync(() => writer.entries.putSync(bytes('a'), bytes('1')))
    check.equal(valueOf(reader, 'a'), '1')
    writer.transactSync(() => writer.entries.putSync(bytes('a'), bytes('2')))
    check.equal(valueOf(reader, 'a'), '2')
    await reader.close()
  } finally {
    await writer.close()
    rmSync(path, { recursive: true, force: true })
  }
})

test('an environment closes twice, and is not read behind that', async () => {
  await inEnvironment(async (environment) => {
    await Promise.all([environment.close(), environment.close()])
    check.throws(() => valueOf(environment, 'a'), { code: 'closed' })
  })
})
