// A form's fields as a request: who signed it, for which key, what the object is to be and how its
// answer is to look. Source: S3 API, POST Object and Creating an HTML Form; S3.md 16.

import { type FormAuth, missingField, parseFormAuth } from './form-auth.ts'
import type { FormField, FormFile } from './form-data.ts'
import { percentEncode } from './percent.ts'
import { RequestHeaders } from './request-headers.ts'
import { checkKey } from './request-target.ts'
import { S3Error } from './s3-error.ts'
import { S3_LIMITS } from './s3-limits.ts'
import type { Tag } from './tagging.ts'
import { parseTagging } from './xml/tagging.ts'

/** A form that has what every form must have; nothing of it is verified yet. */
export interface PostForm {
  readonly key: string
  /** Name in lower case → value, with `${filename}` replaced. */
  readonly fields: ReadonlyMap<string, string>
  readonly auth: FormAuth
}

/** How a stored form is answered. */
export interface FormAnswer {
  readonly status: 200 | 201 | 204
  /** Where the browser goes instead; an absolute http(s) URL. */
  readonly redirect: string | null
}

/**
 * Reads the fields of a form.
 * @throws S3Error `InvalidArgument` (a field is missing, stands twice, or its credential is broken),
 *   `KeyTooLongError`, `InvalidURI`, `MaxPostPreDataLengthExceededError`
 */
export function parsePostForm(
  sent: readonly FormField[],
  file: FormFile,
  context: { readonly region: string },
): PostForm {
  const fields = replaceFilename(gather(sent), file.filename)
  const auth = parseFormAuth(fields, context.region)
  const key = fields.get('key') ?? ''
  if (key === '') throw missingField('key')
  return { key: checkKey(key), fields, auth }
}

/**
 * The fields that PutObject has as headers, as if they were sent as such. Their names and values
 * could not come in a header as they are, so they are checked here.
 * @throws S3Error `InvalidArgument`, `NotImplemented` (x-amz-tagging: forms have `tagging`)
 */
export function formHeaders({ fields }: PostForm): RequestHeaders {
  const raw: string[] = []
  for (const [name, value] of fields) {
    if (name === 'acl') raw.push('x-amz-acl', headerBytes(name, value))
    else if (HEADER_FIELDS.has(name)) raw.push(name, headerBytes(name, value))
    else if (REFUSED_FIELDS.has(name)) {
      throw new S3Error('NotImplemented', { fields: { Header: name } })
    } else if (name.startsWith('x-amz-') && !SIGNING_FIELDS.has(name)) {
      if (!HEADER_NAME.test(name)) throw unusable(name)
      raw.push(name, headerBytes(name, value))
    }
  }
  return new RequestHeaders(raw)
}

/** The tags of the field `tagging`, which is XML. @throws S3Error `MalformedXML`, `InvalidTag` */
export function formTags({ fields }: PostForm): readonly Tag[] {
  const text = fields.get('tagging') ?? ''
  return text === '' ? [] : parseTagging(Buffer.from(text))
}

/** What cannot be understood counts as not sent. */
export function formAnswer({ fields }: PostForm): FormAnswer {
  const redirect = fields.get('success_action_redirect') ?? fields.get('redirect') ?? ''
  const status = fields.get('success_action_status')
  return {
    redirect: isWebUrl(redirect) ? redirect : null,
    status: status === '200' ? 200 : status === '201' ? 201 : 204,
  }
}

/** A form's redirect with what was stored in its query. */
export function redirectLocation(
  redirect: string,
  stored: { readonly bucket: string; readonly key: string; readonly etag: string },
): string {
  const url = new URL(redirect)
  const query =
    `bucket=${percentEncode(stored.bucket)}&key=${percentEncode(stored.key)}` +
    `&etag=${percentEncode(`"${stored.etag}"`)}`
  url.search = url.search === '' ? query : `${url.search}&${query}`
  return url.href
}

/** Metadata that stands twice is one value with commas; of anything else one would be hidden. */
function gather(sent: readonly FormField[]): Map<string, string> {
  const fields = new Map<string, string>()
  for (const { name, value } of sent) {
    const lower = name.toLowerCase()
    const before = fields.get(lower)
    if (before === undefined) fields.set(lower, value)
    else if (lower.startsWith('x-amz-meta-')) fields.set(lower, `${before},${value}`)
    else {
      throw new S3Error('InvalidArgument', {
        message: `The form has the field '${lower}' more than once.`,
        fields: { ArgumentName: lower, ArgumentValue: value },
      })
    }
  }
  return fields
}

/** Without a file's name the variable stays as it is. */
function replaceFilename(
  fields: Map<string, string>,
  filename: string | null,
): ReadonlyMap<string, string> {
  if (filename === null) return fields
  // Some browsers send the whole path.
  const last = filename.slice(Math.max(filename.lastIndexOf('/'), filename.lastIndexOf('\\')) + 1)
  let length = 0
  for (const [name, value] of fields) {
    if (SIGNED_TEXTS.has(name)) continue
    const pieces = value.split(FILENAME)
    length += value.length + (pieces.length - 1) * last.length
    if (length > S3_LIMITS.formFieldsSizeBytesMax) {
      throw new S3Error('MaxPostPreDataLengthExceededError')
    }
    fields.set(name, pieces.join(last))
  }
  return fields
}

/** Bytes as Latin-1, as they would have come in a header. */
function headerBytes(name: string, value: string): string {
  // Metadata is written as encoded words where it must be, the rest as it is.
  if (!name.startsWith('x-amz-meta-') && CONTROL.test(value)) throw unusable(name)
  return Buffer.from(value.trim()).toString('latin1')
}

function unusable(name: string): S3Error {
  return new S3Error('InvalidArgument', {
    message: `The field '${name}' cannot be a header: its name or value has other characters.`,
    fields: { ArgumentName: name },
  })
}

function isWebUrl(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text)
}

const FILENAME = '${filename}'
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/
/** RFC 9110, 5.6.2, in lower case. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const HEADER_FIELDS: ReadonlySet<string> = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  'expires',
  'if-match',
  'if-none-match',
])
/** They would be read as headers of the request, which they are not. */
const REFUSED_FIELDS: ReadonlySet<string> = new Set(['x-amz-tagging', 'x-amz-trailer'])
const SIGNING_FIELDS: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-signature',
])
const SIGNED_TEXTS: ReadonlySet<string> = new Set([
  ...SIGNING_FIELDS,
  'awsaccesskeyid',
  'policy',
  'signature',
])
