// What the timeline shows of a camera: what the recorder keeps, and the part of it on the screen.

import { untrack } from 'svelte'
import { sentence } from '../../lib/api'
import { msOf } from '../../lib/timeline/marks'
import type { Playing } from '../../lib/timeline/playing'
import { live, nothing, type Layout } from '../../lib/timeline/shape'
import { getSaid, Source, type Said } from '../../lib/timeline/source'
import * as views from '../../lib/timeline/view'

const often = 15_000 // ms between questions for what is new
const rest = 250 // ms without a move before it is asked what was said
const usual = views.hour

/** Of is where an axis gets its facts from. */
export interface Of {
  player: Playing
  camera: string
  busy: boolean // somebody is moving the view
}

/** Axis lives as long as the component that makes it. */
export class Axis {
  base = $state.raw<Layout>(nothing)
  known = $state(false)
  problem = $state('')
  said = $state.raw<Said | null>(null)
  view = $state.raw<views.View | null>(null)
  width = $state(0) // pixels

  readonly #of: () => Of
  readonly #source = $derived.by(() => new Source(this.#of().camera))
  readonly shown = $derived.by(() => this.#of().player.shown?.time.getTime() ?? null)
  readonly edge = $derived.by(() => {
    const { edge } = this.#of().player
    return edge ? { time: msOf(edge.time), position: edge.position } : null
  })
  readonly layout = $derived.by(() => live(this.base, this.edge))
  readonly now = $derived.by(() => Math.max(this.edge?.time ?? 0, this.base.reach.at(-1) ?? 0, this.shown ?? 0))
  readonly bounds = $derived.by<views.Bounds>(() => ({ from: this.base.spans[0]?.from ?? this.now - usual, to: this.now }))
  readonly pixel = $derived.by(() => (this.view ? views.perPixel(this.view) : views.second))

  constructor(of: () => Of) {
    this.#of = of
    this.#ask()
    this.#place()
    this.#count()
  }

  /** renew asks the recorder for what is new, or again for everything. */
  async renew(all = false) {
    const asked = this.#source
    try {
      const got = await asked.renew(all)
      if (asked !== this.#source) return
      this.base = got
      this.problem = ''
    } catch (e) {
      if (asked === this.#source) this.problem = sentence(e)
    }
    this.known = true
  }

  show = (v: views.View) => (this.view = views.confine(v, this.bounds))
  fit = () => (this.view = views.fit(this.bounds, this.width))

  /** zoom keeps the picture where it is, if it is seen. */
  zoom(factor: number) {
    const v = this.view
    if (v) this.show(views.zoom(v, this.shown !== null && views.holds(v, this.shown) ? views.xOf(v, this.shown) : v.width / 2, factor))
  }

  /** inside is a moment of what is kept. */
  inside = (t: number) => Math.min(Math.max(t, this.bounds.from), this.bounds.to)

  #ask() {
    $effect(() => {
      void this.#source
      this.base = nothing
      this.known = false
      this.view = null
      void this.renew(true)
      const timer = setInterval(() => document.hidden || void this.renew(), often)
      return () => clearInterval(timer)
    })
    // A run that is not known yet has begun.
    const run = $derived(this.edge?.position.split('.')[0])
    $effect(() => {
      if (run !== undefined && untrack(() => this.known)) void this.renew()
    })
  }

  /** #place lets the view go along with the picture and with the live end, unless somebody is moving it. */
  #place() {
    $effect(() => {
      if (this.width <= 0 || !this.known || (this.view && this.view.width === this.width)) return
      this.view = untrack(() => this.#first())
    })
    let shownBefore: number | null = null
    $effect(() => {
      const at = this.shown
      untrack(() => {
        if (this.view && at !== null && !this.#of().busy) this.view = views.follow(this.view, shownBefore, at)
        shownBefore = at
      })
    })
    let edgeBefore: number | null = null
    $effect(() => {
      const at = this.edge?.time ?? null
      untrack(() => {
        const { view: v, shown } = this
        const stays = this.#of().player.live || shown === null || !v || shown - v.from > (v.to - v.from) * 0.05
        if (v && at !== null && edgeBefore !== null && !this.#of().busy && stays) this.view = views.grow(v, edgeBefore, at)
        edgeBefore = at
      })
    })
  }

  #first(): views.View {
    const { view, width, bounds } = this
    if (view) return { ...view, width }
    return bounds.to - bounds.from < usual * 1.5 ? views.fit(bounds, width) : views.last(bounds, usual, width)
  }

  /** #count asks how much is said, for a third more than is seen, when the view has come to rest. */
  #count() {
    const stretch = $derived(this.view && `${Math.floor(this.view.from / (this.pixel * 64))} ${Math.round(this.view.to - this.view.from)} ${this.width}`)
    $effect(() => {
      if (!stretch) return
      const v = untrack(() => this.view)
      if (!v) return
      const stop = new AbortController()
      const timer = setTimeout(async () => {
        const more = (v.to - v.from) / 3
        const found = await getSaid(untrack(() => this.#of().camera), v.from - more, v.to + more, Math.min(Math.max(Math.round(v.width / 3), 8), 2000), stop.signal)
        if (!stop.signal.aborted) this.said = found
      }, rest)
      return () => {
        clearTimeout(timer)
        stop.abort()
      }
    })
  }
}
