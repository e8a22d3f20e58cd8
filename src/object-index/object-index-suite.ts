// What every implementation of the index must do. Each one's test runs it; the parts stand in files
// of their own.

import { describe } from 'node:test'
import { bucketTests } from './suite-bucket.ts'
import { extentTests } from './suite-extent.ts'
import { historyTests } from './suite-history.ts'
import { listTests } from './suite-list.ts'
import { objectTests } from './suite-object.ts'
import { uploadTests } from './suite-upload.ts'
import { validateTests } from './suite-validate.ts'
import type { OpenIndex } from './suite-world.ts'

/** Runs the whole suite against indexes that `open` makes, each one empty. */
export function objectIndexSuite(name: string, open: OpenIndex): void {
  describe(`object index: ${name}`, () => {
    objectTests(open)
    listTests(open)
    uploadTests(open)
    bucketTests(open)
    extentTests(open)
    historyTests(open)
    validateTests(open)
  })
}
