// Where the viewer was before each seek, to go back there.

export type Was = 'live' | { position: string }

const most = 100
const together = 1000 // ms: seeks of one kind in quick succession are one

export class Undo {
  #stack: Was[] = []
  #last = { kind: '', at: -Infinity }

  get length(): number {
    return this.#stack.length
  }

  /** push remembers a place. kind: what sort of seek leaves it; a held key makes many of one sort. now in ms. */
  push(was: Was, kind: string, now: number) {
    const repeated = kind !== '' && kind === this.#last.kind && now - this.#last.at < together
    this.#last = { kind, at: now }
    if (repeated && this.#stack.length > 0) return
    this.#stack.push(was)
    if (this.#stack.length > most) this.#stack.shift()
  }

  pop(): Was | undefined {
    this.#last = { kind: '', at: -Infinity }
    return this.#stack.pop()
  }
}
