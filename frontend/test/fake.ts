// A recorder that answers as openapi.json says, from memory, for tests of the
// page and to look at it (serve.ts).

import type { Gap, Hearing, Moment } from '../src/lib/api'
import type { Caption, Place, Stretch } from '../src/lib/captions'
import type { Job, Settings } from '../src/lib/recognition'

export interface Answer {
  status: number
  body: unknown
}

export type Sink = (event: string, data: unknown, id?: number) => void

type Body = Record<string, unknown>

const refuse = (status: number, error: string): Answer => ({ status, body: { error } })

export class FakeRecorder {
  captions: Caption[] = []
  heard: Stretch[] = []
  gaps: Gap[] = []
  jobs: Job[] = []
  hearings: Hearing[] = []
  fixed: string[] = [] // settings that a variable has the say about
  readOnly = false
  asked: { method: string; path: string; body: unknown }[] = []
  settings: Settings = {
    captions: 'on',
    languages: [],
    channel: 'auto',
    phrases: [],
    load: 'any',
    order: 'newest',
    endpoint: 'normal',
    max_celsius: 85,
    models: [{ name: 'vosk-model-small-ko-0.22', language: 'ko', bytes: 87_000_000, in_use: true, problem: '' }],
    known: [
      { code: 'ar', english: 'Arabic', own: 'العربية' },
      { code: 'en', english: 'English', own: 'English' },
      { code: 'ko', english: 'Korean', own: '한국어' },
      { code: 'zh-TW', english: 'Chinese (Traditional)', own: '繁體中文' },
    ],
  }
  #sinks = new Set<Sink>()
  #ids = 0

  /** epoch is the wall time at which run 1 began; run n began n-1 days later. */
  constructor(
    readonly epoch: number,
    public now: number,
  ) {}

  // --- making what it holds ---

  place(ms: number, run = 1): Place {
    return { position: `${run}.${Math.floor(ms)}`, run, media_ms: ms, time: new Date(this.epoch + (run - 1) * 86_400_000 + ms).toISOString(), trusted: true }
  }

  caption(ms: number, text: string, with_: Partial<Caption> & { run?: number; seconds?: number } = {}): Caption {
    const { run = 1, seconds = 2, ...rest } = with_
    return {
      id: ++this.#ids,
      start: this.place(ms, run),
      end: this.place(ms + seconds * 1000, run),
      text,
      language: 'ko',
      model: { name: 'vosk-model-small-ko-0.22', hash: 'ab12' },
      track: 2,
      role: 'main',
      original: '',
      editor: '',
      matches: [],
      at: null,
      ...rest,
    }
  }

  keep(...captions: Caption[]) {
    this.captions.push(...captions)
    for (const c of captions) this.tell('final', c, c.id)
  }

  stretch(state: Stretch['state'], from: Place, until: Place, language = 'ko', why = ''): Stretch {
    return { from, until, track: 2, language, state, why }
  }

  hearing(state: string, with_: Partial<Hearing> = {}): Hearing {
    return { language: 'ko', model: 'vosk-model-small-ko-0.22', state, problem: '', behind_seconds: 0, pending_seconds: 0, off_seconds: 0, ...with_ }
  }

  // --- live ---

