import { beforeEach, describe, expect, it, vi } from 'vitest'
import { Frames } from '../src/lib/player/frames'
import type { Connection, Listener } from '../src/lib/player/link'
import { Link } from '../src/lib/player/link'
import { Player, type Screen, type Target, type Wire } from '../src/lib/player/player.svelte'
import type { Aim } from '../src/lib/player/stage'
import type { Message, Point, Request, Tracks } from '../src/lib/player/wire'

const began = Date.parse('2026-11-24T10:00:00Z')
/** point: run 3, which began at recorded time 0. */
const point = (recorded: number): Point => ({ recorded, position: `3.${Math.round(recorded * 1000)}`, time: new Date(began + recorded * 1000).toISOString(), trusted: true })

/** FakeScreen has what lies between two recorded times. */
class FakeScreen implements Screen {
  frames = new Frames()
  held: [number, number] = [0, 0]
  aims: Aim[] = []
  calls: string[] = []
  at = 0
  expect = (gen: number) => void this.calls.push(`expect ${gen}`)
  forget = () => void this.calls.push('forget')
  tracks = (_: Tracks) => void this.calls.push('tracks')
  binary = () => undefined
  aim = (a: Aim) => void this.aims.push(a)
  local = (t: number) => {
    const there = t >= this.held[0] && t < this.held[1]
    if (there) this.calls.push(`local ${Math.round(t * 1000) / 1000}`)
    if (there) this.at = t
    return there
  }
  now = () => this.at
  ready = 1.5
  ahead = () => this.ready
  play = () => void this.calls.push('play')
  pause = () => void this.calls.push('pause')
  follow = (yes: boolean) => void this.calls.push(`follow ${yes}`)
  steady = (yes: boolean) => void this.calls.push(`steady ${yes}`)
  low = (yes: boolean) => void this.calls.push(`low ${yes}`)
  skip = (to: number) => void this.calls.push(`skip ${to}`)
  setRate = (r: number) => void this.calls.push(`rate ${r}`)
  sound = (muted: boolean, volume: number) => void this.calls.push(`sound ${muted} ${volume}`)
}

let screen: FakeScreen
let sent: Request[]
let wire: { open: boolean; bytes: number }
let told: Listener
let now: number
let player: Player
let ended: Player | undefined

function make(start?: Target) {
  ended?.end()
  screen = new FakeScreen()
  sent = []
  now = 1000
  wire = { open: true, bytes: 77 }
  const link = (l: Listener): Wire => {
    told = l
    return {
      get open() {
        return wire.open
      },
      get bytes() {
        return wire.bytes
      },
      send: (r) => (wire.open ? (sent.push(r), true) : false),
      close: () => undefined,
    }
  }
  ended = player = new Player('cam', { screen, link, now: () => now, ...(start && { start }) })
}

const seeks = () => sent.filter((r) => r.do === 'seek')
const last = () => seeks().at(-1)
const gen = () => last()?.gen ?? 0
const hello = (): Message => ({ is: 'hello', camera: 'cam', length: 1000, oldest: point(0), foreign: false })
const edge = (recorded: number): Message => ({ is: 'edge', point: point(recorded), recording: true, frozen: false })

function open(at = 1000) {
  told.opened()
  told.message(hello())
  told.message(edge(at))
}

/** land answers the seek under way; stand shows its picture, too. */
function land(asked: number, with_: { live?: boolean; rate?: number; gap?: (Message & { is: 'landed' })['gap'] } = {}) {
  told.message({ is: 'landed', gen: gen(), point: point(Math.floor(asked)), asked: point(asked), gap: with_.gap ?? null, live: with_.live ?? false, rate: with_.rate ?? 1 })
}

function stand(asked: number, with_: Parameters<typeof land>[1] = {}) {
  land(asked, with_)
  screen.at = asked
  player.shows(asked)
  player.arrived(gen())
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.clearAllTimers()
  localStorage.clear()
  make()
})

