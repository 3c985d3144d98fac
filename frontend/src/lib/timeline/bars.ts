// Bars on the screen: of thousands of stretches only what can be told apart. No DOM.

import { firstReaching, before, type Hole, type Layout, type Stretch } from './shape'
import { perPixel, timeAt, xOf, type View } from './view'

export interface Bar {
  x: number // CSS pixels
  width: number
}

/** Gash is a gap wide enough to be seen as one; several that touch are one. */
export interface Gash extends Bar {
  hole: Hole
}

/**
 * recorded are the bars of recording. What is less than a pixel apart is one bar, so there are never
 * more than half as many as pixels; a search leads past what lies in one pixel.
 */
export function recorded(l: Layout, v: View): Bar[] {
  const out: Bar[] = []
  const pixel = perPixel(v)
  let i = firstReaching(l.reach, v.from)
  while (i < l.spans.length) {
    const s = l.spans[i] as Stretch
    if (s.from >= v.to) break
    let until = Math.min(s.to, v.to)
    // Everything that begins within a pixel of the end goes on with the bar.
    for (;;) {
      const last = before(l.spans, until + pixel)
      const far = Math.min(l.reach[last] as number, v.to)
      i = last + 1
      if (far <= until) break
      until = far
    }
    const from = Math.max(s.from, v.from)
    const x = xOf(v, from)
    out.push({ x, width: Math.max(xOf(v, until) - x, 1) })
  }
  return out
}

/** gashes are the gaps of a list that are at least so many pixels wide, cut to the view. */
export function gashes(list: readonly Hole[], v: View, now: number, least = 1.5): Gash[] {
  const out: Gash[] = []
  const long = perPixel(v) * least
  for (let i = firstOpen(list, v.from); i < list.length; i++) {
    const h = list[i] as Hole
    if (h.from >= v.to) break
    const to = Math.min(h.to, Math.max(now, h.from))
    if (to - h.from < long || to <= v.from) continue
    const x = xOf(v, Math.max(h.from, v.from))
    out.push({ x, width: xOf(v, Math.min(to, v.to)) - x, hole: h })
  }
  return out
}

/** notches are the pixels in which gaps lie that are too narrow to be seen otherwise. */
export function notches(list: readonly Hole[], v: View, now: number, least = 1.5): number[] {
  const out: number[] = []
  const long = perPixel(v) * least
  let i = firstOpen(list, v.from)
  while (i < list.length) {
    const h = list[i] as Hole
    if (h.from >= v.to) break
    if (Math.min(h.to, now) - h.from >= long || h.from < v.from) {
      i++
      continue
    }
    const x = Math.floor(xOf(v, h.from))
    out.push(x)
    i = skip(list, v, i, x + 1, long, now)
  }
  return out
}

/** skip is the index of the next hole that lies at pixel x or behind it, or is a gash. */
function skip(list: readonly Hole[], v: View, i: number, x: number, long: number, now: number): number {
  const next = timeAt(v, x)
  i++
  while (i < list.length) {
    const h = list[i] as Hole
    if (h.from >= next || Math.min(h.to, now) - h.from >= long) break
    i++
  }
  return i
}

/** firstOpen is the index of the first hole that may reach into the view. Gaps of everything do not overlap. */
function firstOpen(list: readonly Hole[], from: number): number {
  let i = Math.max(before(list, from), 0)
  while (i > 0 && (list[i - 1] as Hole).to > from) i--
  return i
}

/** strips places stretches that have an end or last up to now: sessions, pins, a selection. */
export function strip(v: View, from: number, to: number, least = 2): Bar | null {
  if (to < v.from || from > v.to) return null
  const x = xOf(v, Math.max(from, v.from))
  const end = xOf(v, Math.min(to, v.to))
  return { x, width: Math.max(end - x, least) }
}

/** clusters joins points that lie closer than so many pixels; of each the first index and how many. */
export function clusters(times: readonly number[], v: View, apart: number): { x: number; index: number; count: number }[] {
  const out: { x: number; index: number; count: number }[] = []
  times.forEach((t, index) => {
    const x = xOf(v, t)
    if (x < -apart || x > v.width + apart) return
    const last = out.at(-1)
    if (last && x - last.x < apart) last.count++
    else out.push({ x, index, count: 1 })
  })
  return out
}

/** heights are those of caption bars, 0 to 1, for so many bins: by square root, so that few words are seen, too. */
export function heights(counts: readonly number[]): number[] {
  const most = Math.max(...counts, 1)
  return counts.map((n) => (n <= 0 ? 0 : Math.max(0.2, Math.sqrt(n / most))))
}
