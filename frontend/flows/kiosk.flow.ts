import { expect } from 'vitest'
import { flow } from './lib/flow'
import { rate } from './lib/recorder'

flow('a kiosk goes back 10 s, and to live by its button', async ({ open }) => {
  const screen = await open({ search: '?kiosk' })
  const s = await screen.rises(await screen.now(), rate)
  expect(s.live).toBe(true)
  await screen.button('10 s back').click()
  await expect.poll(async () => ((await screen.seen())?.wall ?? Infinity) - s.wall).toBeLessThan(-5000)
  expect((await screen.now()).live).toBe(false)
  await screen.rises(await screen.now(), rate)
  await screen.button('Live').click()
  await expect.poll(async () => (await screen.now()).wall - s.wall).toBeGreaterThan(0)
  expect((await screen.now()).live).toBe(true)
})

flow('a kiosk that nobody touches returns to live', async ({ open }) => {
  const screen = await open({ search: '?kiosk', ready: (s) => s.page.clock.install() })
  const s = await screen.rises(await screen.now(), rate)
  await screen.button('10 s back').click()
  await expect.poll(async () => (await screen.seen())?.live).toBe(false)
  await screen.page.clock.fastForward(55_000)
  expect((await screen.now()).live).toBe(false)
  await screen.page.clock.fastForward(6000)
  await expect.poll(async () => (await screen.seen())?.live).toBe(true)
  await expect.poll(async () => (await screen.now()).wall - s.wall).toBeGreaterThan(0)
})
