import { describe, expect, it } from 'vitest'
import { Chase } from '../src/lib/player/chase'
import { Clock } from '../src/lib/player/clock'
import { Frames } from '../src/lib/player/frames'
import { Pace } from '../src/lib/player/pace'
import { Undo } from '../src/lib/player/undo'
import type { Point } from '../src/lib/player/wire'

const p = (recorded: number, position: string, time: string, trusted = true): Point => ({ recorded, position, time, trusted })

describe('the clock', () => {
  const clock = new Clock()
  clock.add(p(100, '3.2000', '2026-11-24T10:00:00.000Z'))
  clock.add(p(0, '2.500', '2026-11-24T08:00:00.000Z', false))
  clock.add(p(50, '2.900500', '2026-11-24T08:30:00.000Z'))

  it.each([
    [0, '2.500', '2026-11-24T08:00:00.000Z', false],
    [49.999, '2.50499', '2026-11-24T08:00:49.999Z', false],
    [50, '2.900500', '2026-11-24T08:30:00.000Z', true],
    [51.25, '2.901750', '2026-11-24T08:30:01.250Z', true],
    [100, '3.2000', '2026-11-24T10:00:00.000Z', true],
    [3700, '3.3602000', '2026-11-24T11:00:00.000Z', true],
    [-0.25, '2.250', '2026-11-24T07:59:59.750Z', false],
  ])('%d s is position %s', (recorded, position, time, trusted) => {
    expect(clock.at(recorded)).toEqual({ recorded, position, time, trusted })
  })

  it('finds recorded times of true ones, and none in a gap', () => {
    expect(clock.recordedOf(Date.parse('2026-11-24T08:30:10Z'))).toBe(60)
    expect(clock.recordedOf(Date.parse('2026-11-24T10:00:05Z'))).toBe(105)
    expect(clock.recordedOf(Date.parse('2026-11-24T08:10:00Z'))).toBeNull()
    expect(clock.recordedOf(Date.parse('2026-11-24T07:00:00Z'))).toBeNull()
  })

  it('takes a point told again for the same', () => {
    const c = new Clock()
    c.add(p(10, '1.10000', '2026-11-24T10:00:00.000Z', false))
    c.add(p(10, '1.10000', '2026-11-24T12:00:00.000Z')) // dated anew
    expect(c.at(11)?.time).toBe('2026-11-24T12:00:01.000Z')
    c.clear()
    expect(c.at(11)).toBeNull()
  })
})

describe('frames', () => {
  it('knows the pictures beside one', () => {
    const f = new Frames()
    f.put(0.1, true, [0, 0.033, 0.066])
    f.put(0.2, false, [0.1, 0.133, 0.166])
    expect([f.next(0.033), f.previous(0.033), f.at(0.05), f.keyAt(0.15)]).toEqual([0.066, 0, 0.033, 0])
    expect([f.previous(0), f.next(0.166)]).toEqual([undefined, undefined])
  })

  it('keeps those that fragments beside each other have in turn', () => {
    const f = new Frames()
    f.put(0.1, true, [0, 0.04, 0.12])
    f.put(0.2, false, [0.08, 0.16, 0.24]) // 0.12 is shown after the first of them
    expect([f.next(0.08), f.next(0.12), f.length, f.keyAt(0.2)]).toEqual([0.12, 0.16, 6, 0])
    f.put(0.1, true, [0.00001, 0.04, 0.12]) // once more
    expect(f.length).toBe(6)
  })

  it('keeps pictures where only sound comes, and loses those that a lone key frame covers', () => {
    const f = new Frames()
    f.put(1.1, true, [1, 1.033, 1.066])
    f.put(1.2, false, []) // sound alone
    f.put(1.2, false, [1.1, 1.133, 1.166])
    expect([f.length, f.next(1.066)]).toEqual([6, 1.1])
    f.put(2, true, [1])
    expect([f.length, f.at(1.9)]).toEqual([1, 1])
  })

  it('replaces what comes again, in either direction', () => {
    const f = new Frames()
    f.put(3, true, [2, 2.5])
    f.put(2, true, [1]) // backward: a key frame that lasts until the next
    f.put(3, true, [2, 2.25, 2.5])
    expect([f.length, f.first, f.last, f.next(2), f.keyAt(2.4), f.keyAt(1.9)]).toEqual([4, 1, 2.5, 2.25, 2, 1])
    f.keep(2, Infinity)
    expect([f.length, f.keyAt(1.9)]).toEqual([3, undefined])
  })
})

