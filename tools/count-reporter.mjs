// A reporter of node:test that counts: one JSON object with passed, failed, skipped and the files
// that hold no test (node reports such a file as one test that passed).

/** Reads the runner's events to their end. */
export default async function* count(events) {
  const counts = { passed: 0, failed: 0, skipped: 0, empty: [] }
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (data.details?.type === 'suite' && type === 'test:pass') continue
    if (type === 'test:pass' && data.name.endsWith('.test.js')) counts.empty.push(data.name)
    else if (data.skip !== undefined || data.todo !== undefined) counts.skipped += 1
    else if (type === 'test:pass') counts.passed += 1
    else counts.failed += 1
  }
  yield JSON.stringify(counts)
}
