// Cases that a client signs and a plain HTTP request then carries out.

import { check, checkSame } from './standard.mjs'

const KEY = 'a b+c/%2F/\u{1FAA3}'

/** `presign(method, bucket, key)` answers a URL. */
export async function presignedGetAndPut(presign, { oracle, bucket }) {
  const body = Buffer.from('signed in the query')
  const put = await fetch(await presign('PUT', bucket, KEY), { method: 'PUT', body })
  check(put.status === 200, `PUT answered ${put.status} ${await put.text()}`)
  checkSame(body, await oracle.get(bucket, KEY), 'the store has')
  const url = await presign('GET', bucket, KEY)
  const got = await fetch(url)
  check(got.status === 200, `GET answered ${got.status}`)
  checkSame(body, Buffer.from(await got.arrayBuffer()), 'GET')
  const forged = await fetch(url.replace(/Signature=.{4}/, 'Signature=0000'))
  check(forged.status === 403, `a forged signature got ${forged.status}`)
}

/** `presignPost(bucket, key)` answers `{ url, fields }` for bodies of 1 to 1000 bytes. */
export async function postForm(presignPost, { oracle, bucket }) {
  const { url, fields } = await presignPost(bucket, KEY)
  const send = async (text) => {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    form.append('file', new Blob([text]), 'form.txt')
    return await fetch(url, { method: 'POST', body: form })
  }
  const posted = await send('from a form')
  check(
    [200, 201, 204].includes(posted.status),
    `POST answered ${posted.status} ${await posted.text()}`,
  )
  checkSame(Buffer.from('from a form'), await oracle.get(bucket, KEY), 'the store has')
  const tooLong = await send('x'.repeat(1001))
  check(tooLong.status === 400, `a body over the policy's range got ${tooLong.status}`)
  checkSame(Buffer.from('from a form'), await oracle.get(bucket, KEY), 'after the refusal')
}
