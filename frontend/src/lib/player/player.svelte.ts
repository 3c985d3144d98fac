// The store of the viewing screen. What it says comes from the recorder and
// from the media element; what is asked for goes through it.

import { isFlag, isNumber, keep, kept } from '../keep'
import { along, Clock } from './clock'
import type { Link, Listener } from './link'
import type { Events, Stage } from './stage'
import { Undo, type Was } from './undo'
import type { Binary, Gap, Holes, Message, Picture, Place, Point, Tracks } from './wire'

export type Target = 'live' | { time: Date } | { position: string } | { recorded: number }

/** Shown is the picture on the screen: its recorded time, and the true one. */
export interface Shown {
  recorded: number
  time: Date
  position: string
  trusted: boolean
}

/** Notice is one quiet sentence; key and values are for i18n. */
export interface Notice {
  id: number
  key: 'gap' | 'gapPassed' | 'beginning' | 'end' | 'said' | 'unplayable' | 'unseen'
  values: { reason?: string; seconds?: number; text?: string }
}

/** Screen is what of a Stage the store needs. */
export type Screen = Pick<Stage, 'frames' | 'expect' | 'forget' | 'tracks' | 'binary' | 'aim' | 'local' | 'now' | 'ahead' | 'play' | 'pause' | 'follow' | 'steady' | 'low' | 'skip' | 'setRate' | 'sound'>
export type Wire = Pick<Link, 'send' | 'close' | 'bytes' | 'open'>

export interface Options {
  screen: Screen
  link: (l: Listener) => Wire
  start?: Target
  now?: () => number // ms, never stepped
}

export const rates = [-16, -8, -4, -2, -1, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 4, 8, 16]

const report = 250 // ms between two words to the recorder about where the picture is
const hurry = 250 // ms after which a newer seek overtakes one that is under way
const atEnd = 0.3 // seconds: who asks for a moment so near to the end wants the end
const again = 1000 // ms until what ended by itself is asked for again
const close = 3 // seconds from the end that who asked for live takes for it
const atBeginning = 0.05 // seconds
const joins = 0.8 // seconds from the end at which playing on is live

interface Wish {
  target: Target
  recorded: number | null
  exact: boolean
  rate: number
}

export class Player implements Listener, Events {
  connection = $state<'connecting' | 'open' | 'lost'>('connecting')
  shown = $state.raw<Shown | null>(null)
  edge = $state.raw<Point | null>(null)
  oldest = $state.raw<Point | null>(null)
  length = $state(0)
  foreign = $state(false)
  recording = $state(false)
  frozen = $state(false)
  live = $state(false)
  paused = $state(false)
  rate = $state(1)
  muted = $state(kept('muted', false, isFlag))
  volume = $state(Math.min(1, Math.max(0, kept('volume', 1, isNumber))))
  needsGesture = $state(false)
  seeking = $state(true)
  starved = $state(false) // nothing is left to play
  picture = $state<Picture>('full')
  why = $state('')
  holes = $state.raw<Holes>({})
  filled = $state.raw({ video: 0, audio: 0 })
  notice = $state.raw<Notice | null>(null)
  tracks = $state.raw<Tracks | null>(null)
  canUndo = $state(false)
  behind = $derived(this.live || !this.edge || !this.shown ? 0 : Math.max(0, (Date.parse(this.edge.time) - this.shown.time.getTime()) / 1000))

  readonly clock = new Clock()
  #screen: Screen
  #link: Wire
  #now: () => number
  #gen = 0
  #wish: (Wish & { gen: number; at: number; landed: boolean }) | null = null // under way
  #next: Wish | null = null // takes its place
  #resume: Wish // what a new connection is asked for, while nothing is shown
  #frame: number | null = null // the picture last asked for by a step
  #goal: number | null = null // a moment in the buffer that the picture is on its way to
  #undo = new Undo()
  #edge: { point: Point; at: number } | null = null
  #passed: { recorded: number; gap: Gap }[] = []
  #before = false // shown is the picture before that of a seek, which is not painted yet
  #ends = false // the recorder has sent the beginning
  #notices = 0
  #low = false
  #timer: ReturnType<typeof setInterval>
  #again: ReturnType<typeof setTimeout> | undefined

  constructor(
    readonly camera: string,
    options: Options,
  ) {
    this.#screen = options.screen
    this.#now = options.now ?? (() => performance.now())
    this.#resume = { target: options.start ?? 'live', recorded: null, exact: options.start !== undefined, rate: 1 }
    this.#screen.play()
    this.#link = options.link(this)
    this.#timer = setInterval(() => this.beat(), report)
  }

