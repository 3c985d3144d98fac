import { describe, expect, it } from 'vitest'
import type { Gap, Moment, Shape } from '../src/lib/api'
import { clusters, gashes, heights, notches, recorded, strip } from '../src/lib/timeline/bars'
import { find, msOf, partAt, range, rows, type Marks } from '../src/lib/timeline/marks'
import { firstReaching, holeAt, layout, live, nextRecorded, recordedAt, renew, type Layout } from '../src/lib/timeline/shape'
import { Source } from '../src/lib/timeline/source'
import type { View } from '../src/lib/timeline/view'

const start = Date.parse('2026-11-24T10:00:00Z')
const s = (n: number) => start + n * 1000
// Each run began when its number says, in hundreds of seconds.
const at = (run: number, n: number): Moment => ({ position: `${run}.${(n - run * 100) * 1000}`, time: new Date(s(n)).toISOString(), trusted: true })
const gap = (from: Moment, until: Moment | null, kind: Gap['kind'] = 'all', reason = 'off'): Gap => ({ kind, from, until, reason, detail: '' })

const shape: Shape = {
  now: new Date(s(1000)).toISOString(),
  spans: [
    { from: at(4, 400), to: at(4, 900) },
    { from: at(1, 100), to: at(1, 200) },
    { from: at(1, 250), to: at(1, 300) },
  ],
  gaps: [gap(at(1, 200), at(1, 250), 'all', 'camera lost'), gap(at(4, 500), at(4, 600), 'audio', 'microphone lost'), gap(at(1, 300), at(4, 400))],
}
const l = layout(shape)
const view: View = { from: start, to: s(1000), width: 500 } // 2 s a pixel

describe('what is recorded', () => {
  it('is in order', () => {
    expect(l.spans.map((x) => [x.from, x.to, x.run, x.media])).toEqual([
      [s(100), s(200), 1, 0],
      [s(250), s(300), 1, 150_000],
      [s(400), s(900), 4, 0],
    ])
    expect(l.holes.map((h) => h.reason)).toEqual(['camera lost', 'off'])
    expect(l.partial.map((h) => h.kind)).toEqual(['audio'])
  })
  it.each([
    [99.999, null, '1.0', null],
    [100, '1.0', '1.0', null],
    [150.5, '1.50500', '1.50500', null],
    [200, null, '1.150000', 'camera lost'],
    [299, '1.199000', '1.199000', null],
    [300, null, '4.0', 'off'],
    [550, '4.150000', '4.150000', 'microphone lost'],
    [900, null, null, null],
  ])('at %d s', (n, here, next, hole) => {
    expect(recordedAt(l, s(n))?.position ?? null).toBe(here)
    expect(nextRecorded(l, s(n))?.position ?? null).toBe(next)
    expect(holeAt(l, s(n))?.reason ?? null).toBe(hole)
  })
  it('is the newest run where a clock was set back', () => {
    const twice = layout({ ...shape, spans: [{ from: at(1, 100), to: at(1, 400) }, { from: at(2, 200), to: at(2, 300) }], gaps: [] })
    expect(recordedAt(twice, s(250))?.position).toBe('2.50000')
    expect(recordedAt(twice, s(350))?.position).toBe('1.250000')
    expect(firstReaching(twice.reach, s(350))).toBe(0)
  })
  it('reaches to the live end', () => {
    expect(live(l, { time: s(950), position: '4.550000' }).spans[2]?.to).toBe(s(950))
    expect(live(l, { time: s(950), position: '5.0' })).toBe(l) // a run not known yet
    expect(live(l, { time: s(800), position: '4.400000' })).toBe(l)
    const lost = layout({ ...shape, gaps: [gap(at(4, 900), null)] })
    expect(live(lost, { time: s(950), position: '4.550000' })).toBe(lost)
  })
  it('is renewed from a moment on', () => {
    const news: Shape = {
      now: new Date(s(1200)).toISOString(),
      spans: [{ from: at(4, 850), to: at(4, 1000) }, { from: at(4, 1100), to: at(4, 1200) }],
      gaps: [gap(at(4, 1000), at(4, 1100), 'all', 'crash')],
    }
    const got = renew(l, news, s(850))
    expect(got.spans.map((x) => [x.from, x.to])).toEqual([[s(100), s(200)], [s(250), s(300)], [s(400), s(1000)], [s(1100), s(1200)]])
    expect(got.holes.map((h) => h.reason)).toEqual(['camera lost', 'off', 'crash'])
    expect(got.reach.at(-1)).toBe(s(1200))
    expect(got.partial).toHaveLength(1)
  })
  it('ends a gap that lasted', () => {
    const lasting = layout({ ...shape, gaps: [...shape.gaps, gap(at(4, 900), null, 'all', 'paused')] })
    const got = renew(lasting, { now: new Date(s(1200)).toISOString(), spans: [{ from: at(4, 1000), to: at(4, 1200) }], gaps: [gap(at(4, 900), at(4, 1000), 'all', 'paused')] }, s(950))
    expect(got.holes.map((h) => h.to)).toEqual([s(250), s(400), s(1000)])
  })
})