describe('the distance to live', () => {
  const run = (c: Chase, lag: (t: number) => number, from: number, until: number) => {
    const steps = []
    for (let t = from; t <= until; t += 50) steps.push(c.next(lag(t), t))
    return steps
  }

  it('plays at its speed while the distance is right', () => {
    const c = new Chase()
    c.begin(0)
    expect(run(c, (t) => 0.16 - (t % 100) / 1000, 10_000, 12_000).every((s) => 'rate' in s && s.rate === 1)).toBe(true)
  })

  it('goes by the least distance, however far a fragment that has just come puts the end', () => {
    const c = new Chase()
    c.begin(0)
    const steps = []
    for (let t = 10_000; t <= 11_000; t += 50) {
      c.see(0.07, t) // before each fragment
      steps.push(c.next(0.17, t))
    }
    expect(steps.every((s) => 'rate' in s && s.rate === 1)).toBe(true)
  })

  it('is faster while it lags, until it lags no longer', () => {
    const c = new Chase()
    c.begin(0)
    const lagging = run(c, () => 0.7, 10_000, 11_000).at(-1)
    expect(lagging).toEqual({ rate: 1 + (0.7 - 0.06) / 2 })
    expect(run(c, () => 0.06, 11_050, 12_000).at(-1)).toEqual({ rate: 1 })
  })

  it('jumps when it lags a lot, and after a start sooner: that is the stall of WebKit', () => {
    const c = new Chase()
    c.begin(0)
    expect(run(c, () => 1.4, 0, 1000).some((s) => 'jump' in s && Math.abs(s.jump - 0.06) < 0.001)).toBe(true)
    expect(run(c, () => 1.4, 20_000, 21_000).some((s) => 'jump' in s)).toBe(false)
    expect(run(c, () => 1.6, 30_000, 31_000).some((s) => 'jump' in s)).toBe(true)
  })

  it('keeps more distance after stalls, at most a second, and comes back', () => {
    const c = new Chase()
    c.begin(0)
    c.stall(1000)
    expect(c.target).toBe(0.06)
    c.stall(3000)
    expect(c.target).toBeCloseTo(0.11)
    for (let i = 0; i < 20; i++) c.stall(4000)
    expect(c.target).toBe(1)
    c.low = true
    const d = new Chase()
    d.low = true
    expect([d.target, d.start]).toEqual([0.03, 0.03 + 0.034])
    for (let t = 64_001; t < 64_000 + 25 * 60_001; t += 60_001) c.next(0.5, t) // 25 minutes without one
    expect(c.target).toBeCloseTo(0.03)
  })
})

it('a clock of our own keeps to what there is', () => {
  const c = new Pace()
  c.set(10, 0)
  c.run(true, -8, 0)
  expect(c.at(500, 0, 100)).toBe(6)
  expect(c.at(5000, 2, 100)).toBe(2)
  c.run(false, -8, 5000)
  expect(c.at(9000, 0, 100)).toBe(2)
  c.run(true, 2, 9000)
  expect(c.at(10_000, 0, 100)).toBe(4)
  expect(c.at(20_000, 0, 5)).toBe(5)
})

describe('undo', () => {
  it('goes back seek by seek; a held key is one', () => {
    const u = new Undo()
    u.push('live', '', 0)
    u.push({ position: '1.5000' }, 'back', 2000)
    u.push({ position: '1.4000' }, 'back', 2500)
    u.push({ position: '1.3000' }, 'back', 3400)
    u.push({ position: '1.2000' }, 'back', 9000)
    expect([u.pop(), u.pop(), u.pop(), u.pop()]).toEqual([{ position: '1.2000' }, { position: '1.5000' }, 'live', undefined])
  })
})
