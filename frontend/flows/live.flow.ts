import { expect } from 'vitest'
import { flow } from './lib/flow'
import { rate } from './lib/recorder'

flow('live plays', async ({ open }) => {
  const screen = await open()
  await expect.poll(async () => (await screen.seen())?.live).toBe(true)
  const first = await screen.now()
  const later = await screen.rises(first, 3 * rate)
  // Numbers and the burnt-in clock go together, and the page tells the time of the very picture.
  expect(later.frame - first.frame).toBe(Math.round(((later.wall - first.wall) * rate) / 1000))
  expect(Math.abs(later.shown - later.wall)).toBeLessThan(250)
  console.log(`live: the picture on the screen is ${Date.now() - (await screen.now()).wall} ms old`)
})
