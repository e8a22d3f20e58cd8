// Tagging, both ways.

import { checkTags } from '../tagging.ts'
import type { Tag } from '../tagging.ts'
import { childrenOf, malformed, parseXml, requireText } from '../xml-read.ts'
import { escapeXml, XML_DECLARATION, XML_NAMESPACE } from '../xml-write.ts'

/** Tags of an object, or with another bound of a bucket. @throws S3Error `MalformedXML`, `InvalidTag` */
export function parseTagging(body: Uint8Array, countMax?: number): readonly Tag[] {
  const root = parseXml(body, 'Tagging')
  const [set, second] = childrenOf(root, 'TagSet')
  if (set === undefined || second !== undefined) throw malformed('one TagSet is expected')
  return checkTags(
    childrenOf(set, 'Tag').map((tag) => [requireText(tag, 'Key'), requireText(tag, 'Value')]),
    countMax,
  )
}

export function renderTagging(tags: readonly Tag[]): string {
  const set = tags
    .map(
      ([key, value]) => `<Tag><Key>${escapeXml(key)}</Key><Value>${escapeXml(value)}</Value></Tag>`,
    )
    .join('')
  return `${XML_DECLARATION}<Tagging ${XML_NAMESPACE}><TagSet>${set}</TagSet></Tagging>`
}