  end() {
    clearInterval(this.#timer)
    clearTimeout(this.#again)
    this.#link.close()
  }

  // --- asked for by the viewer ---

  seek(to: Target) {
    this.#remember('')
    this.#go(this.#wishFor(to))
  }

  /** by moves so many seconds of recorded time, from where it already goes to. */
  by(seconds: number) {
    const base = this.#next?.recorded ?? this.#wish?.recorded ?? this.#goal ?? this.#here()
    if (base === null) return
    if (seconds > 0 && (this.live || this.#next?.target === 'live' || this.#wish?.target === 'live')) return
    this.#remember(seconds < 0 ? 'back' : 'on')
    this.#go(this.#wishFor({ recorded: base + seconds }))
  }

  /** step shows the picture beside the one last asked for. */
  step(frames: 1 | -1) {
    if (!this.paused) this.pause()
    if (this.#wish || !this.shown) return
    const from = this.#here() ?? this.shown.recorded
    const to = frames > 0 ? this.#screen.frames.next(from) : this.#screen.frames.previous(from)
    if (to !== undefined && this.#screen.local(to + 0.001)) {
      this.#frame = to
      this.live = false
      return
    }
    if (frames < 0 && from > 0) this.#send({ target: { recorded: from - 0.001 }, recorded: from - 0.001, exact: true, rate: 1 })
  }

  /** here is the picture that stands, or that a step or seek will paint at once. */
  #here(): number | null {
    if (this.#frame !== null || !this.#before) return this.#frame ?? this.shown?.recorded ?? null
    const now = this.#screen.now()
    return this.#screen.frames.at(now) ?? now
  }

  play() {
    this.paused = false
    this.#frame = null
    this.#screen.play()
    this.#report()
  }

  pause() {
    this.paused = true
    this.live = false // a moment later it is in the past
    this.#screen.pause()
    this.#report()
  }

  toggle() {
    if (this.paused) this.play()
    else this.pause()
  }

  /** setRate: 0.25 to 16, and -1 to -16. At the end nothing is faster than the camera. */
  setRate(n: number) {
    if (!rates.includes(n) || n === this.rate) return
    if (n > 1 && this.live) return this.#tell('end', {})
    const slow = (r: number) => r > 0 && r <= 1
    if (slow(n) && slow(this.rate) && !this.#wish) {
      if (n < 1) this.#leave()
      this.rate = n
      this.#screen.setRate(n)
      return
    }
    const at = this.#wish?.recorded ?? this.shown?.recorded
    if (at === undefined || at === null) return
    this.#send({ target: { recorded: at }, recorded: at, exact: false, rate: n })
  }

  /** faster and slower go through the speeds, forward ones only. */
  faster(up: boolean) {
    const all = rates.filter((r) => r > 0)
    const i = all.indexOf(this.rate)
    const to = this.rate < 0 ? 1 : all[i + (up ? 1 : -1)]
    if (to !== undefined) this.setRate(to)
  }

  undo() {
    const was = this.#undo.pop()
    this.canUndo = this.#undo.length > 0
    if (was) this.#go(this.#wishFor(was))
  }

  mute(on = !this.muted) {
    this.muted = on
    keep('muted', on)
    if (!on && this.volume === 0) this.volume = 0.5
    this.#sound()
  }

  setVolume(v: number) {
    this.volume = Math.min(1, Math.max(0, v))
    keep('volume', this.volume)
    if (this.muted && this.volume > 0) this.mute(false)
    else this.#sound()
  }

  /** allow is called in a click or key, which is what the browser waited for. */
  allow() {
    if (!this.needsGesture) return
    this.needsGesture = false
    this.#sound()
    if (!this.paused) this.#screen.play()
  }

  #sound() {
    this.#screen.sound(this.muted || this.needsGesture, this.volume)
  }

  /** low asks for the shortest distance to live, on this connection and those after it. */
  low(yes: boolean) {
    if (yes === this.#low) return
    this.#low = yes
    this.#screen.low(yes)
    if (this.connection === 'open') this.#link.send({ do: 'latency', low: yes })
  }

  dismiss() {
    this.notice = null
  }

  // --- seeks ---

  #wishFor(target: Target): Wish {
    if (target === 'live') return { target, recorded: null, exact: false, rate: 1 }
    if ('recorded' in target) {
      const end = this.edge?.recorded ?? Infinity
      if (target.recorded >= end - atEnd && this.rate > 0) return this.#wishFor('live')
      const recorded = Math.max(0, target.recorded)
      return { target: { recorded }, recorded, exact: this.paused, rate: this.rate }
    }
    const recorded = 'time' in target ? this.clock.recordedOf(target.time.getTime()) : null
    return { target, recorded, exact: true, rate: this.rate }
  }

  #go(wish: Wish) {
    this.#frame = null
    if (wish.recorded !== null && wish.target !== 'live' && 'recorded' in wish.target && !this.#wish && this.#screen.local(wish.recorded)) {
      this.live = false
      this.#goal = wish.recorded
      return this.#report()
    }
    if (this.#wish && this.#now() - this.#wish.at < hurry) {
      this.#next = wish
      return
    }
    this.#send(wish)
  }

  #send(wish: Wish) {
    this.#next = this.#goal = this.#frame = null
    this.#ends = false
    this.#passed = []
    this.seeking = true
    if (wish.target !== 'live') this.#leave()
    if (!this.#link.open || this.connection !== 'open') {
      this.#resume = wish
      this.#wish = null
      return
    }
    const gen = ++this.#gen
    this.#wish = { ...wish, gen, at: this.#now(), landed: false }
    this.#screen.expect(gen)
    this.#link.send({ do: 'seek', gen, ...placeOf(wish.target), rate: wish.rate })
  }

  #leave() {
    this.live = false
    this.#screen.follow(false)
  }

  #remember(kind: string) {
    const was: Was | null = this.live ? 'live' : this.shown && { position: this.shown.position }
    if (was) this.#undo.push(was, kind, this.#now())
    this.canUndo = this.#undo.length > 0
  }

