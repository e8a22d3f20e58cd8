// The pages of ListObjects, ListObjectsV2 and ListObjectVersions. A page has a thousand entries, so
// each is one template of texts that mostly need no escaping.

import { formatIsoDate } from '../http-date.ts'
import { encodeListText, escapeXml, XML_DECLARATION, XML_NAMESPACE } from '../xml-write.ts'

export interface ListedObject {
  readonly key: string
  readonly lastModifiedMs: number
  /** Without quotes. */
  readonly etag: string
  readonly sizeBytes: number
  readonly storageClass: string
  readonly checksumAlgorithm: string | null
  readonly checksumType: string | null
}
export interface ListedVersion extends ListedObject {
  readonly versionId: string
  readonly isLatest: boolean
  readonly isDeleteMarker: boolean
  readonly owner: Owner
}
export interface Owner {
  readonly id: string
  readonly displayName: string
}
export type ListEncoding = 'url' | null

/** A page's own elements in order: name and text; null is left out. Some are encoded as keys are. */
export interface PageHead {
  readonly plain: readonly (readonly [name: string, value: string | null])[]
  readonly encoded: readonly (readonly [name: string, value: string | null])[]
}

export function encoderOf(encoding: ListEncoding): (text: string) => string {
  return encoding === 'url' ? encodeListText : escapeXml
}

export function renderOwner(owner: Owner): string {
  return renderPerson('Owner', owner)
}

export function renderPerson(name: 'Owner' | 'Initiator', { id, displayName }: Owner): string {
  return `<${name}><ID>${escapeXml(id)}</ID><DisplayName>${escapeXml(displayName)}</DisplayName></${name}>`
}

function renderHead({ plain, encoded }: PageHead, encode: (text: string) => string): string {
  let text = ''
  for (const [name, value] of plain) {
    if (value !== null) text += `<${name}>${escapeXml(value)}</${name}>`
  }
  for (const [name, value] of encoded) {
    if (value !== null) text += `<${name}>${encode(value)}</${name}>`
  }
  return text
}

function renderPrefixes(prefixes: readonly string[], encode: (text: string) => string): string {
  let text = ''
  for (const prefix of prefixes) {
    text += `<CommonPrefixes><Prefix>${encode(prefix)}</Prefix></CommonPrefixes>`
  }
  return text
}

/** ListBucketResult of v1 and v2. `owners` gives an entry's owner, or null where none is asked for. */
export function renderListObjects(page: {
  readonly head: PageHead
  readonly encoding: ListEncoding
  readonly entries: readonly ListedObject[]
  readonly prefixes: readonly string[]
  readonly ownerOf: ((index: number) => Owner) | null
}): string {
  const encode = encoderOf(page.encoding)
  const { entries, ownerOf } = page
  let text = `${XML_DECLARATION}<ListBucketResult ${XML_NAMESPACE}>${renderHead(page.head, encode)}`
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index]
    if (entry === undefined) continue
    text += `<Contents><Key>${encode(entry.key)}</Key>${renderCommon(entry)}`
    if (ownerOf !== null) text += renderOwner(ownerOf(index))
    text += '</Contents>'
  }
  return `${text}${renderPrefixes(page.prefixes, encode)}</ListBucketResult>`
}

function renderCommon(entry: ListedObject): string {
  const algorithm =
    entry.checksumAlgorithm === null
      ? ''
      : `<ChecksumAlgorithm>${entry.checksumAlgorithm}</ChecksumAlgorithm>` +
        `<ChecksumType>${entry.checksumType ?? ''}</ChecksumType>`
  return (
    `<LastModified>${formatIsoDate(entry.lastModifiedMs)}</LastModified>` +
    `<ETag>&quot;${entry.etag}&quot;</ETag>${algorithm}<Size>${entry.sizeBytes}</Size>` +
    `<StorageClass>${entry.storageClass}</StorageClass>`
  )
}

/** ListVersionsResult: versions and delete markers in one order. */
export function renderListVersions(page: {
  readonly head: PageHead
  readonly encoding: ListEncoding
  readonly entries: readonly ListedVersion[]
  readonly prefixes: readonly string[]
}): string {
  const encode = encoderOf(page.encoding)
  let text = `${XML_DECLARATION}<ListVersionsResult ${XML_NAMESPACE}>${renderHead(page.head, encode)}`
  for (const entry of page.entries) {
    const name = entry.isDeleteMarker ? 'DeleteMarker' : 'Version'
    const common = entry.isDeleteMarker
      ? `<LastModified>${formatIsoDate(entry.lastModifiedMs)}</LastModified>`
      : renderCommon(entry)
    text +=
      `<${name}><Key>${encode(entry.key)}</Key><VersionId>${entry.versionId}</VersionId>` +
      `<IsLatest>${entry.isLatest}</IsLatest>${common}${renderOwner(entry.owner)}</${name}>`
  }
  return `${text}${renderPrefixes(page.prefixes, encode)}</ListVersionsResult>`
}

/** Any other list's page: its head, rows that are rendered already, and prefixes. */
export function renderPage(
  name: string,
  page: {
    readonly head: PageHead
    readonly encoding: ListEncoding
    readonly rows: string
    readonly prefixes: readonly string[]
  },
): string {
  const encode = encoderOf(page.encoding)
  return (
    `${XML_DECLARATION}<${name} ${XML_NAMESPACE}>${renderHead(page.head, encode)}${page.rows}` +
    `${renderPrefixes(page.prefixes, encode)}</${name}>`
  )
}
