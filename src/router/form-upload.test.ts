// The file of a form as a body: its size before its bytes, whatever stands behind it, and no more
// memory than the forms of a process may have.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FORM_BUFFER_SIZE_BYTES_MAX, WHOLE_BODIES_SIZE_BYTES_MAX } from '../base/limits.ts'
import { S3Error } from '../s3/s3-error.ts'
import { type FormFileBody, FormUpload } from './form-upload.ts'

const B = 'boundary'
const HEAD =
  `--${B}\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n` +
  `--${B}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n`
const END = `\r\n--${B}--\r\n`
const FIELD_BEHIND = `\r\n--${B}\r\nContent-Disposition: form-data; name="submit"\r\n\r\nok${END}`
const NO_CLAIMS = { md5: null, checksum: null }
const LONG = FORM_BUFFER_SIZE_BYTES_MAX + 1

/** A form whose bytes come in pieces; `endsAt` cuts it off before its size. */
function uploadOf(
  file: Buffer,
  end: string,
  options: { pieceSize?: number; endsAt?: number } = {},
) {
  const bytes = Buffer.concat([Buffer.from(HEAD), file, Buffer.from(end)])
  const { pieceSize = 65_536, endsAt = bytes.length } = options
  let offset = 0
  const body = {
    sizeBytes: bytes.length,
    next: (): Promise<Uint8Array | null> => {
      if (offset >= bytes.length) return Promise.resolve(null)
      if (offset >= endsAt) return Promise.reject(new S3Error('IncompleteBody'))
      const piece = bytes.subarray(offset, Math.min(offset + pieceSize, endsAt))
      offset += piece.length
      return Promise.resolve(piece)
    },
  }
  return { upload: new FormUpload(body, B), consumed: () => offset }
}

async function openFile(upload: FormUpload): Promise<FormFileBody> {
  const { fields, file } = await upload.readFields()
  assert.deepEqual(fields, [{ name: 'key', value: 'k' }])
  assert.equal(file.filename, 'f')
  return await upload.openFile(NO_CLAIMS)
}

/** Reads as the gateway does: no more than the size that was told, then the end. */
async function read(body: FormFileBody): Promise<Buffer> {
  const pieces: Buffer[] = []
  let sizeBytes = 0
  for (let piece = await body.next(); piece !== null; piece = await body.next()) {
    sizeBytes += piece.length
    assert.ok(sizeBytes <= body.sizeBytes, 'never more than was told')
    pieces.push(Buffer.from(piece))
  }
  assert.equal(sizeBytes, body.sizeBytes)
  return Buffer.concat(pieces)
}

function filled(sizeBytes: number): Buffer {
  const file = Buffer.alloc(sizeBytes)
  for (let i = 0; i < sizeBytes; i++) file[i] = (i * 7 + (i >> 8)) & 0xff
  return file
}

async function refusal(act: Promise<unknown>): Promise<string> {
  try {
    await act
  } catch (error) {
    assert.ok(error instanceof S3Error, String(error))
    return error.code
  }
  return 'none'
}

test('a short file may end anywhere, and its size is known before its bytes', async () => {
  for (const sizeBytes of [0, 1, 100, 300_000, 2_000_000]) {
    const file = filled(sizeBytes)
    for (const end of [END, END.trimEnd(), FIELD_BEHIND, `${END}epilogue`]) {
      const { upload } = uploadOf(file, end)
      const body = await openFile(upload)
      assert.equal(body.sizeBytes, sizeBytes)
      assert.ok(file.equals(await read(body)))
      body.release()
      body.release() // does nothing more
    }
  }
})

test('a long file streams, in pieces of any size', async () => {
  const file = filled(LONG)
  for (const pieceSize of [1000, 65_536, 16_777_216]) {
    const { upload, consumed } = uploadOf(file, END, { pieceSize })
    const body = await openFile(upload)
    assert.equal(body.sizeBytes, LONG)
    assert.ok(consumed() <= HEAD.length + pieceSize, 'only what has the fields was read')
    assert.ok(file.equals(await read(body)))
    body.release()
  }
})

