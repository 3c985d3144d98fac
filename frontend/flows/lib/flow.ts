// A flow is a test that has a recorder with a history and a browser. The
// recorder and the browser are those of the file; each flow has pages of its own.

import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions } from 'playwright-core'
import { inject, test } from 'vitest'
import { Recorder } from './recorder'
import { Screen } from './screen'

const left = fileURLToPath(new URL('../../../.cache/flows/', import.meta.url))

export interface Opening extends BrowserContextOptions {
  search?: string // of the address, as in ?kiosk
  address?: string // instead of the recorder's: that of a proxy
  context?: BrowserContext // with what a page before has kept
  ready?: (screen: Screen) => Promise<unknown> // before it is loaded
}

interface Opened {
  screen: Screen
  said: string[] // by its console
}

export interface Fixtures {
  recorder: Recorder
  browser: Browser
  /** open opens the page in a context of its own and waits for a picture. */
  open: (o?: Opening) => Promise<Screen>
}

const withAll = test.extend<Fixtures & { screens: Opened[] }>({
  recorder: [
    async ({}, use) => {
      const recorder = await Recorder.make({ data: inject('history') })
      await recorder.start()
      await use(recorder)
      await recorder.remove()
    },
    { scope: 'file' },
  ],
  browser: [
    async ({}, use) => {
      const browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
        args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
      })
      await use(browser)
      await browser.close()
    },
    { scope: 'file' },
  ],
  screens: async ({}, use) => use([]),
  open: async ({ recorder, browser, screens }, use) => {
    const contexts: BrowserContext[] = []
    await use(async ({ search, address, context, ready, ...how } = {}) => {
      const c = context ?? (await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', timezoneId: 'UTC', ...how }))
      if (!context) contexts.push(c)
      const page = await c.newPage()
      const said: string[] = []
      page.on('console', (m) => said.push(`${m.type()}: ${m.text()}`))
      page.on('pageerror', (e) => said.push(`error: ${e.stack ?? e.message}`))
      const screen = new Screen(page, () => address ?? recorder.address)
      screens.push({ screen, said })
      await ready?.(screen)
      return screen.open(search)
    })
    for (const c of contexts) await c.close()
  },
})

/** flow names one and says what is done in it. */
export function flow(name: string, does: (f: Fixtures) => Promise<void>) {
  withAll(name, async ({ recorder, browser, open, screens }) => {
    try {
      await does({ recorder, browser, open })
    } catch (e) {
      await leave(name, screens, recorder)
      throw e
    }
  })
}

/** leave keeps of a failed flow what may tell why: pictures, what the consoles said, the recorder's log. */
async function leave(name: string, screens: Opened[], recorder: Recorder) {
  await mkdir(left, { recursive: true })
  const file = left + name.replace(/[^a-z0-9]+/gi, '-')
  for (const [i, { screen, said }] of screens.entries()) {
    await screen.page.screenshot({ path: `${file}-${i + 1}.png` }).catch((e: unknown) => said.push(String(e)))
    await writeFile(`${file}-${i + 1}.log`, said.join('\n') + '\n')
  }
  await writeFile(`${file}-recorder.log`, recorder.log)
}
