import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signedHeaders } from './signature.ts'

const DELIVERY = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  atMs: 1_614_265_330_987,
  body: Buffer.from('{"test": 2432232314}'),
}

/** Of the tests that all of the specification's own libraries share. */
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

test("what the specification's own libraries sign comes out", () => {
  const headers = signedHeaders(DELIVERY, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  assert.deepEqual(headers, [
    'webhook-id',
    'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp',
    '1614265330',
    'webhook-signature',
    SIGNATURE,
  ])
})

test('a secret may lack its prefix; one that is no base64 is a pass phrase', () => {
  const signature = (secret: string): string => signedHeaders(DELIVERY, secret)[5] ?? ''
  assert.equal(signature('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), SIGNATURE)
  const phrase = signature('a phrase, not base64')
  assert.equal(phrase, signature(Buffer.from('a phrase, not base64').toString('base64')))
  assert.notEqual(phrase, SIGNATURE)
})
