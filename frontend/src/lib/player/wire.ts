// The messages of player/PLAYER.md, and how those of the recorder are read.
// What does not hold to it is left out: null stands for it.

/** Point ties recorded time to the true one. */
export interface Point {
  recorded: number // seconds since the connection's origin
  position: string // RUN.MILLISECONDS
  time: string // UTC
  trusted: boolean
}

export interface Gap {
  kind: 'all' | 'video' | 'audio'
  reason: string
  detail: string
  seconds: number
  from: string // UTC
  until: string
}

export interface Video {
  codec: string
  width: number
  height: number
  mode: 'mse' | 'jpeg'
}

export interface Audio {
  codec: string
  rate: number
  channels: number
  playable: boolean
}

export interface Tracks {
  video: Video | null
  audio: Audio | null
  mime: string // empty: no init segment comes
}

export type Picture = 'full' | 'keys' | 'none'
export type Holes = Partial<Record<'video' | 'audio', string>>

export type Message =
  | { is: 'hello'; camera: string; length: number; oldest: Point | null; foreign: boolean }
  | { is: 'landed'; gen: number; point: Point; asked: Point; gap: Gap | null; live: boolean; rate: number }
  | ({ is: 'tracks'; gen: number } & Tracks)
  | { is: 'jump'; gen: number; point: Point; gap: Gap | null }
  | { is: 'edge'; point: Point; recording: boolean; frozen: boolean }
  | { is: 'state'; gen: number; live: boolean; picture: Picture; why: string; filled: { video: number; audio: number }; holes: Holes }
  | { is: 'end'; gen: number; why: string }
  | { is: 'error'; text: string; fatal: boolean }

/** Place is where a seek goes to. */
export type Place = { live: true } | { position: string } | { time: string } | { recorded: number }

export type Request =
  | ({ do: 'seek'; gen: number; rate?: number } & Place)
  | { do: 'at'; gen: number; recorded: number; ahead: number; bytes: number; playing: boolean }
  | { do: 'latency'; low: boolean }

export type Binary =
  | { kind: 'init'; gen: number; data: Uint8Array<ArrayBuffer> }
  | { kind: 'media'; gen: number; from: number; until: number; key: boolean; frames: number[]; data: Uint8Array<ArrayBuffer> }
  | { kind: 'jpeg'; gen: number; at: number; data: Uint8Array<ArrayBuffer> }

export const subprotocol = 'hindsight.player.1'

const fixed = 7 // bytes in front of the header
const mostFrames = 4096 // of one fragment; more is no fragment of ours

type Fields = Record<string, unknown>

const fields = (v: unknown): Fields | null => (typeof v === 'object' && v !== null && !Array.isArray(v) ? (v as Fields) : null)
const number = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v)
const text = (v: unknown): string => (typeof v === 'string' ? v : '')

/** parse reads a text message; null: it is none that is known. */
export function parse(message: string): Message | null {
  let m: Fields | null
  try {
    m = fields(JSON.parse(message))
  } catch {
    return null
  }
  if (!m) return null
  const is = text(m.is)
  return Object.hasOwn(readers, is) ? (readers[is]?.(m) ?? null) : null
}

const readers: Record<string, (m: Fields) => Message | null> = {
  hello: (m) =>
    m.protocol === 1 && number(m.length)
      ? { is: 'hello', camera: text(m.camera), length: m.length, oldest: point(m.oldest), foreign: m.foreign === true }
      : null,
  landed: (m) => {
    const [at, asked] = [point(m.point), point(m.asked)]
    if (!generation(m.gen) || !at || !asked) return null
    return { is: 'landed', gen: m.gen, point: at, asked, gap: gap(m.gap), live: m.live === true, rate: number(m.rate) ? m.rate : 1 }
  },
  tracks: (m) => (generation(m.gen) ? { is: 'tracks', gen: m.gen, video: video(m.video), audio: audio(m.audio), mime: text(m.mime) } : null),
  jump: (m) => {
    const at = point(m.point)
    return generation(m.gen) && at ? { is: 'jump', gen: m.gen, point: at, gap: gap(m.gap) } : null
  },
  edge: (m) => {
    const at = point(m.point)
    return at ? { is: 'edge', point: at, recording: m.recording === true, frozen: m.frozen === true } : null
  },
  state: (m) => {
    if (!generation(m.gen)) return null
    const picture = m.picture === 'keys' || m.picture === 'none' ? m.picture : 'full'
    const [filled, holes] = [fields(m.filled) ?? {}, fields(m.holes) ?? {}]
    return {
      is: 'state',
      gen: m.gen,
      live: m.live === true,
      picture,
      why: text(m.why),
      filled: { video: number(filled.video) ? filled.video : 0, audio: number(filled.audio) ? filled.audio : 0 },
      holes: { ...(text(holes.video) && { video: text(holes.video) }), ...(text(holes.audio) && { audio: text(holes.audio) }) },
    }
  },
  end: (m) => (generation(m.gen) ? { is: 'end', gen: m.gen, why: text(m.why) } : null),
  error: (m) => ({ is: 'error', text: text(m.text), fatal: m.fatal === true }),
}

const generation = (v: unknown): v is number => number(v) && Number.isInteger(v) && v >= 0 && v <= 0xffffffff

function point(v: unknown): Point | null {
  const p = fields(v)
  if (!p || !number(p.recorded) || Number.isNaN(Date.parse(text(p.time))) || !/^\d+\.\d+$/.test(text(p.position))) return null
  return { recorded: p.recorded, position: text(p.position), time: text(p.time), trusted: p.trusted === true }
}

function gap(v: unknown): Gap | null {
  const g = fields(v)
  if (!g || !text(g.reason)) return null
  const kind = g.kind === 'video' || g.kind === 'audio' ? g.kind : 'all'
  return { kind, reason: text(g.reason), detail: text(g.detail), seconds: number(g.seconds) ? g.seconds : 0, from: text(g.from), until: text(g.until) }
}

function video(v: unknown): Video | null {
  const t = fields(v)
  if (!t) return null
  return { codec: text(t.codec), width: number(t.width) ? t.width : 0, height: number(t.height) ? t.height : 0, mode: t.mode === 'jpeg' ? 'jpeg' : 'mse' }
}

function audio(v: unknown): Audio | null {
  const t = fields(v)
  if (!t) return null
  return { codec: text(t.codec), rate: number(t.rate) ? t.rate : 0, channels: number(t.channels) ? t.channels : 0, playable: t.playable === true }
}

/** unpack reads a binary message; null: it is none that is known. */
export function unpack(message: ArrayBuffer): Binary | null {
  if (message.byteLength < fixed) return null
  const view = new DataView(message)
  const [kind, gen, length] = [view.getUint8(0), view.getUint32(1), view.getUint16(5)]
  if (fixed + length > message.byteLength) return null
  const data = new Uint8Array(message, fixed + length)
  if (kind === 1) return data.length > 0 ? { kind: 'init', gen, data } : null
  const h = header(new Uint8Array(message, fixed, length))
  if (!h || data.length === 0) return null
  if (kind === 3) return number(h.at) ? { kind: 'jpeg', gen, at: h.at, data } : null
  if (kind !== 2 || !number(h.from) || !number(h.until) || h.until < h.from) return null
  const frames: unknown = h.frames ?? []
  if (!Array.isArray(frames) || frames.length > mostFrames || !frames.every(number)) return null
  return { kind: 'media', gen, from: h.from, until: h.until, key: h.key === true, frames: [...frames].sort((a, b) => a - b), data }
}

function header(bytes: Uint8Array): Fields | null {
  try {
    return fields(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)))
  } catch {
    return null
  }
}
