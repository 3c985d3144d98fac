// What part of the time axis is on the screen, and how wheel, drag and fingers change it.
// The axis is true time (UTC): gaps have their length.

export interface View {
  from: number // ms since 1970 at the left edge
  to: number // at the right edge
  width: number // CSS pixels
}

/** Bounds are the oldest moment kept and the live end, ms since 1970. */
export interface Bounds {
  from: number
  to: number
}

export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

export const shortest = second
export const longest = 366 * day

const clamp = (n: number, low: number, high: number) => Math.min(Math.max(n, low), high)

/** xOf is where a moment lies, in pixels. */
export const xOf = (v: View, t: number) => ((t - v.from) * v.width) / (v.to - v.from)

/** timeAt is the moment at a pixel. */
export const timeAt = (v: View, x: number) => v.from + (x * (v.to - v.from)) / v.width

/** perPixel is how many ms a pixel stands for. */
export const perPixel = (v: View) => (v.to - v.from) / v.width

export const holds = (v: View, t: number) => t >= v.from && t <= v.to

/** zoom makes the stretch factor times as long; the moment at x stays where it is. */
export function zoom(v: View, x: number, factor: number): View {
  const span = v.to - v.from
  const next = clamp(span * factor, shortest, longest)
  const from = timeAt(v, x) - (x / v.width) * next
  return { from, to: from + next, width: v.width }
}

/** pan moves what is seen by so many pixels to the right: to what was before it. */
export function pan(v: View, pixels: number): View {
  const by = pixels * perPixel(v)
  return { from: v.from - by, to: v.to - by, width: v.width }
}

/** pinch lets the moments that were under two fingers in v stay under them. */
export function pinch(v: View, before: readonly [number, number], now: readonly [number, number]): View {
  const apart = Math.max(Math.abs(before[1] - before[0]), 1)
  const factor = apart / Math.max(Math.abs(now[1] - now[0]), 1)
  const middle = (before[0] + before[1]) / 2
  return pan(zoom(v, middle, factor), (now[0] + now[1]) / 2 - middle)
}

/** wheel is the factor of one event of a wheel or touch pad; deltaMode as in WheelEvent. */
export function wheel(delta: number, deltaMode: number, pinched: boolean): number {
  const pixels = delta * (deltaMode === 1 ? 16 : deltaMode === 2 ? 400 : 1)
  return Math.exp(clamp(pixels * (pinched ? 0.01 : 0.002), -1, 1))
}

/** confine keeps some of what is recorded on the screen. */
export function confine(v: View, b: Bounds): View {
  const span = v.to - v.from
  const from = clamp(v.from, b.from - span * 0.9, Math.max(b.to - span * 0.1, b.from - span * 0.9))
  return from === v.from ? v : { from, to: from + span, width: v.width }
}

const margin = 28 // pixels from an edge within which a drag moves what is seen
const fastest = 0.9 // pixels a ms

/** push is how fast a drag at x moves what is seen: pixels a ms, above 0 to what comes later. */
export function push(v: View, x: number): number {
  const beyond = x < margin ? x - margin : x > v.width - margin ? x - v.width + margin : 0
  return clamp(beyond / margin, -1, 1) * fastest
}

/** drift pans by so many pixels to what comes later, but not beyond what there is to be seen. */
export function drift(v: View, b: Bounds, pixels: number): View {
  const room = (v.to - v.from) * 0.04
  const by = pixels * perPixel(v)
  const go = by < 0 ? -clamp(v.from - b.from + room, 0, -by) : clamp(b.to + room - v.to, 0, by)
  return { from: v.from + go, to: v.to + go, width: v.width }
}

/** fit shows all, with a little room behind the live end. */
export function fit(b: Bounds, width: number): View {
  const span = clamp((b.to - b.from) * 1.04, 10 * second, longest)
  const to = b.to + span * 0.02
  return { from: to - span, to, width }
}

/** last shows the last stretch of the recording, the live end near the right edge. */
export function last(b: Bounds, span: number, width: number): View {
  const long = clamp(span, shortest, longest)
  const to = b.to + long * 0.04
  return { from: to - long, to, width }
}

/** around puts a moment into the middle. */
export function around(v: View, t: number): View {
  const half = (v.to - v.from) / 2
  return { from: t - half, to: t + half, width: v.width }
}

/**
 * follow is the view after the picture went from one moment to another by itself. A picture that
 * nobody looks at is not followed; a jump is; one that runs out of the right edge turns the page.
 */
export function follow(v: View, before: number | null, now: number): View {
  if (holds(v, now)) return v
  const ran = before !== null && Math.abs(now - before) < Math.max(2 * second, perPixel(v) * 4)
  if (!ran) return around(v, now)
  if (!holds(v, before)) return v
  const span = v.to - v.from
  const from = now > v.to ? now - span * 0.1 : now - span * 0.9
  return { from, to: from + span, width: v.width }
}

/** grow moves a view that shows the live end along with it. */
export function grow(v: View, before: number, now: number): View {
  if (!holds(v, before) || now <= before) return v
  return { from: v.from + now - before, to: v.to + now - before, width: v.width }
}
