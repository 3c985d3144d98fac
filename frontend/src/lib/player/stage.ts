// The screen itself: one media element and one canvas. It plays what the
// recorder sends and tells what stands on the screen; it decides nothing.

import { Chase } from './chase'
import { Frames } from './frames'
import { Mse, plays } from './mse'
import { Pace } from './pace'
import { Stills } from './stills'
import type { Binary, Tracks } from './wire'

export interface Events {
  /** shows: the picture of this recorded time stands on the screen. */
  shows(recorded: number): void
  /** arrived: the picture that a seek asked for stands. */
  arrived(gen: number): void
  /** waiting: nothing is left to play. */
  waiting(yes: boolean): void
  /** gesture: the browser wants a click before there is sound. */
  gesture(wanted: boolean): void
  /** failed: nothing can be shown until the same moment is asked for again. why is empty if the cause is gone. */
  failed(why: string): void
  /** unplayable: this browser has no decoder for the type. */
  unplayable(mime: string): void
}

export interface Aim {
  gen: number
  at: number
  live: boolean
  rate: number
  exact: boolean // the very picture, not just about there
}

const keepBehind = 60 // seconds of what was played that stay in the buffer
const trimTo = 30
const patience = 300 // ms that the old picture plays on after a seek
const frozen = 250 // ms without progress before a hole is looked for
const stuck = 3000
const dead = 9000
const near = 0.25 // seconds: there is no need to move the picture
const nudge = 0.001
const skipped = 0.5 // seconds that the recorder left out, and no gap of fragments

export class Stage {
  readonly frames = new Frames()
  readonly chase = new Chase()
  #video: HTMLVideoElement | null = null
  #canvas: HTMLCanvasElement | null = null
  #mse: Mse | null = null
  #stills = new Stills((at) => this.#drew(at))
  #pace = new Pace()
  #events: Events | null = null
  #tracks: Tracks | null = null
  #gen = 0
  #aim: (Aim & { since: number; set: boolean }) | null = null
  #want: number | null = null // a moment asked for while the element was still seeking
  #playing = false
  #following = false
  #steady = false
  #rate = 1
  #first = Infinity // what of this generation has come
  #last = -Infinity
  #grew = 0 // ms: when the newest of it came
  #moved = { at: -1, since: 0, tried: 0 }
  #still: number | null = null // of the JPEG on the canvas
  #asked: number | null = null // ms: since when a seek waits for its landing
  #callback = { at: -1, when: -Infinity }
  #stop: (() => void) | null = null
  #idle = false

  // --- what it is made of ---

