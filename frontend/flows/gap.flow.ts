import { expect } from 'vitest'
import { flow } from './lib/flow'
import { closeUp, exact, goTo, momentOf, spanOf } from './lib/moments'
import { rate } from './lib/recorder'

flow('playing over a gap', async ({ open, recorder }) => {
  const screen = await open()
  await screen.pause()
  const [before, behind] = [await spanOf(recorder, 1), await spanOf(recorder, 2)]
  const s = await goTo(screen, new Date(Math.floor(Date.parse(before.to.time) / 1000) * 1000 - 3000))
  expect(s.frame).toBeGreaterThan(15 * rate)
  await screen.play()
  // All pictures of the one run, then those of the other, each with its own true time.
  let last = s
  await expect
    .poll(async () => {
      const now = await screen.seen()
      if (!now) return false
      if (now.wall < Date.parse(before.to.time) + 100) last = now
      expect(Math.abs(now.shown - now.wall)).toBeLessThan(250)
      return now.wall >= Date.parse(behind.from.time)
    })
    .toBe(true)
  expect(Date.parse(before.to.time) - last.wall).toBeLessThan(700)
  await expect.poll(() => screen.says()).toMatch(/^Passed over .* without recording: switched off\.$/)
  const first = await screen.pause()
  exact(first)
  expect(first.frame).toBeLessThan(8 * rate)
  // And back over it, in recorded time.
  for (let i = 0; i < 9; i++) await screen.press('ArrowLeft')
  await expect.poll(async () => ((await screen.seen())?.wall ?? Infinity) < Date.parse(before.to.time)).toBe(true)
  exact(await screen.rests())
})

flow('a click in a gap goes to what was recorded next', async ({ open, recorder }) => {
  const screen = await open()
  await screen.pause()
  await goTo(screen, await momentOf(recorder, 1, 15))
  const [from, until] = [Date.parse((await spanOf(recorder, 1)).to.time), Date.parse((await spanOf(recorder, 2)).from.time)]
  const place = await closeUp(screen)
  // The tip tells whole seconds; where exactly the gap lies its words tell. The view may move meanwhile.
  const over = async (x: number, y: number) => {
    await screen.page.mouse.move(x, y)
    await screen.painted()
    return screen.page.evaluate(() => document.querySelector('.tip')?.textContent?.includes('switched off') ?? false)
  }
  let hit: { x: number; y: number } | null = null
  await expect
    .poll(async () => {
      const [a, b] = [await place(from), await place(until)]
      for (let x = a.x - 40; x < b.x + 40; x += 2) if ((await over(x, a.y)) && (await over(x + 4, a.y))) return (hit = { x: x + 2, y: a.y })
      return null
    })
    .not.toBeNull()
  const { x, y } = hit as unknown as { x: number; y: number }
  await screen.page.mouse.click(x, y)
  await expect.poll(() => screen.page.locator('.timeline .note').innerText()).toContain('switched off')
  await expect.poll(async () => ((await screen.seen())?.wall ?? 0) >= until - 100).toBe(true)
  const s = await screen.rests()
  exact(s)
  expect(s.wall - until).toBeLessThan(200)
})
