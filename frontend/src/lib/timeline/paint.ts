// Draws a timeline onto a canvas. What lies where is worked out elsewhere.

import { clusters, gashes, heights, notches, recorded, strip, type Bar } from './bars'
import { diamond, msOf, ordered, range, rows, type Marks } from './marks'
import type { Layout } from './shape'
import type { Said } from './source'
import { ruler } from './ticks'
import { holds, xOf, type View } from './view'

/** Colours by role, as CSS has them. */
export interface Colours {
  card: string
  well: string
  line: string
  text: string
  quiet: string
  accent: string
  recording: string
  hatch: string
  bad: string
}

export interface Scene {
  view: View
  layout: Layout
  marks: Marks
  said: Said | null
  shown: number | null // the picture on the screen, ms since 1970
  target: number | null // where a drag or a seek leads
  pointer: number | null // under a pointer that only looks
  edge: number | null // the live end
  live: boolean
  now: number
  zone: string
  locale: string
  font: string
  ratio: number // device pixels per CSS pixel
}

type Context = CanvasRenderingContext2D

/** paint draws everything. The context is scaled to CSS pixels. */
export function paint(c: Context, s: Scene, k: Colours, hatch: CanvasPattern | string) {
  c.clearRect(0, 0, s.view.width, rows.height)
  drawRuler(c, s, k)
  drawTrack(c, s, k, hatch)
  drawSaid(c, s, k)
  drawSessions(c, s, k)
  drawSelection(c, s, k)
  drawPins(c, s, k)
  drawBookmarks(c, s, k)
  drawEnds(c, s, k)
}

/** crisp puts a line of a pixel's width onto the pixels of the screen. */
const crisp = (x: number, ratio: number) => (Math.round(x * ratio) + 0.5) / ratio

function drawRuler(c: Context, s: Scene, k: Colours) {
  const { ticks, titles } = ruler(s.view, s.zone, s.locale)
  c.lineWidth = 1 / s.ratio
  c.textAlign = 'left'
  c.textBaseline = 'alphabetic'
  c.font = `600 12px ${s.font}`
  titles.forEach((title, i) => {
    const x = title.x + 6
    const room = title.until - x - 8
    const label = [title.label, title.short].find((l) => c.measureText(l).width <= room || (i === 0 && titles.length === 1))
    c.fillStyle = k.text
    if (label) c.fillText(label, x, rows.titles)
    if (title.x > 0) line(c, crisp(title.x, s.ratio), 3, rows.titles + 2, k.quiet)
  })
  c.font = `12px ${s.font}`
  c.textAlign = 'center'
  for (const tick of ticks) {
    const x = crisp(tick.x, s.ratio)
    line(c, x, tick.label ? rows.ruler - 5 : rows.ruler - 2.5, rows.ruler, tick.label ? k.quiet : k.line)
    if (tick.label) line(c, x, rows.track, rows.track + rows.trackHeight, k.line)
    const half = tick.label ? c.measureText(tick.label).width / 2 : 0
    c.fillStyle = k.quiet
    if (tick.label && tick.x - half > 2 && tick.x + half < s.view.width - 2) c.fillText(tick.label, tick.x, rows.labels)
  }
}

function line(c: Context, x: number, y0: number, y1: number, colour: string) {
  c.strokeStyle = colour
  c.beginPath()
  c.moveTo(x, y0)
  c.lineTo(x, y1)
  c.stroke()
}

function drawTrack(c: Context, s: Scene, k: Colours, hatch: CanvasPattern | string) {
  const y = rows.track
  const h = rows.trackHeight
  c.fillStyle = k.well
  c.fillRect(0, y, s.view.width, h)
  c.fillStyle = k.recording
  c.globalAlpha = 0.82 // the largest area is not the loudest
  for (const b of recorded(s.layout, s.view)) box(c, b, y, h, s.ratio)
  c.globalAlpha = 1
  for (const g of gashes(s.layout.holes, s.view, s.now)) tear(c, g, y, h, s, k, hatch)
  for (const g of gashes(s.layout.partial, s.view, s.now)) tear(c, g, g.hole.kind === 'video' ? y : y + h / 2, h / 2, s, k, hatch)
  c.fillStyle = k.hatch
  for (const x of notches(s.layout.holes, s.view, s.now)) {
    c.fillStyle = k.well
    c.fillRect(x - 0.5, y + h - 9, 2, 9)
    c.fillStyle = k.hatch
    c.fillRect(x, y + h - 8, 1, 8)
  }
}

