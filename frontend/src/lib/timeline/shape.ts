// What is recorded and what is not, ordered for looking up and drawing. No DOM.

import type { Gap, Moment, Shape } from '../api'

/** Stretch is a span of recording. */
export interface Stretch {
  from: number // ms since 1970
  to: number
  run: number
  media: number // ms since the run began at from
}

/** Hole is a gap in words. */
export interface Hole {
  from: number
  to: number // Infinity: it lasts
  kind: Gap['kind']
  reason: string
  detail: string
}

export interface Layout {
  spans: Stretch[] // by from
  holes: Hole[] // of everything, by from
  partial: Hole[] // of one kind, by from
  reach: Float64Array // reach[i]: the greatest end among spans[0..i]; rises even where clocks were set back
}

export const nothing: Layout = { spans: [], holes: [], partial: [], reach: new Float64Array(0) }

const ms = (time: string) => Date.parse(time)

/** runOf and mediaOf read a position, RUN.MILLISECONDS. */
export const runOf = (position: string) => Number(position.split('.')[0])
export const mediaOf = (position: string) => Number(position.split('.')[1])

const stretch = (from: Moment, to: Moment): Stretch => ({ from: ms(from.time), to: ms(to.time), run: runOf(from.position), media: mediaOf(from.position) })
const hole = (g: Gap): Hole => ({ from: ms(g.from.time), to: g.until ? ms(g.until.time) : Infinity, kind: g.kind, reason: g.reason, detail: g.detail })

/** layout orders what the recorder answered. */
export function layout(shape: Shape): Layout {
  const holes = shape.gaps.map(hole)
  return order(
    shape.spans.map((s) => stretch(s.from, s.to)),
    holes,
  )
}

function order(spans: Stretch[], holes: Hole[]): Layout {
  spans.sort((a, b) => a.from - b.from)
  holes.sort((a, b) => a.from - b.from)
  const reach = new Float64Array(spans.length)
  let most = -Infinity
  spans.forEach((s, i) => (reach[i] = most = Math.max(most, s.to)))
  return { spans, holes: holes.filter((h) => h.kind === 'all'), partial: holes.filter((h) => h.kind !== 'all'), reach }
}

/** renew puts an answer about everything since a moment in the place of what was known of it. */
export function renew(old: Layout, shape: Shape, since: number): Layout {
  const news = layout(shape)
  const spans: Stretch[] = []
  for (const s of old.spans) if (s.from < since) spans.push(s.to > since ? { ...s, to: since } : s)
  for (const s of news.spans) {
    const before = spans.at(-1)
    const goesOn = before && before.run === s.run && Math.abs(before.to - s.from) < 1.5 // positions are whole ms
    if (goesOn) spans[spans.length - 1] = { ...before, to: s.to }
    else spans.push(s)
  }
  const fresh = [...news.holes, ...news.partial]
  const kept = [...old.holes, ...old.partial].filter((h) => h.to <= since && !fresh.some((n) => n.from === h.from && n.kind === h.kind))
  return order(spans, [...kept, ...fresh])
}

/** firstReaching is the index of the first span that ends after t. */
export function firstReaching(reach: Float64Array, t: number, low = 0): number {
  let high = reach.length
  while (low < high) {
    const mid = (low + high) >>> 1
    if ((reach[mid] as number) > t) high = mid
    else low = mid + 1
  }
  return low
}

/** Spot is a recorded moment. */
export interface Spot {
  time: number
  position: string
  begin: number // where its span begins, in ms of the run
}

const spotIn = (s: Stretch, t: number): Spot => ({ time: t, position: `${s.run}.${Math.round(s.media + t - s.from)}`, begin: s.media })

/** recordedAt is the position of a moment, the newest run's where there are two; null: nothing is recorded then. */
export function recordedAt(l: Layout, t: number): Spot | null {
  let best: Stretch | null = null
  for (let i = firstReaching(l.reach, t); i < l.spans.length; i++) {
    const s = l.spans[i] as Stretch
    if (s.from > t) break
    if (s.to > t && (!best || s.run >= best.run)) best = s
  }
  return best && spotIn(best, t)
}

/** nextRecorded is the first recorded moment at or after t; null: there is none. */
export function nextRecorded(l: Layout, t: number): Spot | null {
  const now = recordedAt(l, t)
  if (now) return now
  const s = l.spans[firstReaching(l.reach, t)]
  return s ? spotIn(s, s.from) : null
}

/** holeAt is the gap at a moment, one of everything first; null: none is known. */
export function holeAt(l: Layout, t: number): Hole | null {
  const at = (list: Hole[]) => {
    let found: Hole | null = null
    for (let i = before(list, t); i >= 0 && i > before(list, t) - 8; i--) {
      const h = list[i] as Hole
      if (h.to > t && (!found || h.from > found.from)) found = h
    }
    return found
  }
  return at(l.holes) ?? at(l.partial)
}

/** before is the index of the last hole that begins at or before t, -1: none. */
export function before(list: readonly { from: number }[], t: number): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const mid = (low + high) >>> 1
    if ((list[mid] as { from: number }).from > t) high = mid
    else low = mid + 1
  }
  return low - 1
}

/** live lets the newest span reach to the live end, if it is of its run and nothing is missing. */
export function live(l: Layout, edge: { time: number; position: string } | null): Layout {
  if (!edge) return l
  const i = l.spans.length - 1
  const s = l.spans[i]
  const lasting = l.holes.some((h) => h.to === Infinity && h.from >= (s?.from ?? 0))
  if (!s || s.run !== runOf(edge.position) || edge.time <= s.to || lasting) return l
  const spans = [...l.spans]
  spans[i] = { ...s, to: edge.time }
  const reach = l.reach.slice()
  reach[i] = Math.max(reach[i] as number, edge.time)
  return { ...l, spans, reach }
}
