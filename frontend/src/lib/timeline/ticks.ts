// Ticks of the ruler and the dates above them: round moments of civil time that suit the zoom. No DOM.

import { day, hour, minute, perPixel, second, xOf, type View } from './view'
import { civilAt, dayBegin, eras, format } from './zone'

export interface Tick {
  at: number // ms since 1970
  x: number
  label: string // empty: a minor one
}

/** Title is a date that stands above the ticks for as long as it holds. */
export interface Title {
  at: number // its first moment, maybe left of the view
  x: number // never left of the view
  until: number // where it ends, in pixels
  label: string
  short: string // for where there is no room
}

export interface Ruler {
  ticks: Tick[]
  titles: Title[]
  step: number // ms between labels; of months about
}

// A step and how many minor ones are in it.
const steps: readonly (readonly [number, number])[] = [
  [100, 5], [200, 4], [500, 5],
  [second, 5], [2 * second, 4], [5 * second, 5], [10 * second, 5], [15 * second, 3], [30 * second, 3],
  [minute, 6], [2 * minute, 4], [5 * minute, 5], [10 * minute, 5], [15 * minute, 3], [30 * minute, 3],
  [hour, 4], [2 * hour, 4], [3 * hour, 3], [6 * hour, 6], [12 * hour, 4],
]
const dayTicks = [1, 2, 5, 10]
const monthTicks = [1, 2, 3, 6, 12]

/** ruler lays ticks and dates out; labels are at least so many pixels apart, those with seconds more. */
export function ruler(v: View, zone: string, locale: string, apart = v.width < 600 ? 56 : 76): Ruler {
  const pixel = perPixel(v)
  const found = steps.find(([s]) => s / pixel >= Math.max(apart, s < second ? 92 : s < minute ? 76 : 0))
  if (found) return { ticks: clockTicks(v, zone, locale, found, apart), titles: titles(v, zone, locale, 'day'), step: found[0] }
  const days = dayTicks.find((n) => (n * day) / pixel >= (n === 1 ? Math.max(apart, 70) : apart * 0.6))
  if (days) return { ticks: dateTicks(v, zone, locale, days), titles: titles(v, zone, locale, 'month'), step: days * day }
  const months = monthTicks.find((n) => (n * 30 * day) / pixel >= apart * 0.6) ?? 12
  return { ticks: monthly(v, zone, locale, months), titles: titles(v, zone, locale, 'year'), step: months * 30 * day }
}

/** clockTicks are at round times of day: on a day on which clocks go back some are there twice. */
function clockTicks(v: View, zone: string, locale: string, [step, parts]: readonly [number, number], apart: number): Tick[] {
  const minor = step / parts
  const write = clockFormat(locale, zone, step)
  const out: Tick[] = []
  let labelled = -Infinity
  for (const era of eras(zone, v.from, v.to)) {
    for (let local = Math.ceil((era.from + era.offset) / minor) * minor; local - era.offset < era.to; local += minor) {
      const at = local - era.offset
      const x = xOf(v, at)
      const major = local % step === 0 && x - labelled >= apart * 0.8
      if (major) labelled = x
      out.push({ at, x, label: major ? write.format(at) : '' })
    }
  }
  return out
}

function clockFormat(locale: string, zone: string, step: number): Intl.DateTimeFormat {
  const options: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
  if (step < minute) options.second = '2-digit'
  if (step < second) options.fractionalSecondDigits = 1
  return format(locale, zone, options)
}

/** dateTicks stand at midnights: of every day, or of some dates of each month. */
function dateTicks(v: View, zone: string, locale: string, every: number): Tick[] {
  const write = format(locale, zone, every === 1 ? { day: 'numeric', weekday: 'short' } : { day: 'numeric' })
  const out: Tick[] = []
  const c = civilAt(zone, v.from)
  for (let i = 0; ; i++) {
    const at = dayBegin(zone, { ...c, day: c.day + i })
    if (at >= v.to) return out
    if (at < v.from) continue
    const date = civilAt(zone, at).day
    // The last one of a month stands too near to the first of the next.
    const major = every === 1 || date === 1 || (date % every === (every === 2 ? 1 : 0) && date + every * 0.6 <= 31)
    out.push({ at, x: xOf(v, at), label: major ? write.format(at) : '' })
  }
}

function monthly(v: View, zone: string, locale: string, every: number): Tick[] {
  const write = format(locale, zone, { month: 'short' })
  const out: Tick[] = []
  const c = civilAt(zone, v.from)
  for (let i = 0; ; i++) {
    const at = dayBegin(zone, { year: c.year, month: c.month + i, day: 1 })
    if (at >= v.to) return out
    if (at < v.from) continue
    out.push({ at, x: xOf(v, at), label: (civilAt(zone, at).month - 1) % every === 0 ? write.format(at) : '' })
  }
}

type Unit = 'day' | 'month' | 'year'

const long: Record<Unit, Intl.DateTimeFormatOptions> = {
  day: { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
  month: { month: 'long', year: 'numeric' },
  year: { year: 'numeric' },
}
const short: Record<Unit, Intl.DateTimeFormatOptions> = {
  day: { day: 'numeric', month: 'short' },
  month: { month: 'short' },
  year: { year: 'numeric' },
}

/** titles are the dates that hold somewhere in the view: there is always one. */
function titles(v: View, zone: string, locale: string, unit: Unit): Title[] {
  const out: Title[] = []
  const c = civilAt(zone, v.from)
  const begin = (i: number) => {
    if (unit === 'day') return dayBegin(zone, { ...c, day: c.day + i })
    if (unit === 'month') return dayBegin(zone, { year: c.year, month: c.month + i, day: 1 })
    return dayBegin(zone, { year: c.year + i, month: 1, day: 1 })
  }
  for (let i = 0, at = begin(0); at < v.to; i++) {
    const next = begin(i + 1)
    if (next > at && next > v.from) {
      out.push({
        at,
        x: Math.max(xOf(v, at), 0),
        until: Math.min(xOf(v, next), v.width),
        label: format(locale, zone, long[unit]).format(at),
        short: format(locale, zone, short[unit]).format(at),
      })
    }
    at = next
  }
  return out
}