  tell(event: string, data: unknown, id?: number) {
    for (const s of this.#sinks) s(event, data, id)
  }

  /** subscribe sends first what was kept since. */
  subscribe(sink: Sink, since: number): () => void {
    if (since > 0) for (const c of this.captions.filter((c) => c.id > since)) sink('final', c, c.id)
    this.#sinks.add(sink)
    return () => this.#sinks.delete(sink)
  }

  // --- the API ---

  answer(method: string, address: string, body: Body | null = null): Answer {
    const url = new URL(address, 'http://recorder')
    this.asked.push({ method, path: url.pathname + url.search, body })
    const path = url.pathname.replace('/api/v1', '')
    const q = url.searchParams
    if (path === '/status') return { status: 200, body: this.#status() }
    if (path === '/timeline') return { status: 200, body: this.#timeline() }
    if (q.get('camera') !== 'cam' && !path.startsWith('/captions/jobs')) return refuse(404, `there is no camera ${q.get('camera')}`)
    switch (`${method} ${path}`) {
      case 'GET /captions':
        return this.#query(q)
      case 'GET /captions/heard':
        return { status: 200, body: { camera: 'cam', spans: this.heard.filter((s) => !q.get('state') || s.state === q.get('state')) } }
      case 'GET /captions/settings':
        return this.readOnly ? refuse(409, 'no recorder runs on this recording: it is only read') : { status: 200, body: this.settings }
      case 'PATCH /captions/settings':
        return this.#change(body ?? {})
      case 'POST /captions/make':
        return this.#make(body ?? {})
      case 'GET /captions/jobs':
        return this.readOnly ? refuse(409, 'no recorder runs on this recording: it is only read') : { status: 200, body: { jobs: this.jobs } }
    }
    const [, what, id] = /^\/captions\/(jobs\/)?(\d+)$/.exec(path) ?? []
    if (method === 'PATCH' && !what && id) return this.#edit(Number(id), body ?? {})
    if (method === 'DELETE' && what) {
      const job = this.jobs.find((j) => j.id === id)
      if (!job) return refuse(404, 'there is no such job')
      job.state = 'cancelled'
      return { status: 200, body: job }
    }
    return refuse(404, `there is no ${path}`)
  }

  #query(q: URLSearchParams): Answer {
    const limit = Number(q.get('limit') ?? 200)
    if (!(limit >= 1 && limit <= 1000)) return refuse(400, 'parameter limit: want a number from 1 to 1000')
    const newest = q.get('order') === 'newest'
    const from = position(q.get('from'))
    const to = position(q.get('to'))
    let list = [...this.captions].sort((a, b) => order(a.start, b.start) || a.id - b.id)
    if (from) list = list.filter((c) => order(c.end, from) > 0)
    if (to) list = list.filter((c) => order(c.start, to) < 0)
    const search = q.get('search')
    if (search !== null) list = list.flatMap((c) => hit(c, search))
    if (newest) list.reverse()
    const after = q.get('after')
    if (after) list = list.slice(list.findIndex((c) => mark(c) === after) + 1)
    const page = list.slice(0, limit)
    const last = page.at(-1)
    return { status: 200, body: { camera: 'cam', captions: page, next: list.length > limit && last ? mark(last) : null } }
  }

  #edit(id: number, body: Body): Answer {
    const c = this.captions.find((c) => c.id === id)
    if (!c) return refuse(404, `there is no caption ${id} (any more)`)
    if (this.readOnly) return refuse(409, 'no recorder runs on this recording: it is only read')
    const text = typeof body.text === 'string' ? body.text.trim() : ''
    if (!text) return refuse(400, 'text: want what the caption is to show')
    const original = c.original || c.text
    const edited: Caption = text === original ? { ...c, text, original: '', editor: '' } : { ...c, text, original, editor: 'a person' }
    this.captions = this.captions.map((k) => (k === c ? edited : k))
    this.tell('edited', edited)
    return { status: 200, body: edited }
  }

  #change(body: Body): Answer {
    const key = Object.keys(body).find((k) => this.fixed.includes(k))
    if (key) return refuse(409, `${key} is set by HINDSIGHT_${key.toUpperCase()}; change it there`)
    if (body.channel && !['auto', 'mix', 'left', 'right'].includes(String(body.channel))) return refuse(400, 'channel: want auto, mix, left or right')
    this.settings = { ...this.settings, ...body }
    if (body.captions) this.hearings = this.hearings.map((h) => ({ ...h, state: body.captions === 'on' ? 'listening' : 'off' }))
    return { status: 200, body: this.settings }
  }

