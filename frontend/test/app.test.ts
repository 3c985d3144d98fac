import { flushSync, mount, unmount } from 'svelte'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { i18n } from '../src/i18n/i18n.svelte'
import { prefs } from '../src/lib/prefs.svelte'
import App from '../src/view/App.svelte'
import { connection, fakeWindow } from './window'

const moment = (time: string) => ({ position: '1.1000', run: 1, media_ms: 1000, time, trusted: true })
const status = {
  version: '1.2.3',
  name: 'Workshop',
  zone: 'Asia/Taipei',
  now: '2026-11-24T10:00:00Z',
  uptime_seconds: 90,
  clock_trusted: false,
  disk: { path: '/data', free_bytes: 5e9, total_bytes: 32e9, reserve_bytes: 3e9 },
  days_that_fit: 4.2,
  cameras: [
    {
      name: 'cam',
      state: 'waiting',
      problem: 'the camera is not plugged in',
      addresses: ['rtsp://127.0.0.1:8554/cam'],
      sources: [{ kinds: ['video'], name: '/dev/video0', error: 'camera lost: unplugged', starts: 3 }],
      drops: [{ kind: 'video', reason: 'broken JPEG', count: 7 }],
      sound_offset_ms: 12,
      tracks: [{ id: 1, kind: 'video', role: 'main', codec: 'h264', clock_rate: 90000, channels: 0, width: 640, height: 480, units_per_sec: 0, bits_per_second: 0 }],
      oldest: moment('2026-11-24T09:00:00Z'),
      newest: moment('2026-11-24T09:59:00Z'),
      file_bytes: 1e6,
      gaps: 1,
      cursors: 2,
      commits: { last_error: '' },
    },
  ],
}
const shape = {
  now: status.now,
  spans: [{ from: moment('2026-11-24T09:00:00Z'), to: moment('2026-11-24T09:59:00Z') }],
  gaps: [{ kind: 'all', from: moment('2026-11-24T09:59:00Z'), until: null, reason: 'camera lost', detail: 'unplugged' }],
}

let fails = false
let asked: string[] = []
let app: ReturnType<typeof mount> | undefined

beforeEach(() => {
  fails = false
  asked = []
  // jsdom lays nothing out, so nothing ever changes its size.
  vi.stubGlobal('ResizeObserver', class {
    observe() {}
    unobserve() {}
    disconnect() {}
  })
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path)
    if (fails) return Promise.reject(new TypeError('network'))
    return Promise.resolve(new Response(JSON.stringify(path.includes('status') ? status : shape), { status: 200 }))
  })
})

afterEach(async () => {
  if (app) await unmount(app)
  app = undefined
  delete window.go
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
})

const show = () => (app = mount(App, { target: document.body, props: { look: 'recorder' } }))
const text = () => {
  flushSync()
  return document.body.textContent?.replace(/\s+/g, ' ') ?? ''
}

describe('the page', () => {
  it('says what a camera lacks, in words', async () => {
    show()
    await vi.waitFor(() => expect(text()).toContain('camera lost'))
    for (const said of [
      'Waiting',
      'the camera is not plugged in',
      'H.264 · 640 × 480',
      '7 × broken JPEG',
      'sound 12 ms late',
      'about 4.2 days',
      'clock is not synchronised',
      '2 readers',
      'until now',
      'rtsp://127.0.0.1:8554/cam',
    ]) {
      expect(text()).toContain(said)
    }
  })

  it('shows its times in the zone that is chosen, and is called as the recorder is', async () => {
    show()
    await vi.waitFor(() => expect(text()).toContain('2026-11-24 10:00:00 UTC'))
    expect(document.title).toBe('Workshop · Hindsight')
    prefs.setZone('recorder')
    expect(text()).toContain('2026-11-24 18:00:00 UTC+8')
    i18n.set('ko')
    expect(text()).toContain('녹화기 시각')
    prefs.setZone('browser')
    i18n.set('en')
  })

  it('asks for the last day when told to', async () => {
    show()
    await vi.waitFor(() => expect(text()).toContain('Last day'))
    const button = [...document.querySelectorAll('button')].find((b) => b.textContent === 'Last day')
    button?.click()
    await vi.waitFor(() => expect(asked).toContain('/api/v1/timeline?camera=cam&from=-24h'))
    expect(button?.getAttribute('aria-pressed')).toBe('true')
  })

  it('offers the last minute, which is recorded in no part here', async () => {
    show()
    await vi.waitFor(() => expect(text()).toContain('That is after the newest recording.'))
    const button = [...document.querySelectorAll('button')].find((b) => b.textContent === 'Hour')
    button?.click()
    await vi.waitFor(() => expect(text()).toContain('59 min of these 1 h are recorded'))
    expect(document.querySelector('a.primary')?.getAttribute('href')).toContain('/api/v1/export.mp4?camera=cam&from=2026-11-24T09%3A00%3A00.000Z')
  })

  it('says when the recorder does not answer', async () => {
    fails = true
    show()
    await vi.waitFor(() => expect(text()).toContain('The recorder does not answer.'))
  })

  it('asks for an address in the window, and shows what comes of it', async () => {
    const app = fakeWindow({ Connect: vi.fn((a: string) => (a.includes('wrong') ? Promise.reject('nobody answers at http://wrong:8080') : Promise.resolve({ ...connection, address: `http://${a}:8080` }))) })
    window.go = { main: { App: app } }
    show()
    await vi.waitFor(() => expect(text()).toContain('Connect to a recorder'))
    expect(asked).toEqual([])
    const input = document.querySelector('input')
    const go = (address: string) => {
      if (!input) throw new Error('no field')
      input.value = address
      input.dispatchEvent(new Event('input', { bubbles: true }))
      flushSync()
      document.querySelector('form')?.requestSubmit()
    }
    go('wrong')
    await vi.waitFor(() => expect(text()).toContain('nobody answers at http://wrong:8080'))
    go('pi')
    await vi.waitFor(() => expect(text()).toContain('Waiting'))
    expect(text()).toContain('rtsp://pi:8554/cam')
    expect(text()).toContain('Save…')
  })
})
