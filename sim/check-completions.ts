// A completed upload takes each part once, in order of their numbers: a completion that names them in
// any other way is refused. Source: S3.md, 33.

import type { EndCheck } from './region.ts'

export const checkCompletions: EndCheck = async ({ history }) =>
  history.operations.flatMap(({ asked, index, kind, outcome }) => {
    if (kind !== 'completeUpload' || outcome.kind !== 'ok' || !('parts' in asked)) return []
    const numbers = asked.parts.map(({ partNumber }) => partNumber)
    const isInOrder = numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? 0))
    if (isInOrder) return []
    const message = `completion ${index} took the parts ${numbers.join(', ')}`
    return [{ check: 'completions', message, keys: [`${asked.bucketId}/${asked.key}`] }]
  })
