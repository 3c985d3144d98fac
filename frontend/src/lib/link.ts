// Addresses of this page: which camera, and which moment of it.

import type { Target } from './player/player.svelte'

export interface Asked {
  camera: string // empty: the first
  at: Target | null // null: live
  kiosk: boolean
}

/** asked reads the part of an address behind the question mark. */
export function asked(search: string): Asked {
  const q = new URLSearchParams(search)
  return { camera: q.get('camera') ?? '', at: targetOf(q.get('at') ?? ''), kiosk: q.has('kiosk') }
}

function targetOf(at: string): Target | null {
  if (/^\d{1,10}\.\d{1,15}$/.test(at)) return { position: at }
  const time = /^\d{4}-\d\d-\d\dT/.test(at) ? new Date(at) : null
  return time && !Number.isNaN(time.getTime()) ? { time } : null
}

/** linkTo is the address at which a moment opens. base: that of the page. */
export function linkTo(base: string, camera: string, position: string): string {
  const url = new URL('/', base)
  url.search = new URLSearchParams({ camera, at: position }).toString()
  return url.href
}

/** playerAddress is where the WebSocket of a camera is, for a page at base. */
export function playerAddress(base: string, camera: string): string {
  const url = new URL(`/api/v1/player?${new URLSearchParams({ camera })}`, base)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}

/** snapshotPath is the picture of a moment, as a file. */
export const snapshotPath = (camera: string, at: string) => `/api/v1/snapshot.jpg?${new URLSearchParams({ camera, at })}`
