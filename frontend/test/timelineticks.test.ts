import { describe, expect, it } from 'vitest'
import en from '../src/i18n/timeline.en'
import ko from '../src/i18n/timeline.ko'
import zhTW from '../src/i18n/timeline.zh-TW'
import { dateOf, firstWeekday, moved, plusMonths, weeks } from '../src/lib/timeline/month'
import { ruler } from '../src/lib/timeline/ticks'
import { day, hour, minute, second } from '../src/lib/timeline/view'
import { clock, lasting, spoken, texts } from '../src/lib/timeline/words'
import { change, civilAt, dayBegin, eras, isZone, offset } from '../src/lib/timeline/zone'

const utc = (t: number) => new Date(t).toISOString().replace('.000Z', 'Z')
const labels = (from: string, span: number, zone: string, width = 900) => {
  const t = Date.parse(from)
  const r = ruler({ from: t, to: t + span, width }, zone, 'en-GB')
  return { ticks: r.ticks.filter((k) => k.label).map((k) => k.label), titles: r.titles.map((k) => k.label), r }
}

describe('civil time', () => {
  it.each([
    ['UTC', '2026-11-24T00:00:00Z', 0],
    ['Asia/Seoul', '2026-11-24T00:00:00Z', 9],
    ['Asia/Kathmandu', '2026-11-24T00:00:00Z', 5.75],
    ['Europe/Berlin', '2026-07-01T00:00:00Z', 2],
    ['Europe/Berlin', '2026-10-25T00:59:59Z', 2],
    ['Europe/Berlin', '2026-10-25T01:00:00Z', 1],
    ['America/St_Johns', '2026-01-01T00:00:00Z', -3.5],
  ])('of %s at %s', (zone, t, want) => expect(offset(zone, Date.parse(t)) / hour).toBe(want))
  // The same table as the recorder's.
  it.each([
    ['UTC', '2026-11-24', '2026-11-24T00:00:00Z'],
    ['Asia/Seoul', '2026-11-24', '2026-11-23T15:00:00Z'],
    ['Asia/Kathmandu', '2026-11-24', '2026-11-23T18:15:00Z'],
    ['Pacific/Kiritimati', '2026-11-24', '2026-11-23T10:00:00Z'],
    ['Etc/GMT+12', '2026-11-24', '2026-11-24T12:00:00Z'],
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00Z'],
    ['Europe/Berlin', '2026-03-30', '2026-03-29T22:00:00Z'],
    ['Europe/Berlin', '2026-10-26', '2026-10-25T23:00:00Z'],
    ['America/Sao_Paulo', '2018-11-04', '2018-11-04T03:00:00Z'],
    ['America/Sao_Paulo', '2018-02-18', '2018-02-18T03:00:00Z'],
    ['America/Havana', '2024-11-03', '2024-11-03T04:00:00Z'],
    ['Pacific/Apia', '2011-12-30', '2011-12-30T10:00:00Z'],
    ['Pacific/Apia', '2011-12-31', '2011-12-30T10:00:00Z'],
  ])('begins the day in %s, %s', (zone, date, want) => {
    const [year = 0, month = 0, d = 0] = date.split('-').map(Number)
    expect(utc(dayBegin(zone, { year, month, day: d }))).toBe(want)
  })
  it('knows when clocks change', () => {
    const from = Date.parse('2026-10-24T22:00:00Z')
    expect(utc(change('Europe/Berlin', from, from + day))).toBe('2026-10-25T01:00:00Z')
    expect(eras('Europe/Berlin', from, from + 3 * day).map((e) => [utc(e.from), utc(e.to), e.offset / hour])).toEqual([
      ['2026-10-24T22:00:00Z', '2026-10-25T01:00:00Z', 2],
      ['2026-10-25T01:00:00Z', '2026-10-27T22:00:00Z', 1],
    ])
    expect(eras('UTC', from, from + 90 * day)).toHaveLength(1)
  })
  it('knows dates and zones', () => {
    expect(civilAt('Asia/Seoul', Date.parse('2026-12-31T15:00:00Z'))).toEqual({ year: 2027, month: 1, day: 1 })
    expect([isZone('Asia/Taipei'), isZone('Mars/Base')]).toEqual([true, false])
  })
})

