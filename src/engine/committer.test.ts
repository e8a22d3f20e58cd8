// What the group committer itself owes whoever holds it; the drivers' suite has the rest.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId, type CommitId } from '../base/id.ts'
import { ManualClock } from '../base/manual-clock.ts'
import { Committer } from './committer.ts'
import { EngineError } from './engine.ts'
import { FRESH_HEAD } from './head.ts'

const random = { bytes: (count: number) => new Uint8Array(count).fill(7), fraction: () => 0 }

async function commitOver(failure: Error): Promise<{ ends: EngineError[]; answers: string[] }> {
  const ends: EngineError[] = []
  const driver = { run: async () => await Promise.reject(failure) }
  const committer = new Committer(driver, new ManualClock(), FRESH_HEAD, (end) => ends.push(end))
  const answers: string[] = []
  for (let tries = 0; tries < 2; tries += 1) {
    const id = newId<CommitId>(random)
    const decide = () => ({ kind: 'apply', mutations: [], result: null }) as const
    const answer = await committer
      .commit({ id, reads: {}, decide })
      .catch((thrown: unknown) => thrown)
    answers.push(answer instanceof EngineError ? answer.code : String(answer))
  }
  await committer.close()
  return { ends, answers }
}

test('who holds a committer is told once that nothing is committed any more', async () => {
  const { ends, answers } = await commitOver(new EngineError('full', 'no space'))
  assert.deepEqual(answers, ['full', 'failed'])
  assert.deepEqual(
    ends.map(({ code }) => code),
    ['failed'],
  )
})

test('what passes by itself is no end', async () => {
  for (const code of ['unavailable', 'unsure'] as const) {
    const { ends, answers } = await commitOver(new EngineError(code, 'for now'))
    assert.deepEqual([ends, answers], [[], [code, code]])
  }
})
