// What every disk must do, run against the real one and against simulated ones.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Disk, DiskErrorCode, DiskFile, OpenMode } from './disk.ts'
import { DiskError } from './disk.ts'
import { BUFFER_SIZE_BYTES_MAX, DISK_PAGE_SIZE_BYTES } from './limits.ts'

export interface SuiteDisk {
  readonly disk: Disk
  close(): Promise<void>
}

const PAGE = DISK_PAGE_SIZE_BYTES

/** Registers the suite's tests; `open` gives an empty disk for each. */
export function diskSuite(name: string, open: () => Promise<SuiteDisk>): void {
  const check = (title: string, run: (disk: Disk) => Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      const { close, disk } = await open()
      try {
        await run(disk)
      } finally {
        await close()
      }
    })
  }
  checkFiles(check)
  checkDirect(check)
  checkEnds(check)
  checkNames(check)
  checkWholeFiles(check)
  checkBuffers(check)
}

type Check = (title: string, run: (disk: Disk) => Promise<void>) => void

async function refuses(code: DiskErrorCode, act: Promise<unknown>): Promise<void> {
  await assert.rejects(act, (error) => error instanceof DiskError && error.code === code)
}

async function contentOf(file: DiskFile): Promise<string> {
  const bytes = Buffer.alloc(await file.sizeBytes())
  assert.equal(await file.read(bytes, 0), bytes.length)
  return bytes.toString()
}

function pieces(...texts: string[]): Buffer[] {
  return texts.map((text) => Buffer.from(text))
}

function checkFiles(check: Check): void {
  check('pieces are written one after another, at any offset, and read back', async (disk) => {
    const file = await disk.create('a', 'append')
    await file.write(pieces('one', '', 'two'), 0)
    await file.write(pieces('three'), 8)
    assert.equal(await file.sizeBytes(), 13)
    assert.equal(await contentOf(file), 'onetwo\0\0three')
    await file.write(pieces('TWO'), 3)
    await file.write([], 5)
    assert.equal(await contentOf(file), 'oneTWO\0\0three')
    await file.close()
  })

  check('many pieces are one write', async (disk) => {
    const file = await disk.create('a', 'append')
    const many = Array.from({ length: 3000 }, (_, index) => Buffer.from(`${index},`))
    await file.write(many, 0)
    assert.equal(await contentOf(file), Buffer.concat(many).toString())
    await file.close()
  })

  check('a read at the end answers fewer bytes, behind it none', async (disk) => {
    const file = await disk.create('a', 'append')
    await file.write(pieces('12345'), 0)
    const into = Buffer.alloc(4, '-')
    assert.equal(await file.read(into, 3), 2)
    assert.equal(into.toString(), '45--')
    assert.equal(await file.read(into, 5), 0)
    assert.equal(await file.read(into, 5000), 0)
    await file.close()
  })

  check('a new length cuts or fills with zeros', async (disk) => {
    const file = await disk.create('a', 'append')
    await file.write(pieces('12345'), 0)
    await file.truncate(2)
    await file.truncate(4)
    await file.sync()
    assert.equal(await contentOf(file), '12\0\0')
    await file.close()
  })

  check('what one file wrote, another opened on it reads', async (disk) => {
    const writer = await disk.create('a', 'append')
    const reader = await disk.open('a', 'read')
    await writer.write(pieces('seen'), 0)
    assert.equal(await contentOf(reader), 'seen')
    await assert.rejects(reader.write(pieces('no'), 0), { name: 'AssertionError' })
    await assert.rejects(reader.truncate(0), { name: 'AssertionError' })
    await Promise.all([writer.close(), reader.close()])
  })
}

function checkDirect(check: Check): void {
  check('direct writes of whole pages come back, also read from anywhere', async (disk) => {
    const file = await disk.create('a', 'direct')
    const buffer = await disk.buffer(3 * PAGE)
    buffer.bytes.fill('x', 0, PAGE).fill('y', PAGE)
    await file.write([buffer.bytes.subarray(PAGE), buffer.bytes.subarray(0, PAGE)], PAGE)
    await file.sync()
    assert.equal(await file.sizeBytes(), 4 * PAGE)
    const across = Buffer.alloc(3)
    assert.equal(await file.read(across, 3 * PAGE - 2), 3)
    assert.equal(across.toString(), 'yyx')
    assert.equal(await file.read(buffer.bytes, 0), 3 * PAGE)
    assert.equal(buffer.bytes[0], 0)
    buffer.release()
    await file.close()
  })

  check('a direct write that is not whole pages is a programmer error', async (disk) => {
    const file = await disk.create('a', 'direct')
    const { bytes, release } = await disk.buffer(2 * PAGE)
    for (const [piece, offset] of [
      [bytes.subarray(0, 100), 0],
      [bytes.subarray(100, 100 + PAGE), 0],
      [bytes.subarray(0, PAGE), 512],
    ] as const) {
      await assert.rejects(file.write([piece], offset), { name: 'AssertionError' })
    }
    release()
    await file.close()
  })
}

