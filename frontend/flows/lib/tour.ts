// Every screen of the page, and how a person gets to it and away again.

import type { Locator, Page } from 'playwright-core'

export interface Stop {
  name: string
  to: (p: Page) => Promise<unknown>
  away?: (p: Page) => Promise<unknown>
}

const escape = async (p: Page) => {
  await p.keyboard.press('Escape')
  await p.locator('dialog[open], .sheet').waitFor({ state: 'detached' })
}
const tab = (n: number) => (p: Page) => p.getByRole('tab').nth(n).click()
const view = (n: number) => (p: Page) => p.locator('header nav button').nth(n).click()
const opened = (p: Page) => p.locator('dialog[open], .sheet').waitFor()
const dialog = (name: string, press: (p: Page) => Promise<unknown>): Stop => ({ name, to: async (p) => (await press(p), opened(p)), away: escape })
const click = (of: (p: Page) => Locator) => (p: Page) => of(p).click()

/** tour goes through a page that is live; each stop finds what the one before it left. */
export const tour: Stop[] = [
  { name: 'live', to: async () => undefined },
  { name: 'past', to: async (p) => (await p.keyboard.press('j'), p.locator('button[aria-keyshortcuts=End][aria-pressed=false]').waitFor()) },
  { name: 'search', to: async (p) => (await p.locator('[data-search]').first().fill('음악'), p.locator('[role=tabpanel] mark').first().waitFor()), away: (p) => p.locator('[data-search]').first().fill('') },
  { name: 'sessions', to: tab(1) },
  dialog('delete', click((p) => p.locator('[role=tabpanel] .more .icons button:last-child:not([disabled])').last())),
  { name: 'bookmarks', to: tab(2) },
  { name: 'save', to: tab(3) },
  { name: 'settings', to: async (p) => (await tab(4)(p), p.locator('.settings summary').waitFor()) },
  { name: 'all settings', to: async (p) => (await p.locator('.settings summary').click(), p.locator('.settings details .field').first().scrollIntoViewIfNeeded()), away: tab(0) },
  dialog('go to', click((p) => p.locator('button.goTo'))),
  dialog('keys', (p) => p.keyboard.press('?')),
  dialog('step', click((p) => p.locator('.left .menu > button').nth(0))),
  dialog('speed', click((p) => p.locator('.left .menu > button').nth(1))),
  dialog('caption style', click((p) => p.locator('.right .menu > button'))),
  dialog('record', click((p) => p.locator('.record .begin'))),
  dialog('stop', click((p) => p.locator('.record .plain'))),
  { name: 'recorder', to: async (p) => (await view(1)(p), p.locator('.recorder').waitFor()), away: view(0) },
]

/** overflow names what is wider than its place: the page itself, and what is cut off. */
export const overflow = (p: Page) =>
  p.evaluate(() => {
    const found: string[] = []
    const root = document.documentElement
    if (root.scrollWidth > innerWidth) found.push(`the page: ${root.scrollWidth} > ${innerWidth}`)
    for (const e of document.querySelectorAll<HTMLElement>('body *')) {
      if (!e.checkVisibility() || e.closest('.offscreen, svg') || ['SELECT', 'INPUT', 'OPTION', 'VIDEO'].includes(e.tagName)) continue
      const r = e.getBoundingClientRect()
      const over = getComputedStyle(e).overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1
      const out = r.width > 0 && r.right > innerWidth + 1 && getComputedStyle(e).position !== 'fixed'
      // A control is seen whole: nothing that stands beside its box covers it.
      const box = e.matches('button, a') ? e.closest<HTMLElement>('.theatre, .side, header, dialog') : null
      const beyond = box !== null && r.width > 0 && r.right > box.getBoundingClientRect().right + 1
      if (over || out || beyond) found.push(`${e.tagName.toLowerCase()}.${e.className} ${e.getAttribute('aria-label') ?? ''}: ${Math.round(r.right)}, ${e.scrollWidth} in ${e.clientWidth}`)
    }
    return found
  })

/** small names the controls of less than 44 px, which a finger misses. */
export const small = (p: Page) =>
  p.evaluate(() => {
    const found: string[] = []
    for (const e of document.querySelectorAll<HTMLElement>('button, select, summary, a.button, [role=tab], input:not([type=range])')) {
      if (!e.checkVisibility({ visibilityProperty: true })) continue
      const area = (e.matches('input[type=radio], input[type=checkbox], input[type=file]') && e.closest<HTMLElement>('label')) || e
      const r = area.getBoundingClientRect()
      if (r.width > 0 && (r.height < 43.5 || r.width < 23.5)) found.push(`${e.tagName.toLowerCase()}.${e.className} ${e.getAttribute('aria-label') ?? e.textContent?.trim().slice(0, 30)}: ${Math.round(r.width)} × ${Math.round(r.height)}`)
    }
    return found
  })
