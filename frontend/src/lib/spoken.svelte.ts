// What is said around the picture: the transcript goes where the viewer goes.

import { before } from './captions'
import { follow } from './feed'
import { at, beside, type At } from './overlay'
import { Transcript } from './transcript.svelte'

const few = 5 // captions left in a direction before more are asked for
const patience = 1500 // ms between two looks at the same surroundings

export class Spoken {
  readonly transcript: Transcript
  #asked = -Infinity // ms

  constructor(camera: string) {
    this.transcript = new Transcript(camera)
  }

  /** listen follows what is said; the result ends it. */
  listen(): () => void {
    void this.transcript.toLive()
    const leave = follow(this.transcript.camera, this.transcript)
    return () => {
      leave()
      this.transcript.end()
    }
  }

  /** visit asks for the surroundings of a moment, unless they are there. now in ms. */
  visit(position: string, live: boolean, now: number) {
    const s = this.transcript
    if (s.busy || !s.loaded || now - this.#asked < patience) return
    const t = at(position)
    const [first, last] = [s.captions[0], s.captions.at(-1)]
    if (!first || !last) return
    const outside = (s.older && earlier(t, { run: first.start.run, ms: first.start.media_ms })) || (!s.live && earlier({ run: last.end.run, ms: last.end.media_ms }, t))
    if (live && !s.live) return this.#once(now, () => s.toLive())
    if (outside) return this.#once(now, () => (live ? s.toLive() : s.around(position)))
    const i = s.captions.findIndex((c) => !earlier({ run: c.end.run, ms: c.end.media_ms }, t))
    if (s.older && i >= 0 && i < few) this.#once(now, () => s.more('older'))
    else if (!s.live && i >= s.captions.length - few) this.#once(now, () => s.more('newer'))
    else if (s.live && live) s.dropOldest()
  }

  /** beside is the position of the caption before or behind a moment; empty: none is known. */
  beside(position: string, forward: boolean): string {
    return beside([...this.transcript.captions].sort(before), at(position), forward)?.start.position ?? ''
  }

  #once(now: number, f: () => Promise<void>) {
    this.#asked = now
    void f()
  }
}

const earlier = (a: At, b: At) => a.run < b.run || (a.run === b.run && a.ms < b.ms)
