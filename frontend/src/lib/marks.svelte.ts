// What people noted of a camera: bookmarks, pins and sessions. The lists are
// the recorder's; what is asked for shows once it has answered.

import { ask, sentence } from './api'
import type { Place } from './captions'

export interface Bookmark {
  id: number
  camera: string
  at: Place
  note: string
  created: string
}

export interface Pin {
  id: number
  camera: string
  from: Place
  to: Place
  note: string
  created: string
}

export interface Session {
  id: string
  run: number
  camera: string
  name: string
  from: Place
  to: Place | null // null: it goes on
  seconds: number // recorded
  by: 'hand' | 'run'
  pinned: boolean
}

const every = 5000 // ms between two looks; another page may change them

export class Marks {
  bookmarks = $state.raw<Bookmark[]>([])
  pins = $state.raw<Pin[]>([])
  sessions = $state.raw<Session[]>([])
  loaded = $state(false)
  problem = $state('')
  #looks = 0

  constructor(readonly camera: string) {}

  /** watch keeps the lists as the recorder has them until the result is called. */
  watch(): () => void {
    let timer: ReturnType<typeof setTimeout> | undefined
    let ended = false
    const look = async () => {
      if (!document.hidden) await this.look()
      if (!ended) timer = setTimeout(() => void look(), every)
    }
    void look()
    return () => {
      ended = true
      clearTimeout(timer)
    }
  }

  async look() {
    const mine = ++this.#looks
    const of = (what: string) => `/api/v1/${what}?${new URLSearchParams({ camera: this.camera })}`
    try {
      const [b, p, s] = await Promise.all([
        ask<{ bookmarks: Bookmark[] }>(of('bookmarks')),
        ask<{ pins: Pin[] }>(of('pins')),
        ask<{ sessions: Session[] }>(of('sessions')),
      ])
      if (mine !== this.#looks) return // a newer look is under way
      this.bookmarks = b.bookmarks
      this.pins = p.pins
      this.sessions = s.sessions
      this.problem = ''
      this.loaded = true
    } catch (e) {
      if (mine === this.#looks) this.problem = sentence(e)
    }
  }

  bookmark = (at: string, note: string) => this.#do<Bookmark>('POST', 'bookmarks', { camera: this.camera, at, note })
  noteBookmark = (id: number, note: string) => this.#do<Bookmark>('PATCH', `bookmarks/${id}`, { camera: this.camera, note })
  dropBookmark = (id: number) => this.#do<unknown>('DELETE', `bookmarks/${id}`)
  pin = (from: string, to: string, note: string) => this.#do<Pin>('POST', 'pins', { camera: this.camera, from, to, note })
  notePin = (id: number, note: string) => this.#do<Pin>('PATCH', `pins/${id}`, { camera: this.camera, note })
  dropPin = (id: number) => this.#do<unknown>('DELETE', `pins/${id}`)
  rename = (id: string, name: string) => this.#do<Session>('PATCH', `sessions/${id}`, { camera: this.camera, name })
  dropSession = (id: string, media: boolean) => this.#do<unknown>('DELETE', `sessions/${id}`, undefined, { media: String(media) })
  record = (name: string) => this.#do<Session>('POST', 'record', { camera: this.camera, name })
  stop = () => this.#do<unknown>('POST', 'stop', { camera: this.camera })

  /** #do changes something; the lists are asked for again, whatever came of it. */
  async #do<T>(method: 'POST' | 'PATCH' | 'DELETE', what: string, body?: unknown, more: Record<string, string> = {}): Promise<T> {
    try {
      return await ask<T>(`/api/v1/${what}?${new URLSearchParams({ camera: this.camera, ...more })}`, { method, body })
    } finally {
      void this.look()
    }
  }
}
