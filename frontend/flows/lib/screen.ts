// What a person sees of the page, and does on it.

import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { lumaOf, readNumbers, square, wallOf } from './numbers'

/** Seen is the picture that stands, and what the page says of it. */
export interface Seen {
  frame: number // burnt into the picture
  wall: number // when it was taken, ms since 1970, burnt in
  shown: number // the time that the page says it is of, ms since 1970
  live: boolean
}

export class Screen {
  constructor(
    readonly page: Page,
    private readonly address: () => string,
  ) {}

  /** open loads the page, as in open('?kiosk'), and waits for a picture. */
  async open(search = ''): Promise<this> {
    await this.page.goto(`${this.address()}/${search}`)
    await expect.poll(() => this.seen()).not.toBeNull()
    return this
  }

  /** seen reads what is on the screen now; null: there is no picture that can be read. */
  async seen(): Promise<Seen | null> {
    const got = await this.page.evaluate(() => {
      const [video, canvas] = [document.querySelector('video'), document.querySelector<HTMLCanvasElement>('.picture canvas')]
      const from = canvas && !canvas.hidden ? canvas : video
      if (!from) return null
      const [width, height] = from instanceof HTMLVideoElement ? [from.videoWidth, from.videoHeight] : [from.width, from.height]
      const low = 2 * (Math.floor(width / 40) & ~1) // the rows that hold the numbers
      if (low === 0 || (from instanceof HTMLVideoElement && from.readyState < 2)) return null
      const c = new OffscreenCanvas(width, low).getContext('2d')
      c?.drawImage(from, 0, height - low, width, low, 0, 0, width, low)
      const pixels = c?.getImageData(0, 0, width, low).data ?? new Uint8ClampedArray()
      return {
        width,
        pixels: Array.from(pixels, (v) => String.fromCharCode(v)).join(''),
        shown: Date.parse(document.querySelector('.facts time')?.getAttribute('datetime') ?? ''),
        live: document.querySelector('.facts button[aria-keyshortcuts=End], .kiosk nav button[aria-pressed]')?.getAttribute('aria-pressed') === 'true',
      }
    })
    if (!got) return null
    const n = readNumbers(lumaOf(Uint8Array.from(got.pixels, (c) => c.charCodeAt(0))), got.width, 2 * square(got.width))
    return n && { frame: n.frame, wall: wallOf(n.wall, Date.now()), shown: got.shown, live: got.live }
  }

  /** now is seen, waited for: while a picture is exchanged there may be none. */
  async now(): Promise<Seen> {
    let s: Seen | null = null
    await expect.poll(async () => (s = await this.seen())).not.toBeNull()
    return s as unknown as Seen
  }

  /** rises waits until later pictures than that stand, and gives the one that does. */
  async rises(than: Seen, frames = 1): Promise<Seen> {
    let s = than
    await expect.poll(async () => (s = (await this.seen()) ?? s).wall - than.wall).toBeGreaterThanOrEqual((frames - 0.5) * (1000 / 30))
    return s
  }

  /** rests waits until the same picture stands and the page has nothing under way. */
  async rests(): Promise<Seen> {
    let before = ''
    let s: Seen | null = null
    await expect
      .poll(async () => {
        const busy = await this.page.locator('.busy').count()
        s = await this.seen()
        const now = JSON.stringify(s)
        const same = s !== null && busy === 0 && now === before
        before = now
        return same
      })
      .toBe(true)
    return s as unknown as Seen
  }

  /** pause stops the picture by its key, and gives the one that then stands. */
  async pause(): Promise<Seen> {
    if ((await this.button('Play').count()) === 0) await this.page.keyboard.press('k')
    await this.button('Play').waitFor()
    return this.rests()
  }

  async play() {
    if ((await this.button('Pause').count()) === 0) await this.page.keyboard.press('k')
    await this.button('Pause').waitFor()
  }

  press = (key: string) => this.page.keyboard.press(key)
  button = (name: string) => this.page.getByRole('button', { name, exact: true })

  /** goes to a moment as a person types it, and waits for its picture. */
  async type(text: string) {
    await this.press('g')
    const dialog = this.page.getByRole('dialog')
    await dialog.getByRole('textbox').fill(text)
    await dialog.getByRole('button', { name: 'Go', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
  }

  /** says is what the status line says. */
  says = () => this.page.locator('.facts p[role=status]').innerText()

  /** spoken are the captions on the picture. */
  spoken = () => this.page.locator('.captions').allInnerTexts()
}
