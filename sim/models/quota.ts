// Quotas: what was acknowledged never comes to more than a bound that stood, and nothing is refused
// that could not have passed it. Where the history leaves open what there was, the store is believed.

import type { KeyHistory, KeyHistoryStep } from '../key-history.ts'
import type { Recorded, RecordedAs } from '../history.ts'
import { isTaken } from './presence.ts'

export interface QuotaFault {
  readonly message: string
  readonly key: string
}

interface Growth {
  readonly key: string
  readonly step: KeyHistoryStep
  readonly sizeBytes: number
}

/** Judges all of one bucket: its keys' histories, and every operation of the run. */
export function quotaFaults(
  bucketId: string,
  keys: readonly KeyHistory[],
  operations: readonly Recorded[],
): readonly QuotaFault[] {
  const quotas = operations.filter(
    (operation): operation is RecordedAs<'setQuota'> =>
      operation.kind === 'setQuota' && operation.asked.bucketId === bucketId,
  )
  const growths = keys.flatMap(({ key, steps }) => steps.flatMap((step) => growthOf(key, step)))
  const faults: QuotaFault[] = []
  for (const growth of growths) {
    const { step, key } = growth
    if (step.answer.kind === 'refused' && step.answer.code === 'quota-exceeded') {
      const why = refusedWithout(growth, growths, keys, quotas)
      if (why !== null) faults.push({ message: why, key })
    }
    if (step.answer.kind !== 'done') continue
    const bound = standing(quotas, step)?.asked.quotaBytes ?? null
    if (bound === null || !mustGrow(growth, growths)) continue
    const least = leastBytes(growth, growths, keys)
    if (least > bound) {
      faults.push({ message: `${least} bytes at least are acknowledged of ${bound}`, key })
    }
  }
  return [...faults, ...usageFaults(bucketId, quotas, operations)]
}

/** What was below a bound that went on standing stays below it, by what usage itself says. */
function usageFaults(
  bucketId: string,
  quotas: readonly RecordedAs<'setQuota'>[],
  operations: readonly Recorded[],
): QuotaFault[] {
  const looks = operations.flatMap((operation) => {
    if (operation.kind !== 'usage' || operation.outcome.kind !== 'ok') return []
    if (operation.asked.bucketId !== bucketId) return []
    const { bytes, otherBytes, uploadBytes } = operation.outcome.result
    const { invokedStep: invokedAt, answeredStep } = operation
    const sizeBytes = bytes + otherBytes + uploadBytes
    return [{ invokedAt, answeredAt: answeredStep ?? invokedAt, sizeBytes }]
  })
  return looks.flatMap((look) => {
    const quota = standing(quotas, look)
    const bound = quota?.asked.quotaBytes ?? null
    if (bound === null || look.sizeBytes <= bound) return []
    const wasBelow = looks.some(
      ({ invokedAt, answeredAt, sizeBytes }) =>
        answeredAt < look.invokedAt &&
        invokedAt > (quota?.answeredStep ?? Number.POSITIVE_INFINITY) &&
        sizeBytes <= bound,
    )
    const message = `${look.sizeBytes} bytes are used of ${bound}, and were fewer under it before`
    return wasBelow ? [{ message, key: '' }] : []
  })
}

function growthOf(key: string, step: KeyHistoryStep): Growth[] {
  const { recorded, call } = step
  if (call.kind === 'put') return [{ key, step, sizeBytes: call.sizeBytes }]
  if (recorded.kind === 'putPart') return [{ key, step, sizeBytes: recorded.asked.sizeBytes }]
  return call.kind === 'complete-upload' ? [{ key, step, sizeBytes: call.sizeBytes }] : []
}

/** The quota that surely stood while the step was under way; null where that is not sure. */
function standing(
  quotas: readonly RecordedAs<'setQuota'>[],
  step: Pick<KeyHistoryStep, 'invokedAt' | 'answeredAt'>,
): RecordedAs<'setQuota'> | null {
  const sure = quotas.filter(
    ({ outcome, answeredStep }) => outcome.kind === 'ok' && (answeredStep ?? 0) < step.invokedAt,
  )
  return (
    sure.find((quota) =>
      quotas.every(
        (other) =>
          other === quota ||
          other.outcome.kind === 'refused' ||
          other.invokedStep > step.answeredAt ||
          (other.outcome.kind === 'ok' && (other.answeredStep ?? 0) < quota.invokedStep),
      ),
    ) ?? null
  )
}

/** Whether the step surely makes the bucket larger: what it replaces is smaller. */
function mustGrow({ key, step, sizeBytes }: Growth, growths: readonly Growth[]): boolean {
  if (step.call.kind === 'complete-upload') return false // its parts count already
  if (sizeBytes === 0) return false
  if (isNamed(step)) return true
  return growths.every(
    (other) =>
      other.step === step ||
      other.key !== key ||
      !isTaken(other.step) ||
      other.step.invokedAt > step.answeredAt ||
      !mayReplace(step, other.step) ||
      other.sizeBytes < sizeBytes,
  )
}

