// Where the spans and gaps of a timeline lie on a bar of some width.

import type { Gap, Shape } from './api'

export interface Bar {
  x: number
  width: number
}

export interface Hole extends Bar {
  gap: Gap
}

export interface View {
  from: number // ms since 1970 at the left edge
  to: number // at the right edge
  width: number // in pixels
}

const ms = (time: string) => Date.parse(time)

/** place puts a stretch of time on the bar; null: it lies outside. */
export function place(v: View, from: number, to: number): Bar | null {
  const a = Math.max(from, v.from)
  const b = Math.min(to, v.to)
  if (b < a || (b === a && from !== to)) return null
  const scale = v.width / (v.to - v.from)
  return { x: (a - v.from) * scale, width: Math.max((b - a) * scale, 1.5) } // what is there is seen
}

/** spans are the bars of recording. */
export const spans = (shape: Shape, v: View): Bar[] =>
  shape.spans.map((s) => place(v, ms(s.from.time), ms(s.to.time))).filter((b) => b !== null)

/** holes are the bars of gaps, those of everything first so that others lie above. */
export function holes(shape: Shape, v: View): Hole[] {
  const out: Hole[] = []
  for (const gap of shape.gaps) {
    const bar = place(v, ms(gap.from.time), gap.until ? ms(gap.until.time) : ms(shape.now))
    if (bar) out.push({ ...bar, gap })
  }
  return out.sort((a, b) => Number(b.gap.kind === 'all') - Number(a.gap.kind === 'all'))
}

const steps = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((m) => m * 60_000)

/** ticks are moments at round local times, at least so many pixels apart. */
export function ticks(v: View, apart = 72): { x: number; at: Date }[] {
  const scale = v.width / (v.to - v.from)
  const step = steps.find((s) => s * scale >= apart) ?? 1_440 * 60_000
  const shift = new Date(v.from).getTimezoneOffset() * 60_000
  const out: { x: number; at: Date }[] = []
  for (let t = Math.ceil((v.from - shift) / step) * step + shift; t < v.to; t += step) {
    out.push({ x: (t - v.from) * scale, at: new Date(t) })
  }
  return out
}

/** seconds is how long a gap lasts or has lasted. */
export const seconds = (gap: Gap, now: string) => (ms(gap.until?.time ?? now) - ms(gap.from.time)) / 1000

/** latest are the newest gaps first. */
export const latest = (shape: Shape) => [...shape.gaps].sort((a, b) => ms(b.from.time) - ms(a.from.time))

/** recordedBetween is how many seconds of the range are recorded. */
export function recordedBetween(shape: Shape, from: number, to: number): number {
  let sum = 0
  for (const s of shape.spans) sum += Math.max(0, Math.min(to, ms(s.to.time)) - Math.max(from, ms(s.from.time)))
  return sum / 1000
}
