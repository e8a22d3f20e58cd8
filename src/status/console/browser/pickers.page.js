// Chooses components: a list of all, by cell, with what the page shows of each now.

const ILL = ['degraded', 'partial-outage', 'major-outage']

/** Puts the list into every form that has a place for it. */
export function fillPickers() {
  const template = document.getElementById('picker')
  for (const place of document.querySelectorAll('[data-picker]')) {
    place.append(template.content.cloneNode(true))
    const boxes = [...place.querySelectorAll('input[type="checkbox"]')]
    const set = (isChosen) => {
      for (const box of boxes) {
        const isShown = !box.closest('label').hidden
        if (isShown) box.checked = isChosen(box)
      }
      place.dispatchEvent(new Event('change', { bubbles: true }))
    }
    place.querySelector('[data-all]').addEventListener('click', () => set(() => true))
    place.querySelector('[data-none]').addEventListener('click', () => set(() => false))
    place.querySelector('[data-ill]').addEventListener('click', () => {
      set((box) => ILL.includes(box.dataset.level))
    })
    const search = place.querySelector('input[type="search"]')
    search.addEventListener('input', () => narrow(place, search.value))
    search.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') event.preventDefault() // it posts nothing
    })
    place.closest('form').addEventListener('reset', () => narrow(place, ''))
  }
}

export function chosenIn(form) {
  return [...form.querySelectorAll('[data-picker] input[type="checkbox"]:checked')].map(
    ({ value }) => value,
  )
}

export function countChosen(form) {
  const count = form.querySelector('[data-count]')
  const text = `${chosenIn(form).length} chosen`
  if (count !== null && count.textContent !== text) count.textContent = text
}

/** What the page shows of each now. */
export function showLevels(levelOf, labels) {
  for (const box of document.querySelectorAll('[data-picker] input[type="checkbox"]')) {
    const level = levelOf(box.value)
    if (box.dataset.level === level) continue
    box.dataset.level = level
    const mark = box.parentElement.querySelector('.lv')
    mark.className = `lv ${level}`
    mark.textContent = labels[level]
  }
}

/** Shows what has all of the words in its name or its cell's. */
function narrow(place, typed) {
  const words = typed.toLowerCase().split(/\s+/)
  for (const group of place.querySelectorAll('fieldset fieldset')) {
    const title = group.querySelector('legend').textContent.toLowerCase()
    let isAny = false
    for (const label of group.querySelectorAll('label')) {
      const name = `${title} ${label.textContent.toLowerCase()} ${label.querySelector('input').value}`
      const isShown = words.every((word) => name.includes(word))
      label.hidden = !isShown
      isAny ||= isShown
    }
    group.hidden = !isAny
  }
}