describe('the store', () => {
  it('asks for live first, and is there once the picture stands', () => {
    expect(sent).toEqual([])
    open()
    expect(seeks()).toEqual([{ do: 'seek', gen: 1, live: true, rate: 1 }])
    expect([player.live, player.seeking, player.shown]).toEqual([false, true, null])
    land(1000, { live: true })
    expect(screen.aims).toEqual([{ gen: 1, at: 1000, live: true, rate: 1, exact: false }])
    expect(player.shown).toBeNull() // asked for is not shown
    player.shows(999.8)
    player.arrived(1)
    expect([player.live, player.seeking, player.behind]).toEqual([true, false, 0])
    expect(player.shown).toEqual({ recorded: 999.8, time: new Date(began + 999_800), position: '3.999800', trusted: true })
  })

  it('opens at the moment of a link', () => {
    make({ position: '3.12500' })
    open()
    expect(last()).toEqual({ do: 'seek', gen: 1, position: '3.12500', rate: 1 })
    stand(12.5)
    expect([player.live, player.behind]).toEqual([false, 987.5])
  })

  it('tells the recorder where the picture is, every quarter of a second and after a change', () => {
    open()
    stand(500)
    sent.length = 0
    vi.advanceTimersByTime(500)
    expect(sent).toEqual([1, 2].map(() => ({ do: 'at', gen: 1, recorded: 500, ahead: 1.5, bytes: 77, playing: true })))
    player.pause()
    expect(sent.at(-1)).toMatchObject({ do: 'at', playing: false })
  })

  it('lets the end grow between two words about it, and falls behind while it is paused', () => {
    open()
    stand(1000, { live: true })
    player.pause()
    now += 750
    player.beat()
    expect(player.edge?.recorded).toBe(1000.75)
    expect([player.live, player.behind]).toEqual([false, 0.75])
  })

  it('moves within the buffer without the recorder', () => {
    open()
    stand(500)
    screen.held = [490, 502]
    player.by(-1)
    expect(seeks()).toHaveLength(1)
    expect(screen.calls).toContain('local 499')
    player.by(-60)
    expect(last()).toEqual({ do: 'seek', gen: 2, recorded: 439, rate: 1 })
  })

  it('adds up what is pressed before the picture of the first has come', () => {
    open()
    stand(500)
    screen.held = [400, 502]
    for (let i = 0; i < 3; i++) player.by(-1)
    expect(screen.calls.filter((c) => c.startsWith('local'))).toEqual(['local 499', 'local 498', 'local 497'])
    player.shows(497)
    player.by(1)
    expect(screen.calls.at(-1)).toBe('local 498')
  })

  it('adds up what is pressed while a seek is under way, and sends the newest only', () => {
    open()
    stand(500)
    for (let i = 0; i < 8; i++) player.by(-10)
    expect(seeks()).toHaveLength(2)
    expect(last()).toMatchObject({ recorded: 490 })
    stand(490)
    expect(seeks()).toHaveLength(3)
    expect(last()).toMatchObject({ gen: 3, recorded: 420 })
    stand(420)
    expect(seeks()).toHaveLength(3)
    expect([player.seeking, player.shown?.recorded]).toEqual([false, 420])
  })

  it('overtakes a slow seek, and hears no more of it', () => {
    open()
    stand(500)
    player.by(-10)
    player.by(-10)
    now += 300
    player.beat()
    expect(last()).toMatchObject({ gen: 3, recorded: 480 })
    told.message({ is: 'landed', gen: 2, point: point(490), asked: point(490), gap: null, live: false, rate: 1 })
    told.message({ is: 'state', gen: 2, live: false, picture: 'none', why: '', filled: { video: 0, audio: 0 }, holes: {} })
    player.arrived(2)
    expect([player.seeking, player.picture]).toEqual([true, 'full'])
    expect(screen.aims.filter((a) => a.gen === 2)).toEqual([])
  })

  it('makes live of what is at the end, and the beginning of what is before it', () => {
    open()
    stand(995)
    player.by(10)
    expect(last()).toMatchObject({ live: true })
    stand(1000, { live: true })
    player.by(1) // there is nothing behind the end
    expect(seeks()).toHaveLength(2)
    player.seek({ recorded: -5 })
    expect(last()).toMatchObject({ recorded: 0 })
  })

  it('goes back to where the viewer was, seek by seek', () => {
    open()
    stand(1000, { live: true })
    player.seek({ time: new Date(began + 100_000) })
    stand(100)
    expect(player.canUndo).toBe(true)
    now += 5000
    player.by(-10)
    stand(90)
    player.undo()
    expect(last()).toMatchObject({ position: '3.100000' })
    stand(100)
    player.undo()
    expect(last()).toMatchObject({ live: true })
    expect(player.canUndo).toBe(false)
    player.undo()
    expect(seeks()).toHaveLength(5)
  })

  it('steps from the picture last asked for, both ways', () => {
    open()
    stand(500)
    screen.held = [499, 501]
    screen.frames.put(500.1, true, [499.9, 499.967, 500, 500.033, 500.067])
    player.step(1)
    player.step(1)
    player.step(-1)
    expect(player.paused).toBe(true)
    expect(screen.calls.filter((c) => c.startsWith('local'))).toEqual(['local 500.034', 'local 500.068', 'local 500.034'])
    expect(seeks()).toHaveLength(1)
  })

  it('asks the recorder for the picture before those that are there', () => {
    open()
    stand(500)
    player.step(-1)
    expect(last()).toMatchObject({ recorded: 499.999, rate: 1 })
    land(499.999)
    expect(screen.aims.at(-1)).toMatchObject({ at: 499.999, exact: true })
    player.step(-1) // a held key: not one more while that is under way
    expect(seeks()).toHaveLength(2)
  })

  it('changes slow speeds by itself and asks for others', () => {
    open()
    stand(500)
    player.setRate(0.5)
    expect([player.rate, seeks().length]).toEqual([0.5, 1])
    player.setRate(3)
    expect(player.rate).toBe(0.5)
    player.setRate(-8)
    expect(last()).toMatchObject({ recorded: 500, rate: -8 })
    expect(player.rate).toBe(0.5) // not before the recorder says so
    stand(500, { rate: -8 })
    expect(player.rate).toBe(-8)
    // All was sent; its pictures are shown first.
    told.message({ is: 'end', gen: gen(), why: 'beginning' })
    player.beat()
    expect([player.paused, player.notice]).toEqual([false, null])
    screen.ready = 0
    player.beat()
    expect([player.paused, player.notice?.key]).toEqual([true, 'beginning'])
    expect(last()).toMatchObject({ rate: 1 })
  })

  it('is not faster than live, and live again where it comes to the end', () => {
    open()
    stand(1000, { live: true })
    player.setRate(2)
    expect([player.rate, player.notice?.key, seeks().length]).toEqual([1, 'end', 1])
    player.seek({ recorded: 990 })
    stand(990)
    player.setRate(4)
    stand(990, { rate: 4 })
    player.shows(997.5)
    player.beat()
    expect(last()).toMatchObject({ live: true, rate: 1 })
  })

  it('says which gap was passed over, when the picture is behind it', () => {
    const gap = { kind: 'all' as const, reason: 'camera lost', detail: '', seconds: 12.5, from: '', until: '' }
    open()
    stand(500, { gap })
    expect(player.notice).toMatchObject({ key: 'gap', values: { reason: 'camera lost', seconds: 12.5 } })
    player.dismiss()
    told.message({ is: 'jump', gen: 1, point: { ...point(510), position: '4.0', time: '2026-11-24T12:00:00Z' }, gap })
    player.shows(509)
    expect(player.notice).toBeNull()
    player.shows(510.5)
    expect(player.notice).toMatchObject({ key: 'gapPassed' })
    expect(player.shown).toMatchObject({ position: '4.500', time: new Date('2026-11-24T12:00:00.500Z') })
  })

  it('asks for the same moment after a loss, by position: recorded time begins elsewhere', () => {
    open()
    stand(500)
    wire.open = false
    told.lost('')
    expect([player.connection, player.shown?.recorded]).toEqual(['lost', 500])
    wire.open = true
    told.opened()
    told.message({ ...hello(), oldest: { ...point(0), position: '3.60000', time: new Date(began + 60_000).toISOString() } } as Message)
    expect(last()).toEqual({ do: 'seek', gen: 1, position: '3.500000', rate: 1 })
    expect(screen.calls.filter((c) => c === 'forget')).toHaveLength(2)
    told.message({ is: 'landed', gen: 1, point: { ...point(500), recorded: 440 }, asked: { ...point(500), recorded: 440 }, gap: null, live: false, rate: 1 })
    player.shows(440)
    expect(player.shown).toMatchObject({ recorded: 440, position: '3.500000' })
  })

  it('keeps what was asked for while there is no connection', () => {
    open()
    stand(1000, { live: true })
    wire.open = false
    told.lost('')
    player.seek({ position: '3.42000' })
    told.lost('') // a try that failed
    wire.open = true
    told.opened()
    told.message(hello())
    expect(last()).toMatchObject({ position: '3.42000' })
  })

  it('asks again a second after the recorder ended by itself, and not at all if it goes', () => {
    open()
    stand(1000, { live: true })
    told.message({ is: 'end', gen: 1, why: 'closed' })
    expect([player.paused, player.live, seeks().length]).toEqual([false, true, 1])
    vi.advanceTimersByTime(1000)
    expect(last()).toEqual({ do: 'seek', gen: 2, live: true, rate: 1 })
    told.message({ is: 'end', gen: 2, why: 'closed' })
    told.lost('')
    vi.advanceTimersByTime(5000)
    expect(seeks()).toHaveLength(2)
  })

  it('asks for the shortest distance to live on every connection', () => {
    player.low(true)
    expect([screen.calls.at(-1), sent]).toEqual(['low true', []])
    open()
    expect(sent).toEqual([{ do: 'latency', low: true }, { do: 'seek', gen: 1, live: true, rate: 1 }])
    stand(1000, { live: true })
    player.low(true) // nothing new
    told.lost('')
    sent.length = 0
    open()
    expect(sent[0]).toEqual({ do: 'latency', low: true })
    player.low(false)
    expect([screen.calls.at(-1), sent.at(-1)]).toEqual(['low false', { do: 'latency', low: false }])
    told.lost('')
    sent.length = 0
    open()
    expect(sent.map((r) => r.do)).toEqual(['seek'])
  })

  it('moves over what the recorder left out, and says so of what was not recorded', () => {
    open()
    stand(1000, { live: true })
    told.message({ is: 'jump', gen: 1, point: point(1007), gap: null })
    expect(screen.calls.at(-1)).toBe('skip 1007')
    const before = screen.calls.length
    const gap = { kind: 'all' as const, reason: 'crash', detail: '', seconds: 5, from: '', until: '' }
    told.message({ is: 'jump', gen: 1, point: point(1010), gap })
    expect(screen.calls.slice(before)).toEqual([])
    told.message({ is: 'jump', gen: 0, point: point(1020), gap: null }) // of an older seek
    expect(screen.calls.slice(before)).toEqual([])
  })

  it('chases nothing while a slow link carries key frames only', () => {
    open()
    stand(1000, { live: true })
    const state = (picture: 'full' | 'keys', why: string): Message => ({ is: 'state', gen: 1, live: true, picture, why, filled: { video: 0, audio: 0 }, holes: {} })
    told.message(state('keys', 'slow link'))
    expect(screen.calls.at(-1)).toBe('steady true')
    told.message(state('full', ''))
    expect(screen.calls.at(-1)).toBe('steady false')
    told.message(state('keys', 'rate'))
    expect(screen.calls.at(-1)).toBe('steady false')
  })

  it('comes back to the picture when a seek is refused', () => {
    open()
    stand(500)
    player.seek({ position: '99.1' })
    told.message({ is: 'error', text: 'there is no run 99', fatal: false })
    expect(player.notice).toMatchObject({ key: 'said', values: { text: 'there is no run 99' } })
    expect(last()).toMatchObject({ position: '3.500000' })
    told.message({ is: 'error', text: 'that neither', fatal: false })
    expect([player.seeking, seeks().length]).toEqual([false, 3])
  })

  it('remembers the sound, and waits for the click that the browser wants', () => {
    player.setVolume(0.4)
    player.mute()
    expect(screen.calls.at(-1)).toBe('sound true 0.4')
    make()
    expect([player.muted, player.volume]).toEqual([true, 0.4])
    player.mute()
    player.gesture(true)
    expect([player.needsGesture, player.muted]).toEqual([true, false])
    player.allow()
    expect(screen.calls.slice(-2)).toEqual(['sound false 0.4', 'play'])
    expect(player.needsGesture).toBe(false)
  })
})

