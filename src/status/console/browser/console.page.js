// The console's page: which key signs, what is said, and a last look before it is signed and posted. All
// text goes into the page as text.

import { forgetKey, keepKey, loadKey } from './key-store.page.js'
import { confirm } from './confirm.page.js'
import { chosenIn, countChosen, fillPickers, showLevels } from './pickers.page.js'
import { newNonce, readKeyFile, recordText, seal, whyNoSigning } from './signing.page.js'
import { NoAnswer, post, posting, signIn, signOut } from './site.page.js'
import { isRaise, statementOf } from './statements.page.js'

const RENEW_MS = 15_000
/** A post is on the page within this. */
const RENDER_MS = 1500
/** A clock that is off by more signs with the site's time. */
const CLOCK_MS_MAX = 60_000

const find = (id) => document.getElementById(id)
const words = JSON.parse(find('words').dataset.words)

/** What is shown of the site; a post answers this, and is refused where others said more meanwhile. */
let shown = null
let clockOffMs = 0
/** { id, key, name }, name null while the site has not said it. */
let pair = null

const now = () => Date.now() + clockOffMs
const componentOf = (id) => shown?.components.find((component) => component.id === id)
const levelOf = (id) => componentOf(id)?.level ?? 'unknown'

/** What machines see, whatever a person said. */
const seenOf = (id) => componentOf(id)?.seen ?? 'unknown'

void begin()

async function begin() {
  fillPickers()
  find('key-file').addEventListener('change', () => void guard(takeKeyFile))
  find('key-forget').addEventListener('click', () => void guard(dropKey))
  for (const form of document.querySelectorAll('form[data-kind]')) {
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      void guard(() => offer(form))
    })
    form.addEventListener('change', () => showHints(form))
    form.addEventListener('input', ({ target }) => {
      if (target.ariaInvalid === 'true') complain(null, null)
    })
  }
  for (const renew of document.querySelectorAll('[data-renew]')) {
    renew.addEventListener('click', () => void guard(renewShown))
  }
  setInterval(() => void renewShown().catch(showUnreached), RENEW_MS)
  await guard(async () => {
    const why = await whyNoSigning()
    if (why !== null) find('no-signing').textContent = why
    find('no-signing').hidden = why === null
    pair = why === null ? await loadKey() : null
    showKey()
    await renewShown()
    await enter()
  })
}

async function takeKeyFile() {
  const [file] = find('key-file').files
  if (file === undefined) return
  pair = await readKeyFile(await file.text())
  await keepKey(pair)
  find('key-file').value = ''
  showKey()
  say('The key is kept in this browser.')
  await enter()
  find('key-there').focus()
}

async function dropKey() {
  await forgetKey()
  pair = null
  showKey()
  say('The key is forgotten here; its file is where it was.')
  find('key-file').focus()
  await signOut()
}

/** Signs in, which says whose key it is, and leads on whoever came from the page of failed probes. */
async function enter() {
  if (pair === null) return
  const { name } = await signIn(pair)
  pair = { ...pair, name }
  showKey()
  if (location.search === '?next=operate') location.replace('/operate')
}

function showKey() {
  find('key-none').hidden = pair !== null
  find('key-there').hidden = pair === null
  if (pair === null) return
  find('key-name').textContent = pair.name ?? 'A key'
  find('key-id').textContent = pair.id.slice(0, 8)
}

async function renewShown() {
  if (find('confirm').open) return // what is looked at stays as it is
  const fresh = await posting()
  if (find('confirm').open) return
  shown = fresh
  const offMs = shown.nowMs - Date.now()
  clockOffMs = Math.abs(offMs) > CLOCK_MS_MAX ? offMs : 0
  find('clock').hidden = clockOffMs === 0
  find('unreached').hidden = true
  fillChoices('incident', shown.incidents, 'No incident is open')
  fillChoices('maintenance', shown.maintenances, 'No maintenance is planned')
  showLevels(levelOf, words.levels)
  for (const form of document.querySelectorAll('form[data-kind]')) showHints(form)
}

/** The status page as this browser keeps it, so that who follows the link sees the post. */
async function renewPage() {
  await fetch('/', { cache: 'reload' }).catch(() => null)
}

