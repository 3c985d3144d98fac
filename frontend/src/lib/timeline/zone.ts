// Civil time in a zone of the IANA list, by what the browser knows of it. No DOM.

import { day, hour } from './view'

const quarter = 15 * 60_000 // zones change at whole quarters of an hour
const most = 20_000

const offsets = new Map<string, Map<number, number>>()
const formats = new Map<string, Intl.DateTimeFormat>()

/** format is Intl's, kept: making one takes longer than a frame of the screen. */
export function format(locale: string, zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale}|${zone}|${JSON.stringify(options)}`
  let f = formats.get(key)
  if (!f) formats.set(key, (f = new Intl.DateTimeFormat(locale, { ...options, timeZone: zone })))
  return f
}

/** offset is what civil time is ahead of UTC then, in ms. */
export function offset(zone: string, t: number): number {
  let of = offsets.get(zone)
  if (!of) offsets.set(zone, (of = new Map()))
  const key = Math.floor(t / quarter)
  let ahead = of.get(key)
  if (ahead === undefined) {
    if (of.size > most) of.clear()
    of.set(key, (ahead = ask(zone, key * quarter)))
  }
  return ahead
}

function ask(zone: string, t: number): number {
  if (zone === 'UTC') return 0
  const f = format('en-US', zone, {
    hourCycle: 'h23', era: 'short', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  })
  const part: Record<string, number> = {}
  for (const p of f.formatToParts(t)) part[p.type] = Number(p.value)
  return Date.UTC(part.year ?? 0, (part.month ?? 1) - 1, part.day, part.hour, part.minute, part.second) - t
}

/** Civil is a date. Days and months outside their range go over into the next or the one before. */
export interface Civil {
  year: number
  month: number // 1 to 12
  day: number
}

/** civilAt is the date at a moment. */
export function civilAt(zone: string, t: number): Civil {
  const d = new Date(t + offset(zone, t))
  return { year: d.getUTCFullYear(), month: d.getUTCMonth() + 1, day: d.getUTCDate() }
}

/**
 * dayBegin is the first moment of a date. Where clocks go back over midnight it is the first one of
 * two; where they go forward over it, the moment of the change.
 */
export function dayBegin(zone: string, c: Civil): number {
  const utc = Date.UTC(c.year, c.month - 1, c.day)
  // No zone is more than 14 hours ahead of UTC or 12 behind: midnight lies between these.
  const early = offset(zone, utc - 15 * hour)
  const late = offset(zone, utc + 13 * hour)
  const found = [utc - early, utc - late].filter((t) => t + offset(zone, t) === utc)
  return found.length > 0 ? Math.min(...found) : change(zone, utc - 15 * hour, utc + 13 * hour)
}

/** change is the moment at which the offset is another one than at from. */
export function change(zone: string, from: number, to: number): number {
  const before = offset(zone, from)
  let low = Math.floor(from / quarter)
  let high = Math.ceil(to / quarter)
  while (high - low > 1) {
    const mid = (low + high) >>> 1
    if (offset(zone, mid * quarter) === before) low = mid
    else high = mid
  }
  return high * quarter
}

/** Era is a stretch in which the offset stays the same. */
export interface Era {
  from: number
  to: number
  offset: number
}

/** eras cut a stretch at the changes of its zone, of which two are never closer than a day. */
export function eras(zone: string, from: number, to: number): Era[] {
  const out: Era[] = []
  let begin = from
  for (let t = from; ; ) {
    const next = Math.min(t + day, to)
    const was = offset(zone, t)
    if (offset(zone, next) !== was) {
      const at = change(zone, t, next)
      out.push({ from: begin, to: Math.min(at, to), offset: was })
      begin = at
    }
    if (next >= to) break
    t = next
  }
  if (begin < to) out.push({ from: begin, to, offset: offset(zone, begin) })
  return out
}

/** isZone reports whether the browser knows the zone. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}
