// Pointers, fingers and wheels on the timeline: what they move.

import type { Grip, Part } from '../../lib/timeline/marks'
import { pan, pinch, push, wheel, zoom, type View } from '../../lib/timeline/view'

export interface Moves {
  view(): View | null
  show(v: View): void
  point(at: { x: number; y: number } | null): void // a pointer that only looks
  scrub(x: number | null): void // a drag over the track is at x; null: it was given up
  drop(x: number, y: number, moved: boolean): void // and ends there
  grip(x: number, y: number): Grip | null // what can be taken hold of there
  take(what: Grip | 'both', x: number): void // a range, or an end of it, begins to be dragged
  stretch(x: number): void // and is at x
  leave(kept: boolean): void // and ends; else it was given up
  drift(pixels: number): void // a drag at an edge wants to see so much more on its right
  part(y: number): Part
}

type What = 'scrub' | 'pan' | 'pinch' | 'range' | 'end'

const slop = 4 // pixels that a click may move
const slowest = 50 // ms that a frame counts at most

/** Hand follows the pointers that are down. */
export class Hand {
  private readonly fingers = new Map<number, { x: number; y: number }>()
  private what: What | null = null
  private began = { x: 0, y: 0 }
  private last = 0 // where the drag is
  private moved = false
  private pinched: { view: View; at: [number, number] } | null = null
  private frame = 0
  private drawn = 0 // ms, when the last frame of a drift was

  constructor(private readonly moves: Moves) {}

  /** busy while something is moved. */
  get busy(): boolean {
    return this.what !== null
  }

  down(e: PointerEvent) {
    if (e.pointerType === 'mouse' && e.button > 2) return
    const at = where(e)
    capture(e)
    this.fingers.set(e.pointerId, at)
    const v = this.moves.view()
    if (this.fingers.size === 2 && v) {
      this.drop()
      this.what = 'pinch'
      this.pinched = { view: v, at: this.pair() }
      return
    }
    if (this.fingers.size > 1) return
    this.began = at
    this.moved = false
    this.moves.point(null)
    const grip = e.button === 0 ? this.moves.grip(at.x, at.y) : null
    if (e.button === 1 || (e.button !== 2 && !grip && this.moves.part(at.y) === 'ruler')) {
      this.what = 'pan'
      if (e.button === 1) e.preventDefault()
    } else if (e.button === 2 || grip) {
      this.what = grip ? 'end' : 'range'
      this.moves.take(grip ?? 'both', at.x)
    } else {
      this.what = 'scrub'
      this.moves.scrub(at.x)
    }
  }

  move(e: PointerEvent) {
    const at = where(e)
    const before = this.fingers.get(e.pointerId)
    if (!before) {
      if (e.pointerType !== 'touch') this.moves.point(at)
      return
    }
    this.fingers.set(e.pointerId, at)
    this.moved ||= Math.hypot(at.x - this.began.x, at.y - this.began.y) > slop
    const v = this.moves.view()
    if (!v) return
    if (this.what === 'pan') this.moves.show(pan(v, at.x - before.x))
    else if (this.what === 'pinch' && this.pinched && this.fingers.size === 2) this.moves.show(pinch(this.pinched.view, this.pinched.at, this.pair()))
    else this.drag(at.x)
  }

  up(e: PointerEvent) {
    if (!this.fingers.delete(e.pointerId)) return
    const at = where(e)
    const what = this.what
    if (this.fingers.size > 0) {
      // One finger of two is left: it moves nothing until it is lifted, too.
      this.pinched = null
      return
    }
    this.what = this.pinched = null
    this.still()
    if (what === 'range' || what === 'end') this.moves.leave(this.moved)
    if (what === 'scrub' || (what === 'end' && !this.moved)) this.moves.drop(at.x, at.y, this.moved)
    if (e.pointerType === 'mouse') this.moves.point(at)
  }

  /** cancel gives up what is moved: an Escape, or the browser took the pointer. */
  cancel() {
    this.drop()
    this.fingers.clear()
    this.what = this.pinched = null
  }

  left() {
    if (!this.busy) this.moves.point(null)
  }

  wheel(e: WheelEvent) {
    const v = this.moves.view()
    if (!v) return
    e.preventDefault()
    const sideways = e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)
    if (sideways) this.moves.show(pan(v, -(e.deltaX || e.deltaY) * (e.deltaMode === 1 ? 16 : 1)))
    else this.moves.show(zoom(v, where(e).x, wheel(e.deltaY, e.deltaMode, e.ctrlKey)))
  }

  /** drop gives a drag up. */
  private drop() {
    this.still()
    if (this.what === 'scrub') this.moves.scrub(null)
    if (this.what === 'range' || this.what === 'end') this.moves.leave(false)
  }

  /** drag moves what is dragged to x, and what is seen along when x is at an edge. */
  private drag(x: number) {
    this.last = x
    if (this.what === 'scrub') this.moves.scrub(x)
    else if (this.moved && (this.what === 'range' || this.what === 'end')) this.moves.stretch(x)
    else return
    const v = this.moves.view()
    if (!v || !this.moved || push(v, x) === 0) this.still()
    else if (!this.frame) {
      this.drawn = 0
      this.frame = requestAnimationFrame((now) => this.drift(now))
    }
  }

  private drift(now: number) {
    this.frame = 0
    const v = this.moves.view()
    if (!v || !this.busy) return
    if (this.drawn > 0) this.moves.drift(push(v, this.last) * Math.min(now - this.drawn, slowest))
    this.drawn = now
    this.frame = requestAnimationFrame((later) => this.drift(later))
    this.drag(this.last)
  }

  private still() {
    cancelAnimationFrame(this.frame)
    this.frame = 0
  }

  private pair(): [number, number] {
    const [a, b] = [...this.fingers.values()]
    return [a?.x ?? 0, b?.x ?? 0]
  }
}

function where(e: MouseEvent): { x: number; y: number } {
  const box = (e.currentTarget as HTMLElement).getBoundingClientRect()
  return { x: e.clientX - box.left, y: e.clientY - box.top }
}

function capture(e: PointerEvent) {
  try {
    ;(e.currentTarget as HTMLElement).setPointerCapture(e.pointerId)
  } catch {
    // the pointer is gone already, or was made by a test
  }
}