test('a long file that does not end where the form does is refused before its end is told', async () => {
  const file = filled(LONG)
  const blanks = `\r\n--${B}    `
  const open = `\r\n--${B}  \r\n`
  const broken = [`\r\n--${B}-\r\n\r\n`, `\r\n--${B}`, blanks, open]
  const ends = [FIELD_BEHIND, END.trimEnd(), `${END}epilogue`, ...broken]
  for (const end of ends) {
    const body = await openFile(uploadOf(file, end).upload)
    assert.equal(await refusal(read(body)), 'MalformedPOSTRequest', JSON.stringify(end))
    body.release()
  }
})

test('a short file whose form does not end is refused', async () => {
  for (const end of [
    '',
    `\r\n--${B}`,
    `\r\n--${B}    `,
    `\r\n--${B}\r\n`,
    FIELD_BEHIND.slice(0, -5),
  ]) {
    const { upload } = uploadOf(filled(1000), end)
    assert.equal(await refusal(openFile(upload)), 'MalformedPOSTRequest', JSON.stringify(end))
  }
})

test('a boundary inside a long file ends it there, and the form is refused', async () => {
  const file = Buffer.concat([filled(LONG), Buffer.from(END), filled(100)])
  const body = await openFile(uploadOf(file, END).upload)
  assert.equal(await refusal(read(body)), 'MalformedPOSTRequest')
  body.release()
})

test('a form that breaks off fails, and leaves no memory taken', async () => {
  for (
    let i = 0;
    i < 2 * Math.ceil(WHOLE_BODIES_SIZE_BYTES_MAX / FORM_BUFFER_SIZE_BYTES_MAX);
    i++
  ) {
    const { upload } = uploadOf(filled(4_000_000), END, { endsAt: 1000 })
    assert.equal(await refusal(openFile(upload)), 'IncompleteBody')
  }
  const { upload } = uploadOf(filled(4_000_000), FIELD_BEHIND)
  const body = await openFile(upload)
  assert.equal(body.sizeBytes, 4_000_000)
  body.release()
  const long = await openFile(uploadOf(filled(LONG), END, { endsAt: LONG }).upload)
  assert.equal(await refusal(read(long)), 'IncompleteBody')
})

test('when memory is taken, short files stream like long ones, or wait for a retry', async () => {
  const file = filled(5_000_000)
  const held: FormFileBody[] = []
  const count = Math.floor(WHOLE_BODIES_SIZE_BYTES_MAX / (file.length + FIELD_BEHIND.length))
  for (let i = 0; i < count; i++) held.push(await openFile(uploadOf(file, FIELD_BEHIND).upload))
  const { upload, consumed } = uploadOf(file, END)
  const streamed = await openFile(upload)
  assert.ok(consumed() < file.length, 'it was not read whole')
  assert.equal(streamed.sizeBytes, file.length)
  assert.ok(file.equals(await read(streamed)))
  const other = await openFile(uploadOf(file, FIELD_BEHIND).upload)
  assert.equal(await refusal(read(other)), 'SlowDown')
  for (const body of held) body.release()
  const again = await openFile(uploadOf(file, FIELD_BEHIND).upload)
  assert.ok(file.equals(await read(again)))
  again.release()
})

test('what the fields claim of the file is claimed at its end', async () => {
  const { upload } = uploadOf(Buffer.from('hello'), END)
  await upload.readFields()
  const checksum = { algorithm: 'CRC32', value: Buffer.alloc(4) } as const
  const body = await upload.openFile({ md5: Buffer.alloc(16), checksum })
  assert.equal(body.checksumAlgorithm, 'CRC32')
  assert.deepEqual(body.claims(), { md5: Buffer.alloc(16), sha256: null, checksum })
  body.release()
})
