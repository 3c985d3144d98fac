// What the recorder answers. openapi.json, served by it, says it in full.

import { t } from '../i18n/i18n.svelte'

export type Kind = 'video' | 'audio'
export type State = 'recording' | 'waiting' | 'stopped'

export interface Moment {
  position: string // RUN.MILLISECONDS, never moved by a clock
  time: string // UTC
  trusted: boolean
}

export interface Track {
  id: number
  kind: Kind
  codec: string
  clock_rate: number
  channels: number
  width: number
  height: number
  units_per_sec: number // 0: not known yet
  bits_per_second: number // 0: not known yet
}

/** How a camera is heard in one language. */
export interface Hearing {
  language: string // BCP 47; und: nobody has said yet
  model: string
  state: string // off, no model, no sound, no memory, too hot, starting, listening, behind, waiting
  problem: string // one sentence; empty while all is well
  behind_seconds: number
  pending_seconds: number
  off_seconds: number
}

export interface Camera {
  name: string
  state: State
  problem: string
  addresses: string[]
  sources: { kinds: Kind[]; name: string; error: string; starts: number }[]
  drops: { kind: Kind; reason: string; count: number }[]
  sound_offset_ms: number | null
  tracks: Track[]
  oldest: Moment | null
  newest: Moment | null
  file_bytes: number
  gaps: number
  cursors: number
  commits: { last_error: string }
  captions?: Hearing[] // a recorder from before captions does not say
  session?: { id: string; name: string; from: Moment } | null // that goes on; a recorder from before sessions does not say
  stop?: { from: Moment; why: string; who: string } | null // since when nothing is recorded, because somebody wanted it so
}

export interface Status {
  version: string
  name?: string // of the recorder, for people; an older recorder does not say
  zone?: string // of the IANA list, or an offset
  now: string
  uptime_seconds: number
  clock_trusted: boolean
  disk: { path: string; free_bytes: number; total_bytes: number; reserve_bytes: number }
  days_that_fit: number // 0: not known yet
  cameras: Camera[]
}

export interface Span {
  from: Moment
  to: Moment
}

export interface Gap {
  kind: Kind | 'all'
  from: Moment
  until: Moment | null // null: it lasts
  reason: string
  detail: string
}

export interface Shape {
  now: string
  spans: Span[]
  gaps: Gap[]
}

// patience is how long the recorder may take to answer.
const patience = 8000

/** Failed is an answer that is not what was asked for; its message is one sentence for a person. */
export class Failed extends Error {
  constructor(
    message: string,
    readonly status: number, // of HTTP; 0: there was no answer
  ) {
    super(message)
  }
}

/** sentence is what went wrong, for a person. */
export const sentence = (e: unknown) => (e instanceof Error ? e.message : String(e))

export interface Asked {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  body?: unknown // becomes JSON
  signal?: AbortSignal
}

/** ask asks the recorder, and throws Failed. */
export async function ask<T>(path: string, asked: Asked = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' }
  const request: RequestInit = { method: asked.method ?? 'GET', headers, signal: until(asked.signal) }
  if (asked.body !== undefined) {
    headers['Content-Type'] = 'application/json'
    request.body = JSON.stringify(asked.body)
  }
  let answer: Response
  try {
    answer = await fetch(path, request)
  } catch {
    throw new Failed(t('api.silent'), 0)
  }
  const body: unknown = await answer.json().catch(() => null)
  if (!answer.ok || body === null) {
    const said = (body as { error?: unknown } | null)?.error
    throw new Failed(typeof said === 'string' ? said : t('api.answered', { status: answer.status }), answer.status)
  }
  return body as T
}

/** until aborts after patience, or when the other does. */
function until(other?: AbortSignal): AbortSignal {
  const patient = AbortSignal.timeout(patience)
  if (!other) return patient
  const either = new AbortController()
  const stop = () => either.abort()
  if (other.aborted) stop()
  for (const signal of [patient, other]) signal.addEventListener('abort', stop, { once: true })
  return either.signal
}

const get = <T>(path: string) => ask<T>(path)

export const getStatus = () => get<Status>('/api/v1/status')

/** getShape asks for the last so many hours of a camera. */
export const getShape = (camera: string, hours: number) =>
  get<Shape>(`/api/v1/timeline?${new URLSearchParams({ camera, from: `-${hours}h` })}`)

/** exportPath is where the MP4 of a range is. */
export const exportPath = (camera: string, from: Date, to: Date) =>
  `/api/v1/export.mp4?${new URLSearchParams({ camera, from: from.toISOString(), to: to.toISOString() })}`

/** exportOf is where the MP4 between two positions is, under a name by which it can be watched. */
export const exportOf = (camera: string, from: string, to: string, job: string) =>
  `/api/v1/export.mp4?${new URLSearchParams({ camera, from, to, job })}`

const countable = 24 * 3600_000 // ms

/**
 * getGaps asks for the gaps between two moments of a camera, and may give more.
 * For a range the recorder counts what it has block by block, which takes its
 * time for many days; of everything it knows by heart.
 */
export async function getGaps(camera: string, from: Moment, to: Moment): Promise<Gap[]> {
  const long = Date.parse(to.time) - Date.parse(from.time) > countable
  const range = long ? {} : { from: from.position, to: to.position }
  return (await get<Shape>(`/api/v1/timeline?${new URLSearchParams({ camera, ...range })}`)).gaps
}
