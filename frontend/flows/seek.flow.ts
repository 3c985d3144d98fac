import { expect } from 'vitest'
import { flow } from './lib/flow'
import { rate, type Recorder } from './lib/recorder'
import type { Seen } from './lib/screen'

/** of is a moment so many seconds behind the beginning of a run of the history, as a whole second. */
async function of(recorder: Recorder, run: number, seconds: number): Promise<Date> {
  const span = (await recorder.timeline()).spans.find((s) => s.from.position.startsWith(`${run}.`))
  if (!span) throw new Error(`there is no run ${run}`)
  return new Date(Math.ceil(Date.parse(span.from.time) / 1000 + seconds) * 1000)
}

/** typed is a moment as one types it, in UTC. */
const typed = (t: Date) => t.toISOString().slice(0, 19).replace('T', ' ')

/** exact: the page tells the time that is burnt into the picture, but for a millisecond of rounding. */
const exact = (s: Seen) => expect(Math.abs(s.shown - s.wall), JSON.stringify(s)).toBeLessThanOrEqual(2)

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
    const t = await of(recorder, run, seconds)
    await screen.pause()
    await screen.type(typed(t))
    // The last picture that was taken at that time or before it.
    await expect.poll(async () => Math.abs(((await screen.seen())?.wall ?? 0) - t.getTime())).toBeLessThan(500)
    const s = await screen.rests()
    exact(s)
    expect(t.getTime() - s.wall, typed(t)).toBeGreaterThanOrEqual(-2)
    expect(t.getTime() - s.wall, typed(t)).toBeLessThanOrEqual(1000 / rate + 2)
    await screen.play()
    await screen.rises(s, rate)
  }
})

flow('single pictures forward and backward, over key frames', async ({ open, recorder }) => {
  const screen = await open()
  await screen.pause()
  const t = await of(recorder, 1, 8)
  await screen.type(typed(t))
  await expect.poll(async () => Math.abs(((await screen.seen())?.wall ?? 0) - t.getTime())).toBeLessThan(500)
  const first = await screen.rests()
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
  const [a, b] = [await of(recorder, 1, 4), await of(recorder, 2, 9)]
  await screen.type(typed(a))
  await expect.poll(async () => Math.abs(((await screen.seen())?.wall ?? 0) - a.getTime())).toBeLessThan(500)
  const there = await screen.rests()
  await screen.type(typed(b))
  await expect.poll(async () => Math.abs(((await screen.seen())?.wall ?? 0) - b.getTime())).toBeLessThan(500)
  await screen.rests()
  await screen.press('Shift+Backspace')
  await expect.poll(async () => (await screen.seen())?.wall).toBe(there.wall)
  exact(await screen.rests())
})

flow('two pages at different moments', async ({ open, recorder }) => {
  const [one, two, live] = [await open(), await open(), await open()]
  const [a, b] = [await of(recorder, 1, 2), await of(recorder, 2, 2)]
  await one.type(typed(a))
  await two.type(typed(b))
  const near = (t: Date, s: Seen) => Math.abs(s.wall - t.getTime()) < 15_000
  for (const [screen, t] of [[one, a], [two, b]] as const) {
    await expect.poll(async () => near(t, await screen.now())).toBe(true)
    const s = await screen.now()
    const later = await screen.rises(s, 2 * rate)
    expect(later.frame - s.frame).toBe(Math.round(((later.wall - s.wall) * rate) / 1000))
  }
  expect((await live.now()).live).toBe(true)
  await live.rises(await live.now(), rate)
})