  #make(body: Body): Answer {
    if (this.readOnly) return refuse(409, 'no recorder runs on this recording: it is only read')
    if (body.model === 'broken') return refuse(400, 'model broken: its files are damaged')
    const at = (v: unknown): Moment => {
      const p = position(String(v))
      return p ? this.place(p.media_ms, p.run) : { ...this.place(Date.parse(String(v)) - this.epoch) }
    }
    const job: Job = {
      id: String(this.jobs.length + 1),
      camera: 'cam',
      language: String(body.language ?? 'ko'),
      model: 'vosk-model-small-ko-0.22',
      from: at(body.from),
      to: at(body.to),
      replace: body.replace === true,
      state: 'running',
      progress: 0.25,
      captions: 3,
      error: '',
    }
    this.jobs.push(job)
    return { status: 202, body: job }
  }

  #status() {
    return {
      version: '0.5.0',
      now: new Date(this.now).toISOString(),
      uptime_seconds: 93_000,
      clock_trusted: true,
      disk: { path: '/data', free_bytes: 21e9, total_bytes: 32e9, reserve_bytes: 3e9 },
      days_that_fit: 4.2,
      cameras: [
        {
          name: 'cam',
          state: 'recording',
          problem: '',
          addresses: ['rtsp://192.168.1.20:8554/cam'],
          sources: [],
          drops: [],
          sound_offset_ms: 1,
          tracks: [],
          oldest: this.place(0),
          newest: { ...this.place(0), time: new Date(this.now).toISOString() },
          file_bytes: 1e9,
          gaps: this.gaps.length,
          cursors: 1,
          commits: { last_error: '' },
          captions: this.hearings,
        },
      ],
    }
  }

  #timeline() {
    const now = new Date(this.now).toISOString()
    return { now, spans: [{ from: this.place(0), to: { ...this.place(0), time: now } }], gaps: this.gaps }
  }
}

const order = (a: Pick<Place, 'run' | 'media_ms'>, b: Pick<Place, 'run' | 'media_ms'>) => a.run - b.run || a.media_ms - b.media_ms
const mark = (c: Caption) => `${c.start.run}.${c.start.media_ms * 1e6}.${c.id}`

function position(text: string | null): { run: number; media_ms: number } | null {
  const [, run, ms] = /^(\d+)\.(\d+)$/.exec(text ?? '') ?? []
  return run && ms ? { run: Number(run), media_ms: Number(ms) } : null
}

/** hit: every word that is asked for stands in the caption, in any case. */
function hit(c: Caption, search: string): Caption[] {
  const matches = []
  for (const word of search.toLowerCase().split(/\s+/).filter(Boolean)) {
    const from = c.text.toLowerCase().indexOf(word)
    if (from < 0) return []
    matches.push({ text: c.text.slice(from, from + word.length), from, to: from + word.length, start: c.start })
  }
  return [{ ...c, matches, at: c.start }]
}

/** FakeEventSource is the browser's, on a FakeRecorder. */
export class FakeEventSource {
  static recorder: FakeRecorder
  static opened: FakeEventSource[] = []
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  closed = false
  #listeners = new Map<string, ((e: MessageEvent) => void)[]>()
  #leave: (() => void) | undefined

  constructor(readonly url: string) {
    FakeEventSource.opened.push(this)
    queueMicrotask(() => this.#begin())
  }

  addEventListener(name: string, f: (e: MessageEvent) => void) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), f])
  }

  close() {
    this.closed = true
    this.#leave?.()
  }

  /** fail breaks the connection, as a restart of the recorder does. */
  fail() {
    this.close()
    this.onerror?.()
  }

  #begin() {
    if (this.closed) return
    this.onopen?.()
    const since = Number(new URL(this.url, 'http://recorder').searchParams.get('since') ?? 0)
    this.#leave = FakeEventSource.recorder.subscribe((event, data) => this.receive(event, JSON.stringify(data)), since)
  }

  /** receive is an event as it came over the wire. */
  receive(event: string, data: string) {
    for (const f of this.#listeners.get(event) ?? []) f(new MessageEvent(event, { data }))
  }
}
