// PostResponse: the answer to a form that asks for 201. Unlike other answers it has no namespace.

import { escapeXml, XML_DECLARATION } from '../xml-write.ts'

export function renderPostResponse(stored: {
  readonly location: string
  readonly bucket: string
  readonly key: string
  readonly etag: string
}): string {
  return (
    `${XML_DECLARATION}<PostResponse><Location>${escapeXml(stored.location)}</Location>` +
    `<Bucket>${escapeXml(stored.bucket)}</Bucket><Key>${escapeXml(stored.key)}</Key>` +
    `<ETag>&quot;${stored.etag}&quot;</ETag></PostResponse>`
  )
}
