// Stands for another process between a caller and an index: every argument and answer goes through
// a structured clone, errors as their code and message. For tests, until the fleet has a wire.

import { ObjectIndexError, type ObjectIndex } from './object-index.ts'

type Method = (...args: never[]) => Promise<unknown>

/** The same index, as if it were elsewhere. */
export function cloneObjectIndex(index: ObjectIndex): ObjectIndex {
  const over =
    <A extends unknown[], R>(method: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      try {
        return structuredClone(await method(...structuredClone(args)))
      } catch (cause) {
        if (!(cause instanceof ObjectIndexError)) throw cause
        const { code, message } = structuredClone({ code: cause.code, message: cause.message })
        throw new ObjectIndexError(code, message)
      }
    }
  // Total: a method that is added to the contract and not here does not compile.
  const clone: Record<keyof ObjectIndex, Method> & ObjectIndex = {
    apply: over(index.apply),
    bucket: over(index.bucket),
    bucketTags: over(index.bucketTags),
    usage: over(index.usage),
    lookup: over(index.lookup),
    list: over(index.list),
    listVersions: over(index.listVersions),
    listUploads: over(index.listUploads),
    upload: over(index.upload),
    completedUpload: over(index.completedUpload),
    bucketsById: over(index.bucketsById),
    parts: over(index.parts),
    manifestParts: over(index.manifestParts),
    manifestPart: over(index.manifestPart),
    extents: over(index.extents),
    soundExtents: over(index.soundExtents),
    extent: over(index.extent),
    references: over(index.references),
    consumers: over(index.consumers),
    archiveBlobs: over(index.archiveBlobs),
  }
  return clone
}
