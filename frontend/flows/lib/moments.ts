// Moments of the history, as a person types them, and what must be seen there.

import { expect } from 'vitest'
import type { Recorder, Timeline } from './recorder'
import type { Screen, Seen } from './screen'

type Span = Timeline['spans'][number]

/** spanOf is a run of the history. */
export async function spanOf(recorder: Recorder, run: number): Promise<Span> {
  const span = (await recorder.timeline()).spans.find((s) => s.from.position.startsWith(`${run}.`))
  if (!span) throw new Error(`there is no run ${run}`)
  return span
}

/** momentOf is a whole second, so many behind the beginning of a run. */
export async function momentOf(recorder: Recorder, run: number, seconds: number): Promise<Date> {
  return new Date(Math.ceil(Date.parse((await spanOf(recorder, run)).from.time) / 1000 + seconds) * 1000)
}

/** exact: the page tells the time that is burnt into the picture, but for a millisecond of rounding. */
export const exact = (s: Seen) => expect(Math.abs(s.shown - s.wall), JSON.stringify(s)).toBeLessThanOrEqual(2)

/** near waits until a picture stands that was taken within so many ms of a moment. */
export async function near(screen: Screen, t: Date, ms = 500) {
  await expect.poll(async () => Math.abs(((await screen.seen())?.wall ?? 0) - t.getTime())).toBeLessThan(ms)
}

/** goTo types a moment, as UTC, and waits for its picture. The page is paused and stays so. */
export async function goTo(screen: Screen, t: Date): Promise<Seen> {
  await screen.type(t.toISOString().slice(0, 19).replace('T', ' '))
  await near(screen, t)
  return screen.rests()
}
