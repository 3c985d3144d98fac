import { expect } from 'vitest'
import { flow } from './lib/flow'
import { exact, goTo, momentOf } from './lib/moments'
import type { Screen } from './lib/screen'

/** speed chooses one in the menu, as it is written there. */
async function speed(screen: Screen, text: string) {
  await screen.page.getByRole('button', { name: /^Speed / }).click()
  await screen.page.locator('fieldset label').getByText(text, { exact: true }).click()
  await screen.page.getByRole('button', { name: `Speed ${text}` }).waitFor()
}

/** pace is how many seconds of pictures go by in a second, over some of them. */
async function pace(screen: Screen, seconds: number): Promise<number> {
  const moved = async (than: number, by: number) => {
    let s = await screen.now()
    await expect.poll(async () => Math.abs((s = await screen.now()).wall - than)).toBeGreaterThan(by * 1000)
    return { wall: s.wall, at: performance.now() }
  }
  const first = await moved((await screen.now()).wall, 0.5)
  const last = await moved(first.wall, seconds)
  return (last.wall - first.wall) / (last.at - first.at)
}

flow('twice as fast, with every picture', async ({ open, recorder }) => {
  const screen = await open()
  await screen.pause()
  await goTo(screen, await momentOf(recorder, 1, 2))
  await speed(screen, '2×')
  await screen.play()
  const p = await pace(screen, 6)
  expect(p).toBeGreaterThan(1.3)
  expect(p).toBeLessThan(2.6)
  await screen.press('Backspace')
  await screen.page.getByRole('button', { name: 'Speed 1×' }).waitFor()
})

flow('eight times as fast', async ({ open, recorder }) => {
  const screen = await open()
  await screen.pause()
  await goTo(screen, await momentOf(recorder, 1, 1))
  await speed(screen, '8×')
  await screen.play()
  await expect.poll(() => screen.says()).toBe('At this speed only some pictures are shown, without sound.')
  expect(await pace(screen, 8)).toBeGreaterThan(3)
  await screen.press('Backspace')
  await screen.page.getByRole('button', { name: 'Speed 1×' }).waitFor()
  await screen.rises(await screen.now(), 30)
  exact(await screen.pause())
})

flow('backward, to the beginning', async ({ open, recorder }) => {
  const screen = await open()
  await screen.pause()
  await goTo(screen, await momentOf(recorder, 1, 16))
  await speed(screen, '−4×')
  await screen.play()
  const p = await pace(screen, 6)
  expect(p).toBeLessThan(-2)
  expect(p).toBeGreaterThan(-6)
  await expect.poll(() => screen.says()).toBe('This is the beginning of the recording.')
  await screen.button('Play').waitFor()
  const s = await screen.rests()
  expect(s.frame).toBeLessThan(31)
  await screen.play()
  await screen.rises(s, 30)
})
