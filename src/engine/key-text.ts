// Keys as strings, one character a byte: what maps and sorted arrays of keys go by. The order of such
// strings is the order of the keys' bytes.

/** The key as a string of its bytes. */
export function keyText(key: Uint8Array): string {
  return asBuffer(key).toString('latin1')
}

/** The same bytes as a Buffer; no copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The key that comes next behind `key`: nothing stands between them. */
export function keyBehind(key: Uint8Array): Buffer {
  const next = Buffer.allocUnsafe(key.length + 1)
  next.set(key, 0)
  next[key.length] = 0
  return next
}

/** Index of the first of sorted `texts` that is not before `text`. */
export function lowerBound(texts: readonly string[], text: string): number {
  let from = 0
  let to = texts.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((texts[middle] ?? '') < text) from = middle + 1
    else to = middle
  }
  return from
}
