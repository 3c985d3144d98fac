// Recorded time to true time and back, by the points that one connection told.

import type { Point } from './wire'

const same = 0.0005 // seconds: a point told again
const tiny = 0.001 // ms, of the arithmetic

/** Clock belongs to one connection: another has another origin. */
export class Clock {
  #points: Point[] = [] // by recorded time

  get empty(): boolean {
    return this.#points.length === 0
  }

  /** clear forgets all points: a new connection was made. */
  clear() {
    this.#points = []
  }

  add(p: Point) {
    const i = this.#after(p.recorded)
    const before = this.#points[i - 1]
    if (before && p.recorded - before.recorded < same) this.#points[i - 1] = p
    else this.#points.splice(i, 0, p)
  }

  /** at is the point of a recorded time; null: no point is known at or shortly behind it. */
  at(recorded: number): Point | null {
    const from = this.#points[this.#after(recorded) - 1] ?? this.#points[0]
    return from ? along(from, recorded - from.recorded) : null
  }

  /** recordedOf is the recorded time of a true time (ms since 1970), as far as the points tell; null: it lies in no stretch of theirs. */
  recordedOf(time: number): number | null {
    for (let i = this.#points.length - 1; i >= 0; i--) {
      const p = this.#points[i]
      if (!p) continue
      const r = p.recorded + (time - Date.parse(p.time)) / 1000
      if (r >= p.recorded - same && r < (this.#points[i + 1]?.recorded ?? Infinity)) return r
    }
    return null
  }

  /** after is the index of the first point behind a recorded time. */
  #after(recorded: number): number {
    let [low, high] = [0, this.#points.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#points[middle]?.recorded ?? Infinity) <= recorded + same) low = middle + 1
      else high = middle
    }
    return low
  }
}

/**
 * along is the point some seconds behind another of the same stretch. Its
 * position is rounded up, as those of the recorder are: rounded down, that of
 * a picture would mean the one before it.
 */
export function along(p: Point, seconds: number): Point {
  const [run, ms] = p.position.split('.').map(Number)
  return {
    recorded: p.recorded + seconds,
    position: `${run ?? 0}.${Math.max(0, Math.ceil((ms ?? 0) + seconds * 1000 - tiny))}`,
    time: new Date(Date.parse(p.time) + seconds * 1000).toISOString(),
    trusted: p.trusted,
  }
}