  /** attach gives it the two elements; the result takes them away. */
  attach(video: HTMLVideoElement, canvas: HTMLCanvasElement, events: Events): () => void {
    this.#video = video
    this.#canvas = canvas
    this.#events = events
    this.#mse = new Mse(video, {
      changed: () => this.#tick(),
      failed: (why) => this.#broke(why),
      place: () => this.now(),
    })
    const seeked = () => this.#seeked()
    const error = () => this.#broke(video.error?.message ?? '')
    const waiting = () => this.#following && !this.#steady && this.chase.stall(performance.now())
    video.addEventListener('seeked', seeked)
    video.addEventListener('error', error)
    video.addEventListener('waiting', waiting)
    const timer = setInterval(() => this.#tick(), 50)
    const loop = () => {
      frame = requestAnimationFrame(loop)
      this.#frame()
    }
    let frame = requestAnimationFrame(loop)
    this.#listen(video)
    this.#stop = () => {
      clearInterval(timer)
      cancelAnimationFrame(frame)
      video.removeEventListener('seeked', seeked)
      video.removeEventListener('error', error)
      video.removeEventListener('waiting', waiting)
      this.#mse?.end()
      this.#mse = null
      this.#video = this.#canvas = this.#events = null
    }
    return () => this.#stop?.()
  }

  /** listen learns the time of each picture where the browser tells; some have the call and never make it. */
  #listen(video: HTMLVideoElement) {
    if (typeof video.requestVideoFrameCallback !== 'function') return
    const told = (_: number, m: VideoFrameCallbackMetadata) => {
      this.#callback = { at: m.mediaTime, when: performance.now() }
      if (this.#video === video) video.requestVideoFrameCallback(told)
    }
    video.requestVideoFrameCallback(told)
  }

  // --- what the recorder sends ---

  /** expect throws away what belongs to older generations. */
  expect(gen: number) {
    this.#gen = gen
    this.#aim = null
    this.#asked ??= performance.now()
    this.#first = Infinity
    this.#last = -Infinity
    this.#mse?.with((a) => a.since(gen))
  }

  /** forget: a new connection has a new origin; what stands in the buffer lies elsewhere now. */
  forget() {
    this.frames.clear()
    this.#stills.clear()
    if (this.#tracks?.video?.mode === 'jpeg' || !this.#mse?.ready) return
    this.#hold()
    this.#mse.renew()
  }

  tracks(tracks: Tracks) {
    const jpeg = tracks.video?.mode === 'jpeg'
    const mime = tracks.mime && plays(tracks.mime) ? tracks.mime : ''
    if (tracks.mime && !mime) this.#events?.unplayable(tracks.mime)
    if (tracks.video?.mode !== this.#tracks?.video?.mode) this.frames.clear()
    this.#tracks = tracks
    if (!jpeg) this.#hold()
    const at = this.now()
    const renewed = this.#mse?.expect(this.#gen, mime) ?? false
    if (renewed) this.#again(at)
    if (!renewed && !jpeg) this.#show(false)
    if (jpeg) this.#show(true)
  }

  /** again goes to where the picture was, in an empty MediaSource. */
  #again(at: number) {
    const since = performance.now()
    if (this.#aim) this.#aim = { ...this.#aim, since, set: false }
    else if (this.#asked === null) this.#aim = { gen: this.#gen, at, live: this.#following, rate: this.#rate, exact: false, since, set: false }
  }

  binary(b: Binary) {
    if (b.gen !== this.#gen) return
    if (b.kind === 'init') return this.#mse?.with((a) => a.init(b.gen, b.data))
    if (b.kind === 'jpeg') {
      this.#came(b.at, b.at)
      this.frames.put(b.at, true, [b.at])
      this.#stills.put(b.at, b.data, this.now())
      return undefined
    }
    this.#see()
    this.#came(b.from, b.until)
    if (this.#tracks?.video?.mode !== 'jpeg') this.frames.put(b.until, b.key, b.frames)
    return this.#mse?.with((a) => a.media(b.gen, b.data))
  }

  /** see notes what lies ready as the next fragment comes: the least that there is. */
  #see() {
    const end = this.#chasing() ? this.#mse?.ranges().at(-1) : undefined
    if (end && this.#video) this.chase.see(end.until - this.#video.currentTime, performance.now())
  }

  /** chasing: the live end is followed, at a distance. */
  #chasing(): boolean {
    return this.#following && !this.#steady && this.#playing && !this.#pending() && this.#video?.seeking === false
  }

  #came(from: number, until: number) {
    this.#grew = performance.now()
    this.#first = Math.min(this.#first, from)
    this.#last = Math.max(this.#last, until)
  }

  // --- what the store asks for ---

  /** aim is where the picture of a seek will be, once its data is there. */
  aim(aim: Aim) {
    this.#aim = { ...aim, since: this.#asked ?? performance.now(), set: false }
    this.#asked = null
    this.#want = null
    this.#following = aim.live
    this.#setRate(aim.rate)
    this.#tick()
  }

  /** local goes to a moment without the recorder; false: it does not lie in the buffer together with what comes next. */
  local(at: number): boolean {
    if (this.#pending() || this.#rate < 0 || !this.#holds(at)) return false
    this.#following = false
    this.#put(at)
    return true
  }

  #holds(at: number): boolean {
    if (this.#tracks?.video?.mode === 'jpeg' && !(at >= (this.#stills.first ?? Infinity) && at <= (this.#stills.last ?? -1))) return false
    if (!this.#mse?.ready) return this.#tracks?.video?.mode === 'jpeg'
    const r = this.#mse.around(at)
    return r !== undefined && at >= r.from && at < r.until - 0.05 && this.#last <= r.until + near
  }

  /** now is the recorded time of the clock that sound and picture follow. */
  now(): number {
    const t = performance.now()
    if (this.#aim && !this.#aim.set) return this.#aim.at
    if (this.#paced()) return this.#pace.at(t, this.#first, this.#last)
    return this.#want ?? this.#video?.currentTime ?? 0
  }

  /** paced: our own clock leads, for there is no sound, or it goes backward. */
  #paced(): boolean {
    return this.#rate < 0 || !this.#mse?.ready
  }

  /** ahead is how many seconds lie ready. */
  ahead(): number {
    const t = this.#aim && !this.#aim.set ? this.#aim.at : this.now()
    if (this.#rate < 0) return Math.max(0, t - this.#first)
    const stills = Math.max(0, (this.#stills.last ?? t) - t)
    if (!this.#mse?.ready) return stills
    let sum = 0
    for (const r of this.#mse.ranges()) if (r.from <= this.#last) sum += Math.max(0, r.until - Math.max(r.from, t))
    return this.#tracks?.video?.mode === 'jpeg' ? Math.min(sum, stills) : sum
  }

  /** sound of the element; a browser that wants a click first may be asked again in one. */
  sound(muted: boolean, volume: number) {
    if (!this.#video) return
    this.#video.muted = muted
    this.#video.volume = volume
  }

  play() {
    this.#playing = true
    this.chase.begin(performance.now())
    this.#tick()
  }

  pause() {
    this.#playing = false
    this.#following = false
    this.#pace.run(false, this.#rate, performance.now())
    const v = this.#video
    if (!v) return
    v.pause()
    // A browser may show a picture a little early or late; now it is the very one.
    const at = this.#mse?.ready && this.#rate > 0 && !this.#pending() && !v.seeking ? this.frames.at(this.now()) : undefined
    if (at !== undefined && this.now() - at < 2) this.#put(at + nudge)
  }

  follow(yes: boolean) {
    this.#following = yes
  }

  /** steady: what lies ready is needed, so the live end is not chased. */
  steady(yes: boolean) {
    if (yes === this.#steady) return
    this.#steady = yes
    this.chase.begin(performance.now())
    if (yes && this.#following && this.#video) this.#video.playbackRate = this.#rate
  }

  /** low asks for the shortest distance to the live end. */
  low(yes: boolean) {
    this.chase.low = yes
  }

  /** skip goes over what the recorder has left out, once what comes behind it is there. */
  skip(to: number) {
    if (this.#rate < 0 || this.#pending() || to <= this.#last + skipped) return
    this.#aim = { gen: this.#gen, at: to, live: this.#following, rate: this.#rate, exact: false, since: performance.now(), set: false }
    this.#first = Infinity
    this.#last = -Infinity
  }

  setRate(rate: number) {
    this.#setRate(rate)
  }

  #setRate(rate: number) {
    const v = this.#video
    const now = performance.now()
    const at = this.now()
    this.#rate = rate
    this.#pace.set(at, now)
    if (!v) return
    if (rate < 0) return v.pause()
    v.defaultPlaybackRate = rate // a new source begins with it
    v.playbackRate = rate
  }

  // --- what happens again and again ---

  #tick() {
    if (!this.#events || !this.#video) return
    if (document.hidden) this.#frame() // the browser paints nothing then
    this.#settle()
    this.#drive()
    this.#keepDistance()
    this.#watch()
    this.#trim()
  }

  /** frame is called before the browser paints. */
  #frame() {
    const v = this.#video
    if (!v || !this.#events) return
    if (this.#paced()) this.#walk()
    const t = this.now()
    if (this.#tracks?.video?.mode === 'jpeg' && this.#canvas && !this.#pending()) void this.#stills.draw(this.#canvas, t)
    if (this.#pending() || v.seeking || this.#want !== null) return
    this.#events.shows(this.#standing(t))
  }

  /** standing is the time of the picture that stands: its own where that is known. */
  #standing(t: number): number {
    if (this.#tracks?.video?.mode === 'jpeg') return this.#playing ? t : (this.#still ?? t)
    const told = performance.now() - this.#callback.when < 500 && Math.abs(this.#callback.at - t) < 0.5
    if (this.#playing && this.#rate > 0) return told ? this.#callback.at : t
    const frame = this.frames.at(t)
    return frame !== undefined && t - frame < 2 ? frame : t
  }

  /** pending: a seek was asked for, and its picture does not stand yet. */
  #pending(): boolean {
    return this.#aim !== null || this.#asked !== null
  }

  /** settle moves the picture to where a seek goes, once that lies in the buffer. */
  #settle() {
    const [aim, v] = [this.#aim, this.#video]
    const now = performance.now()
    if (v && this.#pending() && now - (this.#asked ?? aim?.since ?? now) > patience) v.pause()
    if (!aim || !v || aim.set || this.#last === -Infinity) return
    if (!this.#mse?.ready) {
      if (this.#stills.last === undefined) return
      this.#pace.set(aim.live ? Math.max(aim.at, this.#stills.last) : aim.at, now)
      return this.#arrive()
    }
    const at = this.#place(aim, now)
    if (at === null) return
    if (this.#rate < 0) {
      this.#pace.set(at, now)
      this.#put(at)
      return this.#arrive()
    }
    aim.set = true
    if (!aim.exact && !aim.live && !v.seeking && Math.abs(v.currentTime - at) < near && this.#mse.around(v.currentTime)) return this.#arrive()
    v.currentTime = at
    return undefined
  }

  /** place is the moment to go to; null: it is not there yet. */
  #place(aim: Aim & { since: number }, now: number): number | null {
    const end = this.#mse?.ranges().at(-1)
    if (aim.live && end) {
      const enough = end.until - end.from > this.chase.start && end.until > aim.at - 0.5
      // Who has waited long takes less, but nothing that an older seek, or what a skip leaves behind, has left.
      if (enough || (now - aim.since > 1000 && end.until > this.#first)) return Math.max(end.from + nudge, end.until - this.chase.start)
      return null
    }
    // What older seeks left may begin right there: the moment itself must have come with this one.
    if (this.#last > aim.at) {
      const at = this.#rate > 0 && this.#first > aim.at ? (this.frames.next(this.#first - nudge) ?? this.#first) : this.#picture(aim)
      const r = this.#mse?.ranges(0).find((r) => at + nudge >= r.from && at + nudge < r.until)
      if (r) return at + nudge
    }
    // All has come that will, and it begins a little later or ends a little before.
    if (now - this.#grew < 700) return null
    const beside = this.#mse?.ranges().find((r) => (aim.at >= r.from - 2 && aim.at < r.until) || Math.abs(r.until - aim.at) < 0.5)
    return beside ? Math.min(Math.max(aim.at, beside.from) + nudge, beside.until - nudge) : null
  }

  /** picture is the moment of an aim; if it is exact, that of the very picture. */
  #picture(aim: Aim): number {
    const frame = aim.exact ? this.frames.at(aim.at) : undefined
    return frame !== undefined && frame >= this.#first - nudge ? frame : aim.at
  }

  #seeked() {
    const v = this.#video
    if (!v) return
    if (this.#want !== null) {
      const at = this.#want
      this.#want = null
      if (Math.abs(v.currentTime - at) > 0.0001) v.currentTime = at
    }
    if (this.#aim?.set && !v.seeking) this.#arrive()
    else if (this.#rate > 0) this.#show(this.#tracks?.video?.mode === 'jpeg')
  }

  #arrive() {
    const aim = this.#aim
    if (!aim) return
    this.#aim = null
    this.chase.begin(performance.now())
    this.#show(this.#tracks?.video?.mode === 'jpeg')
    const r = this.#mse?.around(this.now())
    if (r && aim.rate > 0) {
      // What other seeks left elsewhere would be played into, and count as ready.
      const kept = { from: r.from, until: Math.max(r.until, this.#last) }
      this.#mse?.with((a) => a.keep(kept))
      this.frames.keep(kept.from, kept.until)
    }
    this.#events?.arrived(aim.gen)
    this.#drive()
  }

  /** put moves the element, one seek at a time: of several the last counts. */
  #put(at: number) {
    const v = this.#video
    const now = performance.now()
    this.#pace.set(at, now)
    if (!v || !this.#mse?.ready) return
    this.chase.begin(now)
    if (v.seeking) this.#want = at
    else v.currentTime = at
  }

  /** drive makes the element play or stand, as it should. */
  #drive() {
    const v = this.#video
    if (!v) return
    const run = this.#playing && !this.#pending()
    this.#pace.run(run && this.#paced(), this.#rate, performance.now())
    if (!run || this.#rate < 0 || !this.#mse?.ready || !v.paused || v.readyState < 2 || this.#idle) return
    this.#idle = true
    v.play()
      .catch((e: unknown) => {
        if (!(typeof e === 'object' && e !== null && 'name' in e && e.name === 'NotAllowedError')) return
        v.muted = true
        this.#events?.gesture(true)
      })
      .finally(() => (this.#idle = false))
  }

  /** walk shows the key frames that our own clock passes. */
  #walk() {
    const v = this.#video
    if (this.#rate > 0 || !v || !this.#mse?.ready || this.#pending() || v.seeking) return
    const at = this.frames.keyAt(this.now())
    if (at !== undefined && Math.abs(v.currentTime - at - nudge) > 0.01) v.currentTime = at + nudge
  }

  #keepDistance() {
    const v = this.#video
    if (!v || !this.#chasing()) return
    const now = performance.now()
    if (this.#paced()) {
      const last = this.#stills.last
      if (last !== undefined && last - this.now() > 0.3) this.#pace.set(last, now)
      return
    }
    const end = this.#mse?.ranges().at(-1)
    if (!end) return
    const step = this.chase.next(end.until - v.currentTime, now)
    if ('jump' in step) v.currentTime = Math.max(end.from, end.until - step.jump)
    else if (Math.abs(v.playbackRate - step.rate) > 0.01) v.playbackRate = step.rate
  }

  /** watch steps over holes, and begins anew where the element has died. */
  #watch() {
    const v = this.#video
    const now = performance.now()
    if (!v || !this.#playing || this.#rate < 0 || this.#pending() || v.seeking || !this.#mse?.ready || v.currentTime !== this.#moved.at) {
      if (this.#moved.tried >= 0 && this.#moved.since && v && v.currentTime !== this.#moved.at) this.#events?.waiting(false)
      this.#moved = { at: v?.currentTime ?? -1, since: now, tried: 0 }
      return
    }
    const still = now - this.#moved.since
    if (still < frozen) return
    const t = v.currentTime
    const here = this.#mse.ranges(0).find((r) => t >= r.from - nudge && t < r.until - 0.06)
    if (!here) {
      const next = this.#mse.ranges(0).find((r) => r.from > t && r.from < this.#last)
      if (next) v.currentTime = next.from + nudge
      else if (still > 500) this.#events?.waiting(true)
    } else if (still > dead) {
      this.#moved.since = now
      this.#broke('')
    } else if (still > stuck * (this.#moved.tried + 1)) {
      this.#moved.tried++
      v.currentTime = t + 0.01
    }
  }

  #trim() {
    const v = this.#video
    if (!v || this.#pending() || !this.#mse?.ready) return
    if (this.#rate < 0) {
      const end = this.#mse.ranges().at(-1)
      const until = v.currentTime + trimTo
      if (end && end.until - v.currentTime > keepBehind) this.#mse.with((a) => a.keep({ from: 0, until }))
      return
    }
    const first = this.#mse.ranges()[0]
    if (!first || v.currentTime - first.from < keepBehind) return
    const from = this.frames.keyAt(v.currentTime - trimTo) ?? v.currentTime - trimTo
    if (from - first.from < 5) return
    this.#mse.with((a) => a.keep({ from, until: Infinity }))
    this.frames.keep(from, Infinity)
  }

  #drew(at: number) {
    this.#still = at
  }

  /** hold keeps the last picture on the canvas while the element has none. */
  #hold() {
    const [v, c] = [this.#video, this.#canvas]
    if (!v || !c || v.videoWidth === 0 || v.readyState < 2 || !c.hidden) return
    c.width = v.videoWidth
    c.height = v.videoHeight
    c.getContext('2d')?.drawImage(v, 0, 0)
    this.#show(true)
  }

  #show(canvas: boolean) {
    if (this.#canvas) this.#canvas.hidden = !canvas
  }

  #broke(why: string) {
    this.#hold()
    this.frames.clear()
    this.#aim = this.#asked = null
    this.#mse?.renew()
    this.#events?.failed(why)
  }
}