describe('bars', () => {
  it('are where recording is', () => {
    expect(recorded(l, view)).toEqual([{ x: 50, width: 50 }, { x: 125, width: 25 }, { x: 200, width: 250 }])
  })
  it('are cut to the view', () => {
    expect(recorded(l, { from: s(150), to: s(275), width: 250 })).toEqual([{ x: 0, width: 100 }, { x: 200, width: 50 }])
    expect(recorded(l, { from: s(310), to: s(390), width: 250 })).toEqual([])
    expect(recorded(l, { from: s(950), to: s(990), width: 250 })).toEqual([])
  })
  it('are one where a gap is below a pixel', () => {
    expect(recorded(l, { from: start, to: s(1000), width: 15 })).toEqual([{ x: 1.5, width: 3 }, { x: 6, width: 7.5 }])
  })
  it('show what is shorter than a pixel', () => {
    const short = layout({ ...shape, spans: [{ from: at(1, 100), to: at(1, 101) }], gaps: [] })
    expect(recorded(short, view)).toEqual([{ x: 50, width: 1 }])
  })
  it('of gaps are as long as they lasted', () => {
    expect(gashes(l.holes, view, s(1000)).map((g) => [g.x, g.width, g.hole.reason])).toEqual([[100, 25, 'camera lost'], [150, 50, 'off']])
    expect(gashes(l.holes, { ...view, from: s(210), to: s(240) }, s(1000)).map((g) => [g.x, g.width])).toEqual([[0, 500]])
    const open = layout({ ...shape, gaps: [gap(at(4, 900), null)] })
    expect(gashes(open.holes, view, s(950)).map((g) => [g.x, g.width])).toEqual([[450, 25]])
  })
  it('leave short gaps to notches', () => {
    const narrow = { ...view, width: 15 }
    expect(gashes(l.holes, narrow, s(1000)).map((g) => g.hole.reason)).toEqual(['off'])
    expect(notches(l.holes, narrow, s(1000))).toEqual([3])
    expect(notches(l.holes, view, s(1000))).toEqual([])
  })
  it('join points', () => {
    expect(clusters([s(100), s(104), s(130), s(2000)], view, 10)).toEqual([{ x: 50, index: 0, count: 2 }, { x: 65, index: 2, count: 1 }])
  })
  it('of ranges are cut', () => {
    expect(strip(view, s(-50), s(100))).toEqual({ x: 0, width: 50 })
    expect(strip(view, s(100), s(101))).toEqual({ x: 50, width: 2 })
    expect(strip(view, s(1001), s(1002))).toBeNull()
  })
  it('of captions show a few words, too', () => expect(heights([0, 1, 25, 100])).toEqual([0, 0.2, 0.5, 1]))
})

/** year is one of so many spans, a gap behind each. */
function year(n: number): { l: Layout; view: View; now: number } {
  const long = 365 * 86_400_000
  const step = long / n
  const m = (run: number, t: number): Moment => ({ position: `${run}.0`, time: new Date(start + t).toISOString(), trusted: true })
  const spans = Array.from({ length: n }, (_, i) => ({ from: m(i + 1, i * step), to: m(i + 1, (i + 0.9) * step) }))
  const gaps = spans.map((x, i) => gap(x.to, m(i + 2, (i + 1) * step)))
  return { l: layout({ now: new Date(start + long).toISOString(), spans, gaps }), view: { from: start, to: start + long, width: 1440 }, now: start + long }
}

