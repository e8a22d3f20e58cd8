import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ManualClock } from '../../base/manual-clock.ts'
import { NetworkError } from '../../base/network.ts'
import type { HttpRequest, Network } from '../../base/network.ts'
import type { Random } from '../../base/random.ts'
import { openDisk } from '../../platform/disk.ts'
import type { PublishConfig } from '../config.ts'
import { Publisher, fileName } from './publish.ts'
import { renderAll } from './render.ts'
import { crisisSnapshot, recordId, wellSnapshot } from './sample-snapshot.ts'

const random: Random = { bytes: (count) => new Uint8Array(count), fraction: () => 0.5 }
const URL_TARGET: PublishConfig = {
  kind: 'url',
  url: 'https://files.example.com/status/?sig=1',
  authorization: 'Bearer SECRET',
}
const ALL_WELL = renderAll(wellSnapshot())

/** A second host: answers what `answer` says, and remembers what was put. */
class Host implements Network {
  readonly requests: HttpRequest[] = []
  readonly files = new Map<string, string>()
  answer: (request: HttpRequest) => number | NetworkError = () => 201
  #told: () => void = () => undefined

  async request(request: HttpRequest): Promise<{
    status: number
    headers: ReadonlyMap<string, string>
    body: Uint8Array
  }> {
    await Promise.resolve()
    this.requests.push(request)
    const answer = this.answer(request)
    this.#told()
    if (answer instanceof NetworkError) throw answer
    if (answer < 300) this.files.set(request.target, Buffer.from(request.body).toString())
    return { status: answer, headers: new Map(), body: new Uint8Array() }
  }

  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((told) => (this.#told = told))
  }
}

function open(network: Host): { publisher: Publisher; clock: ManualClock; problems: string[] } {
  const clock = new ManualClock()
  const problems: string[] = []
  const publisher = new Publisher({
    targets: [URL_TARGET],
    openFolder: () => assert.fail('no folder was named'),
    network,
    clock,
    random,
    onProblem: (target, error) => problems.push(`${target} ${String(error)}`),
  })
  return { publisher, clock, problems }
}

test('a path is a file that any static host finds', () => {
  assert.equal(fileName('/'), 'index.html')
  assert.equal(fileName('/history'), 'history/index.html')
  assert.equal(fileName('/history.rss'), 'history.rss')
  assert.equal(fileName('/incidents/ab12'), 'incidents/ab12/index.html')
  assert.equal(fileName('/api/v2/incidents/unresolved.json'), 'api/v2/incidents/unresolved.json')
  assert.equal(fileName('/metrics'), 'metrics.txt')
  for (const path of ['/../a', 'a', '/a/../../b', '/a b']) assert.throws(() => fileName(path))
  const names = [...renderAll(crisisSnapshot()).keys()].map(fileName)
  assert.equal(new Set(names).size, names.length)
})

test('a folder gets every file, and later only what changed', async () => {
  const root = mkdtempSync(join(tmpdir(), 'holdfast-publish-'))
  try {
    const disk = openDisk(root)
    const written: string[] = []
    let whole: () => void = () => undefined
    const spied = new Proxy(disk, {
      get: (target, name) => {
        const own: unknown = Reflect.get(target, name)
        if (name !== 'replaceFile') return typeof own === 'function' ? own.bind(target) : own
        return async (path: string, content: Uint8Array): Promise<void> => {
          await disk.replaceFile(path, content)
          written.push(path)
          if (path === 'index.html') whole()
        }
      },
    })
    await using publisher = new Publisher({
      targets: [{ kind: 'folder', path: '/srv/status' }],
      openFolder: (path) => {
        assert.equal(path, '/srv/status')
        return spied
      },
      network: new Host(),
      clock: new ManualClock(),
      random,
      onProblem: (_target, error) => assert.fail(String(error)),
    })
    const first = new Promise<void>((resolve) => (whole = resolve))
    publisher.offer(ALL_WELL)
    await first
    assert.equal(written.length, ALL_WELL.size)
    assert.equal(written[written.length - 1], 'index.html')
    for (const [path, { body }] of ALL_WELL) {
      assert.ok(readFileSync(join(root, fileName(path))).equals(body), path)
    }
    written.length = 0
    const second = new Promise<void>((resolve) => (whole = resolve))
    publisher.offer(renderAll(crisisSnapshot()))
    await second
    assert.ok(written.includes(`incidents/${recordId(1)}/index.html`))
    assert.ok(!written.includes(`incidents/${recordId(3)}/index.html`), 'it is as it was')
  } finally {
    rmSync(root, { recursive: true })
  }
})

test('a second host gets each file by PUT below its address, with its type', async () => {
  const host = new Host()
  const { problems, publisher } = open(host)
  publisher.offer(ALL_WELL)
  await host.until(() => host.files.has('/status/index.html?sig=1'))
  await publisher[Symbol.asyncDispose]()
  assert.equal(host.files.size, ALL_WELL.size)
  assert.equal(host.files.get('/status/index.html?sig=1'), ALL_WELL.get('/')?.body.toString())
  const request = host.requests.find(({ target }) => target.includes('summary.json'))
  assert.ok(request)
  assert.deepEqual([request.method, request.origin], ['PUT', 'https://files.example.com'])
  assert.ok(request.headers.includes('application/json; charset=utf-8'))
  assert.ok(request.headers.includes('Bearer SECRET'))
  assert.deepEqual(problems, [])
})

test('a host that is away is tried again with the newest, and its secret is not told', async () => {
  const host = new Host()
  const { clock, problems, publisher } = open(host)
  host.answer = ({ origin, target }) =>
    new NetworkError('refused', `PUT ${origin}${target}: nobody listens`)
  publisher.offer(ALL_WELL)
  await host.until(() => host.requests.length === 1)
  await clock.advance(0)
  assert.equal(problems.length, 1, 'one problem a push, not one a file')
  assert.ok(!problems[0]?.includes('SECRET') && !problems[0]?.includes('sig=1'))
  assert.match(problems[0] ?? '', /files\.example\.com\/status\/[\w./-]+: nobody listens$/)
  const newest = renderAll(crisisSnapshot())
  publisher.offer(newest)
  host.answer = () => 200
  await clock.advance(1000)
  await host.until(() => host.files.has('/status/index.html?sig=1'))
  await publisher[Symbol.asyncDispose]()
  assert.equal(host.files.get('/status/index.html?sig=1'), newest.get('/')?.body.toString())
})

test('a file that a host refuses keeps no other from it, and is tried again', async () => {
  const host = new Host()
  const { clock, problems, publisher } = open(host)
  let isRefusing = true
  const isFeed = ({ target }: HttpRequest): boolean => target.includes('history.rss')
  host.answer = (request) => (isRefusing && isFeed(request) ? 403 : 201)
  publisher.offer(ALL_WELL)
  await host.until(() => host.files.has('/status/index.html?sig=1'))
  await clock.advance(0)
  assert.equal(host.files.size, ALL_WELL.size - 1)
  assert.match(problems[0] ?? '', /PUT \/status\/history\.rss was answered 403/)
  isRefusing = false
  const before = host.requests.length
  await clock.advance(1000)
  await host.until(() => host.files.size === ALL_WELL.size)
  assert.equal(host.requests.length, before + 1, 'what is there is not put again')
  await publisher[Symbol.asyncDispose]()
})

test('closing ends a wait, and nothing is pushed afterwards', async () => {
  const host = new Host()
  const { clock, publisher } = open(host)
  host.answer = () => new NetworkError('timeout', 'no answer')
  publisher.offer(ALL_WELL)
  await host.until(() => host.requests.length === 1)
  await clock.advance(0)
  await publisher[Symbol.asyncDispose]()
  publisher.offer(ALL_WELL)
  await clock.advance(120_000)
  assert.equal(host.requests.length, 1)
  assert.equal(clock.waiting, 0)
})
