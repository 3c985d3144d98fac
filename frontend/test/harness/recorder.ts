// A recorder that makes its answers up.

import type { Gap, Moment, Shape } from '../../src/lib/api'

export const now = Date.parse('2026-11-25T10:24:30Z')
const hour = 3600_000

const moment = (run: number, begin: number, t: number): Moment => ({ position: `${run}.${t - begin}`, time: new Date(t).toISOString(), trusted: true })

/** What is recorded, from when to when, and why not any more. */
function stretches(many: number): [number, number, string, string][] {
  if (many > 0) {
    const step = (365 * 24 * hour) / many
    return Array.from({ length: many }, (_, i) => {
      const from = now - 365 * 24 * hour + i * step
      return [from, from + step * (i % 37 === 0 ? 0.3 : 0.98), i % 3 ? 'camera lost' : 'off', '']
    })
  }
  return [
    [now - 15 * 24 * hour, now - 9 * 24 * hour, 'off', ''],
    [now - 8.5 * 24 * hour, now - 6 * 24 * hour, 'crash', ''],
    [now - 6 * 24 * hour + 90_000, now - 50 * hour, 'privacy', ''],
    [now - 49 * hour, now - 20 * hour, 'paused', ''],
    [now - 17 * hour, now - 3 * hour, 'camera lost', '/dev/video0 is gone'],
    [now - 3 * hour + 40_000, now - 38 * 60_000, 'camera lost', '/dev/video0 is gone'],
    [now - 31 * 60_000, now - 15_000, '', ''],
  ]
}

function shape(many: number): Shape {
  const list = stretches(many)
  const out: Shape = { now: new Date(now).toISOString(), spans: [], gaps: [] }
  list.forEach(([from, to, reason, detail], i) => {
    out.spans.push({ from: moment(i + 1, from, from), to: moment(i + 1, from, to) })
    const next = list[i + 1]
    if (!next) return
    const gap: Gap = { kind: 'all', from: moment(i + 1, from, to), until: moment(i + 2, next[0], next[0]), reason, detail }
    out.gaps.push(gap)
  })
  const last = list.at(-1)
  if (last && many === 0) {
    out.gaps.push({
      kind: 'audio', reason: 'microphone lost', detail: '',
      from: moment(list.length, last[0], now - 12 * 60_000), until: moment(list.length, last[0], now - 8 * 60_000),
    })
  }
  return out
}

async function picture(at: string): Promise<Response> {
  const canvas = new OffscreenCanvas(320, 180)
  const c = canvas.getContext('2d')
  if (c) {
    const g = c.createLinearGradient(0, 0, 320, 180)
    g.addColorStop(0, '#35506b')
    g.addColorStop(1, '#8a6d4b')
    c.fillStyle = g
    c.fillRect(0, 0, 320, 180)
    c.fillStyle = '#fff'
    c.font = '20px monospace'
    c.fillText(at, 16, 36)
  }
  return new Response(await canvas.convertToBlob({ type: 'image/jpeg' }))
}

/** answer answers as the recorder's API does. */
export async function answer(url: URL, many: number): Promise<Response> {
  const q = url.searchParams
  switch (url.pathname) {
    case '/api/v1/timeline':
      return Response.json(shape(many))
    case '/api/v1/preview.jpg':
      return picture(q.get('at') ?? '')
    case '/api/v1/marks': {
      const n = Number(q.get('bins'))
      return Response.json({ captions: Array.from({ length: n }, (_, i) => Math.max(0, Math.round(9 * Math.sin(i / 7) * Math.sin(i / 31) + (i % 3)))) })
    }
    case '/api/v1/days': {
      const days = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 23, 24, 25].map((d) => ({
        day: `2026-11-${d}`, seconds: 4000 * d, first: moment(1, now, now + d),
      }))
      return Response.json({ camera: 'cam', zone: q.get('zone'), days })
    }
  }
  return Response.json({ error: `there is no ${url.pathname}` }, { status: 404 })
}
