import { flushSync, mount, unmount } from 'svelte'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Command, Playing } from '../src/lib/timeline/playing'
import Calendar from '../src/view/timeline/Calendar.svelte'
import Timeline from '../src/view/timeline/Timeline.svelte'
import { answer, now } from './harness/recorder'

// jsdom has none.
class PointerEvent extends MouseEvent {
  readonly pointerId: number
  readonly pointerType: string
  constructor(type: string, init: PointerEventInit) {
    super(type, init)
    this.pointerId = init.pointerId ?? 0
    this.pointerType = init.pointerType ?? ''
  }
}

// The timeline is 1000 pixels wide and shows an hour and a little, the live end at 960; 3.6 s a pixel.
let app: ReturnType<typeof mount> | undefined
let asked: string[]
let player: Playing & { seeks: unknown[] }
let said: Command[]
let selected: unknown[]
let frames: FrameRequestCallback[]

beforeEach(() => {
  asked = []
  said = []
  selected = []
  frames = []
  vi.stubGlobal('requestAnimationFrame', (f: FrameRequestCallback) => frames.push(f))
  vi.stubGlobal('cancelAnimationFrame', (n: number) => (frames[n - 1] = () => undefined))
  vi.stubGlobal('fetch', (path: string) => {
    asked.push(path)
    const url = new URL(path, 'http://recorder')
    return url.pathname.endsWith('.jpg') ? Promise.reject(new Error('no pictures here')) : answer(url, 0)
  })
  vi.stubGlobal('matchMedia', () => ({ addEventListener() {}, removeEventListener() {} }))
  vi.stubGlobal('ResizeObserver', class { observe() {} unobserve() {} disconnect() {} })
  vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(1000)
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null)
  player = {
    camera: 'cam',
    seeks: [],
    shown: { time: new Date(now - 600_000), position: '7.1260000' },
    edge: { time: new Date(now), position: '7.1860000' },
    live: false,
    paused: true,
    seeking: false,
    seek: (to) => player.seeks.push(to),
    by: (seconds) => player.seeks.push(seconds),
  }
})

afterEach(async () => {
  if (app) await unmount(app)
  app = undefined
  document.body.innerHTML = ''
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

async function show(marks = {}): Promise<HTMLElement> {
  app = mount(Timeline, { target: document.body, props: { player, zone: 'UTC', marks, oncommand: (c: Command) => said.push(c), onselect: (...ends: unknown[]) => selected.push(ends) } })
  await vi.waitFor(() => {
    flushSync()
    expect(document.body.textContent).toContain('in view')
  }, patience)
  return document.querySelector('[role=slider]') as HTMLElement
}

function point(at: HTMLElement, type: string, x: number, y = 80, more = {}) {
  at.dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, bubbles: true, cancelable: true, pointerId: 1, pointerType: 'mouse', ...more }))
  flushSync()
}

const patience = 20_000 // ms; on a machine that has other things to do
vi.setConfig({ testTimeout: 2 * patience })

// Whether a comma stands behind the weekday depends on the version of ICU.
const plain = (text: string | null | undefined) => (text ?? '').replace(/day, /g, 'day ')

const xAt = (t: number) => 960 + (t - now) / 3600

