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
  const [a, b] = [await place(from), await place(until)]
  // The tip tells whole seconds; where exactly the gap lies its words tell.
  let x = a.x - 30
  for (let hit = false; x < b.x + 30 && !hit; ) {
    await screen.page.mouse.move((x += 2), a.y)
    await screen.painted()
    hit = ((await screen.page.locator('.tip').textContent()) ?? '').includes('switched off')
  }
  expect(x).toBeLessThan(b.x + 30)
  await screen.page.mouse.click(x, a.y)
  await expect.poll(() => screen.page.locator('.timeline .note').innerText()).toContain('switched off')
  await expect.poll(async () => ((await screen.seen())?.wall ?? 0) >= until - 100).toBe(true)
  const s = await screen.rests()
  exact(s)
  expect(s.wall - until).toBeLessThan(200)
})
