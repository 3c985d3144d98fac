// Which pictures lie in the buffer, by presentation time, for exact steps.

const tiny = 0.0002 // seconds: times of one picture that came two ways

export class Frames {
  #times: number[] = []
  #keys: number[] = []

  get length(): number {
    return this.#times.length
  }

  get last(): number | undefined {
    return this.#times.at(-1)
  }

  get first(): number | undefined {
    return this.#times[0]
  }

  clear() {
    this.#times = []
    this.#keys = []
  }

  /**
   * put takes over what a fragment says. A key frame that stands alone replaces
   * all up to its end; others come among those that are there, for pictures
   * that refer to later ones lie between those of the fragments beside. Its
   * sound may begin earlier and does nothing to pictures.
   */
  put(until: number, key: boolean, frames: number[]) {
    const [first, last] = [frames[0], frames.at(-1)]
    if (first === undefined || last === undefined) return
    if (key && frames.length === 1) {
      const end = Math.max(until, last + 2 * tiny)
      this.#times = replaced(this.#times, first, end, frames)
      this.#keys = replaced(this.#keys, first, end, frames)
      return
    }
    this.#times = merged(this.#times, frames)
    if (key) this.#keys = merged(this.#keys, [first])
  }

  /** keep drops what lies outside. */
  keep(from: number, until: number) {
    const within = (t: number) => t >= from - tiny && t < until + tiny
    this.#times = this.#times.filter(within)
    this.#keys = this.#keys.filter(within)
  }

  /** at is the picture that stands at a moment: the last one at or before it. */
  at(t: number): number | undefined {
    return this.#times[upper(this.#times, t + tiny) - 1]
  }

  keyAt(t: number): number | undefined {
    return this.#keys[upper(this.#keys, t + tiny) - 1]
  }

  /** next is the first picture behind t. */
  next(t: number): number | undefined {
    return this.#times[upper(this.#times, t + tiny)]
  }

  /** previous is the last picture before t. */
  previous(t: number): number | undefined {
    return this.#times[upper(this.#times, t - tiny) - 1]
  }
}

/** upper is the index of the first time behind t. */
function upper(times: number[], t: number): number {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? Infinity) <= t) low = middle + 1
    else high = middle
  }
  return low
}

function replaced(times: number[], from: number, until: number, by: number[]): number[] {
  const last = times.at(-1)
  if (last === undefined || last < from - tiny) return by.length ? [...times, ...by] : times
  const start = upper(times, from - tiny)
  const end = Math.max(start, upper(times, until - tiny))
  return [...times.slice(0, start), ...by, ...times.slice(end)]
}

function merged(times: number[], more: number[]): number[] {
  const out = [...times]
  for (const t of more) {
    const i = upper(out, t + tiny)
    if (i > 0 && t - (out[i - 1] ?? 0) < tiny) out[i - 1] = t
    else out.splice(i, 0, t)
  }
  return out
}
