// A history of a key as people read it: a line for each step that a failure needs.

import { currentOf } from './models/key-model.ts'
import type { KeyHistoryStep } from './key-history.ts'
import { isRead } from './key-history.ts'
import { checkKey } from './linearizable.ts'
import type { Refuted } from './linearizable.ts'
import type { KeyAnswer, KeyCall, KeyState, SeenVersion } from './models/key-state.ts'

/** Steps left out one by one at most: each costs a check. */
const TRIES_MAX = 200
const SHOWN_CHARS = 12

/**
 * The steps without which the failure would not be one: none behind it, none of before the key's
 * state was sure, and no read that is not needed. Each is left out only where all that is left still
 * cannot be explained.
 */
function shorten(
  steps: readonly KeyHistoryStep[],
  { from, step: wrong }: Refuted,
): readonly KeyHistoryStep[] {
  const options = { start: from.state, shownMax: 0 }
  let kept = steps
    .filter((step) => step.invokedAt < wrong.answeredAt && step.answeredAt > from.at)
    .map((step) => (step.answeredAt > wrong.answeredAt ? unanswered(step) : step))
    .filter((step) => !(isRead(step.call) && step.answer.kind === 'unknown'))
  const isStill = (some: readonly KeyHistoryStep[]): boolean =>
    checkKey(some, options).kind === 'refuted'
  if (!isStill(kept)) return steps
  for (const step of kept
    .filter(({ answer, call }) => isRead(call) || answer.kind === 'refused')
    .slice(-TRIES_MAX)) {
    const less = kept.filter((other) => other !== step)
    if (isStill(less)) kept = less
  }
  return kept
}

function unanswered(step: KeyHistoryStep): KeyHistoryStep {
  return { ...step, answer: { kind: 'unknown' }, answeredAt: Number.POSITIVE_INFINITY }
}

/** A failure, with the shortened history that shows it. */
export function describeRefuted(steps: readonly KeyHistoryStep[], refuted: Refuted): string {
  const { from, step: wrong, states } = refuted
  const shown = shorten(steps, refuted).toSorted((a, b) => a.invokedAt - b.invokedAt)
  const wrongs = steps.find(({ id }) => id === wrong.id)
  return [
    'no order of what was asked explains the last answer but one of these:',
    `  before: ${describeState(from.state)}`,
    ...shown.map((step) => `  ${describeStep(step)}`),
    `  wrong: ${wrongs === undefined ? wrong.id : describeStep(wrongs)}`,
    ...states.slice(0, 4).map((state) => `  may have been then: ${describeState(state)}`),
  ].join('\n')
}

function describeStep(step: KeyHistoryStep): string {
  const { recorded, id, call, answer, invokedAt, answeredAt } = step
  const end = answeredAt === Number.POSITIVE_INFINITY ? '' : answeredAt
  const who = `client ${recorded.client} at ${recorded.worker}`
  return `[${invokedAt}..${end}] ${id} ${who}: ${describeCall(call)} -> ${describeAnswer(answer)}`
}

function describeCall(call: KeyCall): string {
  const { kind, ...rest } = call
  return `${kind} ${JSON.stringify(rest, short)}`
}

function describeAnswer(answer: KeyAnswer): string {
  switch (answer.kind) {
    case 'unknown':
      return 'unknown'
    case 'refused':
      return answer.code
    case 'found':
      return answer.version === null ? 'nothing' : describeSeen(answer.version)
    case 'versions':
      return `[${answer.versions.map(describeSeen).join('; ')}]`
    case 'done':
    case 'deleted':
      return JSON.stringify(answer, short)
  }
}

function describeSeen(seen: SeenVersion): string {
  const { isDeleteMarker, isLatest, isNull, tag, versionId, etag, sizeBytes, tags } = seen
  const words = [
    isDeleteMarker ? 'marker' : `${cut(etag)} of ${sizeBytes}`,
    versionId === null ? '' : `id ${versionId}`,
    isNull === true ? 'null' : '',
    isLatest === true ? 'latest' : '',
    tag === null ? '' : `by ${tag}`,
    tags === null || tags === '' ? '' : `tags ${tags}`,
  ]
  return words.filter((word) => word !== '').join(' ')
}

function describeState(state: KeyState): string {
  const versions = state.versions.map(({ etag, isDeleteMarker, isNull, tag, versionId, tags }) =>
    [
      isDeleteMarker ? 'marker' : `${cut(etag)} by ${tag}`,
      isNull ? 'null' : '',
      versionId === null ? '' : `id ${versionId}`,
      tags === '' ? '' : `tags ${tags}`,
    ]
      .filter((word) => word !== '')
      .join(' '),
  )
  const uploads = state.uploads.map(
    ({ uploadId, state: is, parts }) => `${is} ${cut(uploadId)} of ${parts.length} parts`,
  )
  const current = currentOf(state) === null ? 'no object' : 'an object'
  return `${state.bucket} bucket, ${current}: [${versions.join('; ')}] uploads [${uploads.join('; ')}]`
}

function cut(text: string): string {
  return text.slice(0, SHOWN_CHARS)
}

function short(name: string, value: unknown): unknown {
  const isLong = typeof value === 'string' && value.length > SHOWN_CHARS && name !== 'versionId'
  return isLong ? cut(value) : value
}