function showUnreached() {
  find('unreached').hidden = false
}

function fillChoices(name, open, none) {
  const select = document.querySelector(`select[name="${name}"]`)
  const before = select.value
  const choices = open.map(({ id, title, state }) => {
    return new Option(`${title} (${words.states[state] ?? state})`, id)
  })
  select.replaceChildren(...(choices.length === 0 ? [new Option(none, '')] : choices))
  if (open.some(({ id }) => id === before)) select.value = before
  find(`${name}-count`).textContent = open.length === 0 ? '' : ` (${open.length} open)`
}

function showHints(form) {
  countChosen(form)
  const values = valuesOf(form)
  const these = form.querySelector('[data-these]')
  if (these !== null) these.hidden = values.change !== 'these'
  if (form.dataset.kind !== 'override') return
  const level = levelOf(values.component)
  find('override-shown').textContent = `Shown now: ${words.levels[level]}.`
  const isUp = isRaise(values.level, seenOf(values.component))
  find('override-raise').hidden = !isUp
  find('override-lasts').hidden = values.level === 'none'
}

function valuesOf(form) {
  return Object.fromEntries(new FormData(form))
}

/** A last look; then it is signed, posted, and said so. */
async function offer(form) {
  if (shown === null) await renewShown()
  if (pair === null) {
    find('key-file').focus()
    return complain('Choose your key file first: posts are signed with it.', find('key-file'))
  }
  const statement = statementOf(form.dataset.kind, valuesOf(form), {
    components: chosenIn(form),
    levelOf,
    nowMs: now(),
    seenOf,
  })
  const by = pair
  const id = await confirm(statement, by, { words, shown }, poster(statement, by))
  if (id === null) return await renewShown()
  form.reset()
  form.closest('details').open = false
  setTimeout(() => void renewPage(), RENDER_MS)
  say('Posted. It is on the disk of this site, and the other sites fetch it within seconds.', id)
  await renewShown()
}

/**
 * Posts when called. Where no answer came the very same envelope goes again, so that nothing is said
 * twice; where it was refused it is signed anew, still in knowledge of no more than what was shown.
 */
function poster(statement, by) {
  let unsure = null
  return async () => {
    const text = recordText({
      plane: shown.plane,
      author: by.id,
      atMs: Math.round(now()),
      order: shown.orderMax + 1,
      nonce: newNonce(),
      statement,
    })
    const envelope = unsure ?? (await seal('record', text, by))
    unsure = envelope
    try {
      return await post(envelope, idOf)
    } catch (error) {
      if (!(error instanceof NoAnswer)) unsure = null
      throw error
    }
  }
}

async function idOf({ text }) {
  const bytes = new Uint8Array(
    await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)),
  )
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

async function guard(act) {
  complain(null, null)
  try {
    await act()
  } catch (error) {
    if (error instanceof NoAnswer) showUnreached()
    const form = document.querySelector('details[open] form[data-kind]')
    const field = error.field ?? null
    const at = field === null ? null : (form?.querySelector(`[name="${field}"]`) ?? find(field))
    complain(error.message, at)
  }
}

/** At the field that it is about, for those who see and those who hear; null takes it away. */
function complain(message, at) {
  for (const field of document.querySelectorAll('[aria-invalid]')) {
    field.removeAttribute('aria-invalid')
    field.removeAttribute('aria-errormessage')
  }
  const trouble = find('trouble')
  trouble.textContent = message ?? ''
  trouble.hidden = message === null
  if (message === null) return
  if (at === null) {
    find('home').append(trouble)
    trouble.focus()
    return
  }
  at.setAttribute('aria-invalid', 'true')
  at.setAttribute('aria-errormessage', 'trouble')
  const place = at.closest('p, fieldset') ?? at
  place.after(trouble)
  at.focus()
}

function say(message, id = null) {
  const news = find('news')
  news.textContent = message
  news.hidden = false
  if (id === null) return
  const link = document.createElement('a')
  link.href = '/'
  link.textContent = 'See the page'
  news.append(' ', link, '. ', `Its id is ${id.slice(0, 8)}.`)
  news.focus()
}
