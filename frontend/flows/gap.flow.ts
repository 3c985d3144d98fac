import { expect } from 'vitest'
import { flow } from './lib/flow'
import { exact, goTo, momentOf, spanOf } from './lib/moments'
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
  const axis = screen.page.getByRole('slider', { name: 'Timeline' })
  const [from, until] = [Date.parse((await spanOf(recorder, 1)).to.time), Date.parse((await spanOf(recorder, 2)).from.time)]
  await screen.button('Fit all').click()
  const box = await axis.boundingBox()
  if (!box) throw new Error('there is no timeline')
  // Where on the axis that is is asked of the tip, which says what lies under the pointer.
  const said = async (x: number) => {
    await screen.page.mouse.move(box.x + x, box.y + box.height * 0.6)
    await screen.painted()
    return screen.page.evaluate(() => document.querySelector('.tip')?.textContent?.toLowerCase() ?? '')
  }
  const span = Number(await axis.getAttribute('aria-valuemax')) - Number(await axis.getAttribute('aria-valuemin'))
  const guess = (((from + until) / 2000 - Number(await axis.getAttribute('aria-valuemin'))) / span) * box.width
  let hit = -1
  await expect
    .poll(async () => {
      for (let d = 0; d < 80 && hit < 0; d += 4) for (const x of [guess - d, guess + d]) if ((await said(x)).includes('switched off')) hit = x
      return hit
    })
    .toBeGreaterThan(0)
  await screen.page.mouse.click(box.x + hit, box.y + box.height * 0.6)
  await expect.poll(async () => ((await screen.seen())?.wall ?? 0) >= until - 100).toBe(true)
  const s = await screen.rests()
  exact(s)
  expect(s.wall - until).toBeLessThan(200)
  await expect.poll(() => screen.page.locator('.timeline .note').innerText()).toContain('switched off')
})
