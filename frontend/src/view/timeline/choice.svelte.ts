// A range while it is dragged: all of it, or one end of the one that is marked.

import { msOf, type Grip, type Marks } from '../../lib/timeline/marks'

export class Choice {
  from = $state<number | null>(null) // ms since 1970, the end that stays; null: nothing is dragged, or there is one end
  to = $state<number | null>(null) // the end that is dragged; null: nothing is
  #what: Grip | 'both' = 'both'

  /** take begins at a moment. */
  take(what: Grip | 'both', at: number, marks: Marks) {
    const other = what === 'both' ? at : what === 'in' ? marks.out : marks.in
    this.#what = what
    this.from = other == null ? null : msOf(other)
    this.to = null
  }

  stretch(at: number) {
    this.to = at
  }

  /** ends are both in order, as they are now; null: nothing is dragged. One that is alone keeps its side. */
  ends = $derived.by<{ in: number | null; out: number | null } | null>(() => {
    const { from, to } = this
    if (to === null) return null
    if (from === null) return this.#what === 'out' ? { in: null, out: to } : { in: to, out: null }
    return { in: Math.min(from, to), out: Math.max(from, to) }
  })

  leave() {
    this.from = this.to = null
  }
}
