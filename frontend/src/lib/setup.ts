// The recorder's settings: the part of its API about them.

import { t } from '../i18n/i18n.svelte'
import { ask, Failed, sentence } from './api'

export interface Setting {
  key: string
  camera: string // empty: of all
  value: string
  default: string
  source: string
  kind: 'text' | 'number' | 'bytes' | 'duration' | 'choice' | 'size' | 'list'
  choices: string[]
  editable: boolean
  why: string
  restart: boolean
}

export interface Device {
  kind: 'video' | 'audio'
  name: string
  address: string
  stable: string
  driver: string
  default: boolean
  problem: string
  modes: { format: string; width: number; height: number; rates: number[]; channels: number }[]
}

export interface Model {
  name: string
  language: string
  bytes: number
  in_use: boolean
  problem: string
}

export interface ModelJob {
  id: string
  name: string
  state: 'running' | 'done' | 'failed' | 'cancelled'
  step: '' | 'list' | 'download' | 'unpack' | 'check' | 'trial'
  done_bytes: number
  total_bytes: number
  in_use: string
  error: string
}

export interface Published {
  name: string
  bytes: number
  language: string
  english: string
  obsolete: boolean
}

export interface Level {
  peak_db: number
  rms_db: number
}

export const getSettings = async () => (await ask<{ settings: Setting[] }>('/api/v1/settings')).settings
export const changeSettings = async (body: Record<string, string>) => (await ask<{ settings: Setting[] }>('/api/v1/settings', { method: 'PATCH', body })).settings
export const getDevices = () => ask<{ devices: Device[]; problem: string }>('/api/v1/devices')
export const getModels = async () => (await ask<{ models: Model[] }>('/api/v1/models')).models
export const getModelJobs = async () => (await ask<{ jobs: ModelJob[] }>('/api/v1/models/jobs')).jobs
export const getPublished = async () => (await ask<{ models: Published[] }>('/api/v1/models/published')).models
export const fetchModel = (name: string) => ask<ModelJob>('/api/v1/models/get', { method: 'POST', body: { name } })
export const useModel = async (model: string, language: string) => (await ask<{ models: Model[] }>('/api/v1/models/use', { method: 'POST', body: { model, language } })).models
export const dropModel = async (name: string, force: boolean) => (await ask<{ models: Model[] }>(`/api/v1/models/${encodeURIComponent(name)}?force=${force}`, { method: 'DELETE' })).models
export const cancelModel = (id: string) => ask<ModelJob>(`/api/v1/models/jobs/${id}`, { method: 'DELETE' })

/** sendModel sends an archive; share is told how much of it has gone. */
export function sendModel(file: File, share: (s: number) => void, signal: AbortSignal): Promise<ModelJob> {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest() // fetch does not tell how far it has come
    x.open('PUT', '/api/v1/models')
    x.setRequestHeader('Content-Type', 'application/zip')
    x.responseType = 'json'
    x.upload.onprogress = (e) => e.lengthComputable && share(e.loaded / e.total)
    x.onload = () => {
      const body = x.response as (ModelJob & { error?: string }) | null
      if (x.status === 202 && body) resolve(body)
      else reject(new Failed(body?.error ?? t('api.answered', { status: x.status }), x.status))
    }
    x.onerror = () => reject(new Failed(t('api.silent'), 0))
    x.onabort = () => reject(new Failed('', 0))
    signal.addEventListener('abort', () => x.abort(), { once: true })
    x.send(file)
  })
}

/** listen tells how loud the microphone is until the result is called; null: nobody knows. */
export function listen(camera: string, told: (l: Level | null) => void): () => void {
  const source = new EventSource(`/api/v1/level?${new URLSearchParams({ camera })}`)
  source.onmessage = (e: MessageEvent<string>) => {
    try {
      told(JSON.parse(e.data) as Level | null)
    } catch {
      told(null)
    }
  }
  source.onerror = () => told(null)
  return () => source.close()
}

/** sizes that a camera offers, largest first. */
export function sizesOf(devices: Device[], address: string): string[] {
  const d = devices.find((x) => x.kind === 'video' && (address === 'auto' ? x.default : x.address === address || x.stable === address))
  const all = new Set((d?.modes ?? []).filter((m) => m.width > 0).map((m) => `${m.width}x${m.height}`))
  return [...all].sort((a, b) => parseInt(b) * parseInt(b.split('x')[1] ?? '1') - parseInt(a) * parseInt(a.split('x')[1] ?? '1'))
}

export { sentence }
