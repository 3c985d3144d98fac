import { expect } from 'vitest'
import { flow } from './lib/flow'
import { exact, goTo, momentOf } from './lib/moments'
import { rate } from './lib/recorder'

flow('the recorder is killed while the past plays', async ({ open, recorder }) => {
  const screen = await open()
  await screen.pause()
  const s = await goTo(screen, await momentOf(recorder, 1, 4))
  await screen.play()
  await screen.rises(s, rate)
  await recorder.kill()
  await expect.poll(() => screen.says()).toBe('The connection is gone; trying again. It goes on at the same moment.')
  const left = await screen.rests() // what lay ready is played, then it stands
  await recorder.start()
  // It goes on right there: the next pictures are the next.
  const on = await screen.rises(left, 1)
  expect(on.frame - left.frame).toBeLessThan(3 * rate)
  const later = await screen.rises(on, 2 * rate)
  expect(later.frame - on.frame).toBe(Math.round(((later.wall - on.wall) * rate) / 1000))
  exact(await screen.pause())
})

flow('the recorder is killed while live plays', async ({ open, recorder }) => {
  const screen = await open()
  const s = await screen.rises(await screen.now(), rate)
  expect(s.live).toBe(true)
  await recorder.kill()
  await expect.poll(() => screen.says()).toContain('The connection is gone')
  await recorder.start()
  const began = Date.now()
  await expect.poll(async () => ((await screen.seen())?.wall ?? 0) - began).toBeGreaterThan(0)
  const now = await screen.now()
  expect(now.live).toBe(true)
  await screen.rises(now, rate)
})

flow('a kiosk lives through a restart', async ({ open, recorder }) => {
  const screen = await open({ search: '?kiosk' })
  await screen.rises(await screen.now(), rate)
  await recorder.kill()
  await expect.poll(() => screen.page.locator('.kiosk p[role=status]').innerText()).toContain('The connection is gone')
  await recorder.start()
  const began = Date.now()
  await expect.poll(async () => ((await screen.seen())?.wall ?? 0) - began).toBeGreaterThan(0)
  expect((await screen.now()).live).toBe(true)
  await expect.poll(() => screen.page.locator('.kiosk p[role=status]').innerText()).toBe('')
})
