// Figures as a person reads them. Times are of the zone that the viewer chose.

import { duration as lasting, t } from '../i18n/i18n.svelte'
import { prefs } from './prefs.svelte'
import * as time from './time'

function scaled(n: number, units: readonly ((n: number) => string)[]): string {
  let i = 0
  while (Math.abs(n) >= 999.5 && i < units.length - 1) {
    n /= 1000
    i++
  }
  const round = n >= 99.5 || i === 0 ? Math.round(n) : Number(n.toPrecision(2))
  return units[i]?.(round) ?? String(round)
}

const unit = (name: string) => (n: number) => `${n} ${name}`
const sizes = [(n: number) => t('unit.bytes', { n }), ...['kB', 'MB', 'GB', 'TB'].map(unit)]
const rates = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'].map(unit)

/** bytes: 1200000 is 1.2 MB. */
export const bytes = (n: number) => scaled(n, sizes)

/** bitRate: 2500000 is 2.5 Mbit/s. */
export const bitRate = (n: number) => scaled(n, rates)

/** duration in its two largest units: 93784 s is 1 d 2 h. */
export const duration = (seconds: number) => (seconds > 0 && seconds < 0.5 ? t('unit.milli', { n: Math.round(seconds * 1000) }) : lasting(seconds))

/** fits: how long the disk lasts, from days. */
export function fits(days: number): string {
  if (days <= 0) return t('figure.unknownYet')
  if (days < 2) return t('figure.aboutHours', { n: Math.max(1, Math.round(days * 24)) })
  return t('figure.aboutDays', { n: days < 10 ? days.toFixed(1) : Math.round(days) })
}

/** clock: the time of day. */
export const clock = (at: Date, seconds = true) => time.clock(at, prefs.zoneName).slice(0, seconds ? 8 : 5)

/** day: 2026-11-24. */
export const day = (at: Date) => time.day(at, prefs.zoneName)

/** moment: with the day, unless it is that of now. */
export const moment = (at: Date, now: Date) => (day(at) === day(now) ? clock(at) : `${day(at)} ${clock(at)}`)

/** zone: the offset of the zone then, as UTC+1 or UTC−3:30. */
export const zone = (at: Date) => time.offsetName(at, prefs.zoneName)

/** soundOffset: how sound and picture stand to one another. */
export function soundOffset(ms: number): string {
  const n = Math.round(ms)
  if (n === 0) return t('figure.together')
  return t(n > 0 ? 'figure.late' : 'figure.early', { n: Math.abs(n) })
}
