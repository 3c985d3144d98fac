// What a frame of the timeline costs without the drawing: npx vitest bench --run

import { bench, describe } from 'vitest'
import type { Moment } from '../src/lib/api'
import { clusters, gashes, notches, recorded } from '../src/lib/timeline/bars'
import { layout, live, recordedAt } from '../src/lib/timeline/shape'
import { ruler } from '../src/lib/timeline/ticks'
import { day, longest, type View } from '../src/lib/timeline/view'

const spans = 10_000
const start = Date.parse('2025-11-24T10:00:00Z')
const step = longest / spans
const at = (run: number, t: number): Moment => ({ position: `${run}.${Math.round(t)}`, time: new Date(start + t).toISOString(), trusted: true })
const l = layout({
  now: new Date(start + longest).toISOString(),
  spans: Array.from({ length: spans }, (_, i) => ({ from: at(i + 1, i * step), to: at(i + 1, (i + 0.9) * step) })),
  gaps: Array.from({ length: spans }, (_, i) => ({ kind: 'all' as const, from: at(i + 1, (i + 0.9) * step), until: at(i + 2, (i + 1) * step), reason: 'off', detail: '' })),
})
const marks = Array.from({ length: 1000 }, (_, i) => start + i * 8 * 3600_000)
const now = start + longest

/** frame is all that is worked out for one picture of the timeline; at 60 Hz there are 16.7 ms for it. */
function frame(v: View) {
  recorded(live(l, { time: now, position: '10000.1' }), v)
  gashes(l.holes, v, now)
  notches(l.holes, v, now)
  clusters(marks, v, 10)
  ruler(v, 'Europe/Berlin', 'en-GB')
}

describe(`a frame over ${spans} spans and as many gaps`, () => {
  bench('a year', () => frame({ from: start, to: start + longest, width: 1440 }))
  bench('a month', () => frame({ from: start + 100 * day, to: start + 131 * day, width: 1440 }))
  bench('a day', () => frame({ from: start + 100 * day, to: start + 101 * day, width: 1440 }))
  bench('an hour', () => frame({ from: start + 100 * day, to: start + 100 * day + 3600_000, width: 1440 }))
  bench('a moment', () => void recordedAt(l, start + 200 * day))
})
