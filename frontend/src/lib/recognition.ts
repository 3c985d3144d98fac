// How speech is recognised, as an operator sets it, and the jobs to do it again.

import { t } from '../i18n/i18n.svelte'
import { ask, type Hearing, type Moment } from './api'
import { duration } from './format'
import { languageName } from './text'

export interface Settings {
  captions: string // on or off
  languages: string[] // empty: those that have a model
  channel: string
  phrases: string[]
  load: string // any, idle, or percent of a core
  order: string
  endpoint: string // normal or fast
  max_celsius: number
  models: { name: string; language: string; bytes: number; in_use: boolean; problem: string }[]
  known: { code: string; english: string; own: string }[]
}

export type Change = Partial<Pick<Settings, 'captions' | 'languages' | 'channel' | 'phrases' | 'load' | 'endpoint' | 'order' | 'max_celsius'>>

export interface Job {
  id: string
  camera: string
  language: string
  model: string
  from: Moment
  to: Moment
  replace: boolean
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  progress: number // 0 to 1
  captions: number
  error: string
}

export interface Order {
  from: string
  to: string
  language?: string
  model?: string
  replace?: boolean
}

const base = '/api/v1/captions'
const of = (camera: string) => `?${new URLSearchParams({ camera })}`

export const getSettings = (camera: string) => ask<Settings>(`${base}/settings${of(camera)}`)

export const changeSettings = (camera: string, change: Change) =>
  ask<Settings>(`${base}/settings${of(camera)}`, { method: 'PATCH', body: change })

export const make = (camera: string, order: Order) => ask<Job>(`${base}/make${of(camera)}`, { method: 'POST', body: order })

export const getJobs = async (camera: string) => (await ask<{ jobs: Job[] }>(`${base}/jobs`)).jobs.filter((j) => j.camera === camera)

export const cancelJob = (id: string) => ask<Job>(`${base}/jobs/${encodeURIComponent(id)}`, { method: 'DELETE' })

/** over: nothing will change about it. */
export const over = (j: Job) => j.state !== 'waiting' && j.state !== 'running'

/** changed are the values of now that are not those of was; null: none is. */
export function changed(was: Settings, now: Settings): Change | null {
  const keys = ['captions', 'languages', 'channel', 'phrases', 'load', 'endpoint', 'order', 'max_celsius'] as const
  const different = keys.filter((k) => JSON.stringify(was[k]) !== JSON.stringify(now[k]))
  return different.length ? Object.fromEntries(different.map((k) => [k, now[k]])) : null
}

export type Mood = 'well' | 'wait' | 'off' | 'bad'

export interface Said {
  mood: Mood
  text: string // `…` in it is something to type
  notes: string[]
}

/** say tells how a camera is heard in one language. */
export function say(h: Hearing): Said {
  const known = h.language !== 'und' && h.language !== ''
  const language = known ? languageName(h.language) : t('heard.speech')
  const notes: string[] = []
  if (h.pending_seconds >= 1) notes.push(t('heard.pending', { time: duration(h.pending_seconds) }))
  if (h.off_seconds >= 1) notes.push(t('heard.off', { time: duration(h.off_seconds) }))
  const because = (what: string) => (h.problem ? t('heard.because', { what, why: h.problem }) : what)
  switch (h.state) {
    case 'listening':
      if (h.problem) notes.push(h.problem)
      return { mood: 'well', text: t(h.model ? 'heard.listeningWith' : 'heard.listening', { language, model: h.model }), notes }
    case 'behind':
      return { mood: 'wait', text: because(t('heard.behind', { language, time: duration(h.behind_seconds) })), notes }
    case 'off':
      return { mood: 'off', text: t(known ? 'heard.languageOff' : 'heard.isOff', { language }), notes }
    case 'starting':
      return { mood: 'wait', text: because(t('heard.starting', { language })), notes }
    case 'no model':
      return { mood: 'bad', text: h.problem ? because(t('heard.none')) : t('heard.noModel'), notes }
    case 'no sound':
      return { mood: 'off', text: because(t('heard.noSound')), notes }
    case 'no memory':
      return { mood: 'bad', text: because(t('heard.noMemory', { language })), notes }
    case 'too hot':
      return { mood: 'bad', text: because(t('heard.hot', { language })), notes }
    case 'waiting':
      return { mood: 'bad', text: because(t('heard.waiting', { language })), notes }
  }
  return { mood: 'wait', text: because(t('heard.other', { language, state: h.state })), notes }
}
