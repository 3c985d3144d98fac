// Which preview picture is asked for while a pointer moves. No DOM: loading is given.

import { mediaOf, runOf, type Spot } from './shape'

/** Clock is setTimeout and its kin, so that tests need not wait. */
export interface Clock {
  now(): number
  after(ms: number, what: () => void): () => void // returns what stops it
}

export const browserClock: Clock = {
  now: () => performance.now(),
  after: (ms, what) => {
    const id = setTimeout(what, ms)
    return () => clearTimeout(id)
  },
}

export type Load<P> = (path: string, signal: AbortSignal) => Promise<P>

const soonest = 40 // ms between two requests
const latest = 600

/**
 * Previews asks for the newest picture wanted and cancels the one before. Requests are as far apart
 * as an answer takes: were every movement to cancel the request before it, a slow link would never
 * show any picture while the pointer moves.
 */
export class Previews<P> {
  private wanted = ''
  private asked = ''
  private shown = ''
  private began = -Infinity
  private spacing = soonest
  private flight: AbortController | null = null
  private stopTimer: (() => void) | null = null

  constructor(
    private readonly load: Load<P>,
    private readonly show: (picture: P | null) => void, // null: there is no picture of that moment
    private readonly clock: Clock = browserClock,
  ) {}

  /** want asks for a picture; the one shown stays until it is there. */
  want(path: string) {
    if (path === this.wanted) return
    this.wanted = path
    if (path === this.shown && !this.flight) return
    if (this.stopTimer) return
    const wait = this.began + this.spacing - this.clock.now()
    if (wait <= 0) this.ask()
    else this.stopTimer = this.clock.after(wait, () => this.due())
  }

  /** leave cancels whatever is asked for. */
  leave() {
    this.stopTimer?.()
    this.stopTimer = null
    this.flight?.abort()
    this.flight = null
    this.wanted = this.asked = this.shown
  }

  private due() {
    this.stopTimer = null
    if (this.wanted !== this.asked) this.ask()
  }

  private ask() {
    if (this.flight) {
      this.flight.abort()
      this.spacing = Math.min(this.spacing * 2, latest)
    }
    const flight = (this.flight = new AbortController())
    const path = (this.asked = this.wanted)
    const began = (this.began = this.clock.now())
    this.load(path, flight.signal).then(
      (picture) => this.landed(flight, path, began, picture),
      () => this.landed(flight, path, began, null),
    )
  }

  private landed(flight: AbortController, path: string, began: number, picture: P | null) {
    if (this.flight !== flight) return // it was cancelled, but came all the same
    this.flight = null
    this.spacing = Math.min(Math.max((this.clock.now() - began) * 1.2, soonest), latest)
    this.shown = path
    this.show(picture)
  }
}

/**
 * previewPath is where the picture of a recorded moment is. Positions are made round, so that a
 * browser asks once for each, but not so that they lie before the span.
 */
export function previewPath(camera: string, spot: Spot, width: number, round: number): string {
  const step = Math.max(Math.round(round), 1)
  const at = Math.max(Math.floor(mediaOf(spot.position) / step) * step, Math.ceil(spot.begin))
  return `/api/v1/preview.jpg?${new URLSearchParams({ camera, at: `${runOf(spot.position)}.${at}`, width: String(width) })}`
}
