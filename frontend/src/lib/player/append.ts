// The queue in front of one SourceBuffer, which does one thing at a time. The
// buffer is never emptied before a seek: WebKit's clock would stay stopped.
// What is old goes afterwards, behind the picture.

/** Buffer is what of a SourceBuffer is used. */
export interface Buffer {
  readonly updating: boolean
  readonly buffered: TimeRanges
  appendBuffer(data: BufferSource): void
  remove(start: number, end: number): void
  changeType?(mime: string): void
  addEventListener(type: 'updateend' | 'error', f: () => void): void
  removeEventListener(type: 'updateend' | 'error', f: () => void): void
}

export interface Range {
  from: number
  until: number
}

type Job =
  | { is: 'append'; gen: number; init: boolean; data: Uint8Array<ArrayBuffer> }
  | { is: 'type'; gen: number; mime: string }
  | { is: 'remove'; from: number; until: number }

export interface Events {
  /** changed: something was appended or removed. */
  changed(): void
  /** failed: the buffer takes nothing any more; a new one is needed. */
  failed(why: string): void
  /** place is where the picture is, to make room around it. */
  place(): number
}

const keepBehind = 2 // seconds that are kept behind the picture when room is needed at once
const keepAhead = 6
const touching = 0.15 // seconds between two ranges that still count as one

export class Append {
  #jobs: Job[] = []
  #doing: Job | null = null
  #squeezed = 0 // how often in a row room was made for one append
  #failed = false
  readonly #next = () => this.#done()
  readonly #error = () => this.#fail('the browser cannot decode this')

  constructor(
    private readonly buffer: Buffer,
    private readonly events: Events,
  ) {
    buffer.addEventListener('updateend', this.#next)
    buffer.addEventListener('error', this.#error)
  }

  /** end gives the buffer up. */
  end() {
    this.#failed = true
    this.#jobs = []
    this.buffer.removeEventListener('updateend', this.#next)
    this.buffer.removeEventListener('error', this.#error)
  }

  get waiting(): number {
    return this.#jobs.length + (this.#doing ? 1 : 0)
  }

  init(gen: number, data: Uint8Array<ArrayBuffer>) {
    this.#add({ is: 'append', gen, init: true, data })
  }

  media(gen: number, data: Uint8Array<ArrayBuffer>) {
    this.#add({ is: 'append', gen, init: false, data })
  }

  /** type changes what the buffer takes; false: this browser cannot. */
  type(gen: number, mime: string): boolean {
    if (!this.buffer.changeType) return false
    this.#add({ is: 'type', gen, mime })
    return true
  }

  /** since throws away what of older generations has not begun. */
  since(gen: number) {
    this.#jobs = this.#jobs.filter((j) => j.is === 'remove' || j.gen >= gen)
  }

  /** keep removes what lies outside of a range, after all that waits. */
  keep(range: Range) {
    for (const r of this.ranges(0)) {
      if (r.from < range.from - touching) this.#add({ is: 'remove', from: r.from, until: Math.min(r.until, range.from) })
      if (r.until > range.until + touching) this.#add({ is: 'remove', from: Math.max(r.from, range.until), until: r.until })
    }
  }

  /** ranges is what is buffered; small holes count as none. */
  ranges(hole = touching): Range[] {
    const out: Range[] = []
    let b: TimeRanges
    try {
      b = this.buffer.buffered
    } catch {
      return out // the buffer was taken from its media source
    }
    for (let i = 0; i < b.length; i++) {
      const last = out.at(-1)
      if (last && b.start(i) - last.until <= hole) last.until = b.end(i)
      else out.push({ from: b.start(i), until: b.end(i) })
    }
    return out
  }

  /** around is the range in which a moment lies. */
  around(t: number): Range | undefined {
    return this.ranges().find((r) => t >= r.from - touching && t <= r.until + touching)
  }

  #add(job: Job) {
    if (this.#failed) return
    this.#jobs.push(job)
    this.#run()
  }

  #run() {
    while (!this.#failed && !this.#doing && !this.buffer.updating) {
      const job = this.#jobs.shift()
      if (!job) return
      this.#doing = job
      try {
        if (job.is === 'append') this.buffer.appendBuffer(job.data)
        else if (job.is === 'remove') this.buffer.remove(job.from, job.until)
        else this.buffer.changeType?.(job.mime)
      } catch (e) {
        this.#doing = null
        if (nameOf(e) === 'QuotaExceededError' && job.is === 'append') this.#squeeze(job)
        else return this.#fail(e instanceof Error ? e.message : String(e))
        continue
      }
      if (job.is === 'type') this.#doing = null // it tells no end
    }
  }

  /** squeeze makes room, less and less gently, and then appends again. */
  #squeeze(job: Job) {
    this.#jobs.unshift(job)
    const at = this.events.place()
    const tries = this.#squeezed++
    const behind = tries === 0 ? keepBehind : 0.2
    const ahead = tries === 0 ? Infinity : keepAhead
    const all = this.ranges(0)
    const cut: Job[] = []
    for (const r of all) {
      if (r.from < at - behind) cut.push({ is: 'remove', from: r.from, until: Math.min(r.until, at - behind) })
      if (r.until > at + ahead) cut.push({ is: 'remove', from: Math.max(r.from, at + ahead), until: r.until })
    }
    if (cut.length > 0) this.#jobs.unshift(...cut)
    else if (tries > 1) this.#fail('the browser has no room for this')
  }

  #done() {
    if (this.#doing?.is === 'append') this.#squeezed = 0
    this.#doing = null
    this.events.changed()
    this.#run()
  }

  #fail(why: string) {
    if (this.#failed) return
    this.#failed = true
    this.#jobs = []
    this.events.failed(why)
  }
}

const nameOf = (e: unknown) => (typeof e === 'object' && e !== null && 'name' in e ? e.name : '')
