// A stretch of what was said: the newest, or the surroundings of something found.

import { getGaps, sentence, type Gap } from './api'
import { before, getCaptions, getStretches, type Caption, type Gone, type Match, type Page, type Place, type Query, type Stretch } from './captions'
import type { Listener } from './feed'

const page = 100 // captions asked for at once
const most = 600 // captions on the screen while it follows; half of them go when there are more
const stale = 20_000 // ms after which a partial is no longer believed
const ending = 1500 // ms that a partial stays after the recogniser took it back
const pause = 1000 // ms between two questions that events give rise to

const behind = (p: Place) => `${p.run}.${Math.floor(p.media_ms) + 1}`
const voice = (c: Caption) => `${c.track} ${c.language}`

export class Transcript implements Listener {
  captions = $state.raw<Caption[]>([])
  partials = $state.raw<Caption[]>([])
  gaps = $state.raw<Gap[]>([])
  stretches = $state.raw<Stretch[]>([])
  live = $state(true) // the stretch reaches up to now
  older = $state(false) // there is more before it
  online = $state(true)
  loaded = $state(false)
  busy = $state(false)
  problem = $state('')
  found = $state.raw<{ id: number; matches: Match[] } | null>(null)
  spoken = $state.raw<Caption | null>(null) // the last final that came live

  #turn = 0 // of the stretch shown: answers of earlier ones are thrown away
  #late: Caption[] = [] // finals that came while a question was under way
  #asking = 0
  #timers = new Map<string, ReturnType<typeof setTimeout>>()

  constructor(readonly camera: string) {}

  // --- moving about ---

