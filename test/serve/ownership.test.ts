// What --object-ownership does to a real group: new buckets get what it says, and keep it when the
// group is started again without it.

import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { signRequest } from '../../src/s3/sign/sign.ts'
import { answerOf, ROOT_KEY, scratch, Served } from './group.ts'

/** A PUT signed by the root account, with a canned ACL; its status. */
async function putWithAcl(served: Served, target: string, acl: string): Promise<number> {
  const url = new URL(target, served.greeting.url)
  const signer = {
    accessKeyId: ROOT_KEY.HOLDFAST_ACCESS_KEY,
    secret: ROOT_KEY.HOLDFAST_SECRET_KEY,
    region: served.greeting.region,
    nowMs: Date.now(),
  }
  const asked = ['host', url.host, 'x-amz-acl', acl]
  const signed = {
    method: 'PUT',
    rawTarget: target,
    headers: asked,
    payloadHash: 'UNSIGNED-PAYLOAD',
  }
  const headers = ['content-length', '0', ...signRequest(signed, signer).headers]
  return (await answerOf(request(url, { method: 'PUT', headers, agent: false }).end())).status
}

async function anonymous(served: Served, target: string): Promise<number> {
  return (await served.page(target, served.greeting.url)).status
}

test('a bucket made with ACLs keeps them; one made without the option has none', async (t) => {
  const folder = scratch(t)
  const words = ['--workers', '2']
  {
    await using served = await Served.make(folder, {
      words: [...words, '--object-ownership', 'ObjectWriter'],
    })
    assert.equal(await putWithAcl(served, '/opened', 'public-read'), 200)
    assert.equal(await putWithAcl(served, '/opened/k', 'public-read'), 200)
    assert.equal((await served.send('PUT', '/opened/private')).status, 200)
    for (const target of ['/opened', '/opened/k'])
      assert.equal(await anonymous(served, target), 200)
    assert.equal(await anonymous(served, '/opened/private'), 403)
  }
  await using served = await Served.start(folder, { words })
  for (const target of ['/opened', '/opened/k']) assert.equal(await anonymous(served, target), 200)
  assert.equal(await anonymous(served, '/opened/private'), 403)
  assert.equal(await putWithAcl(served, '/closed', 'public-read'), 400)
  assert.equal((await served.send('PUT', '/closed')).status, 200)
  assert.equal(await putWithAcl(served, '/closed/k', 'public-read'), 400)
  assert.equal((await served.send('PUT', '/closed/k')).status, 200)
  for (const target of ['/closed', '/closed/k']) assert.equal(await anonymous(served, target), 403)
})