describe('the ruler', () => {
  it.each([
    ['a second', second, ['10:00:00.0', '10:00:00.2', '10:00:00.4', '10:00:00.6', '10:00:00.8']],
    ['ten seconds', 10 * second, ['10:00:00', '10:00:01', '10:00:02', '10:00:03', '10:00:04', '10:00:05', '10:00:06', '10:00:07', '10:00:08', '10:00:09']],
    ['a minute', minute, ['10:00:00', '10:00:10', '10:00:20', '10:00:30', '10:00:40', '10:00:50']],
    ['an hour', hour, ['10:00', '10:10', '10:20', '10:30', '10:40', '10:50']],
    ['a day', day, ['12:00', '15:00', '18:00', '21:00', '00:00', '03:00', '06:00', '09:00']],
    ['a week', 7 * day, ['Wed 25', 'Thu 26', 'Fri 27', 'Sat 28', 'Sun 29', 'Mon 30', 'Tue 1']],
    ['a month', 31 * day, ['25', '27', '29', '1', '3', '5', '7', '9', '11', '13', '15', '17', '19', '21', '23', '25']],
    ['a quarter', 90 * day, ['25', '1', '5', '10', '15', '20', '25', '1', '5', '10', '15', '20', '25', '1', '5', '10', '15', '20']],
    ['half a year', 182 * day, ['1', '10', '20', '1', '10', '20', '1', '10', '20', '1', '10', '20', '1', '10', '20', '1', '10', '20']],
    ['a year', 366 * day, ['Dec', 'Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sept', 'Oct', 'Nov']],
  ])('suits %s', (_, span, want) => expect(labels('2026-11-24T10:00:00Z', span, 'UTC').ticks).toEqual(want))
  it('has more labels where there is less room', () => {
    expect(labels('2026-11-24T10:00:00Z', hour, 'UTC', 288).ticks).toEqual(['10:00', '10:15', '10:30', '10:45'])
  })
  it('counts on where clocks go back', () => {
    const { ticks, r } = labels('2026-10-24T22:00:00Z', 6 * hour, 'Europe/Berlin', 800)
    expect(ticks).toEqual(['00:00', '01:00', '02:00', '02:00', '03:00', '04:00'])
    expect(r.ticks.filter((k) => k.label === '02:00').map((k) => utc(k.at))).toEqual(['2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z'])
  })
  it('leaves out the hour that is not there', () => {
    expect(labels('2026-03-28T23:00:00Z', 6 * hour, 'Europe/Berlin', 800).ticks).toEqual(['00:00', '01:00', '03:00', '04:00', '05:00', '06:00'])
  })
  it('has midnights of days with 23 and 25 hours', () => {
    const at = (from: string) => labels(from, 3 * day, 'Europe/Berlin', 300).r.ticks.filter((k) => k.label).map((k) => utc(k.at))
    expect(at('2026-10-24T10:00:00Z')).toEqual(['2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z', '2026-10-26T23:00:00Z'])
    expect(at('2026-03-28T10:00:00Z')).toEqual(['2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z', '2026-03-30T22:00:00Z'])
  })
  it('stands at local hours where zones are odd', () => {
    expect(labels('2026-11-24T00:00:00Z', 6 * hour, 'Asia/Kathmandu', 800).ticks).toEqual(['06:00', '07:00', '08:00', '09:00', '10:00', '11:00'])
  })
  it.each([
    ['a second', second, ['Tue, 24 Nov 2026']],
    ['midnight', 18 * hour, ['Tue, 24 Nov 2026', 'Wed, 25 Nov 2026']],
    ['a week', 7 * day, ['November 2026', 'December 2026']],
    ['a year', 366 * day, ['2026', '2027']],
  ])('always shows the date: %s', (_, span, want) => {
    const { titles, r } = labels('2026-11-24T10:00:00Z', span, 'UTC')
    expect(titles).toEqual(want)
    expect(r.titles[0]?.x).toBe(0)
    expect(r.titles.at(-1)?.until).toBe(900)
  })
  it('keeps labels apart, whatever the zoom and the zone', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'America/Havana', 'Australia/Lord_Howe']) {
      for (let span = second; span < 366 * day; span *= 1.7) {
        for (const width of [288, 1440]) {
          const { r } = labels('2026-03-28T01:23:45Z', span, zone, width)
          const xs = r.ticks.filter((k) => k.label).map((k) => k.x)
          const least = Math.min(...xs.slice(1).map((x, i) => x - (xs[i] as number)))
          expect(least, `${zone}, ${span}, ${width}`).toBeGreaterThan(r.step < day ? 44 : 22)
          expect(r.ticks.length).toBeLessThan(width / 3)
          expect(r.titles.length).toBeGreaterThan(0)
        }
      }
    }
  })
})