/** box fills whole pixels, so that neighbours touch and edges are sharp. */
function box(c: Context, b: Bar, y: number, h: number, ratio: number) {
  const x = Math.round(b.x * ratio) / ratio
  const end = Math.max(Math.round((b.x + b.width) * ratio) / ratio, x + 1 / ratio)
  c.fillRect(x, y, end - x, h)
}

function tear(c: Context, b: Bar, y: number, h: number, s: Scene, k: Colours, hatch: CanvasPattern | string) {
  c.fillStyle = k.well
  box(c, b, y, h, s.ratio)
  c.fillStyle = hatch
  box(c, b, y, h, s.ratio)
}

function drawSaid(c: Context, s: Scene, k: Colours) {
  c.fillStyle = k.line
  c.fillRect(0, rows.captions + rows.captionsHeight - 1, s.view.width, 1)
  if (!s.said) return
  const part = (s.said.to - s.said.from) / s.said.counts.length
  const from = s.said.from
  c.fillStyle = k.quiet
  heights(s.said.counts).forEach((tall, i) => {
    const bar = tall > 0 ? strip(s.view, from + i * part, from + (i + 1) * part, 1) : null
    const h = tall * (rows.captionsHeight - 2)
    if (bar) c.fillRect(bar.x, rows.captions + rows.captionsHeight - 1 - h, Math.max(bar.width - 1, 1), h)
  })
}

function drawSessions(c: Context, s: Scene, k: Colours) {
  const y = rows.sessions
  for (const session of s.marks.sessions ?? []) {
    const bar = strip(s.view, msOf(session.from), session.to === null ? s.now : msOf(session.to))
    if (!bar) continue
    c.fillStyle = k.accent
    c.globalAlpha = 0.28
    c.fillRect(bar.x, y, Math.max(bar.width - 1, 1), rows.sessionsHeight)
    c.globalAlpha = 1
    c.fillRect(bar.x, y, Math.max(bar.width - 1, 1), 2)
    if (holds(s.view, msOf(session.from))) c.fillRect(bar.x, y, 2, rows.sessionsHeight)
  }
}

/** drawPins draws brackets around what may not be deleted. */
function drawPins(c: Context, s: Scene, k: Colours) {
  c.strokeStyle = k.text
  c.lineWidth = 2
  const top = rows.track - 2
  const bottom = rows.track + rows.trackHeight + 2
  for (const pin of s.marks.pins ?? []) {
    for (const [t, way] of [[msOf(pin.from), 1], [msOf(pin.to), -1]] as const) {
      if (!holds(s.view, t)) continue
      const x = xOf(s.view, t) + way
      c.beginPath()
      c.moveTo(x + way * 5, top)
      c.lineTo(x, top)
      c.lineTo(x, bottom)
      c.lineTo(x + way * 5, bottom)
      c.strokeStyle = k.card
      c.lineWidth = 4
      c.stroke()
      c.strokeStyle = k.text
      c.lineWidth = 2
      c.stroke()
    }
  }
}

function drawSelection(c: Context, s: Scene, k: Colours) {
  const chosen = range(s.marks)
  const bar = chosen && strip(s.view, chosen.from, chosen.to)
  const y = rows.track - 4
  const h = rows.trackHeight + 8
  if (bar) {
    c.fillStyle = k.text
    c.globalAlpha = 0.22
    c.fillRect(bar.x, y, bar.width, h)
    c.globalAlpha = 1
    c.fillRect(bar.x, y, bar.width, 2)
    c.fillRect(bar.x, y + h - 2, bar.width, 2)
  }
  for (const [when, way] of [[s.marks.in, 1], [s.marks.out, -1]] as const) {
    if (when == null || !holds(s.view, msOf(when))) continue
    const x = xOf(s.view, msOf(when))
    c.fillStyle = k.text
    c.fillRect(x - 1, y - 4, 2, h + 4)
    triangle(c, x, y - 5, way)
  }
}

