import { describe, expect, it } from 'vitest'
import { watch } from '../src/lib/addresses'
import { exportPath } from '../src/lib/api'
import { field, last, read } from '../src/lib/range'

describe('the range of an export', () => {
  it('goes through the fields unchanged', () => {
    const now = new Date('2026-11-24T10:00:59.700Z')
    const r = last(60, now)
    expect(field(r.to)).toBe('2026-11-24T10:00:59')
    expect(read(field(r.from), field(r.to))).toEqual(r)
    expect(exportPath('cam', r.from, r.to)).toBe('/api/v1/export.mp4?camera=cam&from=2026-11-24T09%3A59%3A59.000Z&to=2026-11-24T10%3A00%3A59.000Z')
  })
  it.each([
    ['', '2026-11-24T10:00:00', 'From: give a date and a time.'],
    ['2026-11-24T10:00:00', 'x', 'To: give a date and a time.'],
    ['2026-11-24T10:00:00', '2026-11-24T10:00:00', 'To must lie after From.'],
    ['2026-11-24T10:00:00', '2026-11-25T10:00:01', 'At most 24 hours go into one file.'],
  ])('%s to %s: %s', (from, to, said) => expect(read(from, to)).toBe(said))
})

describe('addresses to watch', () => {
  const all = ['rtsp://127.0.0.1:8554/cam', 'rtsp://192.168.1.20:8554/cam']
  it('from another machine: the host that it used first, no loopback', () => {
    expect(watch(all, 'raspberrypi.local')).toEqual(['rtsp://raspberrypi.local:8554/cam', 'rtsp://192.168.1.20:8554/cam'])
    expect(watch(all, '192.168.1.20')).toEqual(['rtsp://192.168.1.20:8554/cam'])
  })
  it('on the same machine: loopback first', () => expect(watch(all, 'localhost')).toEqual(all))
  it('only loopback, seen from elsewhere through a tunnel', () => {
    expect(watch(['rtsp://127.0.0.1:8554/cam'], 'example.org')).toEqual(['rtsp://example.org:8554/cam'])
  })
  it('IPv6', () => expect(watch(['rtsp://[::1]:8554/cam'], '[fd00::5]')).toEqual(['rtsp://[fd00::5]:8554/cam']))
  it('none', () => expect(watch([], 'localhost')).toEqual([]))
})