  /** toLive shows the newest. */
  async toLive() {
    this.found = null
    await this.#show(async () => {
      const p = await this.#ask({ order: 'newest', limit: page })
      return { captions: p.captions, older: p.next !== null, live: true }
    })
    await this.#missing()
  }

  /** surround shows what was said around a caption. */
  async surround(c: Caption) {
    await this.#around(c.start.position)
    this.found = { id: c.id, matches: c.matches }
    await this.#missing()
  }

  /** around shows what was said around a moment. */
  async around(position: string) {
    this.found = null
    await this.#around(position)
    await this.#missing()
  }

  #around(position: string) {
    return this.#show(async () => {
      const [earlier, later] = await Promise.all([
        this.#ask({ to: position, order: 'newest', limit: page / 2 }),
        this.#ask({ from: position, order: 'oldest', limit: page }),
      ])
      return { captions: [...earlier.captions, ...later.captions], older: earlier.next !== null, live: later.next === null }
    })
  }

  /** more loads what lies before or behind. */
  async more(where: 'older' | 'newer') {
    const [first, last] = [this.captions[0], this.captions.at(-1)]
    if (this.busy || !first || !last) return
    await this.#load(async () => {
      const p =
        where === 'older'
          ? await this.#ask({ to: behind(first.start), order: 'newest', limit: page })
          : await this.#ask({ from: last.start.position, order: 'oldest', limit: page })
      const more = p.next !== null
      return { captions: [...this.captions, ...p.captions], older: where === 'older' ? more : this.older, live: where === 'older' ? this.live : !more }
    })
    await this.#missing()
  }

  /** dropOldest keeps the screen quick while it follows for hours. */
  dropOldest() {
    if (!this.live || this.captions.length <= most) return
    this.captions = this.captions.slice(-most / 2)
    this.older = true
  }

  /** uncaptioned asks where in the stretch sound was not, or not yet, captioned. */
  async uncaptioned() {
    const turn = this.#turn
    const from = this.captions[0]?.start.position ?? ''
    const to = this.live ? '' : (this.captions.at(-1)?.end.position ?? '')
    try {
      const answers = await Promise.all([getStretches(this.camera, 'pending', from, to), getStretches(this.camera, 'off', from, to)])
      if (turn === this.#turn) this.stretches = answers.flat()
    } catch {
      // Whatever is wrong is said where the captions are asked for.
    }
  }

  /** missing asks for the gaps of the stretch, which do not change but at its live end. */
  async #missing() {
    const [first, last, turn] = [this.captions[0], this.captions.at(-1), this.#turn]
    if (!first || !last) return
    try {
      const gaps = await getGaps(this.camera, first.start, last.end)
      if (turn === this.#turn) this.gaps = gaps
    } catch {
      // As above.
    }
  }

  // --- what happens ---

  connected(yes: boolean) {
    this.online = yes
    if (!yes) this.partials = []
  }

  catchUp() {
    this.#soon('catch up', () => void this.#again(), this.loaded ? pause : 0)
  }

  partial(c: Caption) {
    const key = voice(c)
    const others = this.partials.filter((p) => voice(p) !== key)
    // Nothing any more: most often the final comes in a moment, and what is read must not flicker.
    if (c.text !== '') this.partials = [...others, c].sort((a, b) => voice(a).localeCompare(voice(b)))
    this.#soon(key, () => (this.partials = this.partials.filter((p) => voice(p) !== key)), c.text === '' ? ending : stale)
  }

  final(c: Caption) {
    // A partial behind it is already of the next one.
    this.partials = this.partials.filter((p) => voice(p) !== voice(c) || !less(p.start, c.end))
    if (this.#asking > 0) this.#late.push(c)
    if (!this.loaded) return
    const known = this.captions.some((k) => k.id === c.id)
    if (this.#within(c)) this.captions = this.#merge([...this.captions, c])
    if (!known && this.live && this.captions.at(-1) === c) this.spoken = c
  }

  edited(c: Caption) {
    this.captions = this.captions.map((k) => (k.id === c.id ? c : k))
  }

  deleted(g: Gone) {
    // What a person wrote may have been left; the recorder is asked at once.
    const inside = (p: Place) => !less(p, g.from) && (!g.until || less(p, g.until))
    this.captions = this.captions.filter((c) => c.editor !== '' || !inside(c.start) || (g.language !== '' && g.language !== c.language))
    this.catchUp()
  }

  /** end stops what is still to come. */
  end() {
    this.#turn++
    for (const t of this.#timers.values()) clearTimeout(t)
    this.#timers.clear()
  }

  // --- asking ---

  /** again asks for the stretch as it is now. */
  async #again() {
    const [first, last] = [this.captions[0], this.captions.at(-1)]
    if (!this.loaded || !first || !last) return this.toLive()
    const { live, older } = this
    await this.#load(async () => {
      const p = await this.#ask(live ? { from: first.start.position, limit: 1000 } : { from: first.start.position, to: behind(last.start), limit: 1000 })
      if (!live || p.next === null) return { captions: p.captions.filter((c) => before(c, first) >= 0 || !older), older, live }
      const newest = await this.#ask({ order: 'newest', limit: page })
      return { captions: newest.captions, older: newest.next !== null, live }
    })
    return undefined
  }

  #show(f: () => Promise<Shown>) {
    this.#turn++
    return this.#load(f)
  }

  async #load(f: () => Promise<Shown>) {
    const turn = this.#turn
    this.busy = true
    this.#asking++
    try {
      const to = await f()
      if (turn !== this.#turn) return
      this.older = to.older
      this.live = to.live
      this.captions = this.#merge(to.captions)
      this.captions = this.#merge([...this.captions, ...this.#late.filter((c) => this.#within(c))])
      this.loaded = true
      this.problem = ''
      void this.uncaptioned()
    } catch (e) {
      if (turn === this.#turn) this.problem = sentence(e)
    } finally {
      if (--this.#asking === 0) this.#late = []
      if (turn === this.#turn || this.#asking === 0) this.busy = false
    }
  }

  #ask = (q: Query): Promise<Page> => getCaptions(this.camera, q)

  /** within: a caption belongs on the screen, for it lies in the stretch or behind its live end. */
  #within(c: Caption): boolean {
    const [first, last] = [this.captions[0], this.captions.at(-1)]
    if (!first || !last) return this.live
    if (this.older && before(c, first) < 0) return false
    return this.live || before(c, last) < 0
  }

  #merge = (captions: Caption[]): Caption[] => [...new Map(captions.map((c) => [c.id, c])).values()].sort(before)

  /** soon runs f once after a while, however often it is asked to. A partial begins anew. */
  #soon(key: string, f: () => void, after: number) {
    if (key === 'catch up' && this.#timers.has(key)) return
    clearTimeout(this.#timers.get(key))
    this.#timers.set(
      key,
      setTimeout(() => {
        this.#timers.delete(key)
        f()
      }, after),
    )
  }
}

interface Shown {
  captions: Caption[]
  older: boolean
  live: boolean
}

const less = (a: Place, b: Place) => a.run < b.run || (a.run === b.run && a.media_ms < b.media_ms)
