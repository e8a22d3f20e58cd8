import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConnectionCrowd } from './connection-crowd.ts'

const LIMITS = {
  connectionsMax: 3,
  bodiesMax: 2,
  headTimeoutMs: 10_000,
  transferTimeoutMs: 15_000,
  idleMs: 60_000,
}

class Socket {
  bytesRead = 0
  isOpen = true
  destroy(): void {
    this.isOpen = false
  }
}

/** A crowd and sockets a, b, c … that entered at 0 ms. */
function crowdOf(count: number): { crowd: ConnectionCrowd; sockets: Record<string, Socket> } {
  const crowd = new ConnectionCrowd(LIMITS)
  const sockets: Record<string, Socket> = {}
  for (let index = 0; index < count; index++) {
    const key = 'abcdefgh'.charAt(index)
    crowd.enter(key, (sockets[key] = new Socket()), 0)
  }
  return { crowd, sockets }
}

function open(sockets: Record<string, Socket>): string {
  return Object.keys(sockets)
    .filter((key) => sockets[key]?.isOpen)
    .join('')
}

test('who comes is let in: the one without change for longest goes', () => {
  const { crowd, sockets } = crowdOf(3)
  crowd.turn('a', 'waiting', 1)
  crowd.enter('d', (sockets['d'] = new Socket()), 2)
  assert.equal(open(sockets), 'acd')
  crowd.enter('e', (sockets['e'] = new Socket()), 3)
  assert.equal(open(sockets), 'ade')
  assert.equal(crowd.count, 3)
  assert.equal(crowd.shedCount, 2)
})

test('one that a handler is at work for is passed by', () => {
  const { crowd, sockets } = crowdOf(3)
  crowd.turn('a', 'answered', 1)
  crowd.turn('b', 'taking', 2)
  crowd.turn('c', 'waiting', 3)
  crowd.enter('d', (sockets['d'] = new Socket()), 4)
  assert.equal(open(sockets), 'acd')
})

test('bodies at once are bounded: the oldest gives way', () => {
  const { crowd, sockets } = crowdOf(3)
  crowd.turn('b', 'sending', 1)
  crowd.turn('a', 'sending', 2)
  crowd.turn('c', 'sending', 3)
  assert.equal(open(sockets), 'ac')
  crowd.turn('a', 'answered', 4)
  crowd.leave('c', sockets['c'] ?? new Socket())
  crowd.enter('d', (sockets['d'] = new Socket()), 5)
  crowd.turn('d', 'sending', 5)
  crowd.turn('a', 'sending', 6)
  assert.equal(open({ a: sockets['a'] ?? new Socket(), d: sockets['d'] }), 'ad', 'places came free')
})

test('each phase has its time; a handler at work has its own', () => {
  const { crowd, sockets } = crowdOf(3)
  crowd.turn('b', 'sending', 0)
  crowd.turn('c', 'answered', 0)
  crowd.sweep(9_999)
  assert.equal(open(sockets), 'abc')
  crowd.sweep(10_000)
  assert.equal(open(sockets), 'bc', 'nothing was asked in time')
  crowd.sweep(15_000)
  assert.equal(open(sockets), 'c', 'a body that does not end')
  crowd.sweep(1e9)
  assert.equal(open(sockets), 'c')
  crowd.turn('c', 'taking', 0)
  crowd.sweep(15_000)
  assert.equal(open(sockets), '', 'an answer that is not taken')
})

test('a kept connection may be silent for long, but not in the middle of a head', () => {
  const { crowd, sockets } = crowdOf(2)
  crowd.turn('a', 'waiting', 0)
  crowd.turn('b', 'waiting', 0)
  if (sockets['b'] !== undefined) sockets['b'].bytesRead = 7
  crowd.sweep(10_000)
  assert.equal(open(sockets), 'a')
  crowd.sweep(60_000)
  assert.equal(open(sockets), '')
})

test('a key that was given again is not forgotten with the one that had it before', () => {
  const { crowd, sockets } = crowdOf(1)
  const next = new Socket()
  crowd.enter('a', next, 1)
  crowd.leave('a', sockets['a'] ?? new Socket())
  assert.equal(crowd.count, 1)
  crowd.leave('a', next)
  assert.equal(crowd.count, 0)
})

test('at the end those at work are left until all go', () => {
  const { crowd, sockets } = crowdOf(3)
  crowd.turn('b', 'answered', 1)
  crowd.turn('c', 'taking', 1)
  crowd.clear({ isAnsweredToo: false })
  assert.equal(open(sockets), 'bc')
  crowd.clear({ isAnsweredToo: true })
  assert.equal(open(sockets), '')
  assert.equal(crowd.count, 0)
})
