// A clock of our own, for pictures without sound and for playing backward.

export class Pace {
  #at = 0
  #since = 0 // ms
  #rate = 1
  #running = false

  /** at is the recorded time now; it stays within what there is. */
  at(now: number, from: number, until: number): number {
    if (this.#running) {
      const t = this.#at + ((now - this.#since) / 1000) * this.#rate
      this.#at = Math.min(Math.max(t, Math.min(from, this.#at)), Math.max(until, this.#at))
    }
    this.#since = now
    return this.#at
  }

  set(at: number, now: number) {
    this.#at = at
    this.#since = now
  }

  run(yes: boolean, rate: number, now: number) {
    if (this.#running !== yes) this.#since = now
    this.#running = yes
    this.#rate = rate
  }
}
