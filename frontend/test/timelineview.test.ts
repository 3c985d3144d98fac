import { describe, expect, it } from 'vitest'
import { action, leap, type Key } from '../src/lib/timeline/keys'
import * as v from '../src/lib/timeline/view'

const start = Date.parse('2026-11-24T10:00:00Z')
const view: v.View = { from: start, to: start + 1_000_000, width: 500 } // 2000 ms a pixel

describe('the view', () => {
  it('knows where moments lie', () => {
    expect(v.xOf(view, start + 100_000)).toBe(50)
    expect(v.timeAt(view, 50)).toBe(start + 100_000)
    expect(v.perPixel(view)).toBe(2000)
  })
  it.each([
    ['in around the pointer', 100, 0.5, start + 100_000, start + 600_000],
    ['out around the pointer', 100, 2, start - 200_000, start + 1_800_000],
    ['around the left edge', 0, 0.1, start, start + 100_000],
    ['around the right edge', 500, 0.1, start + 900_000, start + 1_000_000],
    ['not below a second', 0, 1e-9, start, start + 1000],
    ['not above a year', 0, 1e9, start, start + 366 * 86_400_000],
  ])('zooms %s', (_, x, factor, from, to) => {
    const got = v.zoom(view, x, factor)
    expect(got.from).toBeCloseTo(from, 3)
    expect(got.to).toBeCloseTo(to, 3)
    expect(v.timeAt(got, x)).toBeCloseTo(v.timeAt(view, x), 3)
  })
  it('gets from a year to a second and back to the same moment under the pointer', () => {
    let w: v.View = { from: start, to: start + 366 * v.day, width: 1440 }
    const at = v.timeAt(w, 333)
    for (let i = 0; i < 400; i++) w = v.zoom(w, 333, v.wheel(-100, 0, false))
    expect(w.to - w.from).toBeCloseTo(1000, 3)
    expect(Math.abs(v.timeAt(w, 333) - at)).toBeLessThan(1)
  })
  it('pans', () => expect(v.pan(view, 25)).toEqual({ from: start - 50_000, to: start + 950_000, width: 500 }))
  it.each([
    ['apart', [100, 200], [50, 250]],
    ['together', [100, 400], [200, 300]],
    ['to the side', [100, 200], [180, 280]],
    ['crossed over', [100, 200], [300, 100]],
  ] as const)('keeps moments under fingers that go %s', (name, before, now) => {
    const got = v.pinch(view, before, now)
    const [a, b] = name === 'crossed over' ? [now[1], now[0]] : now
    expect(v.timeAt(got, a)).toBeCloseTo(v.timeAt(view, before[0]), 3)
    expect(v.timeAt(got, b)).toBeCloseTo(v.timeAt(view, before[1]), 3)
  })
  it('bears fingers that meet', () => {
    const got = v.pinch(view, [100, 200], [150, 150])
    expect(got.to - got.from).toBe(100_000_000)
    expect(Number.isFinite(v.pinch(view, [100, 100], [100, 100]).from)).toBe(true)
  })
  it.each([
    ['a notch', 100, 0, false, Math.exp(0.2)],
    ['three lines', 3, 1, false, Math.exp(0.096)],
    ['a page', 1, 2, false, Math.exp(0.8)],
    ['fingers on a touch pad', -10, 0, true, Math.exp(-0.1)],
    ['never too much', 1e6, 0, false, Math.E],
  ])('turns %s of the wheel into a factor', (_, delta, mode, pinched, want) => expect(v.wheel(delta, mode, pinched)).toBeCloseTo(want))
  it('cannot be lost', () => {
    const b = { from: start, to: start + 3_600_000 }
    expect(v.confine(view, b)).toBe(view)
    expect(v.confine(v.pan(view, 1e6), b).from).toBe(start - 900_000)
    expect(v.confine(v.pan(view, -1e6), b).from).toBe(start + 3_500_000)
  })
  it('fits all', () => {
    const got = v.fit({ from: start, to: start + 1_000_000 }, 300)
    expect(got).toEqual({ from: start - 19_200, to: start + 1_020_800, width: 300 })
    expect(v.fit({ from: start, to: start }, 300).to - v.fit({ from: start, to: start }, 300).from).toBe(10_000)
  })
  it('shows the last hour', () => {
    const got = v.last({ from: 0, to: start }, v.hour, 100)
    expect(got.to - got.from).toBe(v.hour)
    expect(v.xOf(got, start)).toBeCloseTo(96)
  })
  it.each([
    ['stays while the picture is seen', start + 1000, start + 2000, start],
    ['turns the page when it runs out', start + 999_500, start + 1_000_500, start + 900_500],
    ['and backward', start + 500, start - 500, start - 900_500],
    ['goes to where a seek went', start + 500, start + 9_000_000, start + 8_500_000],
    ['goes to the first picture', null, start + 9_000_000, start + 8_500_000],
    ['lets who looks elsewhere look', start + 5_000_000, start + 5_000_500, start],
  ])('%s', (_, before, now, from) => expect(v.follow(view, before, now).from).toBe(from))
  it('grows with the live end where it is seen', () => {
    expect(v.grow(view, start + 900_000, start + 901_000).from).toBe(start + 1000)
    expect(v.grow(view, start + 1_900_000, start + 1_901_000)).toBe(view)
  })
})

describe('keys', () => {
  const press = (key: string, more: Partial<Key> = {}): Key => ({ key, ctrlKey: false, altKey: false, metaKey: false, shiftKey: false, ...more })
  it.each([
    ['ArrowRight', {}, { do: 'by', seconds: 1 }],
    ['ArrowLeft', { shiftKey: true }, { do: 'by', seconds: -1 }],
    ['ArrowLeft', { ctrlKey: true }, null], // a minute, of the page
    ['ArrowRight', { altKey: true }, null], // the next caption, of the page
    ['PageUp', {}, { do: 'by', seconds: 60 }],
    ['PageDown', { shiftKey: true }, null], // ten minutes, of the page
    ['Home', {}, { do: 'first' }],
    ['End', {}, { do: 'live' }],
    ['=', {}, { do: 'zoom', factor: 0.5 }],
    ['-', {}, { do: 'zoom', factor: 2 }],
    ['0', {}, { do: 'fit' }],
    ['Escape', {}, { do: 'cancel' }],
    [' ', {}, null],
    ['l', {}, null],
  ])('%s %o', (key, more, want) => expect(action(press(key, more), 20 * v.minute)).toEqual(want))
  it('leaps by about a tenth', () => expect([v.second, v.minute, v.hour, v.day, v.longest].map(leap)).toEqual([1, 1, 60, 3600, 604_800]))
})
