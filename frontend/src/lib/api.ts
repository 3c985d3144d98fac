// What the recorder answers. openapi.json, served by it, says it in full.

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
}

export interface Status {
  version: string
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

/** get asks the recorder and throws an Error with one sentence for a person. */
async function get<T>(path: string): Promise<T> {
  let answer: Response
  try {
    answer = await fetch(path, { signal: AbortSignal.timeout(patience), headers: { Accept: 'application/json' } })
  } catch {
    throw new Error('The recorder does not answer.')
  }
  const body: unknown = await answer.json().catch(() => null)
  if (!answer.ok || body === null) {
    const said = (body as { error?: unknown } | null)?.error
    throw new Error(typeof said === 'string' ? said : `The recorder answered ${answer.status}.`)
  }
  return body as T
}

export const getStatus = () => get<Status>('/api/v1/status')

/** getShape asks for the last so many hours of a camera. */
export const getShape = (camera: string, hours: number) =>
  get<Shape>(`/api/v1/timeline?${new URLSearchParams({ camera, from: `-${hours}h` })}`)

/** exportPath is where the MP4 of a range is. */
export const exportPath = (camera: string, from: Date, to: Date) =>
  `/api/v1/export.mp4?${new URLSearchParams({ camera, from: from.toISOString(), to: to.toISOString() })}`