describe('words', () => {
  const t = Date.parse('2026-11-24T10:15:00.250Z')
  it('say when', () => {
    expect(clock(t, 'Asia/Taipei', 'zh-TW')).toBe('18:15:00')
    expect(clock(t, 'UTC', 'en-GB', 10)).toBe('10:15:00.250')
    expect(spoken(t, 'Europe/Berlin', 'en-GB')).toContain('Tuesday')
    expect(spoken(t, 'Europe/Berlin', 'ko')).toContain('11:15:00')
  })
  it.each([
    [250, '0.3 secs'], [9_940, '9.9 secs'], [10_400, '10 secs'], [59_700, '1 min'], [65_000, '1 min 5 secs'], [3_600_000, '1 hr'], [90_061_000, '1 day 1 hr'],
  ])('say how long %d ms are', (ms, want) => expect(lasting(ms, 'en-GB')).toBe(want))
  it('have the same keys and parameters in each language', () => {
    const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort()
    for (const other of [zhTW, ko] as Record<string, string>[]) {
      expect(Object.keys(other).sort()).toEqual(Object.keys(en).sort())
      for (const [key, text] of Object.entries(en)) expect(holes(other[key] ?? ''), key).toEqual(holes(text))
    }
    expect(texts(en)('timeline.span', { length: '1 hr' })).toBe('1 hr in view')
  })
})

describe('the calendar', () => {
  it('has six weeks, from the day on which a week begins', () => {
    const november = weeks('2026-11-24', 1)
    expect(november).toHaveLength(6)
    expect([november[0]?.[0], november[5]?.[6]]).toEqual(['2026-10-26', '2026-12-06'])
    expect(weeks('2026-11-24', 0)[0]?.[0]).toBe('2026-11-01')
    expect(weeks('2027-02-14', 1)[0]?.[0]).toBe('2027-02-01')
  })
  it.each([['en-GB', 1], ['en', 0], ['en-US', 0], ['zh-TW', 0], ['ko', 0], ['de', 1], ['ar-EG', 6]])('begins weeks in %s', (locale, want) => {
    expect(firstWeekday(locale)).toBe(want)
  })
  it.each([
    ['ArrowLeft', false, '2026-02-28'], ['ArrowRight', false, '2026-03-02'], ['ArrowUp', false, '2026-02-22'], ['ArrowDown', false, '2026-03-08'],
    ['Home', false, '2026-02-23'], ['End', false, '2026-03-01'], ['PageUp', false, '2026-02-01'], ['PageDown', true, '2027-03-01'], ['x', false, null],
  ])('goes with %s (shift: %s) from Sunday, 1 March, to %s', (key, shift, want) => expect(moved('2026-03-01', key, shift, 1)).toBe(want))
  it('stays in the month it comes to', () => {
    expect(plusMonths('2026-01-31', 1)).toBe('2026-02-28')
    expect(plusMonths('2028-02-29', 12)).toBe('2029-02-28')
    expect(plusMonths('2026-12-31', -6)).toBe('2026-06-30')
  })
  it('knows the day in the zone', () => {
    expect(dateOf('Asia/Seoul', Date.parse('2026-11-24T15:00:00Z'))).toBe('2026-11-25')
    expect(dateOf('America/New_York', Date.parse('2026-11-24T04:59:59Z'))).toBe('2026-11-23')
  })
})
