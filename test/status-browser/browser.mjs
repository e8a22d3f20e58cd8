// Debian's Chromium, driven; and what of every page is looked at: rules of accessibility, no page wider
// than its window, nothing that the browser complained of.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
/** These fail a run; the others are told. */
const GRAVE = ['serious', 'critical']
const PICTURE_SIZE_BYTES_MAX = 200 * 1024
const STEP_MS_MAX = 30_000

/** How readers look at a page. */
export const LOOKS = {
  light: { colorScheme: 'light', viewport: { width: 1000, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1000, height: 900 } },
  phone: { colorScheme: 'light', viewport: { width: 360, height: 780 }, isMobile: true },
  'phone, dark': { colorScheme: 'dark', viewport: { width: 360, height: 780 }, isMobile: true },
}

/** Null: there is none here. */
export function findChromium() {
  const named = process.env.HOLDFAST_CHROMIUM
  return (named === undefined ? PROGRAMS : [named]).find((path) => existsSync(path)) ?? null
}

export class Browser {
  #browser
  #axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  #picturesFolder
  #say
  /** What the browser complained of since it was last looked at. */
  #complaints = []

  static async open({ picturesFolder, program, say }) {
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const browser = await chromium.launch({ executablePath: program, args, timeout: 120_000 })
    return new Browser(browser, picturesFolder, say)
  }

  constructor(browser, picturesFolder, say) {
    this.#browser = browser
    this.#picturesFolder = picturesFolder
    this.#say = say
  }

  get version() {
    return this.#browser.version()
  }

  async close() {
    await this.#browser.close()
  }

  /** A person's browser, with a memory of its own. */
  async person(look = 'light', options = {}) {
    const context = await this.#browser.newContext({ ...LOOKS[look], ...options })
    context.setDefaultTimeout(STEP_MS_MAX)
    const page = await context.newPage()
    page.on('pageerror', (error) => this.#complaints.push(`${page.url()}: ${error.message}`))
    page.on('console', (message) => {
      // An answer that is no 2xx is told too: cases look at those themselves.
      const isAnswer = message.text().startsWith('Failed to load resource')
      if (message.type() === 'error' && !isAnswer) {
        this.#complaints.push(`${page.url()}: ${message.text()}`)
      }
    })
    return page
  }

  /** Looks at what `page` shows now in every way in which readers may look at it. */
  async examine(page, name) {
    const findings = []
    const viewport = page.viewportSize()
    for (const [look, { colorScheme, viewport }] of Object.entries(LOOKS)) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize(viewport)
      findings.push(...(await this.#axeFindings(page)).map((finding) => `${look}: ${finding}`))
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      if (wide > 0) findings.push(`${look}: ${wide} pixels wider than its window`)
    }
    await page.emulateMedia({ colorScheme: null })
    await page.setViewportSize(viewport)
    findings.push(...this.#complaints.splice(0))
    assert.deepEqual(findings, [], name)
  }

  /** One for the documentation: the page's upper end, or what its window shows. */
  async picture(page, name, heightMax = null) {
    const path = join(this.#picturesFolder, `${name}.png`)
    const options = { path, animations: 'disabled' }
    if (heightMax === null) await page.screenshot(options)
    else {
      const [width, height] = await page.evaluate(() => [
        innerWidth,
        document.documentElement.scrollHeight,
      ])
      const clip = { x: 0, y: 0, width, height: Math.min(height, heightMax) }
      await page.screenshot({ ...options, fullPage: true, clip })
    }
    const sizeBytes = statSync(path).size
    assert.ok(sizeBytes < PICTURE_SIZE_BYTES_MAX, `${path} has ${sizeBytes} bytes`)
  }

  /** That what `examine` looks for is found where it is. */
  async examineBad() {
    const page = await this.person()
    await page.setContent(
      '<html lang="en"><title>x</title><main><h1>x</h1><p style="color:#999">Pale.</p>' +
        '<img src="data:,"><p style="width:2000px">Wide.</p></main></html>',
    )
    const error = await this.examine(page, 'bad').catch((error) => error)
    await page.context().close()
    const found = ['color-contrast', 'image-alt', 'pixels wider']
    for (const name of found) assert.ok(error?.message.includes(name), `${name} is found`)
  }

  /** Runs axe; answers what is serious, tells the rest. */
  async #axeFindings(page) {
    await page.evaluate(this.#axe)
    const { passes, violations } = await page.evaluate(
      async () => await globalThis.axe.run(document),
    )
    assert.ok(passes.length > 10, 'axe looked at something')
    const told = violations.map(({ help, id, impact, nodes }) => {
      const where = nodes.map(({ target }) => target.join(' ')).slice(0, 4)
      return {
        isGrave: GRAVE.includes(impact),
        text: `${impact} ${id}: ${help} (${where.join('; ')})`,
      }
    })
    for (const { isGrave, text } of told) if (!isGrave) this.#say(`axe     ${page.url()}: ${text}`)
    return told.filter(({ isGrave }) => isGrave).map(({ text }) => text)
  }
}
