// Tags of objects and buckets: as XML and as a header, with S3's rules. Source: S3.md 48.

import { percentDecode } from './percent.ts'
import { S3Error } from './s3-error.ts'
import { S3_LIMITS } from './s3-limits.ts'

export type Tag = readonly [key: string, value: string]

/** Checks tags and puts them in order of their keys. @throws S3Error `InvalidTag` */
export function checkTags(
  tags: readonly Tag[],
  countMax: number = S3_LIMITS.objectTagsMax,
): readonly Tag[] {
  if (tags.length > countMax) {
    throw new S3Error('InvalidTag', {
      message: `There are ${tags.length} tags; at most ${countMax} are allowed`,
    })
  }
  const keys = new Set<string>()
  for (const [key, value] of tags) {
    if (key.length === 0 || key.length > S3_LIMITS.tagKeyLengthMax) throw invalid('TagKey', key)
    if (value.length > S3_LIMITS.tagValueLengthMax) throw invalid('TagValue', key)
    if (keys.has(key)) {
      throw new S3Error('InvalidTag', {
        message: 'Cannot provide multiple Tags with the same key',
        fields: { TagKey: key },
      })
    }
    keys.add(key)
  }
  return [...tags].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function invalid(what: 'TagKey' | 'TagValue', key: string): S3Error {
  return new S3Error('InvalidTag', {
    message: `The ${what} you have provided is invalid`,
    fields: { TagKey: key.slice(0, S3_LIMITS.tagKeyLengthMax) },
  })
}

/** x-amz-tagging: pairs as in a query. @throws S3Error `InvalidArgument`, `InvalidTag` */
export function parseTaggingHeader(text: string | null): readonly Tag[] {
  if (text === null || text === '') return []
  const tags = text.split('&').map((pair): Tag => {
    const at = pair.indexOf('=')
    const [key, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
    return [decode(key), decode(value)]
  })
  return checkTags(tags)
}

function decode(text: string): string {
  const decoded = percentDecode(text.replaceAll('+', '%20'))
  if (decoded !== null) return decoded
  throw new S3Error('InvalidArgument', {
    message:
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
    fields: { ArgumentName: 'x-amz-tagging' },
  })
}
