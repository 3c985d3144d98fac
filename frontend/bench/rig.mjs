// What the measurements stand on: a recorder with the demo picture and sound,
// and the page of it in a browser without a screen.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { chromium } from 'playwright-core'
import { inPage } from './inpage.mjs'

/** freePort asks the kernel for one. */
async function freePort() {
  const s = createServer().listen(0, '127.0.0.1')
  await once(s, 'listening')
  const { port } = s.address()
  s.close()
  await once(s, 'close')
  return port
}

/** record starts a recorder on a directory; the result has its address and ends it. */
export async function record(program, data, flags = []) {
  const port = await freePort()
  const args = ['serve', '--data', data, '--video', 'demo', '--audio', 'demo', '--http-address', `127.0.0.1:${port}`, '--rtsp-address', 'none', ...flags]
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (b) => (said = (said + b).slice(-4000)))
  const address = `http://127.0.0.1:${port}`
  const recording = async () => {
    try {
      const status = await (await fetch(`${address}/api/v1/status`)).json()
      return status.cameras?.[0]?.state === 'recording'
    } catch {
      return false
    }
  }
  for (let n = 0; !(await recording()); n++) {
    if (child.exitCode !== null || n > 300) throw new Error(`the recorder does not record:\n${said}`)
    await wait(200)
  }
  return {
    address,
    pid: child.pid,
    said: () => said,
    status: async () => (await fetch(`${address}/api/v1/status`)).json(),
    end: async () => {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

export const wait = (ms) => new Promise((f) => setTimeout(f, ms))

/** look opens a browser; browser is the program. */
export const look = (browser) =>
  chromium.launch({ executablePath: browser, args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required', '--enable-precise-memory-info'] })

/** open opens a page and waits until its picture moves. */
export async function open(browser, address, { settings = {}, size = { width: 1280, height: 800 } } = {}) {
  const page = await browser.newPage({ viewport: size, bypassCSP: true }) // the ear is a script of its own
  page.on('pageerror', (e) => console.error(`page: ${e.message}`))
  await page.addInitScript(inPage)
  await page.addInitScript((all) => {
    for (const [k, v] of Object.entries(all)) localStorage.setItem(k, v)
  }, settings)
  await page.goto(address)
  await moves(page)
  return page
}

/** moves waits until the picture has gone on for half a second. */
export async function moves(page, seconds = 0.5) {
  await page.waitForFunction(() => document.querySelector('.stage video')?.readyState > 2, null, { timeout: 30_000 })
  const from = await page.evaluate(() => document.querySelector('.stage video').currentTime)
  await page.waitForFunction(([t, s]) => Math.abs(document.querySelector('.stage video').currentTime - t) > s, [from, seconds], { timeout: 30_000, polling: 50 })
}

/** of gives the p-th part of values, 0 to 1. */
export function quantile(values, p) {
  const v = [...values].sort((a, b) => a - b)
  return v[Math.min(v.length - 1, Math.floor(v.length * p))] ?? NaN
}