describe('the timeline', () => {
  it('is a slider that tells the true time', async () => {
    const axis = await show()
    expect(plain(axis.getAttribute('aria-valuetext'))).toBe('Wednesday 25 November 2026 at 10:14:30')
    expect(document.getElementById(axis.getAttribute('aria-describedby') ?? '')?.textContent).toContain('camera lost (/dev/video0 is gone), Wed, 25 Nov 2026 09:46:30, 7 mins')
  })
  it('seeks where it is clicked', async () => {
    const axis = await show()
    point(axis, 'pointerdown', xAt(now - 360_000))
    point(axis, 'pointerup', xAt(now - 360_000))
    expect(player.seeks).toEqual([{ position: '7.1500000' }])
  })
  it('goes on from a gap, and says so', async () => {
    const axis = await show()
    point(axis, 'pointerdown', xAt(now - 35 * 60_000))
    point(axis, 'pointerup', xAt(now - 35 * 60_000))
    expect(player.seeks).toEqual([{ position: '7.0' }])
    const text = 'Nothing is recorded there (camera lost (/dev/video0 is gone)). On to Wed, 25 Nov 2026 09:53:30.'
    expect(document.querySelector('[role=status]')?.textContent).toBe(text)
    expect(said).toEqual([{ do: 'notice', text }])
  })
  it('goes live behind the live end', async () => {
    const axis = await show()
    point(axis, 'pointerdown', 990)
    point(axis, 'pointerup', 990)
    expect(player.seeks).toEqual(['live'])
  })
  it('asks for previews while it is dragged, and seeks when let go', async () => {
    const axis = await show()
    point(axis, 'pointerdown', xAt(now - 600_000))
    point(axis, 'pointermove', xAt(now - 480_000))
    expect(document.querySelector('.tip')?.textContent).toContain('10:16:30')
    expect(player.seeks).toEqual([])
    expect(asked.some((p) => p.startsWith('/api/v1/preview.jpg?camera=cam&at=7.'))).toBe(true)
    point(axis, 'pointerup', xAt(now - 360_000))
    expect(player.seeks).toEqual([{ position: '7.1500000' }])
    expect(document.querySelector('.axis.dragging')).toBeNull()
  })
  it('gives a drag up with Escape', async () => {
    const axis = await show()
    point(axis, 'pointerdown', 500)
    axis.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }))
    point(axis, 'pointerup', 600)
    expect(player.seeks).toEqual([])
  })
  it('pans by its ruler, and does not seek', async () => {
    const axis = await show()
    point(axis, 'pointerdown', 500, 10)
    point(axis, 'pointermove', 600, 10) // six minutes earlier
    point(axis, 'pointerup', 600, 10)
    expect(player.seeks).toEqual([])
    point(axis, 'pointerdown', xAt(now - 720_000) + 100)
    point(axis, 'pointerup', xAt(now - 720_000) + 100)
    expect(player.seeks).toEqual([{ position: '7.1140000' }])
  })
  it('zooms with two fingers and does not seek then', async () => {
    const axis = await show()
    const touch = (id: number) => ({ pointerId: id, pointerType: 'touch' })
    point(axis, 'pointerdown', 400, 80, touch(1))
    point(axis, 'pointerdown', 600, 80, touch(2))
    point(axis, 'pointermove', 300, 80, touch(1))
    point(axis, 'pointermove', 700, 80, touch(2))
    point(axis, 'pointerup', 700, 80, touch(2))
    point(axis, 'pointerup', 300, 80, touch(1))
    expect(player.seeks).toEqual([])
    expect(document.body.textContent).toContain('30 mins in view')
  })
  it('zooms with the wheel and fits all by a double click', async () => {
    const axis = await show()
    const wheel = new WheelEvent('wheel', { deltaY: -Math.log(2) / 0.002, clientX: 500, bubbles: true, cancelable: true })
    axis.dispatchEvent(wheel)
    flushSync()
    expect(wheel.defaultPrevented).toBe(true)
    expect(document.body.textContent).toContain('30 mins in view')
    axis.dispatchEvent(new MouseEvent('dblclick', { bubbles: true }))
    flushSync()
    expect(document.body.textContent).toContain('15 days 14 hrs in view')
  })
  it('keeps its keys from the page, and leaves it the others', async () => {
    const axis = await show()
    const page: string[] = []
    const listen = (e: KeyboardEvent) => void (e.defaultPrevented || page.push(e.key))
    addEventListener('keydown', listen)
    for (const key of ['ArrowLeft', 'ArrowRight', 'PageUp', 'Home', 'End', 'j', ' ', 'Escape'])
      axis.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
    axis.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowLeft', ctrlKey: true, bubbles: true, cancelable: true }))
    removeEventListener('keydown', listen)
    expect(player.seeks).toEqual([-1, 1, 60, { position: '1.0' }, 'live'])
    expect(page).toEqual(['j', ' ', 'Escape', 'ArrowLeft'])
  })
  it('says what is under the pointer, and goes to a bookmark exactly', async () => {
    const axis = await show({ bookmarks: [{ id: 5, at: new Date(now - 200_123), note: 'The lathe starts' }] })
    point(axis, 'pointermove', xAt(now - 36 * 60_000))
    expect(document.querySelector('.tip')?.textContent).toContain('Gap: camera lost (/dev/video0 is gone), 7 mins')
    expect(document.querySelector('.tip .picture')).toBeNull()
    point(axis, 'pointermove', xAt(now - 10 * 60_000), 80)
    expect(document.querySelector('.tip')?.textContent).toContain('No sound: microphone lost')
    point(axis, 'pointermove', 990)
    expect(document.querySelector('.tip')?.textContent).toContain('Not yet')
    const x = Math.round(xAt(now - 200_123)) + 4
    point(axis, 'pointermove', x, 60)
    expect(document.querySelector('.tip')?.textContent).toContain('Bookmark: The lathe starts')
    point(axis, 'pointerdown', x, 60)
    point(axis, 'pointerup', x, 60)
    expect(player.seeks).toEqual([{ position: '7.1659877' }])
    expect(said).toEqual([{ do: 'bookmark', id: 5 }])
  })
  it('goes to the beginning of a session', async () => {
    const axis = await show({ sessions: [{ id: '9', name: 'Class', from: minutes(20), to: minutes(5) }] })
    point(axis, 'pointerdown', xAt(minutes(10)), 47)
    point(axis, 'pointerup', xAt(minutes(10)), 47)
    expect(player.seeks).toEqual([{ position: '7.660000' }])
    expect(said).toEqual([{ do: 'session', id: '9' }])
  })
})

