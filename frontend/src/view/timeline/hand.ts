// Pointers, fingers and wheels on the timeline: what they move.

import type { Part } from '../../lib/timeline/marks'
import { pan, pinch, wheel, zoom, type View } from '../../lib/timeline/view'

export interface Moves {
  view(): View | null
  show(v: View): void
  point(at: { x: number; y: number } | null): void // a pointer that only looks
  scrub(x: number | null): void // a drag over the track is at x; null: it was given up
  drop(x: number, y: number, moved: boolean): void // and ends there
  part(y: number): Part
}

type What = 'scrub' | 'pan' | 'pinch'

const slop = 4 // pixels that a click may move

/** Hand follows the pointers that are down. */
export class Hand {
  private readonly fingers = new Map<number, { x: number; y: number }>()
  private what: What | null = null
  private began = { x: 0, y: 0 }
  private moved = false
  private pinched: { view: View; at: [number, number] } | null = null

  constructor(private readonly moves: Moves) {}

  /** busy while something is moved. */
  get busy(): boolean {
    return this.what !== null
  }

  down(e: PointerEvent) {
    if (e.pointerType === 'mouse' && e.button > 1) return
    const at = where(e)
    capture(e)
    this.fingers.set(e.pointerId, at)
    const v = this.moves.view()
    if (this.fingers.size === 2 && v) {
      if (this.what === 'scrub') this.moves.scrub(null)
      this.what = 'pinch'
      this.pinched = { view: v, at: this.pair() }
      return
    }
    if (this.fingers.size > 1) return
    this.began = at
    this.moved = false
    this.what = e.button === 1 || this.moves.part(at.y) === 'ruler' ? 'pan' : 'scrub'
    if (e.button === 1) e.preventDefault()
    if (this.what === 'scrub') this.moves.scrub(at.x)
    this.moves.point(null)
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
    else if (this.what === 'scrub') this.moves.scrub(at.x)
    else if (this.pinched && this.fingers.size === 2) this.moves.show(pinch(this.pinched.view, this.pinched.at, this.pair()))
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
    if (what === 'scrub') this.moves.drop(at.x, at.y, this.moved)
    if (e.pointerType === 'mouse') this.moves.point(at)
  }

  /** cancel gives up what is moved: an Escape, or the browser took the pointer. */
  cancel() {
    if (this.what === 'scrub') this.moves.scrub(null)
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