/** Whether it made a version with an id of its own, which nothing but its deletion by id ends. */
function isNamed({ answer }: KeyHistoryStep): boolean {
  return answer.kind === 'done' && answer.versionId !== null && answer.versionId !== 'null'
}

/** Whether what `old` made may be replaced by what `next` makes, or what it makes may be. */
function mayReplace({ call: next }: KeyHistoryStep, { call: old }: KeyHistoryStep): boolean {
  if (next.kind !== 'put-part') return old.kind !== 'put-part'
  return (
    old.kind === 'put-part' && old.uploadId === next.uploadId && old.partNumber === next.partNumber
  )
}

/** Bytes that surely stood when the step was done, itself with them. */
function leastBytes(
  { step, sizeBytes }: Growth,
  growths: readonly Growth[],
  keys: readonly KeyHistory[],
): number {
  let bytes = sizeBytes
  for (const other of growths) {
    if (other.step === step || other.step.answer.kind !== 'done') continue
    if (other.step.answeredAt >= step.invokedAt || mayBeRepeated(other, growths)) continue
    const steps = keys.find(({ key }) => key === other.key)?.steps ?? []
    const isSure = steps.every(
      (each) =>
        each === other.step ||
        !isTaken(each) ||
        each.invokedAt > step.answeredAt ||
        each.answeredAt < other.step.invokedAt ||
        !mayEnd(each, other.step),
    )
    if (isSure) bytes += other.sizeBytes
  }
  return bytes
}

/** Whether another may have completed the same upload: of them all, one makes a version. */
function mayBeRepeated({ step }: Growth, growths: readonly Growth[]): boolean {
  const { call } = step
  if (call.kind !== 'complete-upload') return false
  return growths.some(
    ({ step: other }) =>
      other !== step &&
      isTaken(other) &&
      other.call.kind === 'complete-upload' &&
      other.call.uploadId === call.uploadId,
  )
}

/** Whether a step may end what another made. */
function mayEnd({ call }: KeyHistoryStep, made: KeyHistoryStep): boolean {
  if (call.kind === 'delete-bucket') return true
  if (made.call.kind === 'put-part') {
    if (call.kind === 'put-part') return mayReplace(made, { ...made, call })
    const isOfUpload = call.kind === 'abort-upload' || call.kind === 'complete-upload'
    return isOfUpload && call.uploadId === made.call.uploadId
  }
  if (isNamed(made)) {
    if (call.kind !== 'delete' || call.version.kind !== 'id') return false
    return made.answer.kind === 'done' && made.answer.versionId === call.version.versionId
  }
  return call.kind === 'delete' || call.kind === 'put' || call.kind === 'complete-upload'
}

/** Why a refusal cannot be explained; null where it can. */
function refusedWithout(
  { step, sizeBytes }: Growth,
  growths: readonly Growth[],
  keys: readonly KeyHistory[],
  quotas: readonly RecordedAs<'setQuota'>[],
): string | null {
  const possible = quotas.filter(
    ({ outcome, invokedStep }) => outcome.kind !== 'refused' && invokedStep < step.answeredAt,
  )
  const isByObjects = possible.some(({ asked }) => asked.quotaObjects !== null)
  if (isByObjects) return null
  const least = Math.min(
    ...possible.map(({ asked }) => asked.quotaBytes ?? Number.POSITIVE_INFINITY),
  )
  if (least === Number.POSITIVE_INFINITY) return 'a quota refused it, and none was ever set'
  const most = mostBytes(step, growths, keys) + sizeBytes
  return most > least ? null : `a quota of ${least} bytes refused it, with ${most} at most`
}

/** Bytes that may have stood while the step was under way. */
function mostBytes(
  step: KeyHistoryStep,
  growths: readonly Growth[],
  keys: readonly KeyHistory[],
): number {
  let bytes = 0
  for (const other of growths) {
    if (other.step === step || !isTaken(other.step)) continue
    if (other.step.invokedAt > step.answeredAt) continue
    const steps = keys.find(({ key }) => key === other.key)?.steps ?? []
    const isGone = steps.some(
      (each) =>
        each.answer.kind !== 'unknown' &&
        isTaken(each) &&
        each.answeredAt < step.invokedAt &&
        each.invokedAt > other.step.answeredAt &&
        mustEnd(each, other.step),
    )
    if (!isGone) bytes += other.sizeBytes
  }
  return bytes
}

/** Whether a step that was carried out surely ended what another made. */
function mustEnd({ answer, call }: KeyHistoryStep, made: KeyHistoryStep): boolean {
  if (call.kind === 'delete-bucket') return true
  if (made.call.kind === 'put-part') {
    return call.kind === 'abort-upload' && call.uploadId === made.call.uploadId
  }
  if (isNamed(made)) return call.kind === 'delete' && mayEnd({ ...made, call, answer }, made)
  return call.kind === 'put' && answer.kind === 'done' && !isNamed({ ...made, answer })
}