/** draw runs the frames that were asked for, so many ms later. */
function draw(ms: number) {
  const due = frames
  frames = []
  for (const f of due) f(ms)
  flushSync()
}
const spotAt = (t: number) => expect.objectContaining({ time: t, position: `7.${1_860_000 + t - now}` })
const minutes = (n: number) => now - n * 60_000

describe('a range on the timeline', () => {
  const right = { button: 2 }

  it('is chosen by a drag with the right button, whichever way', async () => {
    const axis = await show()
    const menu = new MouseEvent('contextmenu', { bubbles: true, cancelable: true })
    point(axis, 'pointerdown', xAt(minutes(12)), 80, right)
    axis.dispatchEvent(menu)
    expect(menu.defaultPrevented).toBe(true)
    point(axis, 'pointermove', xAt(minutes(20)), 80)
    point(axis, 'pointerup', xAt(minutes(20)), 80, right)
    expect(selected).toEqual([[spotAt(minutes(20)), spotAt(minutes(12))]])
    expect(player.seeks).toEqual([])
  })
  it('is not chosen by a click, nor by a drag that is given up', async () => {
    const axis = await show()
    point(axis, 'pointerdown', 500, 80, right)
    point(axis, 'pointerup', 500, 80, right)
    point(axis, 'pointerdown', 500, 80, right)
    point(axis, 'pointermove', 700)
    axis.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }))
    point(axis, 'pointerup', 700, 80, right)
    expect([selected, player.seeks]).toEqual([[], []])
  })
  it('is moved by its ends, and over one another', async () => {
    const axis = await show({ in: minutes(12), out: minutes(6) })
    const drag = (from: number, to: number) => {
      point(axis, 'pointerdown', xAt(from))
      point(axis, 'pointermove', xAt(to))
      point(axis, 'pointerup', xAt(to))
    }
    drag(minutes(12), minutes(20))
    drag(minutes(6), minutes(18))
    expect(selected).toEqual([[spotAt(minutes(20)), spotAt(minutes(6))], [spotAt(minutes(18)), spotAt(minutes(12))]])
    expect(player.seeks).toEqual([])
    point(axis, 'pointerdown', xAt(minutes(12))) // a click is a click
    point(axis, 'pointerup', xAt(minutes(12)))
    expect(player.seeks).toEqual([{ position: '7.1140000' }])
  })
  it('may have one end', async () => {
    const axis = await show({ out: minutes(6) })
    point(axis, 'pointerdown', xAt(minutes(6)))
    point(axis, 'pointermove', xAt(minutes(18)))
    point(axis, 'pointerup', xAt(minutes(18)))
    expect(selected).toEqual([[null, spotAt(minutes(18))]])
  })
  it('ends where recording goes on, if it is let go in a gap', async () => {
    const axis = await show()
    point(axis, 'pointerdown', xAt(minutes(12)), 80, right)
    point(axis, 'pointermove', xAt(minutes(35)))
    point(axis, 'pointerup', xAt(minutes(35)), 80, right)
    expect(selected).toEqual([[expect.objectContaining({ position: '7.0' }), spotAt(minutes(12))]])
  })
})

