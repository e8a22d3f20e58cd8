// Keeps the key in this browser between visits: for signing alone, never to be read again.

const DATABASE = 'holdfast-status'
const STORE = 'keys'
const OWN = 'own'

/** { id, key }; null: none is kept. */
export async function loadKey() {
  return (await inStore('readonly', (store) => store.get(OWN))) ?? null
}

export async function keepKey({ id, key }) {
  await inStore('readwrite', (store) => store.put({ id, key }, OWN))
}

export async function forgetKey() {
  await inStore('readwrite', (store) => store.delete(OWN))
}

async function inStore(mode, act) {
  const opening = indexedDB.open(DATABASE, 1)
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(STORE))
  const database = await done(opening)
  try {
    return await done(act(database.transaction(STORE, mode).objectStore(STORE)))
  } finally {
    database.close()
  }
}

function done(request) {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error))
  })
}