  // --- what the recorder says ---

  opened() {
    this.#gen = 0
  }

  lost() {
    clearTimeout(this.#again)
    if (this.connection === 'open') this.#resume = this.#where()
    this.connection = 'lost'
    this.#wish = this.#next = null
    this.#edge = null
  }

  /** where is what to ask for after a loss: the same moment, or what was on its way. */
  #where(): Wish {
    const under = this.#next ?? this.#wish
    if (this.live || under?.target === 'live') return this.#wishFor('live')
    // Recorded time has another origin on another connection.
    const at = under ? (under.recorded === null ? null : this.clock.at(under.recorded)) : this.shown
    if (under && !at) return under
    return at ? { target: { position: at.position }, recorded: null, exact: true, rate: this.rate } : this.#resume
  }

  message(m: Message) {
    switch (m.is) {
      case 'hello':
        return this.#hello(m)
      case 'landed':
        return this.#landed(m)
      case 'tracks':
        if (m.gen === this.#gen) this.#screen.tracks((this.tracks = { video: m.video, audio: m.audio, mime: m.mime }))
        return
      case 'jump':
        if (m.gen !== this.#gen) return
        this.clock.add(m.point)
        if (m.gap) this.#passed.push({ recorded: m.point.recorded, gap: m.gap })
        else this.#screen.skip(m.point.recorded)
        return
      case 'edge':
        this.#edge = { point: m.point, at: this.#now() }
        this.edge = m.point
        this.recording = m.recording
        this.frozen = m.frozen
        return
      case 'state':
        if (m.gen !== this.#gen) return
        this.picture = m.picture
        this.why = m.why
        this.holes = m.holes
        this.filled = m.filled
        this.#screen.steady(m.picture === 'keys' && m.why === 'slow link')
        return
      case 'end':
        if (m.gen === this.#gen) this.#ended(m.why)
        return
      case 'error':
        return this.#refused(m.text)
    }
  }

  binary(b: Binary) {
    if (b.gen === this.#gen) this.#screen.binary(b)
  }

  #hello(m: Message & { is: 'hello' }) {
    this.connection = 'open'
    this.oldest = m.oldest
    this.length = m.length
    this.foreign = m.foreign
    this.clock.clear()
    if (m.oldest) this.clock.add(m.oldest)
    this.#screen.forget()
    if (this.#low) this.#link.send({ do: 'latency', low: true })
    this.#send(this.#resume)
  }

  #landed(m: Message & { is: 'landed' }) {
    const wish = this.#wish
    if (!wish || m.gen !== wish.gen) return
    this.clock.add(m.point)
    this.clock.add(m.asked)
    wish.recorded = m.asked.recorded
    wish.landed = true
    this.rate = m.rate
    // After a restart the end may not move yet; who asked for it is there all the same.
    const near = wish.target === 'live' && this.edge !== null && this.edge.recorded - m.asked.recorded < close
    this.live = (m.live || near) && m.rate > 0
    if (m.gap) this.#tell('gap', m.gap)
    this.#screen.aim({ gen: m.gen, at: m.asked.recorded, live: this.live && !this.paused, rate: m.rate, exact: wish.exact && !this.live })
  }

  /** refused: a seek that is not answered must not hang. */
  #refused(text: string) {
    this.#tell('said', { text })
    const wish = this.#wish
    if (!wish || wish.landed) return
    this.#wish = null
    if (this.shown && wish.recorded !== this.shown.recorded) this.#send({ target: { position: this.shown.position }, recorded: this.shown.recorded, exact: true, rate: 1 })
    else this.seeking = false
  }

  /** ended: reverse reached the beginning; else the recorder closes, and what is shown is asked for again. */
  #ended(why: string) {
    if (why !== 'beginning') {
      clearTimeout(this.#again)
      this.#again = setTimeout(() => this.connection === 'open' && this.#send(this.#where()), again)
      return
    }
    this.#ends = true
    this.#begin()
  }

  /** begin: what plays backward stops at the beginning, once its picture is there. */
  #begin() {
    if (!this.#ends || this.#screen.ahead() > atBeginning) return
    this.#ends = false
    this.#tell('beginning', {})
    this.pause()
    const at = Math.max(0, this.shown?.recorded ?? 0)
    this.#send({ target: { recorded: at }, recorded: at, exact: true, rate: 1 })
  }

  // --- what the screen says ---

  /** shows is called for each picture that stands. */
  shows(recorded: number) {
    const p = this.clock.at(recorded)
    if (!p) return
    this.#before = false
    this.#goal = null
    this.shown = { recorded, time: new Date(p.time), position: p.position, trusted: p.trusted }
    while (this.#passed[0] && recorded >= this.#passed[0].recorded) {
      const gap = this.#passed.shift()?.gap
      if (gap) this.#tell('gapPassed', gap)
    }
  }

  arrived(gen: number) {
    if (this.#wish?.gen !== gen) return
    this.#wish = null
    this.#before = true
    if (this.#next) return this.#send(this.#next)
    this.seeking = false
    this.#report()
  }

  waiting(yes: boolean) {
    this.starved = yes
  }

  gesture(wanted: boolean) {
    this.needsGesture = wanted
  }

  failed(why: string) {
    if (why) console.warn(`hindsight: the picture begins anew: ${why}`)
    const at = this.#where()
    this.#wish = null
    this.#send(at)
  }

  unplayable(mime: string) {
    this.#tell('unplayable', { text: mime })
  }

  // --- now and then ---

  /** beat tells the recorder where the picture is, and lets the end grow. */
  beat() {
    if (this.#edge) this.edge = this.recording && !this.frozen ? along(this.#edge.point, (this.#now() - this.#edge.at) / 1000) : this.#edge.point
    if (this.#next && this.#wish && this.#now() - this.#wish.at >= hurry) this.#send(this.#next)
    this.#join()
    this.#begin()
    this.#report()
  }

  /** join makes of playing up to the end a live view. */
  #join() {
    if (!this.edge || !this.shown || this.#before || this.live || this.paused || this.#wish || !this.recording) return
    if (this.edge.recorded - this.shown.recorded > joins * Math.max(1, this.rate)) return
    if (this.rate > 1) this.#send(this.#wishFor('live'))
    else if (this.rate === 1) {
      this.live = true
      this.#screen.follow(true)
    }
  }

  #report() {
    if (this.connection !== 'open' || this.#gen === 0) return
    const recorded = this.#wish?.recorded ?? this.#screen.now()
    this.#link.send({ do: 'at', gen: this.#gen, recorded, ahead: this.#screen.ahead(), bytes: this.#link.bytes, playing: !this.paused })
  }

  #tell(key: Notice['key'], values: Notice['values']) {
    const { reason, seconds, text } = values
    this.notice = { id: ++this.#notices, key, values: { ...(reason !== undefined && { reason }), ...(seconds !== undefined && { seconds }), ...(text !== undefined && { text }) } }
  }
}

function placeOf(t: Target): Place {
  if (t === 'live') return { live: true }
  if ('time' in t) return { time: t.time.toISOString() }
  return t
}