function triangle(c: Context, x: number, y: number, way: number) {
  c.beginPath()
  c.moveTo(x - way, y)
  c.lineTo(x + way * 8, y + 4)
  c.lineTo(x - way, y + 8)
  c.fill()
}

function drawBookmarks(c: Context, s: Scene, k: Colours) {
  const y = rows.track + diamond + 3
  for (const { x, count } of clusters(ordered(s.marks.bookmarks).map((b) => b.at), s.view, 2 * diamond)) {
    const r = count > 1 ? diamond + 1 : diamond
    c.beginPath()
    c.moveTo(x, y - r)
    c.lineTo(x + r, y)
    c.lineTo(x, y + r)
    c.lineTo(x - r, y)
    c.closePath()
    c.fillStyle = k.text
    c.strokeStyle = k.card
    c.lineWidth = 3
    c.stroke()
    c.fill()
    if (count > 1) {
      c.fillStyle = k.card
      c.fillRect(x - 1, y - 1, 2, 2)
    }
  }
  c.fillStyle = k.text
  for (const { x } of clusters((s.marks.hits ?? []).map(msOf).sort((a, b) => a - b), s.view, 3)) {
    c.fillRect(x - 1, rows.captions - 1, 2, rows.captionsHeight)
    c.fillRect(x - 2.5, rows.captions - 1, 5, 2)
  }
}

/** drawEnds draws the live end, the picture on the screen, and where a drag leads. */
function drawEnds(c: Context, s: Scene, k: Colours) {
  const bottom = rows.height - 2
  if (s.edge !== null && holds(s.view, s.edge)) {
    c.lineWidth = 1
    c.setLineDash([2, 2])
    line(c, crisp(xOf(s.view, s.edge), s.ratio), rows.ruler, bottom, s.live ? k.bad : k.quiet)
    c.setLineDash([])
  }
  if (s.pointer !== null && s.target === null && holds(s.view, s.pointer)) {
    c.lineWidth = 1
    line(c, crisp(xOf(s.view, s.pointer), s.ratio), rows.ruler, bottom, k.quiet)
  }
  if (s.shown !== null) head(c, s, k, s.shown, s.target === null)
  if (s.target !== null) head(c, s, k, s.target, true)
}

function head(c: Context, s: Scene, k: Colours, t: number, whole: boolean) {
  if (!holds(s.view, t)) return
  const x = xOf(s.view, t)
  const bottom = rows.height - 2
  c.globalAlpha = whole ? 1 : 0.45
  c.fillStyle = k.card
  c.fillRect(x - 2, rows.ruler, 4, bottom - rows.ruler)
  c.fillStyle = k.text
  c.fillRect(x - 1, rows.ruler - 2, 2, bottom - rows.ruler + 2)
  c.beginPath()
  c.moveTo(x - 5.5, rows.ruler - 6)
  c.lineTo(x + 5.5, rows.ruler - 6)
  c.lineTo(x + 5.5, rows.ruler - 2)
  c.lineTo(x, rows.ruler + 4)
  c.lineTo(x - 5.5, rows.ruler - 2)
  c.closePath()
  c.lineWidth = 3
  c.strokeStyle = k.card
  c.stroke()
  c.fill()
  c.globalAlpha = 1
}

/** hatching makes the pattern of gaps: strokes at 45 degrees. */
export function hatching(c: Context, colour: string, ratio: number): CanvasPattern | string {
  const size = Math.round(7 * ratio)
  const tile = document.createElement('canvas')
  tile.width = tile.height = size
  const t = tile.getContext('2d')
  if (!t) return colour
  t.strokeStyle = colour
  t.lineWidth = 1.6 * ratio
  for (const shift of [-size, 0, size]) {
    t.beginPath()
    t.moveTo(shift - 1, size + 1)
    t.lineTo(shift + size + 1, -1)
    t.stroke()
  }
  const p = c.createPattern(tile, 'repeat')
  p?.setTransform(new DOMMatrix().scale(1 / ratio))
  return p ?? colour
}
