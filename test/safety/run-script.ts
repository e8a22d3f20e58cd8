// Runs a script of this folder, or of one beside it, as a test: it passes by its exit code and by its
// own count of checks, and what it skipped is skipped by name here too.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { test } from 'node:test'

interface Output {
  readonly exitCode: number | string | null
  readonly text: string
}

function run(script: string, args: readonly string[]): Promise<Output> {
  return new Promise((done) => {
    execFile(process.execPath, [resolve('test', script), ...args], (error, stdout, stderr) => {
      done({ exitCode: error === null ? 0 : (error.code ?? null), text: stdout + stderr })
    })
  })
}

/** `checksMin` is how many checks the script makes at least: one that made none proves nothing. */
export function scriptTest(
  name: string,
  { script, args = [], checksMin }: { script: string; args?: readonly string[]; checksMin: number },
): void {
  void test(name, async (t) => {
    const { exitCode, text } = await run(script, args)
    const skipped = /^skipped (.*)$/m.exec(text)?.[1]
    assert.equal(exitCode, 0, `exit code ${exitCode}\n${text}`)
    const count = /^(\d+) passed, 0 failed/m.exec(text)?.[1]
    if (skipped !== undefined && count === '0') return t.skip(skipped)
    assert.ok(Number(count) >= checksMin, text)
  })
}
