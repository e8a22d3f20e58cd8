// Whether a key may have stood, or must have, while a listing went on: decided from what was asked
// and answered alone, on the side of the store where that leaves it open.

import type { KeyHistory, KeyHistoryStep } from '../key-history.ts'

/** A stretch of the history's count. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** Whether there may have been an object under the key at some moment of the stretch. */
export function mayStand({ steps }: KeyHistory, stretch: Stretch): boolean {
  return steps.some((step) => isMade(step) && mayLast(step, steps, stretch))
}

/** Whether there may have been any version or delete marker of it. */
export function mayHaveVersions({ steps }: KeyHistory, { to }: Stretch): boolean {
  return steps.some((step) => step.invokedAt < to && isTaken(step) && isMaker(step))
}

/** Whether there was an object under the key in all of the stretch. */
export function mustStand({ steps }: KeyHistory, { from, to }: Stretch): boolean {
  return steps.some(
    (step) =>
      step.call.kind === 'put' && // a completion may be a repeated one, which makes nothing
      step.answer.kind === 'done' &&
      step.answeredAt < from &&
      !steps.some(
        (other) =>
          isTaken(other) &&
          isRemover(other) &&
          other.answeredAt > step.invokedAt &&
          other.invokedAt < to,
      ),
  )
}

/** Whether it may have changed something. */
export function isTaken({ answer }: KeyHistoryStep): boolean {
  return answer.kind === 'done' || answer.kind === 'deleted' || answer.kind === 'unknown'
}

/** Whether it may have put an object there. */
function isMade(step: KeyHistoryStep): boolean {
  return isTaken(step) && (step.call.kind === 'put' || step.call.kind === 'complete-upload')
}

function isMaker(step: KeyHistoryStep): boolean {
  return isMade(step) || step.call.kind === 'delete'
}

function isRemover({ call }: KeyHistoryStep): boolean {
  return call.kind === 'delete' || call.kind === 'delete-bucket'
}

/** Whether what the step made may have stood in the stretch: no deletion surely came in between. */
function mayLast(
  step: KeyHistoryStep,
  steps: readonly KeyHistoryStep[],
  { from, to }: Stretch,
): boolean {
  if (step.invokedAt >= to) return false
  return !steps.some(
    (other) =>
      isSureEnd(other) &&
      other.invokedAt > step.answeredAt &&
      other.answeredAt < from &&
      !steps.some((third) => mayUncover(third) && third.answeredAt > other.invokedAt),
  )
}

/** A deletion that was carried out and leaves no object. */
function isSureEnd({ answer, call }: KeyHistoryStep): boolean {
  if (call.kind === 'delete-bucket') return answer.kind === 'done'
  return call.kind === 'delete' && call.version.kind === 'latest' && answer.kind === 'deleted'
}

/** It may have taken a delete marker away, and brought back what was under it. */
function mayUncover(step: KeyHistoryStep): boolean {
  return isTaken(step) && step.call.kind === 'delete' && step.call.version.kind !== 'latest'
}
