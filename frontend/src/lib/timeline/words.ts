// Moments and lengths in words. No DOM.

import { day, hour, minute, second } from './view'
import { format } from './zone'

/** T gives a text of a key; {name} in it is the parameter of that name. */
export type T<K extends string = string> = (key: K, params?: Record<string, string | number>) => string

/** texts makes a T of a table. */
export const texts =
  <K extends string>(table: Record<K, string>): T<K> =>
  (key, params) =>
    table[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(params?.[name] ?? whole))

/** moment is a date and a time of day, with as many digits as a pixel of the timeline is long. */
export function moment(t: number, zone: string, locale: string, pixel = second): string {
  return `${date(t, zone, locale)} ${clock(t, zone, locale, pixel)}`
}

export const date = (t: number, zone: string, locale: string) =>
  format(locale, zone, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }).format(t)

export function clock(t: number, zone: string, locale: string, pixel = second): string {
  const options: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }
  if (pixel < 50) options.fractionalSecondDigits = 3
  return format(locale, zone, options).format(t)
}

/** spoken is a date and a time of day for a screen reader. */
export const spoken = (t: number, zone: string, locale: string) =>
  format(locale, zone, {
    weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
  }).format(t)

const units: readonly (readonly [number, 'day' | 'hour' | 'minute' | 'second'])[] = [
  [day, 'day'], [hour, 'hour'], [minute, 'minute'], [second, 'second'],
]
const counts = new Map<string, Intl.NumberFormat>()

/** lasting is a length in its two greatest units: 1 hr 5 min. */
export function lasting(length: number, locale: string): string {
  const write = (n: number, unit: string) => {
    const key = `${locale}|${unit}`
    let f = counts.get(key)
    if (!f) counts.set(key, (f = new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 })))
    return f.format(n)
  }
  if (length < 10 * second) return write(Math.round(length / 100) / 10, 'second')
  let rest = Math.round(length / second) * second
  const i = units.findIndex(([u]) => rest >= u)
  const out: string[] = []
  for (const [u, name] of units.slice(i, i + 2)) {
    const n = Math.floor(rest / u)
    rest -= n * u
    if (n > 0) out.push(write(n, name))
  }
  return out.join(' ')
}
