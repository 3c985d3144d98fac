// Moments of the history, as a person types them, and what must be seen there.

import { expect } from 'vitest'
import type { Recorder, Timeline } from './recorder'
import type { Screen, Seen } from './screen'

type Span = Timeline['spans'][number]

/** spanOf is a run of the history. */
export async function spanOf(recorder: Recorder, run: number): Promise<Span> {
  const span = (await recorder.timeline()).spans.find((s) => s.from.position.startsWith(`${run}.`))
  if (!span) throw new Error(`there is no run ${run}`)
  return span
}

/** momentOf is a whole second, so many behind the beginning of a run. */
export async function momentOf(recorder: Recorder, run: number, seconds: number): Promise<Date> {
  return new Date(Math.ceil(Date.parse((await spanOf(recorder, run)).from.time) / 1000 + seconds) * 1000)
}

/** exact: the page tells the time that is burnt into the picture, but for a millisecond of rounding. */
export const exact = (s: Seen) => expect(Math.abs(s.shown - s.wall), JSON.stringify(s)).toBeLessThanOrEqual(2)

/** near waits until a picture stands that was taken within so many ms of a moment. */
export async function near(screen: Screen, t: Date, ms = 500) {
  await expect.poll(async () => Math.abs(((await screen.seen())?.wall ?? 0) - t.getTime())).toBeLessThan(ms)
}

/**
 * closeUp brings the moment of the picture and some tens of seconds around it
 * onto the timeline; the result finds where on the screen another moment lies there.
 */
export async function closeUp(screen: Screen): Promise<(t: number) => Promise<{ x: number; y: number }>> {
  const { page } = screen
  await screen.button('Fit all').click()
  const seconds = async () => {
    const [, n, unit] = /([\d.,]+) (sec|min|hr|day)/.exec(await page.locator('.timeline .zoom span').innerText()) ?? []
    return Number(n) * ({ sec: 1, min: 60, hr: 3600, day: 86_400 }[unit ?? ''] ?? NaN)
  }
  await expect
    .poll(async () => {
      if ((await seconds()) > 90) await page.getByRole('button', { name: 'Zoom in' }).click()
      return seconds()
    })
    .toBeLessThanOrEqual(90)
  return async (t) => {
    const box = await page.getByRole('slider', { name: 'Timeline' }).boundingBox()
    if (!box) throw new Error('there is no timeline')
    const y = box.y + box.height * 0.6
    let [low, high] = [0, box.width]
    while (high - low > 1) {
      const x = (low + high) / 2
      await page.mouse.move(box.x + x, y)
      await screen.painted()
      if ((await tip(screen)) < t) low = x
      else high = x
    }
    return { x: box.x + high, y }
  }
}

/** tip is the time that the timeline tells of what lies under the pointer, in ms since 1970. */
export async function tip(screen: Screen): Promise<number> {
  const text = await screen.page.evaluate(() => `${document.querySelector('.tip .day')?.textContent} ${document.querySelector('.tip strong')?.textContent} UTC`)
  return Date.parse(text)
}

/** goTo types a moment, as UTC, and waits for its picture. The page is paused and stays so. */
export async function goTo(screen: Screen, t: Date): Promise<Seen> {
  await screen.type(t.toISOString().slice(0, 19).replace('T', ' '))
  await near(screen, t)
  return screen.rests()
}
