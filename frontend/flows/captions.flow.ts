import { expect } from 'vitest'
import { flow } from './lib/flow'
import { goTo, momentOf } from './lib/moments'

const words = ['날씨', '음악'] // of the demo source, at 5 s and at 15 s of each run

flow('captions stand when they are spoken', async ({ open, recorder }) => {
  const screen = await open()
  await screen.pause()
  const captions = (await recorder.captions()).slice(0, 4)
  expect(captions.map((c) => c.text)).toEqual([...words, ...words])
  for (const c of captions) {
    const [start, end] = [Date.parse(c.start.time), Date.parse(c.end.time)]
    // A picture in the middle of the word, and whole seconds well before and behind it.
    await goTo(screen, new Date(Math.floor(start / 1000) * 1000 - 2000))
    await expect.poll(() => screen.spoken()).toEqual([''])
    for (let i = 0; i < 90 && (await screen.now()).shown < (start + end) / 2; i++) {
      const before = await screen.now()
      await screen.press('.')
      await expect.poll(async () => (await screen.now()).frame).toBe(before.frame + 1)
    }
    await expect.poll(() => screen.spoken()).toEqual([c.text])
  }
})

flow('captions shown or hidden is remembered', async ({ open, recorder }) => {
  const screen = await open()
  await screen.pause()
  const [c] = await recorder.captions()
  if (!c) throw new Error('there are no captions')
  await goTo(screen, new Date(Math.round((Date.parse(c.start.time) + Date.parse(c.end.time)) / 2000) * 1000))
  const button = screen.button('Captions')
  expect(await button.getAttribute('aria-pressed')).toBe('true')
  await screen.press('c')
  await expect.poll(() => screen.page.locator('.captions').count()).toBe(0)
  await screen.open()
  expect(await button.getAttribute('aria-pressed')).toBe('false')
  await screen.press('v')
  await expect.poll(() => button.getAttribute('aria-pressed')).toBe('true')
  await screen.open()
  expect(await button.getAttribute('aria-pressed')).toBe('true')
})

flow('the next and the previous caption', async ({ open, recorder }) => {
  const screen = await open()
  await screen.pause()
  const captions = (await recorder.captions()).slice(0, 4)
  await goTo(screen, await momentOf(recorder, 1, 1))
  const at = async (i: number) => expect.poll(async () => Math.abs((await screen.now()).shown - Date.parse(captions[i]?.start.time ?? ''))).toBeLessThan(100)
  for (const i of [0, 1, 2]) {
    await screen.press('Alt+ArrowRight')
    await at(i)
    await screen.rests()
  }
  await screen.press('Alt+ArrowLeft')
  await at(1)
})
