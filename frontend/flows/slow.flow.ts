import { afterAll, beforeAll, expect } from 'vitest'
import { flow } from './lib/flow'
import { Proxy } from './lib/proxy'
import { rate } from './lib/recorder'

const slow = 'Slow connection: only some pictures are shown, the sound goes on.'

let proxy: Proxy
let target = ''
beforeAll(async () => {
  proxy = await Proxy.open(() => target)
})
afterAll(() => proxy.close())

flow('over a slow link the picture falls to key frames, and comes back', async ({ open, recorder }) => {
  target = recorder.address
  const screen = await open({ address: proxy.address })
  await screen.rises(await screen.now(), rate)
  proxy.slow = { bits: 160_000, delay: 100 }
  await expect.poll(() => screen.says()).toBe(slow)
  // Pictures still come, key frames alone, and the sound plays on between them.
  const frames = new Set<number>()
  const played = () => screen.page.evaluate(() => document.querySelector('video')?.currentTime ?? 0)
  const more = async (n: number) => {
    frames.clear()
    await expect.poll(async () => frames.add((await screen.now()).frame).size, { timeout: 90_000 }).toBeGreaterThan(n)
  }
  await more(1)
  const from = await played()
  await expect.poll(played, { timeout: 90_000 }).toBeGreaterThan(from + 4)
  await more(2)
  proxy.slow = null
  await expect.poll(() => screen.says(), { timeout: 90_000 }).not.toBe(slow)
  await screen.rises(await screen.now(), 2 * rate)
})
