// Decoded records that every commit needs again (buckets, open extents), kept by their bytes: a
// memo of a pure function, so a decision that uses it is as pure as before.

/** Entries kept; all go when there are more. */
const ENTRIES_MAX = 4096

export class DecodeMemo<T> {
  private readonly entries: Map<string, { readonly bytes: Buffer; readonly value: T }> = new Map()

  /** `decode` of these bytes, or what it gave for the same bytes before. */
  get(id: string, bytes: Buffer, decode: () => T): T {
    const known = this.entries.get(id)
    if (known !== undefined && known.bytes.equals(bytes)) return known.value
    const value = decode()
    if (this.entries.size >= ENTRIES_MAX) this.entries.clear()
    this.entries.set(id, { bytes: Buffer.from(bytes), value })
    return value
  }
}
