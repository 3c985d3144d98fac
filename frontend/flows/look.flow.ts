import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { flow, type Fixtures } from './lib/flow'
import { overflow, small, tour } from './lib/tour'

// Pictures of every screen, to be looked at, and what can be said of them without looking.
const pictures = fileURLToPath(new URL('../../.cache/screens/', import.meta.url))
const heights: Record<number, number> = { 320: 640, 768: 1024, 1280: 800, 1440: 900 }

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** faults are what axe finds, a line each. */
async function faults(p: Page): Promise<string[]> {
  await p.evaluate(axe)
  const found = await p.evaluate(() => (globalThis as unknown as { axe: { run: (o: object) => Promise<AxeResults> } }).axe.run({ resultTypes: ['violations'] }))
  return found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary?.replace(/\s+/g, ' ')}`))
}

/** foreign are words of Latin letters that no name accounts for, and keys of texts. */
const foreign = (p: Page) =>
  p.evaluate(() => {
    const names = /\b(Hindsight|cam|MP4|WebVTT|SRT|ZIP|UTC|LIVE|Home|End|Shift|Ctrl|Alt|Esc|Space|Page|English|Opus|auto|ko|zh-TW|en|hindsight\.yml|GiB|MiB|min|sec|s|h|d|x|dB|RTSP|demo|Seoul|Backspace|Up|Down|[A-Z])\b/g
    const found = new Set<string>()
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const look = (text: string) => {
      const rest = text.replace(/\S*:\/\/\S+|-\d+s/g, '').replace(names, '')
      if (/[A-Za-z]{2,}/.test(rest)) found.add(text.trim())
    }
    for (let n = walk.nextNode(); n; n = walk.nextNode()) {
      const e = n.parentElement
      if (!e || e.closest('script, style, option, details, code, .said, [lang]:not(html)') || !e.checkVisibility()) continue
      look(n.textContent ?? '')
    }
    for (const e of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
      if (e.closest('details, [lang]:not(html)') || !e.checkVisibility()) continue
      for (const a of ['aria-label', 'title', 'placeholder']) look(e.getAttribute(a) ?? '')
    }
    return [...found]
  })

interface How {
  language: string
  width: number
  theme: 'light' | 'dark'
}

async function walk({ open, recorder }: Fixtures, { language, width, theme }: How, check: (p: Page, name: string) => Promise<string[]>) {
  await mkdir(pictures, { recursive: true })
  const touch = width < 1000
  const screen = await open({
    viewport: { width, height: heights[width]! },
    colorScheme: theme,
    hasTouch: touch,
    isMobile: touch,
    reducedMotion: 'reduce',
    timezoneId: 'Asia/Seoul',
    ready: (s) => s.page.addInitScript((l) => localStorage.setItem('hindsight.language', JSON.stringify(l)), language),
  })
  const found: string[] = []
  const panels = ['search', 'sessions', 'bookmarks', 'save', 'settings']
  const look = async (name: string) => {
    for (const f of [...(await overflow(screen.page)), ...(await check(screen.page, name))]) found.push(`${name}: ${f}`)
    // Not the full page: that would take the emulation of fingers away.
    if (panels.includes(name)) await screen.page.locator('.side').evaluate((e) => e.scrollIntoView())
    await screen.page.screenshot({ path: `${pictures}${language} ${width} ${theme} ${name}.png` })
  }
  for (const stop of tour) {
    await stop.to(screen.page)
    await look(stop.name)
    await stop.away?.(screen.page)
  }
  await screen.page.goto(`${recorder.address}/?kiosk`)
  await expect.poll(() => screen.seen()).not.toBeNull()
  await look('kiosk')
  expect(found).toEqual([])
}

for (const theme of ['light', 'dark'] as const) {
  for (const width of [320, 768, 1280, 1440]) {
    flow(`every screen fits ${width} px and axe finds nothing, ${theme}`, (f) => walk(f, { language: 'en', width, theme }, async (p) => [...(await faults(p)), ...(width < 1000 ? await small(p) : [])]))
  }
}

for (const language of ['zh-TW', 'ko']) {
  for (const width of [320, 1280]) {
    // The Recorder's page is not looked at for words here: names of devices and formats are most of it.
    flow(`every screen speaks ${language} and fits ${width} px`, (f) => walk(f, { language, width, theme: 'light' }, async (p, name) => (name === 'recorder' ? [] : foreign(p))))
  }
}