describe('a year of 10,000 spans', () => {
  const big = year(10_000)
  it('becomes few bars', () => {
    const bars = recorded(big.l, big.view)
    expect(bars.length).toBe(1)
    expect(notches(big.l.holes, big.view, big.now).length).toBeLessThanOrEqual(1440)
    const near = { ...big.view, to: start + 30 * 86_400_000 } // 822 spans, each 1.6 pixels with its gap of 0.2
    expect(recorded(big.l, near)).toHaveLength(1)
    expect(recorded(big.l, { ...big.view, to: start + 2 * 86_400_000 })).toHaveLength(55)
  })
  it('looks at few of them for each frame', () => {
    let reads = 0
    const spans = new Proxy(big.l.spans, { get: (o, p, r) => (typeof p === 'string' && /^\d+$/.test(p) && reads++, Reflect.get(o, p, r) as unknown) })
    recorded({ ...big.l, spans }, { ...big.view, to: start + 86_400_000 })
    expect(reads).toBeLessThan(28 * 40) // a search of 14 steps for each bar and its end
  })
})

describe('under the pointer', () => {
  const marks: Marks = {
    bookmarks: [{ id: 2, at: new Date(s(500)), note: 'later' }, { id: 1, at: { time: new Date(s(440)).toISOString() }, note: 'first' }],
    pins: [{ id: 1, from: s(600), to: s(700), note: 'kept' }],
    sessions: [{ id: 'run-1', name: '', from: s(100), to: s(300) }, { id: '7', name: 'class', from: s(400), to: null }],
    in: s(800),
    out: s(750),
  }
  const middle = rows.track + 22
  it.each([
    ['a bookmark', 220, rows.track + 5, 'bookmark'],
    ['beside a bookmark', 229, rows.track + 5, 'recorded'],
    ['a pin', 300, middle, 'pin'],
    ['between the ends of a pin', 325, middle, 'recorded'],
    ['a session', 60, rows.sessions + 3, 'session'],
    ['a gap', 110, middle, 'gap'],
    ['before everything', 10, middle, 'nothing'],
    ['what is to come', 499, middle, 'nothing'],
  ])('is %s', (_, x, y, want) => expect(find(l, marks, view, x, y, s(900)).is).toBe(want))
  it('says more of it', () => {
    expect(find(l, marks, view, 221, rows.track, s(900))).toMatchObject({ bookmark: { id: 1 }, at: s(440), count: 1 })
    expect(find(l, marks, { ...view, to: s(8000) }, 28, rows.track, s(900))).toMatchObject({ bookmark: { id: 1 }, count: 2 })
    expect(find(l, marks, view, 440, rows.sessions, s(900))).toMatchObject({ session: { id: '7' } })
    expect(find(l, marks, view, 275, middle, s(900))).toMatchObject({ is: 'recorded', hole: { kind: 'audio' } })
    expect(find(l, marks, view, 10, middle, s(900))).toMatchObject({ future: false })
    expect(find(l, marks, view, 480, middle, s(900))).toMatchObject({ future: true })
  })
  it('tells ruler from track', () => expect([0, rows.ruler - 1, rows.ruler, rows.height].map(partAt)).toEqual(['ruler', 'ruler', 'track', 'track']))
  it('orders in and out', () => {
    expect(range(marks)).toEqual({ from: s(750), to: s(800) })
    expect(range({ in: s(1) })).toBeNull()
    expect(msOf({ time: new Date(5) })).toBe(5)
  })
})

describe('the source', () => {
  it('asks for everything once, then for what is new', async () => {
    const asked: string[] = []
    let clock = 0
    const source = new Source('cam', <T,>(path: string) => (asked.push(path), Promise.resolve(shape as T)), () => clock)
    await source.renew()
    clock = 15_000
    await source.renew()
    clock = 600_001
    await source.renew()
    await source.renew(true)
    const whole = '/api/v1/timeline?camera=cam'
    expect(asked).toEqual([whole, `${whole}&from=2026-11-24T10%3A14%3A40.000Z`, whole, whole])
  })
})