function checkEnds(check: Check): void {
  check('a closed file refuses, and closing twice is fine', async (disk) => {
    const file = await disk.create('a', 'append')
    await file.close()
    await file.close()
    await refuses('closed', file.write(pieces('x'), 0))
    await refuses('closed', file.read(Buffer.alloc(1), 0))
    await refuses('closed', file.sync())
    await refuses('closed', file.sizeBytes())
  })

  check('closing waits for what is under way', async (disk) => {
    const file = await disk.create('a', 'append')
    const writes = Array.from({ length: 20 }, (_, index) =>
      file.write(pieces('12345678'), index * 8),
    )
    await file.close()
    await Promise.all(writes)
    const again = await disk.open('a', 'read')
    assert.equal(await again.sizeBytes(), 160)
    await again.close()
  })

  check('opening needs a file, creating needs none', async (disk) => {
    for (const mode of ['read', 'append', 'direct'] satisfies OpenMode[]) {
      await refuses('not-found', disk.open('missing', mode))
    }
    for (const mode of ['append', 'direct'] satisfies OpenMode[]) {
      await (await disk.create(mode, mode)).close()
      await refuses('exists', disk.create(mode, mode))
    }
  })
}

function checkNames(check: Check): void {
  check('a folder lists its names sorted by bytes', async (disk) => {
    await disk.makeFolder('f')
    await disk.makeFolder('f')
    const names = ['b', 'a', 'B', 'z\u{10000}', 'z\uffee', 'ab']
    for (const name of names) await disk.replaceFile(`f/${name}`, Buffer.from(name))
    await disk.syncFolder('f')
    assert.deepEqual(await disk.list('f'), ['B', 'a', 'ab', 'b', 'z\uffee', 'z\u{10000}'])
    assert.deepEqual(await disk.list(''), ['f'])
    await refuses('not-found', disk.list('g'))
    await refuses('not-found', disk.makeFolder('g/h'))
    await refuses('not-found', disk.syncFolder('g'))
  })

  check('a rename replaces, a removal removes', async (disk) => {
    await disk.replaceFile('a', Buffer.from('1'))
    await disk.replaceFile('b', Buffer.from('2'))
    await disk.rename('a', 'b')
    await disk.syncFolder('')
    assert.equal((await disk.readFile('b')).toString(), '1')
    await refuses('not-found', disk.rename('a', 'c'))
    await disk.remove('b')
    await refuses('not-found', disk.remove('b'))
    assert.deepEqual(await disk.list(''), [])
  })

  check('a removed or renamed file stays readable where it is open', async (disk) => {
    await disk.replaceFile('a', Buffer.from('still'))
    const file = await disk.open('a', 'read')
    await disk.remove('a')
    assert.equal(await contentOf(file), 'still')
    await file.close()
  })

  check('no path leaves the folder', async (disk) => {
    for (const path of ['/etc/passwd', '../a', 'a/../../b', './a', 'a//b', 'a/', 'a\0b', '..']) {
      await assert.rejects(disk.readFile(path), { name: 'AssertionError' }, path)
      await assert.rejects(disk.open(path, 'read'), { name: 'AssertionError' }, path)
      await assert.rejects(disk.rename('a', path), { name: 'AssertionError' }, path)
    }
  })
}

function checkWholeFiles(check: Check): void {
  check(
    'a replaced file is the old one or the new one, and leaves nothing beside',
    async (disk) => {
      await disk.replaceFile('a', Buffer.from('first'))
      assert.equal((await disk.readFile('a')).toString(), 'first')
      const contents = Array.from({ length: 10 }, (_, index) => `version ${index}`)
      await Promise.all(
        contents.map(async (text) => await disk.replaceFile('a', Buffer.from(text))),
      )
      assert.equal((await disk.readFile('a')).toString(), 'version 9')
      assert.deepEqual(await disk.list(''), ['a'])
      await refuses('not-found', disk.replaceFile('missing/a', Buffer.from('x')))
      await refuses('not-found', disk.readFile('b'))
    },
  )

  check('space has a whole and a free part', async (disk) => {
    const { freeBytes, totalBytes } = await disk.space()
    assert.ok(totalBytes > 0 && freeBytes >= 0 && freeBytes <= totalBytes)
  })
}

function checkBuffers(check: Check): void {
  check('a buffer is as long as asked, in whole pages, and given back once', async (disk) => {
    for (const size of [1, PAGE, PAGE + 1, 65_536, BUFFER_SIZE_BYTES_MAX]) {
      const buffer = await disk.buffer(size)
      assert.equal(buffer.bytes.length, Math.ceil(size / PAGE) * PAGE)
      buffer.bytes.fill(7)
      buffer.release()
      assert.throws(() => buffer.release(), { name: 'AssertionError' })
    }
    await assert.rejects(disk.buffer(BUFFER_SIZE_BYTES_MAX + 1), { name: 'AssertionError' })
  })

  check('an aborted wish for a buffer rejects with the reason', async (disk) => {
    const aborted = AbortSignal.abort(new RangeError('gave up'))
    await assert.rejects(disk.buffer(PAGE, aborted), RangeError)
  })
}
