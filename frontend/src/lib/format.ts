// Figures as a person reads them.

function scaled(n: number, units: readonly string[]): string {
  let i = 0
  while (Math.abs(n) >= 999.5 && i < units.length - 1) {
    n /= 1000
    i++
  }
  return `${n >= 99.5 || i === 0 ? Math.round(n) : Number(n.toPrecision(2))} ${units[i]}`
}

/** bytes: 1200000 is 1.2 MB. */
export const bytes = (n: number) => scaled(n, ['bytes', 'kB', 'MB', 'GB', 'TB'])

/** bitRate: 2500000 is 2.5 Mbit/s. */
export const bitRate = (n: number) => scaled(n, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'])

/** duration in its two largest units: 93784 s is 1 d 2 h. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds))
  const parts: [number, string][] = [
    [Math.floor(s / 86400), 'd'],
    [Math.floor(s / 3600) % 24, 'h'],
    [Math.floor(s / 60) % 60, 'min'],
    [s % 60, 's'],
  ]
  const first = parts.findIndex(([n]) => n > 0)
  if (first < 0) return seconds > 0 ? `${Math.round(seconds * 1000)} ms` : '0 s'
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(' ')
}

/** fits: how long the disk lasts, from days. */
export function fits(days: number): string {
  if (days <= 0) return 'not known yet'
  if (days < 2) return `about ${Math.max(1, Math.round(days * 24))} h`
  return `about ${days < 10 ? days.toFixed(1) : Math.round(days)} days`
}

const two = (n: number) => String(n).padStart(2, '0')

/** clock: the time of day in this browser's zone. */
export const clock = (t: Date, seconds = true) =>
  `${two(t.getHours())}:${two(t.getMinutes())}${seconds ? `:${two(t.getSeconds())}` : ''}`

/** day: 2026-11-24 in this browser's zone. */
export const day = (t: Date) => `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`

/** moment: with the day, unless it is that of now. */
export const moment = (t: Date, now: Date) => (day(t) === day(now) ? clock(t) : `${day(t)} ${clock(t)}`)

/** zone: the offset of this browser's zone, as UTC+1 or UTC−3:30. */
export function zone(t: Date): string {
  const m = -t.getTimezoneOffset()
  if (m === 0) return 'UTC'
  const rest = Math.abs(m) % 60
  return `UTC${m > 0 ? '+' : '−'}${Math.floor(Math.abs(m) / 60)}${rest ? `:${two(rest)}` : ''}`
}

/** soundOffset: how sound and picture stand to one another. */
export function soundOffset(ms: number): string {
  const n = Math.round(ms)
  if (n === 0) return 'sound and picture together'
  return `sound ${Math.abs(n)} ms ${n > 0 ? 'late' : 'early'}`
}
