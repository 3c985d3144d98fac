// A month as a calendar shows it. Dates are texts YYYY-MM-DD: they belong to no zone. No DOM.

import type { Moment } from '../api'
import { ask } from '../api'
import { civilAt, type Civil } from './zone'

const two = (n: number) => String(n).padStart(2, '0')

/** iso writes a date; days and months outside their range go over. */
export function iso(c: Civil): string {
  const d = new Date(Date.UTC(c.year, c.month - 1, c.day))
  return `${String(d.getUTCFullYear()).padStart(4, '0')}-${two(d.getUTCMonth() + 1)}-${two(d.getUTCDate())}`
}

export function civil(date: string): Civil {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number)
  return { year, month, day }
}

/** dateOf is the date at a moment. */
export const dateOf = (zone: string, t: number) => iso(civilAt(zone, t))

export function plusDays(date: string, n: number): string {
  const c = civil(date)
  return iso({ ...c, day: c.day + n })
}

/** plusMonths stays in the month that it comes to: a month after 31 January is 28 or 29 February. */
export function plusMonths(date: string, n: number): string {
  const c = civil(date)
  const last = new Date(Date.UTC(c.year, c.month - 1 + n + 1, 0)).getUTCDate()
  return iso({ year: c.year, month: c.month + n, day: Math.min(c.day, last) })
}

const weekday = (date: string) => new Date(`${date}T00:00:00Z`).getUTCDay() // 0: Sunday

// Where the week begins, by region, for browsers that do not say: Unicode CLDR 46, supplemental weekData.
const sunday = 'US CA MX BR CO VE PE JP KR TW HK MO PH TH ID IN IL SA ZA KE'.split(' ')

/** firstWeekday is the day with which weeks begin in a locale, 0: Sunday. */
export function firstWeekday(locale: string): number {
  const l = new Intl.Locale(locale).maximize() as Intl.Locale & { getWeekInfo?: () => { firstDay: number }; weekInfo?: { firstDay: number } }
  const known = l.getWeekInfo?.() ?? l.weekInfo
  if (known) return known.firstDay % 7
  return sunday.includes(l.region ?? '') ? 0 : 1
}

/** weeks are six weeks that hold the month of a date. */
export function weeks(date: string, first: number): string[][] {
  const c = civil(date)
  const one = iso({ ...c, day: 1 })
  const begin = plusDays(one, -((weekday(one) - first + 7) % 7))
  return Array.from({ length: 6 }, (_, w) => Array.from({ length: 7 }, (_, d) => plusDays(begin, w * 7 + d)))
}

export const sameMonth = (a: string, b: string) => a.slice(0, 7) === b.slice(0, 7)

/** moved is the date that a key of a calendar's grid leads to; null: the key does nothing there. */
export function moved(date: string, key: string, shift: boolean, first: number): string | null {
  switch (key) {
    case 'ArrowLeft':
      return plusDays(date, -1)
    case 'ArrowRight':
      return plusDays(date, 1)
    case 'ArrowUp':
      return plusDays(date, -7)
    case 'ArrowDown':
      return plusDays(date, 7)
    case 'Home':
      return plusDays(date, -((weekday(date) - first + 7) % 7))
    case 'End':
      return plusDays(date, 6 - ((weekday(date) - first + 7) % 7))
    case 'PageUp':
      return plusMonths(date, shift ? -12 : -1)
    case 'PageDown':
      return plusMonths(date, shift ? 12 : 1)
  }
  return null
}

/** Day is one with recording. */
export interface Day {
  day: string
  seconds: number
  first: Moment
}

/** getDays asks for the days with recording, both ends included. */
export async function getDays(camera: string, zone: string, from: string, to: string, signal?: AbortSignal): Promise<Day[]> {
  const path = `/api/v1/days?${new URLSearchParams({ camera, zone, from, to })}`
  return (await ask<{ days: Day[] }>(path, signal ? { signal } : {})).days
}
