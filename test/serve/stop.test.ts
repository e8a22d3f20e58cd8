// How a group ends: at the first signal in order, at the second at once, and never hanging.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { answerOf, cli, isRunning, ROOT_KEY, scratch, Served, until } from './group.ts'
import { Load } from './load.ts'

const HALF = 'x'.repeat(600_000)

describe('ends', { concurrency: 3 }, () => {
  for (const workers of ['1', '2']) {
    test(`SIGTERM under write load finishes what is under way (workers: ${workers})`, async (t) => {
      const folder = scratch(t)
      const admin = ['--admin-listen', '127.0.0.1:0']
      await using served = await Served.make(folder, { words: ['--workers', workers, ...admin] })
      assert.equal((await served.send('PUT', '/load')).status, 200)
      const load = new Load(served)
      load.start(8)
      // One at each worker: connections are dealt in turn.
      const names = Array.from({ length: Number(workers) }, (_, at) => `/load/half${at}`)
      const uploads = names.map((name) => served.open('PUT', name, 2 * HALF.length))
      for (const upload of uploads) upload.write(HALF)
      await until('the load runs, uploads are half sent', async () => {
        return load.acknowledged > 50 && (await inFlight(served)) >= uploads.length
      })
      served.signal('SIGTERM')
      await until('nobody is let in any more', async () => {
        const answer = await served.send('HEAD', '/load').catch(() => null)
        return answer === null || answer.status === 503
      })
      await until('nobody is told that it is ready', async () => {
        return (await served.page('/-/health/ready').catch(() => null)) === null
      })
      await load.stop()
      assert.equal(isRunning(served.pid), true, 'it waits')
      for (const upload of uploads) {
        upload.end(HALF)
        assert.equal((await answerOf(upload)).status, 200)
      }
      const { code, stderr } = await served.exit
      assert.equal(code, 0, stderr)
      await using again = await Served.start(folder)
      await load.check(again)
      for (const name of names) assert.equal((await again.send('GET', name)).body, HALF + HALF)
    })
  }

  test('a signal that comes as soon as the address is said ends it in order', async (t) => {
    // Sent by itself within the very call that says the address, in the first process alone.
    const hook = `
      const write = process.stdout.write
      process.stdout.write = function (...args) {
        const isWritten = write.apply(this, args)
        process.kill(process.pid, 'SIGTERM')
        return isWritten
      }`
    const variables = {
      ...ROOT_KEY,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}`,
    }
    const folder = scratch(t)
    assert.equal((await cli('/', ['init', folder])).code, 0)
    await using served = await Served.start(folder, { words: ['--workers', '1'], variables })
    const { code, stderr } = await served.exit
    assert.equal(code, 0, stderr)
  })

  test('a second signal stops at once, and what was acknowledged is there', async (t) => {
    const folder = scratch(t)
    await using served = await Served.make(folder, { words: ['--workers', '2'] })
    assert.equal((await served.send('PUT', '/load')).status, 200)
    const load = new Load(served)
    load.start(8)
    const upload = served.open('PUT', '/load/half', 2 * HALF.length)
    upload.write(HALF)
    const cut = once(upload, 'error')
    await until('the load runs', () => load.acknowledged > 50)
    served.signal('SIGINT')
    await until('it says what it waits for', () =>
      served.log.includes('finishing what is under way'),
    )
    served.signal('SIGTERM')
    const { code } = await served.exit
    assert.equal(code, 1)
    await cut
    await load.stop()
    await using again = await Served.start(folder)
    await load.check(again)
    assert.equal((await again.send('HEAD', '/load/half')).status, 404)
  })
})

async function inFlight(served: Served): Promise<number> {
  const { body } = await served.page('/-/metrics')
  return Number(/^holdfast_requests_in_flight (\d+)$/m.exec(body)?.[1] ?? 0)
}
