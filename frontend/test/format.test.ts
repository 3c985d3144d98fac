import { describe as group, expect, it } from 'vitest'
import type { Track } from '../src/lib/api'
import { bitRate, bytes, clock, duration, fits, moment, soundOffset, zone } from '../src/lib/format'
import { describe } from '../src/lib/track'

group('figures', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1000, '1 kB'],
    [1_234_567, '1.2 MB'],
    [99_600_000, '100 MB'],
    [999_600_000, '1 GB'],
    [75_100_000_000, '75 GB'],
    [5e15, '5000 TB'],
  ])('%d bytes is %s', (n, text) => expect(bytes(n)).toBe(text))

  it('bit rates', () => {
    expect(bitRate(2_500_000)).toBe('2.5 Mbit/s')
    expect(bitRate(64_000)).toBe('64 kbit/s')
  })

  it.each([
    [0, '0 s'],
    [0.05, '50 ms'],
    [59, '59 s'],
    [60, '1 min'],
    [3601, '1 h'],
    [93_784, '1 d 2 h'],
    [-5, '0 s'],
  ])('%d s is %s', (s, text) => expect(duration(s)).toBe(text))

  it('days that fit', () => {
    expect(fits(0)).toBe('not known yet')
    expect(fits(0.01)).toBe('about 1 h')
    expect(fits(1.5)).toBe('about 36 h')
    expect(fits(3.34)).toBe('about 3.3 days')
    expect(fits(120.4)).toBe('about 120 days')
  })

  it('times in the zone of the browser', () => {
    const t = new Date('2026-11-24T09:05:07Z')
    expect(clock(t)).toBe('09:05:07')
    expect(clock(t, false)).toBe('09:05')
    expect(moment(t, new Date('2026-11-24T23:00:00Z'))).toBe('09:05:07')
    expect(moment(t, new Date('2026-11-25T00:00:00Z'))).toBe('2026-11-24 09:05:07')
    expect(zone(t)).toBe('UTC')
  })

  it('sound against picture', () => {
    expect(soundOffset(0.2)).toBe('sound and picture together')
    expect(soundOffset(12.4)).toBe('sound 12 ms late')
    expect(soundOffset(-7)).toBe('sound 7 ms early')
  })
})

group('tracks', () => {
  const video: Track = { id: 1, kind: 'video', codec: 'h264', clock_rate: 90000, channels: 0, width: 1280, height: 720, units_per_sec: 29.97, bits_per_second: 2_500_000 }
  it('a picture', () => expect(describe(video)).toBe('H.264 · 1280 × 720 · 30 frames/s · 2.5 Mbit/s'))
  it('rates that are not known are left out', () => expect(describe({ ...video, units_per_sec: 0, bits_per_second: 0 })).toBe('H.264 · 1280 × 720'))
  it('a sound', () => {
    expect(describe({ ...video, kind: 'audio', codec: 'opus', clock_rate: 48000, channels: 2, bits_per_second: 64_000 })).toBe('Opus · 48 kHz · stereo · 64 kbit/s')
  })
  it('a codec of the future', () => expect(describe({ ...video, codec: 'h266', width: 0, units_per_sec: 0, bits_per_second: 0 })).toBe('h266'))
})
