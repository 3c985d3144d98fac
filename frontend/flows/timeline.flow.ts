import { expect } from 'vitest'
import { flow } from './lib/flow'
import { lumaOf, readNumbers, square, wallOf } from './lib/numbers'
import { closeUp, exact, goTo, momentOf, tip } from './lib/moments'
import { rate } from './lib/recorder'
import type { Screen } from './lib/screen'

/** preview reads the picture above the pointer: when it was taken. */
async function preview(screen: Screen): Promise<number | null> {
  const got = await screen.page.evaluate(() => {
    const c = document.querySelector<HTMLCanvasElement>('.tip canvas')
    const low = c ? 2 * (Math.floor(c.width / 40) & ~1) : 0
    if (!c || low === 0) return null
    return { width: c.width, pixels: Array.from(c.getContext('2d')?.getImageData(0, c.height - low, c.width, low).data ?? []) }
  })
  const n = got && readNumbers(lumaOf(Uint8Array.from(got.pixels)), got.width, 2 * square(got.width))
  return n ? wallOf(n.wall, Date.now()) : null
}

flow('scrubbing shows previews, and the picture when it is dropped', async ({ open, recorder }) => {
  const screen = await open()
  await screen.pause()
  const old = await goTo(screen, await momentOf(recorder, 2, 12))
  const place = await closeUp(screen)
  const goals = [3, 10, 6].map(async (seconds) => (await momentOf(recorder, 2, seconds)).getTime() + 500)
  const places = []
  for (const goal of goals) places.push(await place(await goal))
  await screen.page.mouse.move(places[0]?.x ?? 0, places[0]?.y ?? 0)
  await screen.page.mouse.down()
  let goal = 0
  for (const { x, y } of places) {
    await screen.page.mouse.move(x, y, { steps: 4 })
    await screen.painted()
    goal = await tip(screen)
    // The key frame at or before the moment, which the tip tells in whole seconds.
    await expect.poll(async () => Math.abs(((await preview(screen)) ?? 0) - goal)).toBeLessThan(2200)
    expect((await screen.now()).frame, 'the old picture stays until it is dropped').toBe(old.frame)
  }
  await screen.page.mouse.up()
  await expect.poll(async () => Math.abs(((await screen.seen())?.wall ?? 0) - goal)).toBeLessThan(1100)
  exact(await screen.rests())
  await screen.play()
  await screen.rises(await screen.now(), rate)
})
