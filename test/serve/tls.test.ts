// TLS: a changed certificate is used without a restart, by every worker; a broken one is not.

import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { once } from 'node:events'
import { FIRST, SECOND, type Pair } from './certificates.ts'
import { scratch, Served, until } from './group.ts'

/** Who it says it is, on a new connection. */
async function nameOf(served: Served): Promise<string> {
  const { hostname, port } = new URL(served.greeting.url)
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return String(subject.CN)
}

/** Whether as many connections as reach every worker all say so. */
async function allSay(served: Served, name: string): Promise<boolean> {
  for (let connection = 0; connection < 4; connection++) {
    if ((await nameOf(served)) !== name) return false
  }
  return true
}

test('a changed certificate is used without a restart, a broken one is reported and is not', async (t) => {
  const home = scratch(t)
  const used = { cert: join(home, 'used.pem'), key: join(home, 'used.key') }
  const place = (from: Pair): void => {
    for (const part of ['key', 'cert'] as const) {
      writeFileSync(`${used[part]}.new`, from[part])
      renameSync(`${used[part]}.new`, used[part])
    }
  }
  place(FIRST)
  const flags = ['--workers', '2', '--tls-cert', used.cert, '--tls-key', used.key]
  await using served = await Served.make(join(home, 'store'), {
    words: [...flags, '--admin-listen', '127.0.0.1:0'],
    ca: FIRST.cert,
  })
  assert.match(served.greeting.url, /^https:/)
  assert.match(served.greeting.adminUrl, /^http:/)
  assert.equal((await served.send('PUT', '/bucket')).status, 200)
  assert.ok(await allSay(served, 'first'))
  place(SECOND)
  await until('every worker uses the second', async () => await allSay(served, 'second'))
  writeFileSync(used.cert, 'no certificate')
  await until('both report it', () => {
    return served.log.split('the changed certificate cannot be used').length === 3
  })
  assert.ok(await allSay(served, 'second'))
  const [worker] = served.children('worker')
  assert.ok(worker !== undefined)
  process.kill(worker, 'SIGKILL')
  await until('its successor cannot use it', () =>
    served.log.includes('a replaced first worker process'),
  )
  assert.ok(await allSay(served, 'second'), 'the other serves on')
  place(FIRST)
  await until('all is well again', async () => await allSay(served, 'first'))
  await until('and both serve', async () => {
    return (await served.page('/-/health/ready')).status === 200
  })
})
