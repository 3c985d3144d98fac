// What was said: the part of the recorder's API about captions.

import { ask, type Moment } from './api'
import { prefs } from './prefs.svelte'
import { offset as ahead } from './time'

export interface Place extends Moment {
  run: number
  media_ms: number // since the run began
}

export interface Match {
  text: string
  from: number // UTF-16 code units, as slice takes them
  to: number
  start: Place
}

export interface Word {
  text: string
  start: Place
  end: Place
  confidence: number // 0 to 1
}

export interface Caption {
  id: number // 0: it is not kept, for it may change
  start: Place
  end: Place
  text: string
  language: string
  model: { name: string; hash: string }
  track: number
  role: string // main, own or far
  words?: Word[] // a recorder from before them does not say
  original: string // what was recognised, if a person changed the text; else empty
  editor: string // who did; else empty
  matches: Match[]
  at: Place | null // of a search: when the first match was spoken
}

export interface Page {
  captions: Caption[]
  next: string | null // after of the next page; null: this is the last
}

/** Stretch is how far recognition has come somewhere. */
export interface Stretch {
  from: Place
  until: Place
  track: number
  language: string
  state: 'done' | 'pending' | 'off'
  why: string
}

/** Gone says that captions were deleted, or replaced. */
export interface Gone {
  from: Place
  until: Place | null // null: all from there on
  language: string // empty: any
}

export interface Query {
  from?: string
  to?: string
  order?: 'oldest' | 'newest'
  after?: string
  search?: string
  limit?: number
}

const base = '/api/v1/captions'

/** address is a path with the parameters that have a value. */
function address(path: string, values: Record<string, string | number | undefined>): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(values)) if (value !== undefined && value !== '') query.set(key, String(value))
  return `${path}?${query}`
}

export const getCaptions = (camera: string, q: Query, signal?: AbortSignal) =>
  ask<Page>(address(base, { camera, ...q }), signal ? { signal } : {})

/** livePath is where what is said now comes from; since: the number of the last caption that is known. */
export const livePath = (camera: string, since = 0) => address(`${base}/live`, { camera, since: since || undefined })

/** getStretches asks where sound is still to be captioned, or was not meant to be. */
export const getStretches = async (camera: string, state: Stretch['state'], from = '', to = ''): Promise<Stretch[]> =>
  (await ask<{ spans: Stretch[] }>(address(`${base}/heard`, { camera, state, from, to }))).spans

/** edit changes what a caption shows. The text that was recognised takes the change back. */
export const edit = (camera: string, id: number, text: string) =>
  ask<Caption>(address(`${base}/${id}`, { camera }), { method: 'PATCH', body: { text } })

export type Ending = 'vtt' | 'srt' | 'txt'

/** filePath is where the captions of a range are as a file: times as in the MP4 of the range; those of txt are of the day in the zone that is shown. */
export function filePath(camera: string, ending: Ending, from: Date, to: Date, language = ''): string {
  const zone = ending === 'txt' ? offset(from) : undefined
  return address(`${base}.${ending}`, { camera, from: from.toISOString(), to: to.toISOString(), language, zone })
}

/** offset: +09:00 */
function offset(t: Date): string {
  const m = Math.round(ahead(t, prefs.zoneName) / 60_000)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${m < 0 ? '-' : '+'}${two(Math.floor(Math.abs(m) / 60))}:${two(Math.abs(m) % 60)}`
}

/** before orders captions as they were spoken. */
export const before = (a: Caption, b: Caption) => a.start.run - b.start.run || a.start.media_ms - b.start.media_ms || a.id - b.id

/**
 * shown leaves out what another model heard at the same time, as the files do:
 * what a person changed stays, else what was made last.
 */
export function shown(captions: Caption[]): Caption[] {
  const hidden = new Set<Caption>()
  captions.forEach((c, i) => {
    for (let k = i + 1; k < captions.length; k++) {
      const d = captions[k]
      if (!d || d.start.run !== c.start.run || d.start.media_ms >= c.end.media_ms) break
      if (d.track !== c.track || d.language !== c.language || d.model.name === c.model.name) continue
      const byHand = Number(c.editor !== '') - Number(d.editor !== '')
      hidden.add((byHand || c.id - d.id) > 0 ? d : c)
    }
  })
  return captions.filter((c) => !hidden.has(c))
}
