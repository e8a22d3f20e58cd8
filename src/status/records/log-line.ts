// A record in a file of the log: one line, with its version and checksum. Golden bytes in the test.

import { crc32cHex } from '../../base/checksum.ts'
import { StatusError } from '../status.ts'
import { readEnvelope } from './envelope.ts'
import type { Envelope } from './record.ts'

const VERSION = '1'
const HEAD_PATTERN = /^1 [0-9a-f]{8} $/
/** Version, checksum and the spaces behind them. */
const HEAD_SIZE_BYTES = 11

/** With its line feed; JSON has none within. */
export function encodeLine({ key, text, signature }: Envelope): Buffer {
  const json = Buffer.from(JSON.stringify({ key, text, signature }))
  return Buffer.concat([Buffer.from(`${VERSION} ${crc32cHex(json)} `), json, Buffer.from('\n')])
}

/** Without its line feed. Null: these are not the bytes that were written. */
export function decodeLine(line: Buffer): Envelope | null {
  const head = line.toString('latin1', 0, HEAD_SIZE_BYTES)
  const json = line.subarray(HEAD_SIZE_BYTES)
  if (!HEAD_PATTERN.test(head) || head.slice(2, 10) !== crc32cHex(json)) return null
  try {
    return readEnvelope(JSON.parse(json.toString()))
  } catch (error) {
    if (error instanceof StatusError || error instanceof SyntaxError) return null
    throw error
  }
}
