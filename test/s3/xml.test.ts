// XML that comes in, through HTTP. S3.md 53.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { isError, isStatus } from './answer.ts'
import { md5Base64 } from './client.ts'
import { S3Server } from './server.ts'

const server = await S3Server.open()
const { client } = server
after(() => server[Symbol.asyncDispose]())

const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
const MIB = 1024 * 1024

async function deleteAll(bucket: string, xml: string | Uint8Array) {
  return await client.post(`${bucket}?delete`, xml, { 'content-md5': md5Base64(xml) })
}

test('S3.md 53: XML is read with or without the namespace, in any order, unknown names passed over', async () => {
  const bucket = await client.bucket('read')
  const forms = [
    `<Delete ${NAMESPACE}><Object><Key>k</Key></Object></Delete>`,
    '<Delete><Object><Key>k</Key></Object></Delete>',
    `<s:Delete xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/"><s:Object><s:Key>k</s:Key></s:Object></s:Delete>`,
    '<?xml version="1.0" encoding="UTF-8"?>\n<Delete>\n  <Object>\n <Size>1</Size><Key>k</Key>\n</Object>\n</Delete>\n',
    '<Delete><Object><Key><![CDATA[k]]></Key></Object><Quiet>false</Quiet><Other><Deep/></Other></Delete>',
    '<Delete><!-- a comment --><Object><Key>&#x6b;</Key></Object></Delete>',
    '\ufeff<Delete><Object><Key>k</Key></Object></Delete>',
  ]
  for (const xml of forms) {
    await client.write(`${bucket}/k`, 'x')
    const answer = isStatus(await deleteAll(bucket, xml), 200)
    assert.deepEqual(answer.all('Deleted/Key'), ['k'])
    isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
  }
})

test('S3.md 53: entities and DTDs are never read', async () => {
  const bucket = await client.bucket('entities')
  await client.write(`${bucket}/k`, 'x')
  const object = '<Object><Key>&e;</Key></Object>'
  const forms = [
    `<!DOCTYPE Delete [<!ENTITY e "k">]><Delete>${object}</Delete>`,
    `<!DOCTYPE Delete SYSTEM "file:///etc/passwd"><Delete><Object><Key>k</Key></Object></Delete>`,
    `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY e "&a;&a;&a;">]><Delete>${object}</Delete>`,
    `<Delete>${object}</Delete>`,
    '<!DOCTYPE Delete><Delete><Object><Key>k</Key></Object></Delete>',
  ]
  for (const xml of forms) isError(await deleteAll(bucket, xml), 400, 'MalformedXML')
  assert.equal(await client.read(`${bucket}/k`), 'x')
})

test('S3.md 53: what is broken, too deep, no UTF-8 or of another root is MalformedXML', async () => {
  const bucket = await client.bucket('broken')
  await client.write(`${bucket}/k`, 'x')
  const object = '<Object><Key>k</Key></Object>'
  const deep = '<a>'.repeat(1000) + '</a>'.repeat(1000)
  const forms: readonly (string | Buffer)[] = [
    'x',
    '{}',
    `<Delete>${object}`,
    `<Delete>${object}</Delet>`,
    `<Delete>${object}</Delete><Delete/>`,
    `<Deletes>${object}</Deletes>`,
    `<Delete>${deep}${object}</Delete>`,
    `<Delete>${object}&nbsp;</Delete>`,
    '<Delete><Object><Key>k</Key><Key>l</Key></Object></Delete>',
    '<Delete><Object><Key>&#0;</Key></Object></Delete>',
    Buffer.concat([
      Buffer.from('<Delete><Object><Key>'),
      Buffer.from([0xff]),
      Buffer.from('</Key></Object></Delete>'),
    ]),
  ]
  for (const xml of forms) isError(await deleteAll(bucket, xml), 400, 'MalformedXML')
  assert.equal(await client.read(`${bucket}/k`), 'x')
})

test('S3.md 53: XML has 1 MiB at most; where it lists parts or keys, 4 MiB', async () => {
  const bucket = await client.bucket('sizes')
  const padded = (xml: string, size: number): string =>
    xml.replace('</', `${' '.repeat(size - xml.length)}</`)
  const tags = '<Tagging><TagSet>  </TagSet></Tagging>'
  const tag = async (size: number) => {
    const xml = padded(tags, size)
    return await client.put(`${bucket}?tagging`, xml, { 'content-md5': md5Base64(xml) })
  }
  isStatus(await tag(MIB), 204)
  isError(await tag(MIB + 1), 400, 'MalformedXML')
  await client.write(`${bucket}/k`, 'x')
  const keys = '<Delete><Object><Size></Size><Key>k</Key></Object></Delete>'
  isError(await deleteAll(bucket, padded(keys, 4 * MIB + 1)), 400, 'MalformedXML')
  assert.equal(await client.read(`${bucket}/k`), 'x')
  isStatus(await deleteAll(bucket, padded(keys, 4 * MIB)), 200)
  isError(await client.get(`${bucket}/k`), 404, 'NoSuchKey')
})

test('S3.md 53: lists are flat, and booleans are true and false', async () => {
  const bucket = await client.bucket('written')
  for (const key of ['a', 'b/1', 'c/1']) await client.write(`${bucket}/${key}`, '')
  const page = await client.get(`${bucket}?list-type=2&delimiter=/`)
  const names = page.root.children.map(({ name }) => name)
  assert.deepEqual(
    names.filter((name) => name === 'Contents' || name === 'CommonPrefixes'),
    ['Contents', 'CommonPrefixes', 'CommonPrefixes'],
  )
  assert.equal(page.one('IsTruncated'), 'false')
})
