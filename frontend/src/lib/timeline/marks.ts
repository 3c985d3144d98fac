// What lies on the timeline beside the recording, and what is under the pointer. No DOM.

import { clusters, strip } from './bars'
import { holeAt, recordedAt, type Hole, type Layout } from './shape'
import { timeAt, xOf, type View } from './view'

/** When is a moment as the API or the store has it. */
export type When = Date | string | number | { time: Date | string }

export interface Bookmark {
  id: number | string
  at: When
  note: string
}

export interface Pin {
  id: number | string
  from: When
  to: When
  note: string
}

export interface Session {
  id: number | string
  name: string
  from: When
  to: When | null // null: it goes on
}

/** Marks are what others know of the timeline. */
export interface Marks {
  bookmarks?: readonly Bookmark[]
  pins?: readonly Pin[]
  sessions?: readonly Session[]
  hits?: readonly When[] // of a search
  in?: When | null
  out?: When | null
}

/** msOf is a moment in ms since 1970. */
export function msOf(w: When): number {
  if (typeof w === 'number') return w
  if (typeof w === 'string') return Date.parse(w)
  return w instanceof Date ? w.getTime() : msOf(w.time)
}

/** Rows are where things stand, in CSS pixels from the top. */
export const rows = {
  titles: 14, // base lines of text
  labels: 30,
  ruler: 40, // its lower end
  sessions: 44,
  sessionsHeight: 7,
  track: 54,
  trackHeight: 34,
  captions: 91,
  captionsHeight: 13,
  height: 106,
} as const

export type Part = 'ruler' | 'track'

/** partAt tells what a drag that begins at y does. */
export const partAt = (y: number): Part => (y < rows.ruler ? 'ruler' : 'track')

/** Found is what is under the pointer. */
export type Found =
  | { is: 'bookmark'; bookmark: Bookmark; at: number; count: number }
  | { is: 'pin'; pin: Pin }
  | { is: 'session'; session: Session }
  | { is: 'gap'; hole: Hole }
  | { is: 'recorded'; hole: Hole | null } // hole: picture or sound is missing
  | { is: 'nothing'; future: boolean } // before the oldest, or behind the live end

export const diamond = 5 // half of its width and height

/** ordered are the bookmarks by time, with their times. */
export function ordered(list: readonly Bookmark[] | undefined): { mark: Bookmark; at: number }[] {
  return (list ?? []).map((mark) => ({ mark, at: msOf(mark.at) })).sort((a, b) => a.at - b.at)
}

/** find is what lies at a point; the smaller thing first. slack is how far beside it one may point, in pixels. */
export function find(l: Layout, marks: Marks, v: View, x: number, y: number, now: number, slack = 3): Found {
  if (y >= rows.ruler && y < rows.track + 2 * diamond + slack) {
    const bookmarks = ordered(marks.bookmarks)
    let best: { index: number; count: number; far: number } | null = null
    for (const c of clusters(bookmarks.map((b) => b.at), v, 2 * diamond)) {
      const far = Math.abs(c.x - x)
      if (far <= diamond + slack && (!best || far < best.far)) best = { ...c, far }
    }
    const b = best && bookmarks[best.index]
    if (best && b) return { is: 'bookmark', bookmark: b.mark, at: b.at, count: best.count }
  }
  if (y >= rows.sessions - 2 && y < rows.sessions + rows.sessionsHeight + 2) {
    const session = marks.sessions?.filter((s) => inside(v, x, msOf(s.from), s.to === null ? now : msOf(s.to), slack)).at(-1)
    if (session) return { is: 'session', session }
  }
  if (y >= rows.track) {
    const pin = marks.pins?.find((p) => [msOf(p.from), msOf(p.to)].some((t) => Math.abs(xOf(v, t) - x) <= slack + 2))
    if (pin) return { is: 'pin', pin }
  }
  const t = timeAt(v, x)
  const hole = t < now ? holeAt(l, t) : null
  if (recordedAt(l, t)) return { is: 'recorded', hole: hole && hole.kind !== 'all' ? hole : null }
  return hole ? { is: 'gap', hole } : { is: 'nothing', future: t >= now }
}

function inside(v: View, x: number, from: number, to: number, slack: number): boolean {
  const bar = strip(v, from, to)
  return bar !== null && x >= bar.x - slack && x <= bar.x + bar.width + slack
}

/** Grip is an end of the marked range that is taken hold of. */
export type Grip = 'in' | 'out'

/** gripAt is the end at a point: its flag, or its line. */
export function gripAt(marks: Marks, v: View, x: number, y: number): Grip | null {
  if (y < rows.ruler || y >= rows.captions) return null
  const flag = y < rows.track
  for (const [grip, way] of [['out', -1], ['in', 1]] as const) {
    const when = marks[grip]
    if (when == null) continue
    const beside = (x - xOf(v, msOf(when))) * way
    if (beside >= -4 && beside <= (flag ? 9 : 4)) return grip
  }
  return null
}

/** range is what in and out mark, in order; null: not both are there. */
export function range(marks: Marks): { from: number; to: number } | null {
  if (marks.in == null || marks.out == null) return null
  const [a, b] = [msOf(marks.in), msOf(marks.out)]
  return { from: Math.min(a, b), to: Math.max(a, b) }
}