/** FakeSocket is opened and closed by hand. */
class FakeSocket implements Connection {
  static all: FakeSocket[] = []
  readyState = 0
  binaryType: BinaryType = 'blob'
  onopen: Connection['onopen'] = null
  onclose: Connection['onclose'] = null
  onerror: Connection['onerror'] = null
  onmessage: Connection['onmessage'] = null
  send = vi.fn()
  close = vi.fn()
  constructor() {
    FakeSocket.all.push(this)
  }
  opens() {
    this.readyState = 1
    this.onopen?.call(this as unknown as WebSocket, new Event('open'))
  }
  says(data: unknown) {
    this.onmessage?.call(this as unknown as WebSocket, new MessageEvent('message', { data }))
  }
  closes(reason = '') {
    this.readyState = 3
    this.onclose?.call(this as unknown as WebSocket, Object.assign(new Event('close'), { reason }) as CloseEvent)
  }
}

describe('the link', () => {
  const listener = { opened: vi.fn(), lost: vi.fn(), message: vi.fn(), binary: vi.fn() }
  let link: Link

  beforeEach(() => {
    FakeSocket.all = []
    for (const f of Object.values(listener)) f.mockReset()
    link = new Link({ address: () => 'ws://recorder/', open: () => new FakeSocket() }, listener)
    return () => link.close()
  })
  const newest = () => FakeSocket.all.at(-1) as FakeSocket

  it('tries for ever, waiting longer, at most 5 s, and begins anew once a recorder spoke', async () => {
    const waits = []
    await vi.advanceTimersByTimeAsync(0)
    for (let i = 0; i < 7; i++) {
      newest().closes()
      const before = FakeSocket.all.length
      let waited = 0
      while (FakeSocket.all.length === before) {
        await vi.advanceTimersByTimeAsync(50)
        waited += 50
      }
      waits.push(waited)
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000])
    newest().opens()
    newest().says(JSON.stringify(hello()).replace('{', '{"protocol":1,'))
    expect(listener.opened).toHaveBeenCalledOnce()
    newest().closes()
    await vi.advanceTimersByTimeAsync(250)
    expect(FakeSocket.all).toHaveLength(9)
  })

  it('takes silence for a loss', async () => {
    await vi.advanceTimersByTimeAsync(0)
    newest().opens()
    await vi.advanceTimersByTimeAsync(7900)
    newest().says(JSON.stringify(edge(1)))
    await vi.advanceTimersByTimeAsync(7900)
    expect(listener.lost).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(200)
    expect(listener.lost).toHaveBeenCalledWith('silence')
    expect(FakeSocket.all[0]?.close).toHaveBeenCalled()
  })

  it('counts bytes of a connection, and passes on what can be read', async () => {
    await vi.advanceTimersByTimeAsync(0)
    newest().opens()
    newest().says(new ArrayBuffer(12))
    newest().says('nonsense')
    newest().says(JSON.stringify(edge(5)))
    expect([link.bytes, listener.message.mock.calls.length, listener.binary.mock.calls.length]).toEqual([12, 1, 0])
    newest().closes()
    await vi.advanceTimersByTimeAsync(250)
    expect(link.bytes).toBe(0)
    expect(link.send({ do: 'latency', low: true })).toBe(false)
  })
})
