// Reads multipart/form-data from a stream, in any pieces: the fields before `file` whole, the bytes
// of `file` as they come. What stands behind the file is passed over, as in S3.
// Source: RFC 7578; RFC 2046, 5.1; S3 API, POST Object.

import { type FormPartHead, parsePartHead } from './form-part.ts'
import { S3Error } from './s3-error.ts'
import { S3_LIMITS } from './s3-limits.ts'

/** A field before the file. */
export interface FormField {
  /** As sent. */
  readonly name: string
  readonly value: string
}

/** The part named `file`. */
export interface FormFile {
  /** As sent; null where the part has none, empty where the browser had no file to send. */
  readonly filename: string | null
}

/**
 * The boundary of a form.
 * @throws S3Error `PreconditionFailed` where the body is no form, `MalformedPOSTRequest`
 */
export function parseFormBoundary(contentType: string | null): string {
  if (contentType === null || !FORM_TYPE.test(contentType)) {
    throw new S3Error('PreconditionFailed', {
      fields: { Condition: 'Bucket POST must be of the enclosure-type multipart/form-data' },
    })
  }
  const found = BOUNDARY.exec(contentType)
  const boundary = found?.[1] ?? found?.[2] ?? ''
  if (!BOUNDARY_TEXT.test(boundary)) {
    throw malformedForm('The Content-Type has no boundary of 1 to 70 characters.')
  }
  return boundary
}

/** A form whose framing is broken. */
export function malformedForm(reason: string): S3Error {
  const { message } = new S3Error('MalformedPOSTRequest')
  return new S3Error('MalformedPOSTRequest', { message: `${message} ${reason}` })
}

/** Bytes between the end of a form's last part and the end of a body that ends as usual. */
export function formEndSizeBytes(boundary: string): number {
  return boundary.length + '\r\n----\r\n'.length
}

type State = 'preamble' | 'delimiter' | 'head' | 'value' | 'file' | 'behind' | 'end'

/** One form. Holds at most the bytes before its file, or a delimiter that is not whole yet. */
export class FormDataParser {
  readonly fields: FormField[] = []
  /** Null until the head of the file's part has been read; `fields` are all there then. */
  file: FormFile | null = null
  /** Offset of the file's first byte in the body. */
  fileStart = 0
  /** Offset behind its last byte; null until the delimiter behind it has been read. */
  fileEnd: number | null = null

  readonly #delimiter: Buffer
  readonly #onData: (slice: Uint8Array) => void
  #state: State = 'preamble'
  // The first delimiter may stand at the very start, where no CRLF goes before it.
  #held: Buffer = Buffer.from('\r\n')
  #heldStart = -2
  #receivedBytes = 0
  #name = ''

