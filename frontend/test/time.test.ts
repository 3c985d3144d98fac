import { describe, expect, it } from 'vitest'
import { clock, day, momentOf, offsetName, partsOf, span, typed } from '../src/lib/time'

const seoul = 'Asia/Seoul' // UTC+9
const now = new Date('2026-11-24T05:30:00Z') // 14:30 there

describe('what a person types', () => {
  it.each([
    ['14:05', '2026-11-24T05:05:00Z'],
    ['14:05:09', '2026-11-24T05:05:09Z'],
    ['14:05:09.250', '2026-11-24T05:05:09.250Z'],
    ['  9:30 ', '2026-11-24T00:30:00Z'],
    ['14：05', '2026-11-24T05:05:00Z'],
    ['23:59', '2026-11-23T14:59:00Z'], // that of yesterday: today's is not yet
    ['2:05 pm', '2026-11-24T05:05:00Z'],
    ['2:05pm', '2026-11-24T05:05:00Z'],
    ['12:10 am', '2026-11-23T15:10:00Z'],
    ['下午2:05', '2026-11-24T05:05:00Z'],
    ['오후 2:05', '2026-11-24T05:05:00Z'],
    ['yesterday 9:30', '2026-11-23T00:30:00Z'],
    ['Yesterday', '2026-11-22T15:00:00Z'],
    ['today 23:00', '2026-11-24T14:00:00Z'],
    ['昨天 9:30', '2026-11-23T00:30:00Z'],
    ['어제 9:30', '2026-11-23T00:30:00Z'],
    ['2026-11-24 10:15:30', '2026-11-24T01:15:30Z'],
    ['2026/11/4 10:15', '2026-11-04T01:15:00Z'],
    ['2026年11月4日 10:15', '2026-11-04T01:15:00Z'],
    ['11-20 10:15', '2026-11-20T01:15:00Z'],
    ['12-20 10:15', '2025-12-20T01:15:00Z'], // the last one
    ['10:15 2026-11-20', '2026-11-20T01:15:00Z'],
    ['2026-11-20', '2026-11-19T15:00:00Z'],
    ['2026-11-24T10:15:30Z', '2026-11-24T10:15:30Z'],
    ['2026-11-24 10:15 UTC', '2026-11-24T10:15:00Z'],
    ['-90s', '2026-11-24T05:28:30Z'],
    ['-90', '2026-11-24T05:28:30Z'],
    ['−1.5 min', '2026-11-24T05:28:30Z'],
    ['-1h30m', '2026-11-24T04:00:00Z'],
    ['- 2 d', '2026-11-22T05:30:00Z'],
    ['-5分鐘', '2026-11-24T05:25:00Z'],
    ['-5분', '2026-11-24T05:25:00Z'],
  ])('%s', (text, want) => expect(typed(text, now, seoul)?.toISOString()).toBe(new Date(want).toISOString()))

  it.each(['', ' ', 'noon', '25:00', '14:60', '14', '2026-02-30 10:00', '2026-13-01', '13:05 pm', '0:10 am', '14:05 14:06', 'pm', '-', '-x', '-1y', '1:2:3', '14:05 soon', '11-20 11-21', '<b>', '-1e9s', '-99999999999999 d'])('not %j', (text) => {
    expect(typed(text, now, seoul)).toBeNull()
  })
})

describe('zones', () => {
  it.each([
    ['2026-11-24T16:30:05.678Z', 'UTC', '2026-11-24', '16:30:05', 'UTC'],
    ['2026-11-24T16:30:05.678Z', seoul, '2026-11-25', '01:30:05', 'UTC+9'],
    ['2026-07-01T00:00:00Z', 'America/St_Johns', '2026-06-30', '21:30:00', 'UTC−2:30'],
    ['2026-11-24T16:30:05Z', 'Asia/Kathmandu', '2026-11-24', '22:15:05', 'UTC+5:45'],
    ['2026-11-24T16:30:05Z', 'Nowhere/At_All', '2026-11-24', '16:30:05', 'UTC'],
  ])('%s in %s', (text, zone, date, time, name) => {
    const t = new Date(text)
    expect([day(t, zone), clock(t, zone), offsetName(t, zone)]).toEqual([date, time, name])
  })

  it('go there and back, and agree about hours that are skipped or come twice', () => {
    const berlin = 'Europe/Berlin'
    const at = (month: number, date: number, hour: number, minute: number) => momentOf({ year: 2026, month, day: date, hour, minute, second: 0 }, berlin).toISOString()
    expect(at(3, 29, 2, 30)).toBe('2026-03-29T01:30:00.000Z') // skipped: 3:30
    expect(at(10, 25, 2, 30)).toBe('2026-10-25T00:30:00.000Z') // twice: the first
    for (const zone of ['UTC', seoul, berlin, 'America/St_Johns', 'Pacific/Apia']) {
      const t = new Date('2026-06-15T12:34:56Z')
      expect(momentOf(partsOf(t, zone), zone)).toEqual(t)
    }
  })

  it('show tenths where a picture stands', () => expect(clock(new Date('2026-11-24T16:30:05.678Z'), 'UTC', true)).toBe('16:30:05.6'))
})

it.each([
  [0, '0:00'],
  [7.4, '0:07'],
  [725, '12:05'],
  [10_809, '3:00:09'],
  [183_609, '2 d 3:00:09'],
  [-5, '0:00'],
])('%d s is %s', (s, want) => expect(span(s)).toBe(want))
