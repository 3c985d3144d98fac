// How the picture keeps its distance to the live end: a little faster while it
// lags, and a jump when it lags a lot. WebKit's sound stands still for more
// than a second shortly after a start; the jump is what makes up for it.

// Fragments come one by one, so the distance goes up and down with each: what
// counts is the least of it, shortly before the next one comes.

export const distance = 0.06 // seconds that lie ready, at the least
export const low = 0.03
const fragment = 0.1 // seconds between fragments
const single = 0.034 // when each has one picture

const window = 500 // ms over which the least distance counts
const slack = 0.05 // seconds more than wanted before it chases
const enough = 0.01
const jump = 1.5
const early = 0.6 // likewise, shortly after a start
const fresh = 8000 // ms that count as shortly
const worst = 1 // seconds; a bad network asks for no more than this
const more = 0.05 // seconds after each stall
const calm = 60_000 // ms without a stall until the distance shrinks again

export type Step = { rate: number } | { jump: number } // jump: new distance to the end

export class Chase {
  #wanted = distance
  #between = fragment
  #extra = 0
  #stalled = 0
  #began = 0
  #chasing = false
  #lags: { lag: number; at: number }[] = []

  set low(yes: boolean) {
    this.#wanted = yes ? low : distance
    this.#between = yes ? single : fragment
  }

  /** start is the distance to begin with, in seconds: a fragment may just have come. */
  get start(): number {
    return this.target + this.#between
  }

  /** target is the least distance that is aimed at, in seconds. */
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
    this.#extra = Math.min(worst, this.#extra + more)
    this.#stalled = now
  }

  /** see notes how many seconds lie between picture and end. */
  see(lag: number, now: number) {
    this.#lags.push({ lag, at: now })
    while ((this.#lags[0]?.at ?? now) < now - window) this.#lags.shift()
  }

  /** next says what to do with so many seconds between picture and end. */
  next(lag: number, now: number): Step {
    this.see(lag, now)
    if (this.#extra > 0 && now - this.#stalled > calm) {
      this.#extra = Math.max(0, this.#extra - more)
      this.#stalled = now
    }
    const full = now - (this.#lags[0]?.at ?? now) >= window * 0.8
    const least = Math.min(...this.#lags.map((l) => l.lag))
    if (full && least > (now - this.#began < fresh ? this.target + early : Math.max(jump, this.target + early))) {
      this.#lags = []
      return { jump: lag - least + this.target }
    }
    const over = least - this.target
    if (full && over > slack) this.#chasing = true
    if (over <= enough) this.#chasing = false
    return { rate: this.#chasing ? Math.min(1.5, Math.max(1.03, 1 + over / 2)) : 1 }
  }
}
