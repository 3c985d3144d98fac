// The range that a viewer has marked: for saving, pinning, and on the timeline.

import type { Shown } from './player/player.svelte'

export type Mark = Pick<Shown, 'position' | 'time'>

export class Selection {
  in = $state.raw<Mark | null>(null)
  out = $state.raw<Mark | null>(null)

  /** whole is the range when both ends are marked. */
  whole = $derived(this.in && this.out ? { from: this.in, to: this.out } : null)
  seconds = $derived(this.whole ? (this.whole.to.time.getTime() - this.whole.from.time.getTime()) / 1000 : 0)

  /** begin and end mark an end; the other goes where it would lie on the wrong side. */
  begin(at: Mark) {
    this.in = at
    if (this.out && !(at.time < this.out.time)) this.out = null
  }

  end(at: Mark) {
    this.out = at
    if (this.in && !(this.in.time < at.time)) this.in = null
  }

  set(from: Mark, to: Mark) {
    this.in = from
    this.out = to
  }

  clear() {
    this.in = this.out = null
  }
}
