// Judges what came back for one fuzzed request: a well-formed answer with a well-formed S3 error, a
// success where one is due, or a closed connection where that is fair. Never 500.

import { readAnswers } from './wire.mjs'
import { readXml } from './xml-check.mjs'

const LEAKS = [/root:[x*]?:0:0:/]

/** Why an error's body is not S3's, or null. */
function errorProblem({ headers, body }) {
  const { problem, root, fields } = readXml(body)
  if (body.length === 0) return 'an error without a body'
  if (problem !== null) return `an error whose XML ${problem}`
  if (root.name !== 'Error') return `an error whose root is ${root.name}`
  if (root.namespace !== null) return 'an error with a namespace'
  const missing = ['Code', 'Message', 'RequestId', 'HostId'].filter((name) => !(name in fields))
  if (missing.length > 0) return `an error without ${missing.join(', ')}`
  if (!/^[A-Za-z0-9]+$/.test(fields.Code)) return `an error code ${JSON.stringify(fields.Code)}`
  if (!/^application\/xml\b/.test(headers['content-type'] ?? '')) {
    return `an error of type ${headers['content-type']}`
  }
  if (headers['x-amz-request-id'] !== fields.RequestId) return 'an error with another request id'
  return null
}

function answerProblem(answer, { isHead, mustRefuse, mustAccept }) {
  const { status, headers, body } = answer
  if (headers['x-amz-request-id'] === undefined) return 'no x-amz-request-id'
  const isError = status >= 300 && status !== 304
  if (isError && !isHead) {
    const problem = errorProblem(answer)
    if (problem !== null) return problem
  }
  if (!isError && /\bxml\b/.test(headers['content-type'] ?? '') && body.length > 0) {
    const { problem } = readXml(body)
    if (problem !== null) return `an answer whose XML ${problem}`
  }
  if (mustRefuse && status < 300) return `accepted with ${status}`
  if (mustAccept && status >= 300) return 'refused, though it is good'
  if (['b', 'set-cookie'].some((name) => name in headers)) return 'a header from the query'
  return null
}

/** What the tally calls an answer: the status, and the code of an error. */
function outcomeOf({ status, body }) {
  if (status < 300) return String(status)
  const code = /<Code>([^<]{1,60})<\/Code>/.exec(body.toString('latin1'))?.[1]
  return code === undefined ? String(status) : `${status} ${code}`
}

/**
 * Answers `{ outcome, problem }`: `problem` is null where the store behaved. The texts in `secrets`
 * must stand in no answer.
 */
export function judge(one, { bytes, end }, secrets) {
  const isClosed = end === 'closed'
  let read = readAnswers(bytes, { isHead: one.isHead, isClosed })
  if (read.problem !== null && one.isHead && one.mayClose) {
    // A request that cannot be read has no method, so that its answer has a body.
    read = readAnswers(bytes, { isHead: false, isClosed })
  }
  const answers = read.answers.filter(({ status }) => status >= 200)
  const outcome = answers.length > 0 ? outcomeOf(answers[0]) : end
  const fail = (problem) => ({ outcome, problem })
  const text = bytes.toString('latin1')
  if (LEAKS.some((leak) => leak.test(text)) || secrets.some((secret) => text.includes(secret))) {
    return fail('a file from outside the store was read')
  }
  if (read.problem !== null) return fail(`a broken answer: ${read.problem}`)
  if (end === 'silent') return fail('no whole answer and no close in time')
  if (answers.length === 0 && !one.mayClose) return fail('closed without an answer')
  // A client that went away in the middle may be told so after an answer that came early.
  const further = answers.slice(1).filter(({ status }) => !(one.isHalfClosed && status === 400))
  if (1 + further.length > one.answersMax) {
    return fail(`${1 + further.length} answers: a body was taken for a request`)
  }
  for (const answer of answers) {
    if ([500, 502, 504].includes(answer.status)) return fail(`InternalError: ${outcomeOf(answer)}`)
    const problem = answerProblem(answer, one)
    if (problem !== null) return fail(`${outcomeOf(answer)}: ${problem}`)
  }
  return { outcome, problem: null }
}
