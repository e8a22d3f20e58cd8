// What every implementation of the gateway must do. Each one's test runs it; the parts stand in
// files of their own.

import { describe } from 'node:test'
import type { VersioningState } from '../object-index/object-index.ts'
import { copyTests } from './suite-copy.ts'
import { extentTests } from './suite-extent.ts'
import { faultTests } from './suite-fault.ts'
import { putTests } from './suite-put.ts'
import { smallTests } from './suite-small.ts'
import { uploadTests } from './suite-upload.ts'
import type { GatewayWorld } from './suite-world.ts'

/** Runs the whole suite against gateways that `open` makes, each over an empty store. */
export function gatewaySuite(
  name: string,
  open: (versioning: VersioningState) => Promise<GatewayWorld>,
): void {
  const openPlain = async (): Promise<GatewayWorld> => await open('unversioned')
  describe(`gateway: ${name}`, () => {
    putTests(openPlain)
    uploadTests(openPlain)
    copyTests(openPlain)
    smallTests(openPlain)
    extentTests(openPlain)
    faultTests(openPlain)
  })
  describe(`gateway: ${name}, in a bucket with versions`, () => {
    copyTests(async () => await open('enabled'))
  })
}
