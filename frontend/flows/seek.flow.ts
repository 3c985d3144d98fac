import { expect } from 'vitest'
import { flow } from './lib/flow'
import { exact, goTo, momentOf } from './lib/moments'
import { rate } from './lib/recorder'

flow('back 1 s and 10 s, forward again', async ({ open }) => {
  const screen = await open()
  await screen.rises(await screen.now(), rate)
  const paused = await screen.pause()
  exact(paused)
  const to = async (key: string, frames: number) => {
    await screen.press(key)
    await expect.poll(async () => (await screen.seen())?.frame).toBe(paused.frame + frames)
    exact(await screen.rests())
  }
  await to('ArrowLeft', -rate)
  await to('ArrowLeft', -2 * rate)
  await to('ArrowRight', -rate)
  await to('ArrowRight', 0)
})

flow('back 10 s while live plays', async ({ open }) => {
  const screen = await open()
  const first = await screen.rises(await screen.now(), rate)
  await screen.press('j')
  await expect.poll(async () => (await screen.seen())?.live).toBe(false)
  await expect.poll(async () => ((await screen.seen())?.wall ?? Infinity) - first.wall).toBeLessThan(-5000)
  const past = await screen.now()
  await screen.rises(past, rate)
  expect(await screen.page.locator('.behind').innerText()).toMatch(/^−/)
  await screen.press('End')
  await expect.poll(async () => (await screen.seen())?.live).toBe(true)
  await expect.poll(async () => Date.now() - ((await screen.seen())?.wall ?? 0)).toBeLessThan(5000)
  exact(await screen.pause())
})

flow('a typed time shows its picture', async ({ open, recorder }) => {
  const screen = await open()
  for (const [run, seconds] of [[1, 3], [2, 15], [1, 11]] as const) {
    const t = await momentOf(recorder, run, seconds)
    await screen.pause()
    const s = await goTo(screen, t)
    exact(s)
    // The last picture that was taken at that time or before it.
    expect(t.getTime() - s.wall).toBeGreaterThanOrEqual(-2)
    expect(t.getTime() - s.wall).toBeLessThanOrEqual(1000 / rate + 2)
    await screen.play()
    await screen.rises(s, rate)
  }
})

flow('single pictures forward and backward, over key frames', async ({ open, recorder }) => {
  const screen = await open()
  await screen.pause()
  const first = await goTo(screen, await momentOf(recorder, 1, 8))
  const read: number[] = []
  const step = async (key: string, frame: number) => {
    await screen.press(key)
    await expect.poll(async () => (await screen.seen())?.frame, { message: `after ${read}` }).toBe(frame)
    exact(await screen.rests())
    read.push(frame)
  }
  // A second and a bit each way: whatever stands at first, a key frame lies between.
  for (let i = 1; i <= rate + 5; i++) await step('.', first.frame + i)
  for (let i = rate + 4; i >= -rate; i--) await step(',', first.frame + i)
  for (let i = -rate + 1; i <= 0; i++) await step('.', first.frame + i)
})

flow('undo goes back to where one was', async ({ open, recorder }) => {
  const screen = await open()
  await screen.pause()
  const there = await goTo(screen, await momentOf(recorder, 1, 4))
  await goTo(screen, await momentOf(recorder, 2, 9))
  await screen.press('Shift+Backspace')
  await expect.poll(async () => (await screen.seen())?.wall).toBe(there.wall)
  exact(await screen.rests())
})

flow('two pages at different moments, and one that is live', async ({ open, recorder }) => {
  const [one, two, live] = [await open(), await open(), await open()]
  for (const [screen, run] of [[one, 1], [two, 2]] as const) {
    await screen.pause()
    await goTo(screen, await momentOf(recorder, run, 2))
    await screen.play()
  }
  for (const [screen, run] of [[one, 1], [two, 2]] as const) {
    const s = await screen.now()
    const later = await screen.rises(s, rate)
    expect(later.frame - s.frame).toBe(Math.round(((later.wall - s.wall) * rate) / 1000))
    expect(Math.abs(later.wall - (await momentOf(recorder, run, 2)).getTime())).toBeLessThan(16_000)
  }
  expect((await live.now()).live).toBe(true)
  await live.rises(await live.now(), rate)
})
