import { expect } from 'vitest'
import { flow } from './lib/flow'
import { lumaOf, readNumbers, square, wallOf } from './lib/numbers'
import { exact, goTo, momentOf, spanOf } from './lib/moments'
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
  const run = await spanOf(recorder, 1)
  await screen.button('Fit all').click()
  const axis = await screen.page.getByRole('slider', { name: 'Timeline' }).boundingBox()
  if (!axis) throw new Error('there is no timeline')
  const y = axis.y + axis.height * 0.6
  const at = async (x: number): Promise<number> => {
    await screen.page.mouse.move(axis.x + x, y, { steps: 4 })
    const [day, clock] = [await screen.page.locator('.tip .day').innerText(), await screen.page.locator('.tip strong').innerText()]
    return Date.parse(`${day} ${clock} UTC`)
  }
  await screen.page.mouse.move(axis.x + axis.width / 2, y)
  await screen.page.mouse.down()
  const taken: number[] = []
  let goal = 0
  for (const part of [0.1, 0.05, 0.15]) {
    // Parts of what is seen; the first run is the first of the whole.
    goal = await at(axis.width * part)
    if (goal < Date.parse(run.from.time) || goal > Date.parse(run.to.time) - 1000) continue
    // The key frame at or before the moment.
    await expect.poll(async () => Math.abs(((await preview(screen)) ?? 0) - goal)).toBeLessThan(2200)
    taken.push(goal)
    expect((await screen.now()).frame, 'the old picture stays until it is dropped').toBe(old.frame)
  }
  expect(taken.length).toBeGreaterThan(0)
  const x = axis.width * 0.05
  goal = await at(x)
  await screen.page.mouse.up()
  await expect.poll(async () => Math.abs(((await screen.seen())?.wall ?? 0) - goal)).toBeLessThan(1100)
  exact(await screen.rests())
  await screen.play()
  await screen.rises(await screen.now(), rate)
})
