// The body of a form: its fields, then its file as a body of known size. How long the file is shows
// only where it ends, so a short one is read whole first. A longer one must be the end of the form:
// then Content-Length tells its size, and a form that ends otherwise is refused, with nothing stored.

import { assert } from '../base/assert.ts'
import { FORM_BUFFER_SIZE_BYTES_MAX, PACKED_BODY_SIZE_BYTES_MAX } from '../base/limits.ts'
import type { Body, BodyClaims } from '../gateway/gateway.ts'
import {
  FormDataParser,
  formEndSizeBytes,
  malformedForm,
  type FormField,
  type FormFile,
} from '../s3/form-data.ts'
import { S3Error } from '../s3/s3-error.ts'
import { WHOLE_BODIES } from './whole-bodies.ts'

/** What the fields claim of the file. */
export type FormClaims = Pick<BodyClaims, 'md5' | 'checksum'>

/** A request's whole body, form and all. */
export type WholeBody = Pick<Body, 'sizeBytes' | 'next'>

/** A file as a body, to be released when it has been stored or given up. */
export interface FormFileBody extends Body {
  release(): void
}

/** One form on its way. */
export class FormUpload {
  readonly #body: WholeBody
  readonly #boundary: string
  readonly #parser: FormDataParser
  /** Of the file, what has arrived and nobody asked for. */
  #slices: Uint8Array[] = []
  #givenSizeBytes = 0

  constructor(body: WholeBody, boundary: string) {
    this.#body = body
    this.#boundary = boundary
    this.#parser = new FormDataParser(boundary, (slice) => this.#slices.push(slice))
  }

  /** Reads up to the file's first byte. @throws S3Error of the form, or of its body */
  async readFields(): Promise<{ readonly fields: readonly FormField[]; readonly file: FormFile }> {
    const parser = this.#parser
    while (parser.file === null) await this.#pull()
    return { fields: parser.fields, file: parser.file }
  }

  /**
   * The file, whose size is known now: for a long one by where the form has to end.
   * @throws S3Error of the form, or of its body
   */
  async openFile(claims: FormClaims): Promise<FormFileBody> {
    assert(this.#parser.file !== null, 'the fields of a form are read before its file')
    const restSizeBytes = this.#body.sizeBytes - this.#parser.fileStart
    const isShort = restSizeBytes <= FORM_BUFFER_SIZE_BYTES_MAX
    if (isShort && WHOLE_BODIES.acquire(restSizeBytes)) {
      try {
        return new BufferedFile(await this.#gather(restSizeBytes), restSizeBytes, claims)
      } catch (error) {
        WHOLE_BODIES.release(restSizeBytes)
        throw error
      }
    }
    const sizeBytes = restSizeBytes - formEndSizeBytes(this.#boundary)
    if (sizeBytes < 0) throw otherEnd(isShort)
    return new StreamedFile(
      sizeBytes,
      claims,
      async () => await this.#nextSlice(sizeBytes, isShort),
    )
  }

  /** All bytes of the file, after the whole form has been read. */
  async #gather(restSizeBytes: number): Promise<Uint8Array> {
    const parser = this.#parser
    const bytes = Buffer.allocUnsafe(restSizeBytes)
    let sizeBytes = 0
    for (;;) {
      for (const slice of this.#slices.splice(0)) {
        bytes.set(slice, sizeBytes)
        sizeBytes += slice.length
      }
      if (!(await this.#pull())) break
    }
    assert(parser.fileEnd === parser.fileStart + sizeBytes, 'a file is as long as its slices')
    return bytes.subarray(0, sizeBytes)
  }

  /** The next bytes of a file of `sizeBytes`; null once the form has ended where it had to. */
  async #nextSlice(sizeBytes: number, isShort: boolean): Promise<Uint8Array | null> {
    const parser = this.#parser
    for (;;) {
      const slice = this.#slices.shift()
      if (slice !== undefined) {
        this.#givenSizeBytes += slice.length
        if (this.#givenSizeBytes > sizeBytes) throw otherEnd(isShort)
        return slice
      }
      if (parser.fileEnd !== null && parser.fileEnd - parser.fileStart !== sizeBytes) {
        throw otherEnd(isShort)
      }
      if (!(await this.#pull())) return null
    }
  }

  /** Takes one more piece of the body; false at its end, where the form must have ended too. */
  async #pull(): Promise<boolean> {
    const piece = await this.#body.next()
    if (piece === null) this.#parser.finish()
    else this.#parser.push(piece)
    return piece !== null
  }
}

class BufferedFile implements FormFileBody {
  readonly sizeBytes: number
  readonly checksumAlgorithm: Body['checksumAlgorithm']
  readonly hasSha256 = false
  readonly #claims: FormClaims
  #heldSizeBytes: number
  #rest: Uint8Array

  constructor(bytes: Uint8Array, heldSizeBytes: number, claims: FormClaims) {
    this.sizeBytes = bytes.length
    this.checksumAlgorithm = claims.checksum?.algorithm ?? null
    this.#claims = claims
    this.#heldSizeBytes = heldSizeBytes
    this.#rest = bytes
  }

  next(): Promise<Uint8Array | null> {
    const piece = this.#rest.subarray(0, PACKED_BODY_SIZE_BYTES_MAX)
    this.#rest = this.#rest.subarray(piece.length)
    return Promise.resolve(piece.length === 0 ? null : piece)
  }

  claims(): BodyClaims {
    return { ...this.#claims, sha256: null }
  }

  release(): void {
    WHOLE_BODIES.release(this.#heldSizeBytes)
    this.#heldSizeBytes = 0
  }
}

class StreamedFile implements FormFileBody {
  readonly sizeBytes: number
  readonly checksumAlgorithm: Body['checksumAlgorithm']
  readonly hasSha256 = false
  readonly #claims: FormClaims
  readonly #nextSlice: () => Promise<Uint8Array | null>

  constructor(sizeBytes: number, claims: FormClaims, nextSlice: () => Promise<Uint8Array | null>) {
    this.sizeBytes = sizeBytes
    this.checksumAlgorithm = claims.checksum?.algorithm ?? null
    this.#claims = claims
    this.#nextSlice = nextSlice
  }

  next(): Promise<Uint8Array | null> {
    return this.#nextSlice()
  }

  claims(): BodyClaims {
    return { ...this.#claims, sha256: null }
  }

  release(): void {
    // Nothing is held but what was asked for.
  }
}

/** A form whose file does not end where it would if nothing stood behind it. */
function otherEnd(isShort: boolean): S3Error {
  // A short one would have been read whole, had there been memory.
  if (isShort) return new S3Error('SlowDown')
  return malformedForm(
    `A file of more than ${FORM_BUFFER_SIZE_BYTES_MAX} bytes must be the last field, and its ` +
      'closing boundary be followed by one line end and nothing else.',
  )
}
