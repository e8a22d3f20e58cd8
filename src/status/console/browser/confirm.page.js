// The last look at what is about to be signed: a dialog that shows all of it, and stays until it is posted
// or given up.

const find = (id) => document.getElementById(id)

/** @returns what `post` gives; null where it was given up. What `post` throws is told here. */
export function confirm(statement, by, { words, shown }, post) {
  const dialog = find('confirm')
  const yes = find('confirm-yes')
  const trouble = find('confirm-trouble')
  find('confirm-what').replaceChildren(...rowsOf(statement, words, shown).flatMap(pairOf))
  find('confirm-by').textContent = by.name ?? `the key ${by.id.slice(0, 8)}`
  trouble.hidden = true
  yes.disabled = false
  dialog.showModal()
  yes.focus()
  return new Promise((resolve) => {
    const closing = new AbortController()
    const on = (target, event, act) =>
      target.addEventListener(event, act, { signal: closing.signal })
    let posted = null
    const go = async () => {
      yes.disabled = true
      trouble.hidden = true
      try {
        posted = await post()
        dialog.close()
      } catch (error) {
        const next =
          error.name === 'NoAnswer' ? ' It may have been taken; to post again is safe.' : ''
        trouble.textContent = `${error.message}${next}`
        trouble.hidden = false
        yes.disabled = false
        yes.focus()
      }
    }
    on(yes, 'click', () => void go())
    // While it is on its way, whoever closes the dialog would not learn what became of it.
    on(find('confirm-no'), 'click', () => {
      if (!yes.disabled) dialog.close()
    })
    on(dialog, 'cancel', (event) => {
      if (yes.disabled) event.preventDefault()
    })
    on(dialog, 'close', () => {
      closing.abort()
      resolve(posted)
    })
  })
}

function pairOf([term, value]) {
  const dt = document.createElement('dt')
  const dd = document.createElement('dd')
  dt.textContent = term
  dd.textContent = value
  return [dt, dd]
}

function rowsOf(statement, words, shown) {
  const { kind } = statement
  const rows = [['What', words.kinds[kind]]]
  const about = [...shown.incidents, ...shown.maintenances].find(({ id }) => {
    return id === statement.incident || id === statement.maintenance
  })
  if (about !== undefined) rows.push(['Of', about.title])
  if (statement.title !== undefined) rows.push(['Title', statement.title])
  if (statement.state !== undefined) rows.push(['State', words.states[statement.state]])
  if (statement.text !== undefined) rows.push(['Text', statement.text])
  if (kind === 'override') rows.push(...overrideRows(statement, words))
  if (kind === 'maintenance') {
    rows.push(['From', timeOf(statement.startMs)], ['Until', timeOf(statement.endMs)])
    rows.push(['Components', statement.components.map((id) => words.components[id]).join('; ')])
  }
  if (statement.affected === null) rows.push(['Affected', 'as before'])
  else if (statement.affected !== undefined) {
    rows.push(['Affected', affectedText(statement.affected, words)])
  }
  return rows
}

/** What the level does, as it is signed. */
function showsText(over, words) {
  return over === null
    ? 'at least this level; what machines see worse is shown all the same'
    : `this level in place of what machines see, but not while they see worse than: ${words.levels[over]}`
}

function overrideRows({ component, level, over, reason, untilMs }, words) {
  return [
    ['Component', words.components[component]],
    ['Level', level === null ? 'what machines see counts again' : words.levels[level]],
    ...(level === null ? [] : [['Shows', showsText(over, words)]]),
    ['Reason', reason === '' ? 'none' : reason],
    ['Until', untilMs === null ? 'somebody ends it' : timeOf(untilMs)],
  ]
}

/** A line a level: eighteen components that are down are said in one breath. */
function affectedText(affected, words) {
  if (affected.length === 0) return 'nothing'
  return [...new Set(affected.map(({ level }) => level))]
    .map((level) => {
      const named = affected.filter((each) => each.level === level)
      const names = named.map(({ component }) => words.components[component])
      return `${words.levels[level]} (${names.length}): ${names.join('; ')}`
    })
    .join('\n')
}

/** Of this computer's zone and of UTC, as the page has it. */
function timeOf(atMs) {
  const date = new Date(atMs)
  return `${date.toLocaleString()} (${date.toISOString().slice(0, 16).replace('T', ' ')} UTC)`
}
