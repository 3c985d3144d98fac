import { describe, expect, it } from 'vitest'
import type { Gap, Moment, Shape } from '../src/lib/api'
import { holes, latest, place, recordedBetween, seconds, spans, ticks, type View } from '../src/lib/timeline'

const start = Date.parse('2026-11-24T10:00:00Z')
const at = (s: number): Moment => ({ position: `1.${s * 1000}`, time: new Date(start + s * 1000).toISOString(), trusted: true })
const gap = (from: number, until: number | null, kind: Gap['kind'] = 'all'): Gap => ({ kind, from: at(from), until: until === null ? null : at(until), reason: 'off', detail: '' })

const shape: Shape = {
  now: at(1000).time,
  spans: [
    { from: at(-100), to: at(200) },
    { from: at(400), to: at(900) },
  ],
  gaps: [gap(500, 600, 'audio'), gap(200, 400), gap(900, null)],
}
const view: View = { from: start, to: start + 1_000_000, width: 500 }

describe('the bar', () => {
  it('places spans and cuts them at its edge', () => {
    expect(spans(shape, view)).toEqual([
      { x: 0, width: 100 },
      { x: 200, width: 250 },
    ])
  })
  it('places gaps, those of everything below, one that lasts up to now', () => {
    expect(holes(shape, view).map((h) => [h.gap.kind, h.x, h.width])).toEqual([
      ['all', 100, 100],
      ['all', 450, 50],
      ['audio', 250, 50],
    ])
  })
  it('shows what is shorter than a pixel', () => expect(place(view, start + 1000, start + 1001)?.width).toBe(1.5))
  it('leaves out what lies outside', () => {
    expect(place(view, start - 2000, start - 1000)).toBeNull()
    expect(place(view, start - 1000, start)).toBeNull()
    expect(place(view, start + 1_000_000, start + 2_000_000)).toBeNull()
  })
  it('has ticks at round times, far enough apart', () => {
    const hour: View = { from: start + 130_000, to: start + 3_730_000, width: 600 }
    const marks = ticks(hour)
    expect(marks.map((m) => m.at.toISOString().slice(11, 16))).toEqual(['10:10', '10:20', '10:30', '10:40', '10:50', '11:00'])
    expect(marks[0]?.x).toBeCloseTo((470 / 3600) * 600)
    expect(ticks({ from: start, to: start + 86_400_000, width: 900 })).toHaveLength(12)
  })
})

describe('what is recorded', () => {
  it('in a range', () => {
    expect(recordedBetween(shape, start + 100_000, start + 500_000)).toBe(200)
    expect(recordedBetween(shape, start + 200_000, start + 400_000)).toBe(0)
  })
  it('gaps, newest first, and how long they last', () => {
    expect(latest(shape).map((g) => seconds(g, shape.now))).toEqual([100, 100, 200])
    expect(latest(shape)[0]?.until).toBeNull()
  })
})