describe('a drag at an edge', () => {
  it('moves what is seen along, and no further than there is something', async () => {
    const axis = await show()
    point(axis, 'pointerdown', 500)
    draw(0)
    point(axis, 'pointermove', 0)
    draw(1000)
    draw(1040) // 40 ms at 0.9 pixels a ms: 36 pixels of 3.6 s
    point(axis, 'pointerup', 0)
    const begin = now - 960 * 3600
    expect(player.seeks).toEqual([{ position: expect.stringMatching(/^6\./) }])
    draw(2000)
    point(axis, 'pointerdown', 900)
    point(axis, 'pointerup', 900)
    expect(player.seeks.at(-1)).toEqual({ position: `7.${1_860_000 + begin + (900 - 36) * 3600 - now}` })
  })
  it('stops at the live end', async () => {
    const axis = await show()
    point(axis, 'pointerdown', 500)
    point(axis, 'pointermove', 1000)
    for (let ms = 1000; ms < 3000; ms += 50) draw(ms)
    point(axis, 'pointermove', 950) // where it was: the live end has its room
    point(axis, 'pointerup', 950)
    expect(player.seeks).toEqual([{ position: `7.${1_860_000 - 10 * 3600}` }])
  })
  it('is none while the pointer has not moved', async () => {
    const axis = await show()
    point(axis, 'pointerdown', 5)
    draw(1000)
    draw(1040)
    point(axis, 'pointerup', 5)
    point(axis, 'pointerdown', xAt(minutes(12)))
    point(axis, 'pointerup', xAt(minutes(12)))
    expect(player.seeks.at(-1)).toEqual({ position: '7.1140000' })
  })
})

describe('the calendar', () => {
  let picked: unknown[]
  async function open() {
    picked = []
    app = mount(Calendar, {
      target: document.body,
      props: { camera: 'cam', zone: 'Asia/Seoul', now: new Date(now), shown: new Date(now - 3600_000), onpick: (to: unknown, day: string) => picked.push([to, day]) },
    })
    await vi.waitFor(() => {
      flushSync()
      expect(cell('Tuesday 24 November 2026')?.classList.contains('recorded')).toBe(true)
    }, patience)
  }
  const cell = (day: string) => [...document.querySelectorAll<HTMLElement>('td')].find((c) => plain(c.getAttribute('aria-label')).startsWith(day))
  const press = async (key: string) => {
    document.querySelector('td[tabindex="0"]')?.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }))
    await Promise.resolve()
    flushSync()
  }
  const focus = () => document.querySelector('td[tabindex="0"]')?.getAttribute('aria-label')

  it('marks the days with recordings, and asks for the weeks that it shows', async () => {
    await open()
    expect(asked[0]).toBe('/api/v1/days?camera=cam&zone=Asia%2FSeoul&from=2026-10-26&to=2026-12-06')
    expect(plain(cell('Tuesday 24 November 2026')?.getAttribute('aria-label'))).toBe('Tuesday 24 November 2026, 1 day 2 hrs recorded')
    expect(plain(cell('Friday 20 November 2026')?.getAttribute('aria-label'))).toBe('Friday 20 November 2026, nothing recorded')
    expect(cell('Thursday 26 November 2026')?.getAttribute('aria-disabled')).toBe('true')
    expect(document.querySelectorAll('td[tabindex="0"]')).toHaveLength(1)
    expect(document.querySelector('td[aria-selected="true"]')).toBe(cell('Wednesday 25 November 2026'))
  })
  it('goes to the first recorded moment of a day', async () => {
    await open()
    cell('Tuesday 24 November 2026')?.click()
    cell('Friday 20 November 2026')?.click()
    cell('Thursday 26 November 2026')?.click()
    expect(picked).toEqual([
      [{ position: '1.24' }, '2026-11-24'],
      [{ time: new Date('2026-11-19T15:00:00Z') }, '2026-11-20'],
    ])
  })
  it('goes to the same time of day', async () => {
    await open()
    document.querySelector<HTMLInputElement>('input[type=checkbox]')?.click()
    flushSync()
    cell('Tuesday 24 November 2026')?.click()
    expect(picked).toEqual([[{ time: new Date(now - 3600_000 - 86_400_000) }, '2026-11-24']])
  })
  it('is gone through by keys, never into days to come', async () => {
    await open()
    expect(focus()).toContain('25 November')
    await press('ArrowRight')
    expect(focus()).toContain('25 November')
    await press('ArrowUp')
    expect(focus()).toContain('18 November')
    await press('PageUp')
    expect(focus()).toContain('18 October')
    await press('Enter')
    expect(picked).toEqual([[{ time: new Date('2026-10-17T15:00:00Z') }, '2026-10-18']])
  })
})
