// How the picture keeps its distance to the live end: a little faster while it
// lags, and a jump when it lags a lot. WebKit's sound stands still for more
// than a second shortly after a start; the jump is what makes up for it.

export const distance = 0.2 // seconds between what has come and the picture
export const low = 0.08

const window = 500 // ms over which the least distance counts; fragments come one by one
const slack = 0.08 // seconds more than wanted before it chases
const jump = 1.5
const early = 0.6 // likewise, shortly after a start
const fresh = 8000 // ms that count as shortly
const worst = 1 // seconds; a bad network asks for no more than this
const calm = 60_000 // ms without a stall until the distance shrinks again

export type Step = { rate: number } | { jump: number } // jump: distance to the end

export class Chase {
  #wanted = distance
  #extra = 0
  #stalled = 0
  #began = 0
  #chasing = false
  #lags: { lag: number; at: number }[] = []

  set low(yes: boolean) {
    this.#wanted = yes ? low : distance
  }

  /** target is the distance that is aimed at, in seconds. */
  get target(): number {
    return Math.min(worst, this.#wanted + this.#extra)
  }

  /** begin forgets what was: the picture was put somewhere, or plays again. now in ms. */
  begin(now: number) {
    this.#began = now
    this.#lags = []
    this.#chasing = false
  }

  /** stall: the picture had to wait, so it keeps more distance from now on. */
  stall(now: number) {
    if (now - this.#began < 2000) return // that is the start, not the network
    this.#extra = Math.min(worst, this.#extra + 0.1)
    this.#stalled = now
  }

  /** next says what to do with so many seconds between picture and end. */
  next(lag: number, now: number): Step {
    this.#lags.push({ lag, at: now })
    while ((this.#lags[0]?.at ?? now) < now - window) this.#lags.shift()
    if (this.#extra > 0 && now - this.#stalled > calm) {
      this.#extra = Math.max(0, this.#extra - 0.1)
      this.#stalled = now
    }
    const full = now - (this.#lags[0]?.at ?? now) >= window * 0.8
    const least = Math.min(...this.#lags.map((l) => l.lag))
    if (full && least > (now - this.#began < fresh ? this.target + early : Math.max(jump, this.target + early))) {
      this.#lags = []
      return { jump: this.target }
    }
    const over = least - (this.target - 0.05)
    if (full && over > slack) this.#chasing = true
    if (over <= 0.01) this.#chasing = false
    return { rate: this.#chasing ? Math.min(1.5, Math.max(1.03, 1 + over / 2)) : 1 }
  }
}
