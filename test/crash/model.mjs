// What the store may hold, as a client knows it: for each key the contents that are possible. One
// content: it was acknowledged, or read since. Several: a write's answer never came, so that the
// old or the new is there, whole. `null` stands for no object.

/** Makes an empty model. */
export function createModel() {
  const keys = new Map()
  const locked = new Set()
  const stateOf = (key) => {
    if (!keys.has(key)) keys.set(key, { possible: [null], refused: [] })
    return keys.get(key)
  }
  return {
    keys: () => [...keys.keys()],
    possible: (key) => stateOf(key).possible,
    refused: (key) => stateOf(key).refused,
    /** The one content that must be there; undefined while several may be. */
    settled: (key) => {
      const { possible } = stateOf(key)
      return possible.length === 1 ? possible[0] : undefined
    },
    acknowledge: (key, content) => {
      stateOf(key).possible = [content]
    },
    /** Of these one is there, each whole. */
    narrow: (key, contents) => {
      stateOf(key).possible = contents
    },
    /** A write without an answer: it may have happened. */
    doubt: (key, content) => {
      stateOf(key).possible.push(content)
    },
    /** A write that was refused for good: its content must never be seen. */
    refuse: (key, content) => {
      stateOf(key).refused.push(content.sha256)
    },
    /** Takes a key for one writer; false where another has it. */
    lock: (key) => {
      if (locked.has(key)) return false
      locked.add(key)
      return true
    },
    unlock: (key) => locked.delete(key),
    unlockAll: () => locked.clear(),
  }
}

/** Why `found` (null: no object) cannot be what is there, or null where it can. */
export function contradiction(model, key, found) {
  const possible = model.possible(key)
  if (found === null) {
    return possible.includes(null) ? null : 'an acknowledged object is missing'
  }
  const match = possible.find((content) => content?.sha256 === found.sha256)
  if (match === undefined) {
    if (model.refused(key).includes(found.sha256)) return 'a refused write is visible'
    if (possible.every((content) => content === null)) return 'a deleted object is back'
    const sizes = possible.map((content) => content?.sizeBytes ?? 'no object').join(' or ')
    return `${found.sizeBytes} bytes that nobody wrote so, in place of ${sizes}`
  }
  return match.etag === found.etag ? null : `ETag ${found.etag} in place of ${match.etag}`
}