  /** `onData` gets the file's bytes in order, in slices of what was pushed. */
  constructor(boundary: string, onData: (slice: Uint8Array) => void) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
    this.#onData = onData
  }

  /**
   * Takes the next bytes of the body.
   * @throws S3Error `MalformedPOSTRequest`, `MaxPostPreDataLengthExceededError`,
   *   `IncorrectNumberOfFilesInPostRequest`
   */
  push(bytes: Uint8Array): void {
    const limit = S3_LIMITS.formFieldsSizeBytesMax
    let rest = bytes
    while (rest.length > 0) {
      // Up to the file no more than may stand there is looked at, so that pieces change nothing.
      const room = this.file === null ? limit - this.#receivedBytes : rest.length
      if (room === 0) throw tooLarge()
      this.#feed(rest.subarray(0, room))
      rest = rest.subarray(room)
    }
  }

  /** The body is over. @throws S3Error `MalformedPOSTRequest` */
  finish(): void {
    if (this.#state !== 'end') throw malformedForm('It ends before its closing boundary.')
  }

  #feed(bytes: Uint8Array): void {
    this.#receivedBytes += bytes.length
    this.#held =
      this.#held.length === 0
        ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
        : Buffer.concat([this.#held, bytes])
    while (this.#step());
  }

  /** Reads one more thing out of what is held; false where it is not whole. */
  #step(): boolean {
    switch (this.#state) {
      case 'preamble':
      case 'behind':
        return this.#skipTo(this.#held.indexOf(this.#delimiter), null)
      case 'file':
        return this.#skipTo(this.#held.indexOf(this.#delimiter), this.#onData)
      case 'delimiter':
        return this.#readDelimiter()
      case 'head':
        return this.#readHead()
      case 'value':
        return this.#readValue()
      case 'end':
        this.#drop(this.#held.length) // an epilogue says nothing
        return false
    }
  }

  /** Passes bytes on, or away, up to the delimiter at `index`; below 0 it has not come yet. */
  #skipTo(index: number, onData: ((slice: Uint8Array) => void) | null): boolean {
    const end = index < 0 ? this.#held.length - this.#possibleStart() : index
    const slice = this.#held.subarray(0, end)
    this.#drop(end)
    if (index >= 0) {
      if (this.#state === 'file') this.fileEnd = this.#heldStart
      this.#drop(this.#delimiter.length)
      this.#state = 'delimiter'
    }
    if (onData !== null && slice.length > 0) onData(slice)
    return index >= 0
  }

  /** How many bytes at the end of what is held may begin a delimiter, which has one CR alone. */
  #possibleStart(): number {
    const { length } = this.#held
    const from = Math.max(0, length - this.#delimiter.length + 1)
    const at = this.#held.indexOf(CR, from)
    if (at < 0) return 0
    for (let start = at; start >= 0; start = this.#held.indexOf(CR, start + 1)) {
      const count = length - start
      if (this.#held.compare(this.#delimiter, 0, count, start) === 0) return count
    }
    return 0
  }

  /** What follows a boundary: `--` behind the last part, else blanks and CRLF. */
  #readDelimiter(): boolean {
    const held = this.#held
    if (held.length < 2) return false
    if (held[0] === DASH && held[1] === DASH) {
      if (this.file === null) throw new S3Error('IncorrectNumberOfFilesInPostRequest')
      this.#state = 'end'
      return true
    }
    let at = 0
    while (at < held.length && (held[at] === SPACE || held[at] === TAB)) at += 1
    if (at > PADDING_LENGTH_MAX) throw malformedForm('A boundary is followed by too many blanks.')
    if (at < held.length && held[at] !== CR) throw brokenBoundary()
    if (at + 1 >= held.length) return false
    if (held[at + 1] !== LF) throw brokenBoundary()
    this.#drop(at + 2)
    this.#state = this.file === null ? 'head' : 'behind'
    return true
  }

  #readHead(): boolean {
    const end = this.#held.indexOf('\r\n\r\n')
    const limit = S3_LIMITS.formHeaderSizeBytesMax
    if (end > limit || (end < 0 && this.#held.length > limit + 4)) {
      throw malformedForm(`The headers of a part are longer than ${limit} bytes.`)
    }
    if (end < 0) return false
    const bytes = this.#held.subarray(0, end)
    if (bytes.includes(this.#delimiter)) throw malformedForm('A part has no value.')
    const head = readPartHead(bytes)
    this.#drop(end + 4)
    if (head.name.toLowerCase() === 'file') {
      this.file = { filename: head.filename }
      this.fileStart = this.#heldStart
      this.#state = 'file'
      return true
    }
    if (this.fields.length >= S3_LIMITS.formFieldsMax) throw tooLarge()
    this.#name = head.name
    this.#state = 'value'
    return true
  }

  #readValue(): boolean {
    const end = this.#held.indexOf(this.#delimiter)
    if (end < 0) return false
    const value = decodeText(this.#held.subarray(0, end))
    this.fields.push({ name: this.#name, value })
    this.#drop(end + this.#delimiter.length)
    this.#state = 'delimiter'
    return true
  }

  #drop(count: number): void {
    this.#held = this.#held.subarray(count)
    this.#heldStart += count
  }
}

/** @throws S3Error `MalformedPOSTRequest` */
function readPartHead(bytes: Buffer): FormPartHead {
  const head = parsePartHead(decodeText(bytes))
  if (head !== null) return head
  throw malformedForm('A part does not say its name in a Content-Disposition of form-data.')
}

function decodeText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw malformedForm('A name or value is not UTF-8.')
  }
}

function brokenBoundary(): S3Error {
  return malformedForm('A boundary is followed by something else than -- or a line end.')
}

function tooLarge(): S3Error {
  return new S3Error('MaxPostPreDataLengthExceededError', {
    fields: { MaxPostPreDataLengthBytes: String(S3_LIMITS.formFieldsSizeBytesMax) },
  })
}

const PADDING_LENGTH_MAX = 70
const TAB = 9
const LF = 10
const CR = 13
const SPACE = 32
const DASH = 45
const FORM_TYPE = /^\s*multipart\/form-data\s*(;|$)/i
const BOUNDARY = /;\s*boundary\s*=\s*(?:"([^"]*)"|([^;\s]*))/i
/** RFC 2046, 5.1.1. */
const BOUNDARY_TEXT = /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/
